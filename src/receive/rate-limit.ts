import type { Rate } from "../core/rate.ts";

/** So many keys are remembered, those used last; a flood from more addresses than that takes no more memory. */
const maxKeys = 10_000;

/** A token bucket a key. Looking and taking are two calls, so that one thing can ask several limits before it takes. */
export interface RateLimit {
  /** How long until there is room for one more, in milliseconds; 0 when there is. */
  waitMs(key: string): number;
  /** Takes room for one. */
  take(key: string): void;
}

/**
 * Makes a limit that starts full. A key costs one number: the time at which all it has taken is given back (GCRA,
 * https://en.wikipedia.org/wiki/Generic_cell_rate_algorithm). `now` is a clock that never jumps, in milliseconds.
 */
export function createRateLimit(rate: Rate, now: () => number, keys: number = maxKeys): RateLimit {
  const intervalMs = rate.periodMs / rate.count;
  /** The order of a Map is that of insertion: what was used longest ago comes first. */
  const emptyAt = new Map<string, number>();
  return {
    waitMs(key) {
      const wait = (emptyAt.get(key) ?? 0) - now() - rate.periodMs + intervalMs;
      // Sums of fractions are a little off.
      return wait > 0.001 ? wait : 0;
    },
    take(key) {
      const at = now();
      const taken = Math.max(emptyAt.get(key) ?? 0, at) + intervalMs;
      emptyAt.delete(key);
      emptyAt.set(key, Math.min(taken, at + rate.periodMs));
      const [oldest] = emptyAt.size > keys ? emptyAt.keys() : [];
      if (oldest !== undefined) emptyAt.delete(oldest);
    },
  };
}
