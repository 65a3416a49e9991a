import type { PendingNotice, SendResult } from "../../../src/pipeline/notice-ports.ts";
import { claimMs } from "../../../src/pipeline/notice-record-ports.ts";
import type { SendParts } from "../../../src/pipeline/notices/send.ts";

type Reason = Extract<SendResult, { ok: false }>["reason"];

interface Row {
  readonly notice: PendingNotice;
  state: "pending" | "claimed" | "delivered" | "given_up" | "superseded";
  attempts: number;
  claimedAt: number;
  takenOver: boolean;
  retryAt: number;
  reason: Reason | null;
}

/**
 * The log of notices in memory, as far as sending goes: the newest of an incident and receiver is sent, by one worker at a
 * time, taken over once. What a real one does is told by its contract suite.
 */
export function memoryNotices(): SendParts["store"] & {
  readonly rows: Map<string, Row>;
  decide(notice: PendingNotice): void;
} {
  const rows = new Map<string, Row>();
  const paused = new Map<string, number>();

  function rowOf(id: string): Row {
    const row = rows.get(id);
    if (row === undefined) throw new Error(`expected a notice ${id} on record`);
    return row;
  }
  function ofSame({ notice }: Row): Row[] {
    return [...rows.values()].filter(
      (other) => other.notice.receiver === notice.receiver && other.notice.incidentId === notice.incidentId,
    );
  }

  return {
    rows,
    decide(notice) {
      const fresh = { attempts: 0, claimedAt: 0, takenOver: false, retryAt: 0, reason: null };
      rows.set(notice.id, { notice, state: "pending", ...fresh });
    },
    async claim(id, now) {
      const at = now.getTime();
      const row = rowOf(id);
      const { receiver } = row.notice;
      if (row.state !== "pending" && row.state !== "claimed") return { kind: "over", now: null, receiver };
      const others = ofSame(row).filter((other) => other !== row);
      if (row.state === "pending" && others.some(({ notice }) => Number(notice.id) > Number(id))) {
        row.state = "superseded";
        return { kind: "over", now: "superseded", receiver };
      }
      const until = Math.max(
        paused.get(receiver) ?? 0,
        row.retryAt,
        row.state === "claimed" ? row.claimedAt + claimMs : 0,
      );
      if (until > at) return { kind: "wait", ms: until - at };
      if (others.some(({ state }) => state === "claimed")) return { kind: "wait", ms: 1_000 };
      if (row.state === "claimed" && row.takenOver) {
        row.state = "given_up";
        return { kind: "over", now: "given_up", receiver };
      }
      row.takenOver = row.state === "claimed";
      row.state = "claimed";
      row.claimedAt = at;
      const overtaken = others.filter(({ state }) => state === "pending");
      for (const other of overtaken) other.state = "superseded";
      const { notice, attempts } = row;
      return { kind: "send", notice, since: notice.decidedAt, attempts, earlier: null, superseded: overtaken.length };
    },
    async confirm(id) {
      rowOf(id).state = "delivered";
    },
    async release(id, reason, _at, retryAt) {
      const row = rowOf(id);
      Object.assign(row, { state: "pending", reason, retryAt: retryAt.getTime(), attempts: row.attempts + 1 });
    },
    async giveUp(id, reason) {
      Object.assign(rowOf(id), { state: "given_up", reason });
    },
    async pause(receiver, until) {
      paused.set(receiver, until.getTime());
    },
  };
}
