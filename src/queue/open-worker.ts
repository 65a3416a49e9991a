import type { Log } from "../pipeline/ports.ts";
import type { JobWorker, TakenJob, WorkerSettings } from "./backend.ts";
import { openQueueServer, type QueueConnection } from "./connection.ts";
import { defaultRetry, type RetryPolicy, waitBeforeRetry } from "./jobs.ts";
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

/** What every worker needs. */
export interface OpenWorkerParts {
  readonly queue: string;
  readonly concurrency: number;
  /** Does one job; throws when it is to be tried again. */
  readonly process: (job: TakenJob, worker: Pick<JobWorker, "rateLimit">) => Promise<void>;
  /** Told of a job that outlived one worker too many: it is what kills them, and is taken no more. */
  readonly onDeadly?: (job: TakenJob) => void;
  readonly log: Log;
  readonly connection: QueueConnection;
  readonly retry?: RetryPolicy;
  readonly random?: () => number;
  readonly takeOver?: { readonly lockDuration: number; readonly stalledInterval: number };
  /** So many jobs in so many milliseconds, over all workers of the queue. */
  readonly limiter?: { readonly max: number; readonly duration: number };
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
export class AttemptFailed extends Error {
  override readonly name = "AttemptFailed";
  readonly askedMs: number | undefined;

  constructor(reason: "retry_asked" | "handler_threw", askedMs?: number) {
    super(reason);
    this.askedMs = askedMs;
  }
}

/** Starts taking jobs. On Redis it starts even while Redis is away; on PostgreSQL it rejects while PostgreSQL is away. */
export async function openWorker(parts: OpenWorkerParts): Promise<RunningWorker> {
  const server = await openQueueServer(parts.connection, "worker", parts.log);
  const trouble = createTrouble(parts.log, { connection: `${parts.connection.kind} worker` });
  const policy = parts.retry ?? defaultRetry;
  const random = parts.random ?? Math.random;

  const settings: WorkerSettings = {
    concurrency: parts.concurrency,
    ...(parts.limiter !== undefined && { limiter: parts.limiter }),
    ...(parts.takeOver ?? { lockDuration, stalledInterval }),
    maxStalledCount,
    runRetryDelay: 1_000,
    settings: {
      backoffStrategy: (failedAttempts, _type, error) =>
        waitBeforeRetry(failedAttempts, error instanceof AttemptFailed ? error.askedMs : undefined, policy, random),
    },
  };
  const worker: JobWorker = server.worker(parts.queue, (job) => parts.process(job, worker), settings);
  worker.on("error", (error) => {
    // Lost connections are told by the server's own listeners; BullMQ repeats them here.
    if (!isDisconnection(error) && !server.isShaken()) trouble.failed(error);
  });
  worker.on("stalled", (id) => parts.log.warn({ queue: parts.queue, job: id }, "Job of a silent worker taken over"));
  worker.on("failed", (job, error) => {
    // It is tried again.
    if (job !== undefined && job.finishedOn === undefined) return;
    parts.log.error({ queue: parts.queue, reason: describeError(error).reason }, "Job failed for good");
    if (job !== undefined && job.stalledCounter > maxStalledCount) parts.onDeadly?.(job);
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

/** BullMQ passes on every attempt to reconnect as an error. */
function isDisconnection(error: Error): boolean {
  return "code" in error && typeof error.code === "string" && /^(E[A-Z]+|57P0\d|08\d{3})$/.test(error.code);
}
