import type { Notifier } from "../pipeline/notice-ports.ts";

/**
 * A notifier whose sends begin no closer together than its rate allows. The queue's limit holds over all processes but says
 * when a job is taken; between that and the request lie reads of the record, which take now longer, now shorter.
 */
export function paced(notifier: Notifier): Notifier {
  const gapMs = notifier.rate.perMs / notifier.rate.max;
  let lastBegan = Number.NEGATIVE_INFINITY;
  let turn: Promise<void> = Promise.resolve();

  async function begin(): Promise<void> {
    const waitMs = lastBegan + gapMs - performance.now();
    if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, Math.ceil(waitMs)));
    lastBegan = performance.now();
  }

  return {
    ...notifier,
    async send(notice, earlier) {
      turn = turn.then(begin);
      await turn;
      return await notifier.send(notice, earlier);
    },
  };
}
