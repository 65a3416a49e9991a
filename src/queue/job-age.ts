import type { TakenJob } from "./backend.ts";

/**
 * How long a job had been due when it was taken, in seconds, between the clocks of who added and who took it. Null when it
 * has been taken before: when a retry was due is not kept, and a job is to be measured once.
 */
export function waitedSeconds({ attemptsStarted, timestamp, processedOn, opts }: TakenJob): number | null {
  if (attemptsStarted > 1 || processedOn === undefined) return null;
  return Math.max(0, processedOn - timestamp - (opts.delay ?? 0)) / 1000;
}
