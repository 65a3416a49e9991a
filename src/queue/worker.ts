import { UnrecoverableError } from "bullmq";
import type { JobResult, Log, Telemetry, Work } from "../pipeline/ports.ts";
import type { TakenJob } from "./backend.ts";
import type { QueueConnection } from "./connection.ts";
import { JobData, type QueueName, type RetryPolicy } from "./jobs.ts";
import { AttemptFailed, openWorker, type RunningWorker } from "./open-worker.ts";
import { describeError } from "./trouble.ts";

/** What the working end needs. */
export interface WorkerParts {
  readonly queue: QueueName;
  /** Jobs handled at the same time. */
  readonly concurrency: number;
  /** Handles one job. `number` counts from 1; `last` means that no retry will follow. A rejection asks for a retry. */
  readonly handle: (work: Work, attempt: { readonly number: number; readonly last: boolean }) => Promise<JobResult>;
  readonly telemetry: Pick<Telemetry, "job">;
  readonly log: Log;
  readonly connection: QueueConnection;
  readonly retry?: RetryPolicy;
  /** Jitter of retries, in [0, 1). */
  readonly random?: () => number;
  /** For tests: replaces the 30 s and 15 s within which a dead worker's jobs are taken over. */
  readonly takeOver?: { readonly lockDuration: number; readonly stalledInterval: number };
}

/** Starts taking jobs. On Redis it starts even while Redis is away; on PostgreSQL it rejects while PostgreSQL is away. */
export function startWorker(parts: WorkerParts): Promise<RunningWorker> {
  return openWorker({ ...parts, process: (job) => handleJob(parts, job) });
}

async function handleJob(parts: WorkerParts, job: TakenJob): Promise<void> {
  const started = performance.now();
  const number = job.attemptsMade + 1;
  const last = number >= (job.opts.attempts ?? 1);
  const count = (outcome: "completed" | "retried" | "failed") =>
    parts.telemetry.job(parts.queue, outcome, (performance.now() - started) / 1000);

  const data = JobData.safeParse(job.data);
  if (!data.success) {
    count("failed");
    throw new UnrecoverableError("invalid_job_data");
  }
  let result: JobResult;
  try {
    result = await parts.handle(data.data, { number, last });
  } catch (error) {
    count(last ? "failed" : "retried");
    parts.log.warn(
      { queue: parts.queue, work: data.data.id, attempt: number, ...describeError(error) },
      "Job handler threw",
    );
    throw new AttemptFailed("handler_threw");
  }
  if (result.retry) {
    count(last ? "failed" : "retried");
    throw new AttemptFailed("retry_asked", result.afterMs);
  }
  count("completed");
}
