import { describe, expect, test } from "vitest";
import { postgresAndRedis, postgresOnly } from "../support/backends.ts";
import { useFaultlines } from "../support/faultline.ts";
import { useSurroundings } from "../support/notices.ts";
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
      await until("another master", 1_000, async () => (await group.masterPort()) !== before);
      expect(backAfterMs).toBeLessThan(downAfterMs + 15_000);
    },
  );
});
