/*
 * What is done again and again, once however many workers there are: BullMQ's job schedulers put a job for each run into one
 * queue, and one of the workers takes it.
 */
import type { Clock, Log, Telemetry } from "../pipeline/ports.ts";
import type { TakenJob } from "./backend.ts";
import { openQueueServer, type QueueConnection } from "./connection.ts";
import { waitedSeconds } from "./job-age.ts";
import { openWorker, type RunningWorker } from "./open-worker.ts";
import { within } from "./patience.ts";
import { createTrouble, describeError, QueueUnavailable } from "./trouble.ts";

/** The queue of all schedules, a metric label. */
export const scheduleQueue = "housekeeping";

/** The longest a question takes, in milliseconds. */
const operationMs = 5_000;

/** So many periods late, or that many ahead, a run is not coming: no worker takes it. */
const periodsOfGrace = 3;

/** Something done again and again. Its name is the name of its scheduler and of its jobs. */
export interface Step {
  readonly name: string;
  readonly everyMs: number;
  /** Safe at any time, several at once too: that there is one run at a time is what the schedule is for, not a promise. */
  readonly run: () => Promise<void>;
}

/** What a schedule needs. */
export interface ScheduleParts {
  readonly steps: readonly Step[];
  readonly connection: QueueConnection;
  readonly telemetry: Pick<Telemetry, "job" | "jobTaken">;
  readonly clock: Clock;
  readonly log: Log;
  /** For tests: replaces the times within which a dead worker's run is taken over. */
  readonly takeOver?: { readonly lockDuration: number; readonly stalledInterval: number };
}

/** A schedule this process has a hand in. */
export interface Schedule extends RunningWorker {
  /**
   * Puts a step into the schedule where it is missing, as after Redis was emptied, has another period or is late. True when
   * its runs come; false when they are late, and had better be made here. @throws QueueUnavailable within five seconds
   */
  keep(step: Step): Promise<boolean>;
}

/** A dead worker's run is taken over within half a minute; what comes after it does not wait for that. In milliseconds. */
const takeOver = { lockDuration: 15_000, stalledInterval: 7_500 };

/** Starts taking runs. What {@link Schedule.keep} has not put into the schedule yet does not come. */
export async function startSchedule(parts: ScheduleParts): Promise<Schedule> {
  const { connection, log, clock } = parts;
  const steps = new Map(parts.steps.map((step) => [step.name, { ...step, isRunning: false }]));
  const worker = await openWorker({
    queue: scheduleQueue,
    // A long step does not hold up the others.
    concurrency: parts.steps.length,
    process: (job) => runJob(parts, steps.get(job.name), job),
    connection,
    log,
    takeOver: parts.takeOver ?? takeOver,
  });
  const server = await openQueueServer(connection, "producer", log);
  const trouble = createTrouble(log, { connection: `${connection.kind} schedule` });
  const queue = server.queue(scheduleQueue, {
    // The next run is the next attempt.
    defaultJobOptions: {
      attempts: 1,
      backoff: { type: "policy" },
      removeOnComplete: true,
      removeOnFail: true,
      stackTraceLimit: 0,
    },
  });
  // Lost connections are told by the server's own listeners; BullMQ repeats them here.
  queue.on("error", () => undefined);

  async function keep({ name, everyMs }: Step): Promise<boolean> {
    const scheduler = await queue.getJobScheduler(name);
    const isThere = scheduler?.every === everyMs;
    const dueInMs = (scheduler?.next ?? 0) - clock.now().getTime();
    // A late one may have lost its job, and with it all that would have followed; one too far off is by a clock that was set
    // back since.
    const isAstray = isThere && Math.abs(dueInMs) > periodsOfGrace * everyMs;
    if (!isThere || isAstray) await queue.upsertJobScheduler(name, { every: everyMs }, { name, data: {} });
    return !isAstray;
  }

  return {
    async keep(step) {
      try {
        return await within(operationMs, keep(step));
      } catch (error) {
        throw new QueueUnavailable("the schedule", error);
      }
    },
    async close(timeoutMs) {
      const ended = await worker.close(timeoutMs);
      await within(operationMs, queue.close()).catch(trouble.failed);
      await server.close();
      return ended;
    },
  };
}

type OwnStep = Step & { isRunning: boolean };

async function runJob({ telemetry, log }: ScheduleParts, step: OwnStep | undefined, job: TakenJob): Promise<void> {
  // One that only a newer version knows is left to it: it comes again. One that still runs has no need of another run here.
  if (step === undefined || step.isRunning) return;
  const waited = waitedSeconds(job);
  if (waited !== null) telemetry.jobTaken(scheduleQueue, waited);
  const started = performance.now();
  const count = (outcome: "completed" | "retried") =>
    telemetry.job(scheduleQueue, outcome, (performance.now() - started) / 1000);
  step.isRunning = true;
  try {
    await step.run();
    count("completed");
  } catch (error) {
    count("retried");
    log.warn({ step: step.name, ...describeError(error) }, "Housekeeping failed; it will be tried again");
  } finally {
    step.isRunning = false;
  }
}
