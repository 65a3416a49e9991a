import { describe, expect, test } from "vitest";
import { postgresAndRedis } from "../support/backends.ts";
import { type Faultline, useFaultlines } from "../support/faultline.ts";
import { report, useSurroundings } from "../support/notices.ts";
import { startRedis } from "../support/redis.ts";
import { errorEvent } from "../support/sign.ts";
import { until } from "../support/until.ts";

const surroundings = useSurroundings();
const faultlines = useFaultlines();

/** With a quiet period of two seconds the quiet are resolved every second. */
const env = { INCIDENT_QUIET_PERIOD: "2s" };
const resolvingEveryMs = 1_000;

/** Runs of housekeeping by all workers together. */
async function runs(workers: readonly Faultline[]): Promise<number> {
  const counts = await Promise.all(
    workers.map((worker) => worker.metric("faultline_job_duration_seconds_count", { queue: "housekeeping" })),
  );
  return counts.reduce((sum, count) => sum + count, 0);
}

async function stateOf(faultline: Faultline, code: number): Promise<string | undefined> {
  return (await faultline.incidents()).find((incident) => incident.code === code)?.state;
}

describe("housekeeping of three workers", () => {
  test.skipIf(!postgresAndRedis.available)(
    "is done once, goes on without a worker, without Redis, and after Redis was emptied",
    async () => {
      const backend = await surroundings.open(postgresAndRedis);
      const { redis } = backend;
      if (redis === null) throw new Error("expected a Redis");
      const start = (role: string) => faultlines.start({ ...backend.env, ...env }, ["serve", "--role", role]);
      const ingest = await start("ingest");
      const [killed, ...others] = await Promise.all([start("worker"), start("worker"), start("worker")]);
      const workers = [killed, ...others];

      const before = await runs(workers);
      const from = performance.now();
      await until("ten runs", 30_000, async () => (await runs(workers)) >= before + 10);
      const periods = (performance.now() - from) / resolvingEveryMs;
      // One of each period, and now and then one of re-dispatch; three times as many if each worker made its own.
      expect((await runs(workers)) - before).toBeLessThan(periods * 1.5 + 3);

      await killed.kill9();
      await report(ingest, [errorEvent({ code: 99_101 }, 1)]);
      await until("the incident to be resolved", 10_000, async () => (await stateOf(ingest, 99_101)) === "resolved");

      await redis.stop();
      await report(ingest, [errorEvent({ code: 99_102 }, 2)]);
      await until(
        "it to be resolved without Redis",
        15_000,
        async () => (await stateOf(ingest, 99_102)) === "resolved",
      );

      const emptied = await runs(others);
      await surroundings.started(startRedis({ port: redis.port }));
      await until("the schedule to be back", 30_000, async () => (await runs(others)) >= emptied + 5);
      await report(ingest, [errorEvent({ code: 99_103 }, 3)]);
      await until("the incident to be resolved", 10_000, async () => (await stateOf(ingest, 99_103)) === "resolved");
      // Each transition once, whoever made it; the one that was killed has taken its counts along.
      const resolved = (faultline: Faultline) =>
        faultline.metric("twilio_incident_transitions_total", { transition: "resolved" });
      const [one = 0, other = 0] = await Promise.all(others.map(resolved));
      expect(one + other).toBe(3);
      await Promise.all([ingest, ...others].map((process) => process.stop()));
    },
  );
});
