import { Queue } from "bullmq";
import { Redis } from "ioredis";
import { describe, expect, onTestFinished, test } from "vitest";
import { createWorkQueue } from "../../src/queue/producer.ts";
import { startWorker } from "../../src/queue/worker.ts";
import { noticeQueueSuite } from "../contract/notice-queue.suite.ts";
import { scheduleSuite } from "../contract/schedule.suite.ts";
import { memoryLog, work, workQueueSuite } from "../contract/work-queue.suite.ts";
import { redisAvailable, startRedis } from "../support/redis.ts";

describe.skipIf(!redisAvailable())("with redis-server (skipped when it is not installed)", () => {
  const open = async () => {
    const server = await startRedis();
    const admin = new Redis(server.url, {});
    return {
      connection: { kind: "redis" as const, url: server.url, prefix: "faultline" },
      async clear() {
        await admin.flushall();
      },
      async forget() {
        await admin.flushall();
      },
      async close() {
        admin.disconnect();
        await server.stop();
      },
    };
  };
  workQueueSuite("Redis", open);
  noticeQueueSuite("Redis", open);
  scheduleSuite("Redis", open);

  test("what a job costs to be added does not grow with the jobs that wait", async () => {
    const server = await startRedis();
    onTestFinished(() => server.stop());
    const admin = new Redis(server.url, {});
    onTestFinished(() => admin.disconnect());
    const connection = { kind: "redis", url: server.url, prefix: "faultline" } as const;
    const queue = await createWorkQueue({ connection, clock: { now: () => new Date() }, log: memoryLog() });
    await queue.add(["1", "2"].map(work));
    const calls = await admin.info("commandstats");
    expect(calls).toContain("cmdstat_lpush");
    // Commands that go through a list from one end to the other.
    expect(calls).not.toMatch(/cmdstat_(lpos|lrem|lrange|linsert)/);
    await queue.close();
  });

  test("a job that is none of ours fails at once and is not handled", async () => {
    const server = await startRedis();
    onTestFinished(() => server.stop());
    const connection = { kind: "redis", url: server.url, prefix: "faultline" } as const;
    const foreign = new Queue("diagnose", {
      connection: { host: "127.0.0.1", port: server.port },
      prefix: "faultline",
    });
    await foreign.add("diagnose", { id: 7, kind: "other" }, { attempts: 5 });
    await foreign.close();
    const outcomes: string[] = [];
    const worker = await startWorker({
      queue: "diagnose",
      concurrency: 1,
      connection,
      log: memoryLog(),
      telemetry: { jobTaken: () => undefined, job: (_queue, outcome) => outcomes.push(outcome) },
      handle: async () => {
        outcomes.push("handled");
        return { retry: false };
      },
    });
    const queue = await createWorkQueue({ connection, clock: { now: () => new Date() }, log: memoryLog() });
    await expect.poll(async () => (await queue.stats())[0]?.states.failed).toBe(1);
    expect(outcomes).toEqual(["failed"]);
    await worker.close(5_000);
    await queue.close();
  });
});
