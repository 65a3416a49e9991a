import type { Dispatcher } from "./dispatch.ts";
import type { NoticeQueue, NoticeReader } from "./notice-ports.ts";
import type { Clock, WorkStore } from "./ports.ts";

/** How much work is handed to the queue at once: few enough to fit into the time of one of its operations. */
const batch = 500;

/** What is taken up again, and where it goes. */
export interface RequeueParts {
  readonly works: Pick<WorkStore, "requeue">;
  readonly dispatcher: Pick<Dispatcher, "dispatchNow">;
  /** Left out where no notices are sent. */
  readonly notices?: {
    readonly reader: Pick<NoticeReader, "requeueNotices">;
    /** Rejects when the queue is away. */
    readonly queue: NoticeQueue;
    readonly clock: Clock;
  };
}

/**
 * Makes `requeue(limit)`: takes up again diagnoses that were abandoned, or ended without reading Twilio, and notices that
 * were given up, at most `limit` together, and hands them to their queues. Resolves to how many; what a queue does not
 * take now, the sweep hands over later.
 */
export function createRequeue({ works, dispatcher, notices }: RequeueParts): (limit: number) => Promise<number> {
  return async (limit) => {
    const work = await works.requeue(limit);
    await inBatches(work, (some) => dispatcher.dispatchNow(some));
    const room = limit - work.length;
    if (notices === undefined || room === 0) return work.length;
    const told = await notices.reader.requeueNotices(room, notices.clock.now());
    await inBatches(told, (some) =>
      notices.queue.add(some).then(
        () => true,
        () => false,
      ),
    );
    return work.length + told.length;
  };
}

/** Ends with the first batch that is not taken: a queue that is away would make every other wait its time too. */
async function inBatches<T>(items: readonly T[], take: (some: readonly T[]) => Promise<boolean>): Promise<void> {
  for (let start = 0; start < items.length; start += batch) {
    if (!(await take(items.slice(start, start + batch)))) return;
  }
}
