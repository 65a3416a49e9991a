import { UnrecoverableError } from "bullmq";
import type { JobResult, Log, Telemetry, Work } from "../pipeline/ports.ts";
import type { TakenJob } from "./backend.ts";
import { openQueueServer, type QueueConnection } from "./connection.ts";
import { defaultRetry, JobData, type QueueName, type RetryPolicy, waitBeforeRetry } from "./jobs.ts";
import { within } from "./patience.ts";
import { createTrouble, describeError } from "./trouble.ts";

/**
 * How long a job stays with a worker that has gone silent, in milliseconds. A living worker renews it every half of that, so
 * it does not limit how long a handler may take.
 */
const lockDuration = 30_000;

/** How often workers look for jobs whose lock has run out, in milliseconds; a job is taken over at the second look. */
const stalledInterval = 15_000;

/** How often a job may be taken over before it is given up: it may be what kills the workers. */
const maxStalledCount = 3;

/** How long letting go may take, in milliseconds: it ends what it can at once, and waits only for a server that is away. */
const letGoMs = 500;

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

/** A worker at work. */
export interface RunningWorker {
  /**
   * Stops taking jobs and waits for those being handled, at most so many milliseconds. What is still being handled then is
   * left to run; another worker takes it over when its lock runs out. Never rejects.
   */
  close(timeoutMs: number): Promise<{ readonly finished: boolean }>;
}

/** Why an attempt ended without success, told to BullMQ. The message is what is kept with a failed job: no foreign text. */
class AttemptFailed extends Error {
  override readonly name = "AttemptFailed";
  readonly askedMs: number | undefined;

  constructor(reason: "retry_asked" | "handler_threw", askedMs?: number) {
    super(reason);
    this.askedMs = askedMs;
  }
}

/** Starts taking jobs. On Redis it starts even while Redis is away; on PostgreSQL it rejects while PostgreSQL is away. */
export async function startWorker(parts: WorkerParts): Promise<RunningWorker> {
  const server = await openQueueServer(parts.connection, "worker", parts.log);
  const trouble = createTrouble(parts.log, { connection: `${parts.connection.kind} worker` });
  const policy = parts.retry ?? defaultRetry;
  const random = parts.random ?? Math.random;

  const worker = server.worker(parts.queue, (job) => handleJob(parts, job), {
    concurrency: parts.concurrency,
    ...(parts.takeOver ?? { lockDuration, stalledInterval }),
    maxStalledCount,
    runRetryDelay: 1_000,
    settings: {
      backoffStrategy: (failedAttempts, _type, error) =>
        waitBeforeRetry(failedAttempts, error instanceof AttemptFailed ? error.askedMs : undefined, policy, random),
    },
  });
  worker.on("error", (error) => {
    // Lost connections are told by the server's own listeners; BullMQ repeats them here.
    if (!isDisconnection(error)) trouble.failed(error);
  });
  worker.on("stalled", (id) => parts.log.warn({ queue: parts.queue, job: id }, "Job of a silent worker taken over"));
  worker.on("failed", (job, error) => {
    if (job !== undefined && job.attemptsMade < (job.opts.attempts ?? 1) && error instanceof AttemptFailed) return;
    parts.log.error({ queue: parts.queue, reason: describeError(error).reason }, "Job failed for good");
  });

  return {
    async close(timeoutMs) {
      let finished = true;
      try {
        await within(timeoutMs, worker.close());
      } catch (error) {
        finished = false;
        parts.log.warn({ queue: parts.queue, timeoutMs, ...describeError(error) }, "Worker did not close in time");
        await within(letGoMs, worker.letGo()).catch(() => undefined);
      }
      await server.close();
      return { finished };
    },
  };
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

/** BullMQ passes on every attempt to reconnect as an error. */
function isDisconnection(error: Error): boolean {
  return "code" in error && typeof error.code === "string" && /^(E[A-Z]+|57P0\d|08\d{3})$/.test(error.code);
}
