import { Redis } from "ioredis";
import { describe, expect, test } from "vitest";
import { postgresAndRedis } from "../support/backends.ts";
import { useFaultlines } from "../support/faultline.ts";
import { useSurroundings } from "../support/notices.ts";
import { until } from "../support/until.ts";
import { strike, unfinished } from "./fault.ts";
import { lastsAndIsTold } from "./outage.ts";
import { outageSeconds, roundMs, rounds, settleMs } from "./settings.ts";
import { type SplitSite, splitSite } from "./site.ts";

/*
 * Redis loses what it had, is full, or is out of reach. Deliveries are taken all the while.
 */

const builder = { surroundings: useSurroundings(), faultlines: useFaultlines() };

/** Asks the server itself, not through the proxy. */
async function ask<T>({ redis }: SplitSite, question: (client: Redis) => Promise<T>): Promise<T> {
  const client = new Redis(redis.now().port, "127.0.0.1");
  try {
    return await question(client);
  } finally {
    client.disconnect();
  }
}

/** Diagnoses that nobody has begun: BullMQ keeps those with a priority, all but the first of an incident, in a set of their own. */
async function diagnosesIn(client: Redis): Promise<number> {
  const [waiting, prioritized] = [await client.keys("*:diagnose:wait"), await client.keys("*:diagnose:prioritized")];
  const counts = await Promise.all([
    ...waiting.map((key) => client.llen(key)),
    ...prioritized.map((key) => client.zcard(key)),
  ]);
  return counts.reduce((sum, count) => sum + count, 0);
}

describe.skipIf(!postgresAndRedis.available)("Redis", () => {
  test(
    "FLUSHALL",
    async (context) => {
      // One code is looked into, again and again, by a Twilio that takes its time; nothing is asked about the others.
      const site = await splitSite(builder, { DIAGNOSES_PER_HOUR: "1000" });
      site.twilio.faults.add({ path: "/", latencyMs: 100 });
      let thrownAway = 0;
      await strike(context, site, {
        name: "FLUSHALL",
        rounds,
        codes: [30003, 13227],
        strike: async ({ flow, ended }) => {
          await flow.batch(80604, 40);
          await until("diagnoses to wait", 5_000, () =>
            ask(site, async (client) => {
              const jobs = await diagnosesIn(client);
              if (jobs > 0) await client.flushall();
              thrownAway += jobs;
              return jobs > 0;
            }),
          );
          ended();
        },
        afterwards: async (flow) => {
          expect([...flow.answers.keys()]).toEqual(["204"]);
          console.log(`${thrownAway} diagnoses were lost with Redis`);
        },
      });
    },
    rounds * roundMs + settleMs * 2,
  );

  test(
    "out of memory",
    async (context) => {
      const site = await splitSite(builder);
      await strike(context, site, {
        name: "Redis out of memory",
        rounds: Math.min(rounds, 5),
        strike: async ({ flow, ended }) => {
          await ask(site, async (client) => {
            await client.config("SET", "maxmemory-policy", "noeviction");
            await client.config("SET", "maxmemory", "1mb");
            await expect(client.set("x", "y")).rejects.toThrow(/^OOM /);
          });
          const taken = flow.acknowledged.size;
          await until("deliveries to be taken without it", 10_000, () => flow.acknowledged.size > taken + 100);
          // The first event of an incident is always looked into.
          for (let count = 0; count < 3; count += 1) await flow.probe();
          expect(await unfinished(site.databaseUrl), "work that waits on record").toBeGreaterThanOrEqual(3);
          await ask(site, (client) => client.config("SET", "maxmemory", "0"));
          ended();
        },
        afterwards: async (flow) => expect([...flow.answers.keys()]).toEqual(["204"]),
      });
    },
    rounds * roundMs + settleMs * 2,
  );

  for (const [mode, name] of [
    ["refuse", `Redis refuses connections for ${outageSeconds} s`],
    ["swallow", `Redis is a black hole for ${outageSeconds} s`],
  ] as const) {
    test(
      name,
      async (context) => {
        const site = await splitSite(builder);
        await strike(context, site, {
          name,
          rounds: 1,
          strike: async ({ flow, ended }) => {
            const taken = flow.acknowledged.size;
            await site.toRedis.set(mode);
            await lastsAndIsTold([
              { process: site.ingest.now(), check: "queue", status: 200 },
              { process: site.worker.now(), check: "queue", status: 503 },
            ]);
            expect(flow.acknowledged.size, "events taken meanwhile").toBeGreaterThan(taken + 20 * outageSeconds);
            await site.toRedis.set("forward");
            ended();
          },
          afterwards: async (flow) => expect([...flow.answers.keys()]).toEqual(["204"]),
        });
      },
      outageSeconds * 1_000 + roundMs + settleMs * 2,
    );
  }
});
