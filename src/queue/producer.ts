import type { Clock, Log, Work, WorkQueue } from "../pipeline/ports.ts";
import { noTracing, type Tracing } from "../pipeline/trace-ports.ts";
import type { JobQueue } from "./backend.ts";
import { openQueueServer, type QueueConnection } from "./connection.ts";
import {
  defaultRetry,
  jobId,
  keepCompleted,
  keepFailed,
  type QueueName,
  queueNames,
  queueOf,
  type RetryPolicy,
  samplePriority,
} from "./jobs.ts";
import { within } from "./patience.ts";
import { type Carried, sending } from "./spans.ts";
import { createTrouble, QueueUnavailable } from "./trouble.ts";

/** The longest any operation of the producer takes, in milliseconds. */
const operationMs = 5_000;

const states = ["waiting", "active", "delayed", "failed", "completed"] as const;

/** What the producing end needs. `retry.attempts` is written into each job. */
export interface WorkQueueOptions {
  readonly connection: QueueConnection;
  readonly clock: Clock;
  readonly log: Log;
  /** Off unless given. */
  readonly tracing?: Tracing;
  readonly retry?: RetryPolicy;
}

/**
 * Opens the producing end of the queue. On Redis it opens even while Redis is away; on PostgreSQL it brings BullMQ's schema
 * up to date first and rejects while PostgreSQL is away. Its operations reject with QueueUnavailable, within five seconds.
 */
export async function createWorkQueue(options: WorkQueueOptions): Promise<WorkQueue> {
  const server = await openQueueServer(options.connection, "producer", options.log, { warnsOfEviction: true });
  const trouble = createTrouble(options.log, { connection: `${options.connection.kind} producer` });
  const settings = {
    defaultJobOptions: {
      attempts: options.retry?.attempts ?? defaultRetry.attempts,
      backoff: { type: "policy" },
      removeOnComplete: keepCompleted,
      removeOnFail: keepFailed,
      stackTraceLimit: 0,
    },
  } as const;
  const queues = new Map<QueueName, JobQueue>();
  for (const name of queueNames) {
    const queue = server.queue(name, settings);
    // Lost connections are told by the server's own listeners; BullMQ repeats them here.
    queue.on("error", () => undefined);
    queues.set(name, queue);
  }

  async function attempt<T>(operation: string, run: () => Promise<T>): Promise<T> {
    try {
      return await within(operationMs, run());
    } catch (error) {
      throw new QueueUnavailable(operation, error);
    }
  }

  return {
    add: (work) => {
      const jobs = work.map((each) => ({
        work: each,
        queue: queueOf(each),
        id: jobId(each),
        trace: each.trace ?? null,
      }));
      return sending(options.tracing ?? noTracing, jobs, (carried) =>
        attempt("the jobs to be taken", async () => {
          for (const [name, queue] of queues) {
            const mine = jobs.filter((job) => job.queue === name);
            if (mine.length > 0) await addTo(queue, mine, carried);
          }
        }),
      );
    },
    stats: () =>
      attempt("the counts of jobs", () =>
        Promise.all(
          [...queues].map(async ([name, queue]) => {
            const [counts, oldest] = await Promise.all([queue.getJobCounts(...states), server.oldestWaiting(name)]);
            const age = oldest === null ? 0 : Math.max(0, options.clock.now().getTime() - oldest) / 1000;
            return { queue: name, states: counts, oldestWaitingSeconds: age };
          }),
        ),
      ),
    ping: () => attempt("an answer", () => server.ping()),
    async close() {
      await Promise.all([...queues.values()].map((queue) => within(operationMs, queue.close()).catch(trouble.failed)));
      await server.close();
    },
  };
}

/**
 * Adds jobs. A job that failed for good is kept under its id for people to see, and BullMQ would take the same work for a
 * duplicate of it: the sweep handing it over again means it is to be tried afresh.
 */
async function addTo<J extends { readonly work: Work; readonly id: string }>(
  queue: JobQueue,
  jobs: readonly J[],
  carried: ReadonlyMap<J, Carried>,
): Promise<void> {
  await Promise.all(
    jobs.map(async ({ id }) => {
      // Not by getJobState: of a job that is not there it asks the list of those that wait, from one end to the other.
      const job = await queue.getJob(id);
      if (await job?.isFailed()) await queue.remove(id);
    }),
  );
  await queue.addBulk(
    jobs.map((job) => ({
      name: job.work.kind,
      data: { ...job.work, ...carried.get(job) },
      // BullMQ takes jobs without a priority first: an incident nobody has looked at before another sample of a storm.
      opts: { jobId: job.id, ...(job.work.first ? {} : { priority: samplePriority }) },
    })),
  );
}
