/** Deterministic sids: the prefix and a counter in 32 hex digits, so that no real resource can be meant. */
export interface World {
  readonly now: () => Date;
  readonly nextSid: (prefix: string) => string;
}

export function createWorld(now: () => Date): World {
  const counters = new Map<string, number>();
  return {
    now,
    nextSid(prefix) {
      const count = (counters.get(prefix) ?? 0) + 1;
      counters.set(prefix, count);
      return patternedSid(prefix, count);
    },
  };
}

/** `patternedSid("KC", 1)` is `KC00000000000000000000000000000001`. */
export function patternedSid(prefix: string, count: number): string {
  return prefix + count.toString(16).padStart(32, "0");
}

/** Twilio's form of a time: ISO 8601 UTC without milliseconds. */
export function stamp(at: Date): string {
  return `${at.toISOString().slice(0, 19)}Z`;
}

/** For lists that come newest first. The sort is stable, so callers hand over the last created first. */
export function newestFirst<T extends { readonly date_created: string }>(items: Iterable<T>): T[] {
  return [...items]
    .reverse()
    .sort((a, b) => (a.date_created < b.date_created ? 1 : a.date_created > b.date_created ? -1 : 0));
}
