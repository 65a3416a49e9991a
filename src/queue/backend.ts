/*
 * What producer and worker need of a server, whichever it is. redis.ts and postgres.ts implement it.
 */
import { type IQueueBackend, type Job, type JobProgress, Worker, type WorkerOptions } from "bullmq";
import { pause } from "./patience.ts";

/** Queue options that both servers share. */
export interface QueueSettings {
  readonly defaultJobOptions: {
    readonly attempts: number;
    readonly backoff: { readonly type: "policy" };
    readonly removeOnComplete: true | { readonly age: number; readonly count: number };
    readonly removeOnFail: true | { readonly age: number; readonly count: number };
    readonly stackTraceLimit: number;
  };
}

/** The part of BullMQ's Queue that the producer uses. */
export interface JobQueue {
  addBulk(jobs: { name: string; data: object; opts: { jobId: string } }[]): Promise<unknown>;
  getJob(id: string): Promise<{ isFailed(): Promise<boolean> } | undefined>;
  remove(id: string): Promise<number>;
  getJobCounts(...states: string[]): Promise<Record<string, number>>;
  /** Replaces the scheduler of that id, whose first job comes at once. */
  upsertJobScheduler(id: string, repeat: { every: number }, template: { name: string; data: object }): Promise<unknown>;
  /** `next` is when its next job is due, in milliseconds since the epoch. */
  getJobScheduler(id: string): Promise<{ every?: number; next?: number } | undefined>;
  on(event: "error", listener: (error: Error) => void): unknown;
  close(): Promise<void>;
}

/** The part of BullMQ's Job that the worker uses. */
export type TakenJob = Pick<
  Job<unknown>,
  | "name"
  | "data"
  | "attemptsMade"
  | "attemptsStarted"
  | "stalledCounter"
  | "opts"
  | "timestamp"
  | "processedOn"
  // Set once it is done, or has failed for good.
  | "finishedOn"
>;

/** The part of BullMQ's Worker that we use. */
export interface JobWorker {
  on(event: "error", listener: (error: Error) => void): unknown;
  on(event: "stalled", listener: (id: string) => void): unknown;
  on(event: "failed", listener: (job: TakenJob | undefined, error: Error) => void): unknown;
  /** Takes no job for so many milliseconds, nor does any other worker of the queue. */
  rateLimit(milliseconds: number): Promise<void>;
  close(): Promise<void>;
  /** After a `close` that takes too long: drops timers and connections without waiting for jobs. Never rejects. */
  letGo(): Promise<void>;
}

/** Worker options that both servers share. */
export type WorkerSettings = Pick<
  WorkerOptions,
  "concurrency" | "lockDuration" | "stalledInterval" | "maxStalledCount" | "runRetryDelay" | "settings" | "limiter"
>;

/** One server. */
export interface QueueServer {
  queue(name: string, settings: QueueSettings): JobQueue;
  worker(name: string, handle: (job: TakenJob) => Promise<void>, settings: WorkerSettings): JobWorker;
  ping(): Promise<void>;
  /** Whether the connection is lost, or was until just now: it has been told, and other errors are its echo. */
  isShaken(): boolean;
  /** When the oldest waiting job was added, in milliseconds since the epoch; null when none waits. */
  oldestWaiting(name: string): Promise<number | null>;
  /** Lets go of the server at once, whatever is under way. */
  close(): Promise<void>;
}

/** How long a worker waits after a fetch that failed, in milliseconds. */
const afterFailedFetchMs = 1_000;

/** BullMQ's Worker with two corrections and an emergency exit. */
export class PatientWorker<B extends IQueueBackend, C> extends Worker<object, void, string, B, JobProgress, C> {
  /**
   * BullMQ may sleep until the next delayed job is due, an hour on PostgreSQL, and trusts LISTEN/NOTIFY to wake it. Through
   * some proxies notifications never arrive, so an idle worker always looks after `drainDelay`.
   */
  override get maximumBlockTimeout(): number {
    return Math.min(super.maximumBlockTimeout, this.opts.drainDelay ?? 5);
  }

  /** From its next wait on an idle worker looks every so many seconds. */
  lookEvery(seconds: number): void {
    this.opts.drainDelay = seconds;
  }

  /** Without the pause, an error that is not a lost connection (out of memory, read only) makes BullMQ's loop spin. */
  protected override async moveToActive(token: string, name?: string) {
    try {
      return await super.moveToActive(token, name);
    } catch (error) {
      await pause(afterFailedFetchMs);
      throw error;
    }
  }

  /** BullMQ keeps its timers and its blocking connection for as long as a job runs, even after `close`. */
  async letGo(): Promise<void> {
    // Pausing is the only way to end the timer of the look for stalled jobs.
    await Promise.allSettled([this.pause(true), this.lockManager.close(), this.backend.close(true)]);
  }
}
