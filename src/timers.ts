import type { Log } from "./pipeline/ports.ts";

/** Something done again and again. */
export interface Chore {
  readonly name: string;
  readonly everyMs: number;
  readonly run: () => Promise<void>;
}

/** Runs every chore at its interval, never two runs of one at a time. A run that fails is logged; the next one comes. */
export function startTimers(chores: readonly Chore[], log: Log): { stop(): Promise<void> } {
  const running = new Set<Promise<void>>();
  const timers = chores.map(({ name, everyMs, run }) => {
    let busy = false;
    return setInterval(() => {
      if (busy) return;
      busy = true;
      // Inside a promise, so that a chore that throws at once is a failed run as well.
      const done: Promise<void> = Promise.resolve()
        .then(run)
        .catch((error: unknown) => log.warn({ err: error, chore: name }, "Housekeeping failed; it will be tried again"))
        .finally(() => {
          busy = false;
          running.delete(done);
        });
      running.add(done);
    }, everyMs);
  });
  return {
    async stop() {
      for (const timer of timers) clearInterval(timer);
      await Promise.all(running);
    },
  };
}
