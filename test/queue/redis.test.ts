import { Redis } from "ioredis";
import { describe } from "vitest";
import { workQueueSuite } from "../contract/work-queue.suite.ts";
import { redisAvailable, startRedis } from "../support/redis.ts";

describe.skipIf(!redisAvailable())("with redis-server (skipped when it is not installed)", () => {
  workQueueSuite("Redis", async () => {
    const server = await startRedis();
    const admin = new Redis(server.url, {});
    return {
      connection: { kind: "redis", url: server.url, prefix: "faultline" },
      async clear() {
        await admin.flushall();
      },
      async close() {
        admin.disconnect();
        await server.stop();
      },
    };
  });
});
