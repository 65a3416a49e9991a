import type { Clock, Log, Work, WorkQueue, WorkStore } from "./ports.ts";

/** Hands committed work to the queue. */
export interface Dispatcher {
  /** Starts handing over and returns at once; a failure is logged, and the sweep tries again. */
  dispatch(work: readonly Work[]): void;
  /** The same, waited for. Resolves to whether the queue took everything. */
  dispatchNow(work: readonly Work[]): Promise<boolean>;
  /** Resolves when nothing is being handed over any more. */
  settled(): Promise<void>;
}

/** Builds a {@link Dispatcher}. Work is marked as dispatched only once the queue has it. */
export function createDispatcher(parts: { queue: WorkQueue; works: WorkStore; clock: Clock; log: Log }): Dispatcher {
  const underWay = new Set<Promise<unknown>>();
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

  return {
    dispatchNow,
    dispatch(work) {
      if (work.length === 0) return;
      const handOver = dispatchNow(work).finally(() => underWay.delete(handOver));
      underWay.add(handOver);
    },
    async settled() {
      await Promise.all(underWay);
    },
  };
}
