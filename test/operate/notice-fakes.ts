import { compileRouting, type Route } from "../../src/core/notice/route.ts";
import type { NoticeSide } from "../../src/operate/notices.ts";
import type { ReceiverState, SilenceStore, StoredNotice, StoredSilence } from "../../src/pipeline/notice-ports.ts";

export const now = new Date("2026-01-02T03:00:00.000Z");

/** A silence from one hour before `now` to one after. */
export function silence(nth: number, more: Partial<StoredSilence> = {}): StoredSilence {
  return {
    id: `sil_${nth}`,
    matchers: [{ name: "code", value: "80604", isRegex: false, isEqual: true }],
    comment: "Being repaired",
    createdBy: "somebody",
    startsAt: "2026-01-02T02:00:00.000Z",
    endsAt: "2026-01-02T04:00:00.000Z",
    ...more,
  };
}

/** Silences in memory; `kept` is what is there. */
export function silencesOf(given: readonly StoredSilence[]): SilenceStore & { readonly kept: StoredSilence[] } {
  const kept = [...given];
  return {
    kept,
    async create(asked) {
      const made = { id: `sil_${kept.length + 1}`, ...asked };
      kept.push(made);
      return made;
    },
    get: async (id) => kept.find((each) => each.id === id) ?? null,
    list: async ({ at, ended, limit }) =>
      kept
        .filter(({ endsAt }) => ended || Date.parse(endsAt) > at.getTime())
        .toReversed()
        .slice(0, limit),
    async expire(id, at) {
      const index = kept.findIndex((each) => each.id === id && Date.parse(each.endsAt) > at.getTime());
      const found = kept[index];
      if (found === undefined) return false;
      kept[index] = { ...found, endsAt: at.toISOString() };
      return true;
    },
  };
}

export const receiver: ReceiverState = {
  name: "slack",
  kind: "slack",
  state: "failing",
  lastDeliveredAt: null,
  lastFailureAt: "2026-01-02T02:59:00.000Z",
  lastFailureReason: "rateLimited",
  givenUpInARow: 3,
  pending: 2,
};

/** The notices of the API in memory. */
export function noticesOf(
  kept: { silences?: SilenceStore; route?: Route; told?: Readonly<Record<string, readonly StoredNotice[]>> } = {},
): NoticeSide & { readonly asked: (readonly string[])[] } {
  const asked: (readonly string[])[] = [];
  return {
    asked,
    clock: { now: () => now },
    silences: kept.silences ?? silencesOf([]),
    receivers: async () => [receiver],
    routing: compileRouting(kept.route ?? { receivers: ["slack"] }, []),
    reader: {
      async noticesOf(ids) {
        asked.push(ids);
        return new Map(Object.entries(kept.told ?? {}).filter(([id]) => ids.includes(id)));
      },
    },
  };
}
