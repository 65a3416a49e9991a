import type { Clock, Log, Work, WorkQueue, WorkStore } from "./ports.ts";

/** Work handed over at once, so that a storm of new incidents does not hold up the queue for everyone else. */
const mostAtOnce = 500;

/** Hands committed work to the queue. */
export interface Dispatcher {
  /** Starts handing over and returns at once; a failure is logged, and the sweep tries again. */
  dispatch(work: readonly Work[]): void;
  /** The same, waited for. Resolves to whether the queue took everything. */
  dispatchNow(work: readonly Work[]): Promise<boolean>;
  /** Resolves when nothing is being handed over any more. */
  settled(): Promise<void>;
}

/**
 * Builds a {@link Dispatcher}. Work is marked as dispatched only once the queue has it.
 *
 * What comes while something is handed over goes together with what comes next, as in the commit before it: one by one each
 * piece would cost a transaction more, to be marked.
 */
export function createDispatcher(parts: { queue: WorkQueue; works: WorkStore; clock: Clock; log: Log }): Dispatcher {
  const waiting: Work[] = [];
  let handingOver: Promise<void> | null = null;
  let lastTryFailed = false;

  async function dispatchNow(work: readonly Work[]): Promise<boolean> {
    try {
      await parts.queue.add(work);
      await parts.works.markDispatched(
        work.map(({ id }) => id),
        parts.clock.now(),
      );
      lastTryFailed = false;
      return true;
    } catch (error) {
      // The same outage is told once, not once an event.
      if (!lastTryFailed) parts.log.warn({ err: error }, "Work not handed to the queue; the sweep will try again");
      lastTryFailed = true;
      return false;
    }
  }

  async function handOver(): Promise<void> {
    // All who waited for one commit are told of it in one round of the event loop.
    await new Promise<void>((endOfRound) => setImmediate(endOfRound));
    while (waiting.length > 0) {
      const handedOver = await dispatchNow(waiting.splice(0, mostAtOnce));
      // The sweep brings the rest as well: while the queue is away it would only gather here.
      if (!handedOver) waiting.length = 0;
    }
    handingOver = null;
  }

  return {
    dispatchNow,
    dispatch(work) {
      if (work.length === 0) return;
      waiting.push(...work);
      handingOver ??= handOver();
    },
    async settled() {
      await handingOver;
    },
  };
}
