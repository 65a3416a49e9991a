import { UnrecoverableError, Worker } from "bullmq";
import type { Notifier, SendOutcome } from "../pipeline/notice-ports.ts";
import type { Log, Telemetry } from "../pipeline/ports.ts";
import { noTracing, type Span, type Tracing } from "../pipeline/trace-ports.ts";
import type { JobWorker, TakenJob } from "./backend.ts";
import type { QueueConnection } from "./connection.ts";
import { waitedSeconds } from "./job-age.ts";
import { NoticeJob, noticeJobId, noticeQueueOf, noticeRetry } from "./notice-jobs.ts";
import { AttemptFailed, openWorker, type RunningWorker } from "./open-worker.ts";
import { processingSpec } from "./spans.ts";
import { describeError } from "./trouble.ts";

/** Notices to one receiver under way at the same time in one process: a slow one does not stop the next. */
const noticesAtOnce = 4;

/** Shorter than for diagnoses: what a dead worker was sending is to go out within a minute. In milliseconds. */
const takeOver = { lockDuration: 15_000, stalledInterval: 7_500 };

/** Requests bunch on their way to the receiver; this much room is left between them. */
const room = 1.05;

/** What the worker of a receiver's queue needs. */
export interface NoticeWorkerParts {
  readonly notifier: Pick<Notifier, "name" | "rate">;
  /** Tries to send a notice once. A rejection asks for a retry. */
  readonly send: (noticeId: string) => Promise<SendOutcome>;
  readonly connection: QueueConnection;
  readonly telemetry: Pick<Telemetry, "job" | "jobTaken">;
  /** Off unless given. */
  readonly tracing?: Tracing;
  readonly log: Log;
  /** For tests. */
  readonly takeOver?: { readonly lockDuration: number; readonly stalledInterval: number };
}

/** Starts sending the notices of one receiver, never faster than it takes them, over all processes. */
export function startNoticeWorker(parts: NoticeWorkerParts): Promise<RunningWorker> {
  const { rate } = parts.notifier;
  return openWorker({
    queue: noticeQueueOf(parts.notifier.name),
    concurrency: noticesAtOnce,
    process: (job, worker) => handleJob(parts, job, worker),
    log: parts.log,
    connection: parts.connection,
    retry: noticeRetry,
    takeOver: parts.takeOver ?? takeOver,
    // One at a time: of a window of many, some could go at its end and as many again at the start of the next.
    limiter: { max: 1, duration: Math.ceil((rate.perMs / rate.max) * room) },
  });
}

async function handleJob(parts: NoticeWorkerParts, job: TakenJob, worker: Pick<JobWorker, "rateLimit">): Promise<void> {
  const queue = noticeQueueOf(parts.notifier.name);
  const started = performance.now();
  const count = (outcome: "completed" | "retried" | "failed") =>
    parts.telemetry.job(queue, outcome, (performance.now() - started) / 1000);

  const waited = waitedSeconds(job);
  if (waited !== null) parts.telemetry.jobTaken(queue, waited);

  const data = NoticeJob.safeParse(job.data);
  if (!data.success) {
    count("failed");
    throw new UnrecoverableError("invalid_job_data");
  }
  const { id, trace = null, sentBy = null } = data.data;
  const spec = processingSpec({ queue, id: noticeJobId(id), trace, sentBy });
  await (parts.tracing ?? noTracing).span(spec, async (span) => {
    let outcome: SendOutcome;
    try {
      outcome = await parts.send(id);
    } catch (error) {
      count("retried");
      parts.log.warn({ queue, notice: id, ...describeError(error) }, "Job handler threw");
      throw failed(span, "handler_threw", new AttemptFailed("handler_threw"));
    }
    if (outcome.kind === "done") {
      count("completed");
      return;
    }
    count("retried");
    if (outcome.kind === "later") throw failed(span, "retry_asked", new AttemptFailed("retry_asked", outcome.afterMs));
    await worker.rateLimit(outcome.forMs);
    throw failed(span, "rate_limited", Worker.RateLimitError());
  });
}

function failed(span: Span, type: string, error: Error): Error {
  span.fail(type);
  return error;
}
