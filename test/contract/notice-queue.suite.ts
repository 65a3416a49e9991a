import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { PendingNotice, SendOutcome } from "../../src/pipeline/notice-ports.ts";
import { createNoticeQueue, type OpenNoticeQueue } from "../../src/queue/notice-queue.ts";
import { type NoticeWorkerParts, startNoticeWorker } from "../../src/queue/notice-worker.ts";
import type { RunningWorker } from "../../src/queue/open-worker.ts";
import { linkedTracing, traceParent } from "../support/linked-tracing.ts";
import { until } from "../support/until.ts";
import { memoryLog, type QueueFixture } from "./work-queue.suite.ts";

const done: SendOutcome = { kind: "done" };

/** The contract of the receivers' queues, run on every server. */
export function noticeQueueSuite(name: string, open: () => Promise<QueueFixture>): void {
  describe(`receivers' queues on ${name}`, () => {
    let fixture: QueueFixture;
    let queue: OpenNoticeQueue;
    let workers: RunningWorker[] = [];
    let outcomes: string[] = [];
    let receivers: string[] = [];
    let made = 0;

    beforeAll(async () => {
      fixture = await open();
    });
    // Receivers of their own for every test: the limit of a queue outlasts its jobs.
    async function openQueue(count: number): Promise<string[]> {
      made += 1;
      receivers = Array.from({ length: count }, (_, index) => `r${made}-${index}`);
      queue = await createNoticeQueue({
        connection: fixture.connection,
        receivers,
        clock: { now: () => new Date() },
        log: memoryLog(),
      });
      return receivers;
    }
    afterEach(async () => {
      await Promise.all(workers.map((worker) => worker.close(5_000)));
      await queue.close();
      workers = [];
      outcomes = [];
      await fixture.clear();
    });
    afterAll(async () => {
      await fixture?.close();
    });

    async function start(receiver: string, send: NoticeWorkerParts["send"], more: Partial<NoticeWorkerParts> = {}) {
      const worker = await startNoticeWorker({
        notifier: { name: receiver, rate: { max: 100, perMs: 1_000 } },
        send,
        connection: fixture.connection,
        telemetry: { jobTaken: () => undefined, job: (_queue, outcome) => outcomes.push(outcome) },
        log: memoryLog(),
        ...more,
      });
      workers.push(worker);
      return worker;
    }

    const notice = (id: number, receiver: string): PendingNotice => ({
      id: String(id),
      receiver,
      incidentId: "inc_1",
      transition: "opened",
      reason: "first",
      digest: null,
      about: null,
      decidedAt: new Date(),
    });

    test("a notice goes to the worker of its receiver, once, and leaves nothing behind", async () => {
      const [one = "", two = ""] = await openQueue(2);
      const sent: string[] = [];
      await queue.add([notice(1, one), notice(1, one), notice(2, two), notice(3, "unknown")]);
      await queue.add([notice(1, one)]);
      // Only now: a notice that is done may come again, and would be a second job.
      await start(one, async (id) => {
        sent.push(`${one} ${id}`);
        return done;
      });
      await until("the notice", 15_000, () => outcomes.length === 1);
      expect(sent).toEqual([`${one} 1`]);
      const stats = await queue.stats();
      expect(stats.map((each) => [each.queue, each.states.waiting])).toEqual([
        [`notify-${one}`, 0],
        [`notify-${two}`, 1],
      ]);
      expect(stats[1]?.oldestWaitingSeconds).toBeGreaterThanOrEqual(0);
      // It may come again later: what became of it stands in the record, not here.
      await queue.add([notice(1, one)]);
      await until("the notice again", 15_000, () => sent.length === 2);
    });

    test("two workers together keep the rate of the receiver", async () => {
      const [one = ""] = await openQueue(1);
      const at: number[] = [];
      const send = async () => {
        at.push(performance.now());
        return done;
      };
      const rate = { notifier: { name: one, rate: { max: 2, perMs: 600 } } };
      await Promise.all([start(one, send, rate), start(one, send, rate)]);
      await queue.add(Array.from({ length: 8 }, (_, index) => notice(index + 1, one)));
      await until("all of them", 15_000, () => at.length === 8);
      const gaps = at.slice(1).map((time, index) => time - (at[index] ?? 0));
      // 2 in 600 ms, one at a time. A send that this process hears of late is closer to the next one, so half a
      // step is asked for of each and the whole of all together: two workers with a rate each would need 900 ms.
      for (const gap of gaps) expect(gap, `gaps ${gaps.join(" ")}`).toBeGreaterThan(150);
      expect((at[7] ?? 0) - (at[0] ?? 0)).toBeGreaterThan(6 * 300);
    });

    test("a receiver that asks to be left alone is, as a whole and by every worker", async () => {
      const [one = ""] = await openQueue(1);
      const at: [string, number][] = [];
      let pauses = 1;
      const send = async (id: string): Promise<SendOutcome> => {
        at.push([id, performance.now()]);
        pauses -= 1;
        return pauses >= 0 ? { kind: "pause", forMs: 1_500 } : done;
      };
      await Promise.all([start(one, send), start(one, send)]);
      await queue.add([notice(1, one)]);
      await until("the first", 15_000, () => at.length === 1);
      await queue.add([notice(2, one), notice(3, one)]);
      await until("all of them", 15_000, () => at.length === 4);
      const [[, paused] = ["", 0], ...later] = at;
      expect(later.map(([id]) => id).toSorted()).toEqual(["1", "2", "3"]);
      for (const [, time] of later) expect(time - paused).toBeGreaterThanOrEqual(1_450);
      expect(outcomes.toSorted()).toEqual(["completed", "completed", "completed", "retried"]);
    });

    test("a notice comes again after the wait it asks for, others do not wait for it", async () => {
      const [one = ""] = await openQueue(1);
      const at: [string, number][] = [];
      await start(one, async (id) => {
        at.push([id, performance.now()]);
        return id === "1" && at.length === 1 ? { kind: "later", afterMs: 1_000 } : done;
      });
      await queue.add([notice(1, one)]);
      await until("the first", 15_000, () => at.length === 1);
      await queue.add([notice(2, one)]);
      await until("all of them", 10_000, () => at.length === 3);
      expect(at.map(([id]) => id)).toEqual(["1", "2", "1"]);
      expect((at[2]?.[1] ?? 0) - (at[0]?.[1] ?? 0)).toBeGreaterThanOrEqual(1_000);
    });

    test("a handler that throws is asked again", async () => {
      const [one = ""] = await openQueue(1);
      let calls = 0;
      await start(one, async () => {
        calls += 1;
        if (calls === 1) throw new Error("database away");
        return done;
      });
      await queue.add([notice(1, one)]);
      await until("the second try", 10_000, () => calls === 2);
      await until("its end", 15_000, () => outcomes.length === 2);
      expect(outcomes).toEqual(["retried", "completed"]);
    });

    test("a receiver that hangs delays no other", async () => {
      const [slow = "", quick = ""] = await openQueue(2);
      let release: () => void = () => undefined;
      const hanging = new Promise<SendOutcome>((resolve) => {
        release = () => resolve(done);
      });
      let hung = 0;
      await start(slow, () => {
        hung += 1;
        return hanging;
      });
      const sent: string[] = [];
      await start(quick, async (id) => {
        sent.push(id);
        return done;
      });
      await queue.add(Array.from({ length: 20 }, (_, index) => notice(index + 1, slow)));
      await until("the slow one to hang", 15_000, () => hung >= 2);
      const started = performance.now();
      await queue.add(Array.from({ length: 5 }, (_, index) => notice(index + 100, quick)));
      await until("the quick one's", 15_000, () => sent.length === 5);
      expect(performance.now() - started).toBeLessThan(2_500);
      release();
    });

    test("a trace goes through the queues; what time brings about begins one for all receivers", async () => {
      const [one = "", two = ""] = await openQueue(2);
      const tracing = linkedTracing();
      const sender = await createNoticeQueue({
        connection: fixture.connection,
        receivers,
        clock: { now: () => new Date() },
        log: memoryLog(),
        tracing,
      });
      for (const receiver of [one, two]) await start(receiver, async () => done, { tracing });
      const resolved = { transition: "resolved", reason: "resolved", follows: traceParent(2) } as const;
      await sender.add([
        { ...notice(1, one), trace: traceParent(1) },
        { ...notice(2, one), ...resolved },
        { ...notice(3, two), ...resolved },
        { ...notice(4, "unknown"), ...resolved },
      ]);
      await until("all to be sent", 10_000, () => outcomes.length === 3);
      await sender.close();
      const [tell, ...spans] = tracing.recorded;
      expect(tell).toMatchObject({ name: "tell resolved", kind: "internal", parent: null, links: [traceParent(2)] });
      const producers = spans.filter(({ kind }) => kind === "producer");
      expect(producers.map(({ name, parent }) => [name, parent])).toEqual([
        [`send notify-${one}`, traceParent(1)],
        [`send notify-${one}`, tell?.context],
        [`send notify-${two}`, tell?.context],
      ]);
      const consumers = spans.filter(({ kind }) => kind === "consumer");
      const parents = consumers.map(({ name, parent, links = [] }) => [name, parent, ...links].join(" ")).toSorted();
      expect(parents).toEqual(
        producers
          .map(({ name, parent, context }) => `${name.replace("send", "process")} ${parent} ${context}`)
          .toSorted(),
      );
      expect(tracing.recorded.filter(({ failed, ended }) => failed !== null || !ended)).toEqual([]);
    });

    test("what a worker that has gone silent was sending is taken over", async () => {
      const [one = ""] = await openQueue(1);
      const takeOver = { lockDuration: 1_000, stalledInterval: 500 };
      let taken = 0;
      const silent = await start(
        one,
        () => {
          taken += 1;
          return new Promise<SendOutcome>(() => undefined);
        },
        { takeOver },
      );
      await queue.add([notice(1, one)]);
      await until("it to be taken", 15_000, () => taken === 1);
      expect(await silent.close(200)).toEqual({ finished: false });
      const sent: string[] = [];
      await start(
        one,
        async (id) => {
          sent.push(id);
          return done;
        },
        { takeOver },
      );
      await until("it to be taken over", 10_000, () => sent.length === 1);
    });
  });
}
