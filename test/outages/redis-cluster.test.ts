import { describe, expect, test } from "vitest";
import { postgresAndRedis, postgresOnly } from "../support/backends.ts";
import { useFaultlines } from "../support/faultline.ts";
import { useSurroundings } from "../support/notices.ts";
import { failOver } from "../support/redis-failover.ts";
import { startRedisCluster } from "../support/redis-groups.ts";

const surroundings = useSurroundings();
const faultlines = useFaultlines();

describe("a Redis Cluster of three masters with a replica each", () => {
  test.skipIf(!postgresAndRedis.available)(
    "kill -9 of the master that has the queue: every event is recorded, every diagnosis made, every notice delivered once",
    async () => {
      const backend = await surroundings.open(postgresOnly);
      const cluster = await surroundings.started(startRedisCluster());
      const before = await cluster.masterOf("{faultline}");
      const { backAfterMs } = await failOver(surroundings, faultlines, {
        env: { ...backend.env, REDIS_CLUSTER_NODES: cluster.nodes },
        databaseUrl: backend.databaseUrl ?? "",
        kill: () => cluster.killMasterOf("{faultline}"),
      });
      expect(await cluster.masterOf("{faultline}")).not.toBe(before);
      expect(backAfterMs).toBeLessThan(20_000);
    },
  );
});
