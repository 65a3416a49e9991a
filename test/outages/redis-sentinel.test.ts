import { describe, expect, onTestFinished, test } from "vitest";
import type { QueueConnection } from "../../src/queue/connection.ts";
import { createWorkQueue } from "../../src/queue/producer.ts";
import { startWorker } from "../../src/queue/worker.ts";
import { memoryLog, work } from "../contract/work-queue.suite.ts";
import { postgresAndRedis, postgresOnly } from "../support/backends.ts";
import { useFaultlines } from "../support/faultline.ts";
import { useSurroundings } from "../support/notices.ts";
import { redisAvailable } from "../support/redis.ts";
import { failOver } from "../support/redis-failover.ts";
import { downAfterMs, startSentinelGroup } from "../support/redis-groups.ts";
import { until } from "../support/until.ts";

const surroundings = useSurroundings();
const faultlines = useFaultlines();

describe("a master behind three Sentinels", () => {
  test.skipIf(!postgresAndRedis.available)(
    "kill -9 of it under load: every event is recorded, every diagnosis made, every notice delivered once",
    async () => {
      const backend = await surroundings.open(postgresOnly);
      const group = await surroundings.started(startSentinelGroup());
      const before = await group.masterPort();
      const { backAfterMs } = await failOver(surroundings, faultlines, {
        env: {
          ...backend.env,
          REDIS_URL: `redis://:${group.password}@redis`,
          REDIS_SENTINELS: group.sentinels,
          REDIS_SENTINEL_PASSWORD: group.sentinelPassword,
        },
        databaseUrl: backend.databaseUrl ?? "",
        kill: () => group.killMaster(),
      });
      await until("another master", 15_000, async () => (await group.masterPort()) !== before);
      expect(backAfterMs).toBeLessThan(downAfterMs + 15_000);
    },
  );

  test.skipIf(!redisAvailable())("one that hangs: both ends of the queue leave it for the new master", async () => {
    const group = await surroundings.started(startSentinelGroup());
    const nodes = group.sentinels.split(",").map((node) => ({ host: "127.0.0.1", port: Number(node.split(":")[1]) }));
    const connection: QueueConnection = {
      kind: "redis",
      url: `redis://:${group.password}@redis`,
      prefix: "faultline",
      sentinel: { nodes, master: "mymaster", password: group.sentinelPassword },
    };
    const done: string[] = [];
    const queue = await createWorkQueue({ connection, clock: { now: () => new Date() }, log: memoryLog() });
    onTestFinished(() => queue.close());
    const worker = await startWorker({
      queue: "diagnose",
      concurrency: 2,
      connection,
      log: memoryLog(),
      telemetry: { jobTaken: () => undefined, job: () => undefined },
      handle: async ({ id }) => {
        done.push(id);
        return { retry: false };
      },
    });
    onTestFinished(async () => {
      await worker.close(2_000);
    });
    await queue.add([work("before")]);
    await until("the job", 15_000, () => done.length === 1);
    const before = await group.masterPort();
    await group.hangMaster();
    await until("another master", 15_000, async () => (await group.masterPort()) !== before);
    await until("the queue to take jobs", 30_000, async () => {
      await queue.add([work("after")]);
      return true;
    });
    await until("the job", 30_000, () => done.includes("after"));
  });
});
