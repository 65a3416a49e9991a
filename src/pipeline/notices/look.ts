/*
 * The look at what has changed: find the incidents that are due ▶ decide (pure) ▶ route (pure) ▶ COMMIT ▶ hand to the queues.
 *
 * Whatever changes an incident schedules a look in its own transaction, so nothing is forgotten when a process dies; a timer
 * finds what is due, and a nudge after a commit in this process spares the wait for it.
 */
import type { NoticeQueue, NoticeTelemetry, PendingNotice } from "../notice-ports.ts";
import type { NoticeStore } from "../notice-record-ports.ts";
import type { Clock, Log } from "../ports.ts";
import { judge, type Policy } from "./judge.ts";

/** Incidents in one transaction: it holds their rows, and embedded the whole database, for as long as it runs. */
const incidentsAtOnce = 100;

/** Looks one after the other before others have their turn. Digests are decided about in the first. */
const looksInARow = 10;

/** What looking needs of the world. */
export interface LookParts {
  readonly store: NoticeStore;
  readonly queue: NoticeQueue;
  readonly policy: Policy;
  readonly telemetry: NoticeTelemetry;
  readonly clock: Clock;
  readonly log: Log;
}

/** Looks at what is due. */
export interface Looker {
  /** Looks until nothing is due. One at a time in this process; when called meanwhile, it looks once more. */
  look(): Promise<void>;
  /** Starts a look and returns at once; a failure is logged, and the timer looks again. */
  nudge(): void;
  /** Hands notices to the queues; what that fails for, the sweep brings again. */
  dispatch(notices: readonly PendingNotice[]): Promise<void>;
  /** Hands over again what the queues lost, or what a dead worker has left. */
  redispatch(): Promise<void>;
  /** Resolves when no look is under way. */
  settled(): Promise<void>;
}

/** Notices that were handed over this long ago and still wait are handed over again, in milliseconds. */
const overdueAfterMs = 15_000;

const overdueAtOnce = 500;

/** Builds a {@link Looker}. */
export function createLooker({ store, queue, policy, telemetry, clock, log }: LookParts): Looker {
  let running: Promise<void> | null = null;
  let again = false;
  let lastHandOverFailed = false;

  async function dispatch(notices: readonly PendingNotice[]): Promise<void> {
    if (notices.length === 0) return;
    try {
      await queue.add(notices);
      const ids = notices.map(({ id }) => id);
      await store.markDispatched(ids, clock.now());
      lastHandOverFailed = false;
    } catch (error) {
      // The same outage is told once, not once a notice.
      if (!lastHandOverFailed) log.warn({ err: error }, "Notices not handed to the queue; the sweep will try again");
      lastHandOverFailed = true;
    }
  }

  async function lookOnce(digests: boolean): Promise<boolean> {
    const now = clock.now();
    if (!(await store.isDue(now))) return false;
    const limits = { incidents: incidentsAtOnce, openings: policy.stormThreshold + 1, digests };
    const result = await store.look(now, limits, (due, context) => judge(due, context, policy));
    for (const { receiver, reason } of result.held) telemetry.notice(receiver, "suppressed", reason);
    await dispatch(result.notices);
    return result.more;
  }

  async function lookAll(): Promise<void> {
    try {
      for (let left = looksInARow; left > 0; left -= 1) {
        again = false;
        const more = await lookOnce(left === looksInARow);
        if (!more && !again) return;
      }
    } finally {
      // In the same turn as the last word on `again`: who asks after it starts a look of their own.
      running = null;
    }
  }

  function look(): Promise<void> {
    again = true;
    running ??= lookAll();
    return running;
  }

  return {
    look,
    nudge() {
      look().catch((error: unknown) => log.warn({ err: error }, "Looking for news failed; it will be tried again"));
    },
    dispatch,
    async redispatch() {
      const now = clock.now();
      const before = new Date(now.getTime() - overdueAfterMs);
      const receivers = policy.receivers.map(({ name }) => name);
      await dispatch(await store.overdue(receivers, now, before, overdueAtOnce));
    },
    async settled() {
      await running?.catch(() => undefined);
    },
  };
}
