import type { ErrorEvent } from "../../../test/support/sign.ts";

/** The sender's own book: what was sent, so that what was recorded can be held against it. */
export interface Ledger {
  readonly sent: number;
  /** Distinct events by code. */
  readonly byCode: ReadonlyMap<number, number>;
  readonly distinct: number;
  note(events: readonly ErrorEvent[]): void;
}

/** An empty book. An event is one event however often and whichever way it is sent. */
export function createLedger(): Ledger {
  const sids = new Map<string, number>();
  let sent = 0;
  return {
    get sent() {
      return sent;
    },
    get distinct() {
      return sids.size;
    },
    get byCode() {
      const counts = new Map<number, number>();
      for (const code of sids.values()) counts.set(code, (counts.get(code) ?? 0) + 1);
      return counts;
    },
    note(events) {
      sent += events.length;
      for (const { sid, code } of events) sids.set(sid, code);
    },
  };
}
