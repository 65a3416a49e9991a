import type { Log } from "../pipeline/ports.ts";

/** How long a scrape waits for shared state before it gives what was read last, in milliseconds. */
export const collectBoundMs = 1_000;

/**
 * A refresher for gauges that show state kept elsewhere (database, queue). It never rejects and never waits longer than
 * the bound: the gauges then keep their last values. While one read is under way no second one is started, so scrapes
 * do not pile up on a database that is slow already; a read that ends late is still shown by the next scrape.
 */
export function sharedGauges<T>(
  what: string,
  read: () => Promise<T>,
  show: (state: T) => void,
  log: Log,
  boundMs: number = collectBoundMs,
): () => Promise<void> {
  let underWay: Promise<void> | null = null;

  async function readAndShow(): Promise<void> {
    try {
      show(await read());
    } catch (error) {
      log.warn({ what, err: error }, "Shared state could not be read for /metrics; the last values are shown");
    } finally {
      underWay = null;
    }
  }

  return async () => {
    underWay ??= Promise.resolve().then(readAndShow);
    const timeout = Promise.withResolvers<void>();
    const timer = setTimeout(timeout.resolve, boundMs);
    await Promise.race([underWay, timeout.promise]);
    clearTimeout(timer);
  };
}
