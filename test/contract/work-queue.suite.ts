import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test, vi } from "vitest";
import type { JobResult, Log, Work, WorkQueue } from "../../src/pipeline/ports.ts";
import type { QueueConnection } from "../../src/queue/connection.ts";
import type { RetryPolicy } from "../../src/queue/jobs.ts";
import type { RunningWorker } from "../../src/queue/open-worker.ts";
import { createWorkQueue } from "../../src/queue/producer.ts";
import { startWorker, type WorkerParts } from "../../src/queue/worker.ts";
import { linkedTracing, traceParent } from "../support/linked-tracing.ts";

/** What a contract suite needs of one implementation. */
export interface QueueFixture {
  readonly connection: QueueConnection;
  /** Removes every job. */
  clear(): Promise<void>;
  close(): Promise<void>;
}

type Handle = WorkerParts["handle"];
type Outcome = "completed" | "retried" | "failed";

export const fastRetry: RetryPolicy = { attempts: 3, baseMs: 20, maxMs: 100 };

/** A log that keeps its lines. */
export function memoryLog(): Log & {
  readonly lines: { level: string; fields: Record<string, unknown>; sentence: string }[];
} {
  const lines: { level: string; fields: Record<string, unknown>; sentence: string }[] = [];
  const write = (level: string) => (fields: Record<string, unknown>, sentence: string) => {
    lines.push({ level, fields, sentence });
  };
  return { lines, debug: write("debug"), info: write("info"), warn: write("warn"), error: write("error") };
}

/** Work with a given id. */
export function work(id: string): Work {
  return { id, kind: "diagnose", incidentId: `incident-${id}`, eventSid: `NO${"a".repeat(32)}`, first: true };
}

/** The contract of both ends of the queue, run on every server. */
export function workQueueSuite(name: string, open: () => Promise<QueueFixture>): void {
  describe(`work queue on ${name}`, () => {
    let fixture: QueueFixture;
    let queue: WorkQueue;
    let workers: RunningWorker[] = [];
    let outcomes: Outcome[] = [];
    const waits: number[] = [];

    beforeAll(async () => {
      fixture = await open();
      queue = await createWorkQueue({
        connection: fixture.connection,
        clock: { now: () => new Date() },
        log: memoryLog(),
        retry: fastRetry,
      });
    });
    afterEach(async () => {
      await Promise.all(workers.map((worker) => worker.close(5_000)));
      workers = [];
      // New, not emptied: a job that was cut off may end during the next test.
      outcomes = [];
      waits.length = 0;
      await fixture.clear();
    });
    afterAll(async () => {
      await queue?.close();
      await fixture?.close();
    });

    async function start(handle: Handle, more: Partial<WorkerParts> = {}): Promise<RunningWorker> {
      const ended = outcomes;
      const worker = await startWorker({
        queue: "diagnose",
        concurrency: 4,
        handle,
        telemetry: {
          jobTaken: (_queue, seconds) => waits.push(seconds),
          job: (_queue, outcome) => ended.push(outcome),
        },
        log: memoryLog(),
        connection: fixture.connection,
        retry: fastRetry,
        ...more,
      });
      workers.push(worker);
      return worker;
    }

    async function states(): Promise<Record<string, number>> {
      const [stats] = await queue.stats();
      return stats?.states ?? {};
    }

    const done = async (): Promise<JobResult> => ({ retry: false });

    test("a job is handled once, with the work that was added", async () => {
      const handle = vi.fn<Handle>(done);
      await start(handle);
      await queue.add([work("1"), work("2")]);
      await expect.poll(() => outcomes).toEqual(["completed", "completed"]);
      expect(handle.mock.calls.map(([given]) => given).toSorted((a, b) => a.id.localeCompare(b.id))).toEqual([
        work("1"),
        work("2"),
      ]);
      expect(handle.mock.calls.map(([, attempt]) => attempt)).toEqual([
        { number: 1, last: false, trace: null },
        { number: 1, last: false, trace: null },
      ]);
    });

    test("the same work twice is one job, waiting, in one call and after it is done", async () => {
      await queue.add([work("1"), work("1")]);
      await queue.add([work("1")]);
      expect(await states()).toMatchObject({ waiting: 1 });
      const handle = vi.fn<Handle>(done);
      await start(handle);
      await expect.poll(states).toMatchObject({ completed: 1, waiting: 0 });
      await queue.add([work("1"), work("2")]);
      await expect.poll(states).toMatchObject({ completed: 2, waiting: 0 });
      expect(handle).toHaveBeenCalledTimes(2);
    });

    test("work ids may hold colons and numbers only", async () => {
      const handle = vi.fn<Handle>(done);
      await queue.add([work("a:b:c"), work("17")]);
      await start(handle);
      await expect.poll(() => outcomes.length).toBe(2);
      expect(handle.mock.calls.map(([given]) => given.id).toSorted()).toEqual(["17", "a:b:c"]);
    });

    test("a retry that was asked for comes after the time asked for", async () => {
      const times: number[] = [];
      await start(async () => {
        times.push(performance.now());
        return times.length === 1 ? { retry: true, afterMs: 700 } : { retry: false };
      });
      await queue.add([work("1")]);
      await expect.poll(() => outcomes, { timeout: 5_000 }).toEqual(["retried", "completed"]);
      const [first = 0, second = 0] = times;
      // Timers of the server and of Node may each round down a millisecond.
      expect(second - first).toBeGreaterThan(695);
      expect(second - first).toBeLessThan(2_500);
    });

    test("how long a job has waited is told once, when it is first taken", async () => {
      await queue.add([work("1")]);
      await expect.poll(async () => (await queue.stats())[0]?.oldestWaitingSeconds).toBeGreaterThan(0.3);
      let attempts = 0;
      await start(async () => (++attempts === 1 ? { retry: true, afterMs: 100 } : { retry: false }));
      await expect.poll(() => outcomes, { timeout: 5_000 }).toEqual(["retried", "completed"]);
      expect(waits).toHaveLength(1);
      expect(waits[0]).toBeGreaterThan(0.29);
      expect(waits[0]).toBeLessThan(5);
    });

    test("the last attempt is flagged, then the job is kept as failed without the handler's text", async () => {
      const attempts: unknown[] = [];
      const log = memoryLog();
      await start(
        async (_work, attempt) => {
          attempts.push(attempt);
          if (attempt.number === 2) throw new Error("handler's own words");
          return { retry: true };
        },
        { log },
      );
      await queue.add([work("1")]);
      await expect.poll(() => outcomes, { timeout: 10_000 }).toEqual(["retried", "retried", "failed"]);
      expect(attempts).toEqual([
        { number: 1, last: false, trace: null },
        { number: 2, last: false, trace: null },
        { number: 3, last: true, trace: null },
      ]);
      await expect.poll(states).toMatchObject({ failed: 1, waiting: 0, delayed: 0 });
      await expect
        .poll(() => log.lines.filter(({ level }) => level === "error"))
        .toEqual([
          { level: "error", fields: { queue: "diagnose", reason: "retry_asked" }, sentence: "Job failed for good" },
        ]);
    });

    test("work whose job failed for good starts afresh when it is added again", async () => {
      let failing = true;
      await start(async () => (failing ? { retry: true } : { retry: false }));
      await queue.add([work("1")]);
      await expect.poll(states, { timeout: 10_000 }).toMatchObject({ failed: 1 });
      failing = false;
      await queue.add([work("1")]);
      await expect.poll(states).toMatchObject({ failed: 0, completed: 1 });
    });

    test("about a hundred finished jobs are kept", async () => {
      await start(done);
      await queue.add(Array.from({ length: 130 }, (_, index) => work(`n${index}`)));
      await expect.poll(() => outcomes.length, { timeout: 20_000 }).toBe(130);
      await expect.poll(states).toMatchObject({ active: 0, waiting: 0 });
      // PostgreSQL trims in concurrent transactions, which do not see each other's jobs.
      const { completed } = await states();
      expect(completed).toBeGreaterThanOrEqual(100);
      expect(completed).toBeLessThanOrEqual(104);
    });

    test("stats give every state and the age of the oldest waiting job", async () => {
      const empty = await queue.stats();
      expect(empty).toEqual([
        {
          queue: "diagnose",
          states: { waiting: 0, active: 0, delayed: 0, failed: 0, completed: 0 },
          oldestWaitingSeconds: 0,
        },
      ]);
      await queue.add([work("1")]);
      await queue.add([work("2")]);
      const [later] = await (await queueAt(new Date(Date.now() + 60_000))).stats();
      expect(later?.states.waiting).toBe(2);
      expect(later?.oldestWaitingSeconds).toBeGreaterThanOrEqual(60);
      expect(later?.oldestWaitingSeconds).toBeLessThan(75);
    });

    async function queueAt(now: Date): Promise<WorkQueue> {
      const other = await createWorkQueue({
        connection: fixture.connection,
        clock: { now: () => now },
        log: memoryLog(),
      });
      onTestFinished(() => other.close());
      return other;
    }

    test("an idle worker starts a job within a second", async () => {
      await start(done);
      await queue.add([work("warm-up")]);
      await expect.poll(() => outcomes.length).toBe(1);
      const took: number[] = [];
      for (const id of ["1", "2", "3"]) {
        // Long enough for the worker to have gone to sleep.
        await new Promise((resolve) => setTimeout(resolve, 300));
        const added = performance.now();
        await queue.add([work(id)]);
        await expect.poll(() => outcomes.length, { interval: 5 }).toBe(Number(id) + 1);
        took.push(performance.now() - added);
      }
      // The middle one: the machine may have had other things to do once.
      expect(took.toSorted((a, b) => a - b)[1]).toBeLessThan(1_000);
    });

    test("an idle worker starts a job within a second while another job waits for a late retry", async () => {
      await start(async ({ id }) => (id === "late" ? { retry: true, afterMs: 60_000 } : { retry: false }));
      await queue.add([work("late")]);
      await expect.poll(states).toMatchObject({ delayed: 1 });
      const took: number[] = [];
      for (const id of ["1", "2", "3"]) {
        await new Promise((resolve) => setTimeout(resolve, 300));
        const added = performance.now();
        await queue.add([work(id)]);
        await expect.poll(() => outcomes.length, { interval: 5 }).toBe(Number(id) + 1);
        took.push(performance.now() - added);
      }
      expect(outcomes).toEqual(["retried", "completed", "completed", "completed"]);
      expect(took.toSorted((a, b) => a - b)[1]).toBeLessThan(1_000);
    });

    test("closing lets the running job finish and takes no other", async () => {
      const { promise: gate, resolve: release } = Promise.withResolvers<void>();
      const handle = vi.fn<Handle>(async () => {
        await gate;
        return { retry: false };
      });
      const worker = await start(handle, { concurrency: 1 });
      await queue.add([work("1"), work("2")]);
      await expect.poll(() => handle.mock.calls.length).toBe(1);
      const closed = worker.close(10_000);
      release();
      expect(await closed).toEqual({ finished: true });
      expect(await states()).toMatchObject({ completed: 1, waiting: 1, active: 0 });
      expect(handle).toHaveBeenCalledTimes(1);
    });

    test("closing is bounded, and another worker takes over what the silent one left", async () => {
      const { promise: gate, resolve: release } = Promise.withResolvers<void>();
      onTestFinished(() => release());
      const takeOver = { lockDuration: 500, stalledInterval: 300 };
      const stuck = await start(
        async () => {
          await gate;
          return { retry: false };
        },
        { takeOver },
      );
      await queue.add([work("1")]);
      await expect.poll(states).toMatchObject({ active: 1 });
      const before = performance.now();
      expect(await stuck.close(200)).toEqual({ finished: false });
      expect(performance.now() - before).toBeLessThan(2_000);
      const handle = vi.fn<Handle>(done);
      await start(handle, { takeOver });
      await expect.poll(() => handle.mock.calls.length, { timeout: 10_000 }).toBe(1);
      await expect.poll(states).toMatchObject({ completed: 1, active: 0 });
    });

    test("a trace goes through the queue: the handler's span continues the work's and is linked to the sending", async () => {
      const tracing = linkedTracing();
      const sender = await createWorkQueue({
        connection: fixture.connection,
        clock: { now: () => new Date() },
        log: memoryLog(),
        retry: fastRetry,
        tracing,
      });
      onTestFinished(() => sender.close());
      const handle = vi
        .fn<Handle>()
        .mockResolvedValueOnce({ retry: true, afterMs: 1 })
        .mockResolvedValue({ retry: false });
      await start(handle, { tracing });
      await sender.add([{ ...work("1"), trace: traceParent(1) }]);
      await expect.poll(() => outcomes, { timeout: 10_000 }).toEqual(["retried", "completed"]);
      const [sent, first, second] = tracing.recorded;
      expect(sent).toMatchObject({ name: "send diagnose", parent: traceParent(1), failed: null, ended: true });
      for (const span of [first, second]) {
        expect(span).toMatchObject({ name: "process diagnose", parent: traceParent(1), links: [sent?.context] });
        expect(span?.attributes["messaging.message.id"]).toBe(sent?.attributes["messaging.message.id"]);
      }
      expect([first?.failed, second?.failed]).toEqual(["retry_asked", null]);
      expect(handle.mock.calls.map(([of, { trace }]) => [of, trace])).toEqual([
        [{ ...work("1"), trace: traceParent(1) }, first?.context],
        [{ ...work("1"), trace: traceParent(1) }, second?.context],
      ]);
    });

    test("the queue answers a ping", async () => {
      await expect(queue.ping()).resolves.toBeUndefined();
    });
  });
}
