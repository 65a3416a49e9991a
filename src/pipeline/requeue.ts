import type { Dispatcher } from "./dispatch.ts";
import type { WorkStore } from "./ports.ts";

/** How much work is handed to the queue at once: few enough to fit into the time of one of its operations. */
const batch = 500;

/**
 * Makes `requeue(limit)`: takes up work again that was abandoned, or ended without reading Twilio, and hands it to the
 * queue. Resolves to how much; what the queue does not take now, the sweep hands over later.
 */
export function createRequeue(parts: {
  works: Pick<WorkStore, "requeue">;
  dispatcher: Pick<Dispatcher, "dispatchNow">;
}): (limit: number) => Promise<number> {
  return async (limit) => {
    const work = await parts.works.requeue(limit);
    for (let start = 0; start < work.length; start += batch) {
      // A queue that is away would make every batch wait its time.
      if (!(await parts.dispatcher.dispatchNow(work.slice(start, start + batch)))) break;
    }
    return work.length;
  };
}
