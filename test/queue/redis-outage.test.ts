import { Redis } from "ioredis";
import { describe, expect, onTestFinished, test } from "vitest";
import { createWorkQueue } from "../../src/queue/producer.ts";
import { startWorker } from "../../src/queue/worker.ts";
import { fastRetry, memoryLog, work } from "../contract/work-queue.suite.ts";
import { freePort, redisAvailable, startRedis } from "../support/redis.ts";

const clock = { now: () => new Date() };

async function startRecording(url: string, log = memoryLog()) {
  const handled: string[] = [];
  const worker = await startWorker({
    queue: "diagnose",
    concurrency: 2,
    connection: { kind: "redis", url, prefix: "faultline" },
    log,
    retry: fastRetry,
    telemetry: { jobTaken: () => undefined, job: () => undefined },
    handle: async ({ id }) => {
      handled.push(id);
      return { retry: false };
    },
  });
  return { handled, worker, log };
}

describe.skipIf(!redisAvailable())("Redis when it goes away (skipped when redis-server is not installed)", () => {
  test("the producer rejects fast while Redis is away; producer and worker go on when it is back, empty", async () => {
    const first = await startRedis();
    const log = memoryLog();
    const queue = await createWorkQueue({
      connection: { kind: "redis", url: first.url, prefix: "faultline" },
      clock,
      log,
    });
    onTestFinished(() => queue.close());
    const { handled, worker, log: workerLog } = await startRecording(first.url);
    onTestFinished(async () => {
      await worker.close(5_000);
    });
    await queue.add([work("before")]);
    await expect.poll(() => handled).toEqual(["before"]);

    await first.stop();
    await expect.poll(() => log.lines.length).toBeGreaterThan(0);
    const asked = performance.now();
    await expect(queue.add([work("lost")])).rejects.toMatchObject({ name: "QueueUnavailable" });
    await expect(queue.stats()).rejects.toMatchObject({ name: "QueueUnavailable" });
    await expect(queue.ping()).rejects.toMatchObject({ name: "QueueUnavailable" });
    // Waiting for Redis would take three seconds each.
    expect(performance.now() - asked).toBeLessThan(2_500);

    const second = await startRedis({ port: first.port });
    onTestFinished(() => second.stop());
    await expect
      .poll(
        () =>
          queue.add([work("after")]).then(
            () => true,
            () => false,
          ),
        { timeout: 15_000 },
      )
      .toBe(true);
    await expect.poll(() => handled, { timeout: 15_000 }).toEqual(["before", "after"]);
    for (const lines of [log.lines, workerLog.lines]) {
      expect(lines.map(({ sentence }) => sentence)).toEqual([
        "Queue connection lost; trying again",
        "Queue connection restored",
      ]);
    }
  });

  test("both ends open while Redis is away and begin when it comes", async () => {
    const port = await freePort();
    const url = `redis://127.0.0.1:${port}`;
    const queue = await createWorkQueue({
      connection: { kind: "redis", url, prefix: "faultline" },
      clock,
      log: memoryLog(),
    });
    onTestFinished(() => queue.close());
    const { handled, worker } = await startRecording(url);
    onTestFinished(async () => {
      await worker.close(5_000);
    });
    await expect(queue.add([work("early")])).rejects.toMatchObject({
      name: "QueueUnavailable",
      code: expect.any(String),
    });
    const server = await startRedis({ port });
    onTestFinished(() => server.stop());
    await expect
      .poll(
        () =>
          queue.add([work("1")]).then(
            () => true,
            () => false,
          ),
        { timeout: 15_000 },
      )
      .toBe(true);
    await expect.poll(() => handled, { timeout: 15_000 }).toEqual(["1"]);
  });

  test("both ends close in bounded time while Redis is away", async () => {
    const server = await startRedis();
    const queue = await createWorkQueue({
      connection: { kind: "redis", url: server.url, prefix: "faultline" },
      clock,
      log: memoryLog(),
    });
    const { worker, log } = await startRecording(server.url);
    await server.stop();
    await expect.poll(() => log.lines.length).toBeGreaterThan(0);
    const asked = performance.now();
    await worker.close(1_000);
    await queue.close();
    expect(performance.now() - asked).toBeLessThan(7_000);
  });

  test("a wrong password is told without telling it", async () => {
    const server = await startRedis();
    onTestFinished(() => server.stop());
    const admin = new Redis(server.url, {});
    await admin.config("SET", "requirepass", "right-password");
    admin.disconnect();
    const url = server.url.replace("redis://", "redis://:wrong-password@");
    const log = memoryLog();
    const queue = await createWorkQueue({ connection: { kind: "redis", url, prefix: "faultline" }, clock, log });
    onTestFinished(() => queue.close());
    const { worker, log: workerLog } = await startRecording(url);
    onTestFinished(async () => {
      await worker.close(1_000);
    });
    const error: unknown = await queue.add([work("1")]).catch((caught: unknown) => caught);
    await expect.poll(() => workerLog.lines.length).toBeGreaterThan(0);
    expect(error).toMatchObject({ name: "QueueUnavailable" });
    const told = JSON.stringify([
      log.lines,
      workerLog.lines,
      error,
      String(error),
      Object.getOwnPropertyDescriptors(error),
    ]);
    expect(told).not.toContain("wrong-password");
    expect(log.lines[0]).toMatchObject({ level: "warn" });
  });

  test("an URL that is not Redis's is refused without telling it", async () => {
    const opening = createWorkQueue({
      connection: { kind: "redis", url: "http://user:secret@127.0.0.1", prefix: "faultline" },
      clock,
      log: memoryLog(),
    });
    await expect(opening).rejects.toThrow("expected redis://host:port or rediss://host:port");
    await expect(opening).rejects.not.toThrow("secret");
  });
});
