import type { NoticeQueue, PendingNotice } from "../pipeline/notice-ports.ts";
import type { Clock, Log, WorkQueue } from "../pipeline/ports.ts";
import { noTracing, type TraceParent, type Tracing } from "../pipeline/trace-ports.ts";
import type { JobQueue } from "./backend.ts";
import { openQueueServer, type QueueConnection } from "./connection.ts";
import { noticeJobId, noticeQueueOf, noticeRetry } from "./notice-jobs.ts";
import { within } from "./patience.ts";
import { sending } from "./spans.ts";
import { createTrouble, QueueUnavailable } from "./trouble.ts";

/** The longest any operation takes, in milliseconds. */
const operationMs = 5_000;

const states = ["waiting", "active", "delayed", "failed"] as const;

/** What the producing end of the receivers' queues needs. */
export interface NoticeQueueOptions {
  readonly connection: QueueConnection;
  /** Names of the receivers. */
  readonly receivers: readonly string[];
  readonly clock: Clock;
  readonly log: Log;
  /** Off unless given. */
  readonly tracing?: Tracing;
}

/** The receivers' queues as a process uses them. */
export type OpenNoticeQueue = NoticeQueue & Pick<WorkQueue, "stats" | "close">;

/** Opens the producing end of the receivers' queues, as createWorkQueue does. */
export async function createNoticeQueue(options: NoticeQueueOptions): Promise<OpenNoticeQueue> {
  const server = await openQueueServer(options.connection, "producer", options.log);
  const trouble = createTrouble(options.log, { connection: `${options.connection.kind} notices` });
  const settings = {
    defaultJobOptions: {
      attempts: noticeRetry.attempts,
      backoff: { type: "policy" },
      // What became of a notice stands in the record; a job that stayed would stop the same notice from coming again.
      removeOnComplete: true,
      removeOnFail: true,
      stackTraceLimit: 0,
    },
  } as const;
  const { tracing = noTracing } = options;
  const queues = new Map<string, JobQueue>();
  for (const receiver of options.receivers) {
    const queue = server.queue(noticeQueueOf(receiver), settings);
    // Lost connections are told by the server's own listeners; BullMQ repeats them here.
    queue.on("error", () => undefined);
    queues.set(receiver, queue);
  }

  async function attempt<T>(operation: string, run: () => Promise<T>): Promise<T> {
    try {
      return await within(operationMs, run());
    } catch (error) {
      throw new QueueUnavailable(operation, error);
    }
  }

  return {
    add: (notices) =>
      beginTraces(tracing, notices, (traces) => {
        const known = notices.filter(({ receiver }) => queues.has(receiver));
        const messages = known.map((notice) => ({
          notice,
          queue: noticeQueueOf(notice.receiver),
          id: noticeJobId(notice.id),
          trace: traces.get(notice) ?? null,
        }));
        return sending(tracing, messages, (carried) =>
          attempt("the notices to be taken", async () => {
            for (const [receiver, mine] of Map.groupBy(messages, ({ notice }) => notice.receiver)) {
              const jobs = mine.map((message) => ({
                name: "notice",
                data: { id: message.notice.id, ...carried.get(message) },
                opts: { jobId: message.id },
              }));
              await queues.get(receiver)?.addBulk(jobs);
            }
          }),
        );
      }),
    stats: () =>
      attempt("the counts of jobs", () =>
        Promise.all(
          [...queues].map(async ([receiver, queue]) => {
            const name = noticeQueueOf(receiver);
            const [counts, oldest] = await Promise.all([queue.getJobCounts(...states), server.oldestWaiting(name)]);
            const age = oldest === null ? 0 : Math.max(0, options.clock.now().getTime() - oldest) / 1000;
            return { queue: name, states: counts, oldestWaitingSeconds: age };
          }),
        ),
      ),
    async close() {
      await Promise.all([...queues.values()].map((queue) => within(operationMs, queue.close()).catch(trouble.failed)));
      await server.close();
    },
  };
}

/**
 * Gives every notice the trace it continues. Those that time brought about begin one, the same for all receivers of an
 * incident, linked to what happened to it last.
 */
async function beginTraces<T>(
  tracing: Tracing,
  notices: readonly PendingNotice[],
  then: (traces: ReadonlyMap<PendingNotice, TraceParent | null>) => Promise<T>,
): Promise<T> {
  const groups = [
    ...Map.groupBy(
      notices.filter(({ trace }) => trace == null),
      ({ incidentId, transition, id }) => `${incidentId ?? id} ${transition}`,
    ).values(),
  ];
  const specs = groups.map(([first]) => ({
    name: `tell ${first?.transition ?? ""}`,
    kind: "internal" as const,
    parent: null,
    links: first?.follows == null ? [] : [first.follows],
  }));
  return await tracing.spans(specs, (spans) => {
    const begun = groups.flatMap((group, index) =>
      group.map((notice) => [notice, spans[index]?.context ?? null] as const),
    );
    return then(new Map([...notices.map((notice) => [notice, notice.trace ?? null] as const), ...begun]));
  });
}
