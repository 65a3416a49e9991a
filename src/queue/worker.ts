import { UnrecoverableError } from "bullmq";
import type { JobResult, Log, Telemetry, Work } from "../pipeline/ports.ts";
import { noTracing, type Span, type TraceParent, type Tracing } from "../pipeline/trace-ports.ts";
import type { TakenJob } from "./backend.ts";
import type { QueueConnection } from "./connection.ts";
import { waitedSeconds } from "./job-age.ts";
import { JobData, jobId, type QueueName, type RetryPolicy } from "./jobs.ts";
import { AttemptFailed, openWorker, type RunningWorker } from "./open-worker.ts";
import { processingSpec } from "./spans.ts";
import { describeError } from "./trouble.ts";

/** One attempt at a job. */
export interface Attempt {
  /** Counts from 1. */
  readonly number: number;
  /** No retry will follow. */
  readonly last: boolean;
  /** Its span, null when tracing is off. */
  readonly trace: TraceParent | null;
}

/** What the working end needs. */
export interface WorkerParts {
  readonly queue: QueueName;
  /** Jobs handled at the same time. */
  readonly concurrency: number;
  /** Handles one job. A rejection asks for a retry. */
  readonly handle: (work: Work, attempt: Attempt) => Promise<JobResult>;
  /** Told of a job that ended every worker that took it, so that nobody brings it back. */
  readonly onDeadly?: (work: Work) => void;
  readonly telemetry: Pick<Telemetry, "job" | "jobTaken">;
  /** Off unless given. */
  readonly tracing?: Tracing;
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
  const { onDeadly, ...rest } = parts;
  return openWorker({
    ...rest,
    process: (job) => handleJob(parts, job),
    onDeadly: (job) => {
      const { success, data } = JobData.safeParse(job.data);
      if (success) onDeadly?.(data);
    },
  });
}

async function handleJob(parts: WorkerParts, job: TakenJob): Promise<void> {
  const started = performance.now();
  const number = job.attemptsMade + 1;
  const last = number >= (job.opts.attempts ?? 1);
  const count = (outcome: "completed" | "retried" | "failed") =>
    parts.telemetry.job(parts.queue, outcome, (performance.now() - started) / 1000);

  const waited = waitedSeconds(job);
  if (waited !== null) parts.telemetry.jobTaken(parts.queue, waited);

  const data = JobData.safeParse(job.data);
  if (!data.success) {
    count("failed");
    throw new UnrecoverableError("invalid_job_data");
  }
  const { sentBy = null, ...work } = data.data;
  const spec = processingSpec({ queue: parts.queue, id: jobId(work), trace: work.trace ?? null, sentBy });
  await (parts.tracing ?? noTracing).span(spec, async (span) => {
    let result: JobResult;
    try {
      result = await parts.handle(work, { number, last, trace: span.context });
    } catch (error) {
      count(last ? "failed" : "retried");
      parts.log.warn(
        { queue: parts.queue, work: work.id, attempt: number, ...describeError(error) },
        "Job handler threw",
      );
      throw failed(span, new AttemptFailed("handler_threw"));
    }
    if (result.retry) {
      count(last ? "failed" : "retried");
      throw failed(span, new AttemptFailed("retry_asked", result.afterMs));
    }
    count("completed");
  });
}

function failed(span: Span, why: AttemptFailed): AttemptFailed {
  span.fail(why.message);
  return why;
}
