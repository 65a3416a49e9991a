/*
 * Housekeeping: resolve the quiet, hand over again what the queue lost, forget what is old. Every step is safe to run in
 * several processes at once, and each stands alone: one that fails is logged and tried again next time.
 */
import type { Dispatcher } from "./dispatch.ts";
import type { Clock, Housekeeping, Log, Telemetry, WorkStore } from "./ports.ts";

/** Work not finished this long after it was written or last handed over is handed over again, in milliseconds. */
const overdueAfterMs = 60 * 1000;

/** Work handed over in one sweep, so that a restart after an outage does not flood the queue. */
const overdueBatch = 500;

/** What the sweep needs of the world. */
export interface SweepParts {
  readonly housekeeping: Housekeeping;
  readonly works: WorkStore;
  readonly dispatcher: Dispatcher;
  readonly telemetry: Telemetry;
  readonly clock: Clock;
  readonly log: Log;
  readonly retentionMs: number;
}

/** The steps of housekeeping, to be run on their own schedules. */
export interface Sweep {
  resolveQuiet(): Promise<void>;
  redispatch(): Promise<void>;
  forget(): Promise<void>;
}

/** Builds {@link Sweep}. */
export function createSweep(parts: SweepParts): Sweep {
  return {
    async resolveQuiet() {
      for (const { code } of await parts.housekeeping.resolveQuiet(parts.clock.now())) {
        parts.telemetry.incidentTransition(code, "resolved");
      }
    },
    async redispatch() {
      const before = new Date(parts.clock.now().getTime() - overdueAfterMs);
      const overdue = await parts.works.overdue(before, overdueBatch);
      if (overdue.length === 0) return;
      parts.log.info({ count: overdue.length }, "Handing overdue work to the queue again");
      await parts.dispatcher.dispatchNow(overdue);
    },
    async forget() {
      const before = new Date(parts.clock.now().getTime() - parts.retentionMs);
      const deleted = await parts.housekeeping.deleteBefore(before);
      if (deleted.events + deleted.incidents + deleted.quarantined > 0) {
        parts.log.info({ ...deleted, before: before.toISOString() }, "Deleted what is older than the retention period");
      }
    },
  };
}
