import pg from "pg";
import { describe, expect, test } from "vitest";
import { postgresAndRedis } from "../support/backends.ts";
import { useFaultlines } from "../support/faultline.ts";
import { useSurroundings } from "../support/notices.ts";
import { until } from "../support/until.ts";
import { strike } from "./fault.ts";
import { lastsAndIsTold, residentMib } from "./outage.ts";
import { outageSeconds, roundMs, rounds, settleMs } from "./settings.ts";
import { type SplitSite, splitSite } from "./site.ts";

/*
 * PostgreSQL is out of reach, or restarts while transactions are under way.
 */

const builder = { surroundings: useSurroundings(), faultlines: useFaultlines() };

/**
 * By so much a process may grow while it can store nothing, whatever comes in; in MiB. It grows by 260 to 310, after 100,000
 * events as after 200,000: 20,000 are held, and what was thrown away is not collected at once. Held whole they would take 1,000.
 */
const growthMib = 400;

describe.skipIf(!postgresAndRedis.available)("PostgreSQL", () => {
  for (const [mode, name] of [
    ["refuse", `PostgreSQL refuses connections for ${outageSeconds} s`],
    ["swallow", `PostgreSQL is a black hole for ${outageSeconds} s`],
  ] as const) {
    test(
      name,
      async (context) => {
        // The quiet period is shorter: what has begun just before is over before anybody could be told, and is told all the same.
        const site = await splitSite(builder);
        await strike(context, site, {
          name,
          rounds: 1,
          strike: async ({ flow, ended }) => {
            await site.toPostgres.set(mode);
            const [ingest, before] = [site.ingest.now(), residentMib(site.ingest.now())];
            await lastsAndIsTold(
              [
                { process: ingest, check: "database", status: 503 },
                { process: site.worker.now(), check: "database", status: 503 },
              ],
              // More than the 20,000 events it may hold, again and again.
              () => flow.burst(100, 250, 8),
            );
            expect(residentMib(ingest) - before, "MiB more than before the outage").toBeLessThan(growthMib);
            await site.toPostgres.set("forward");
            ended();
          },
          afterwards: async (flow) => expect(flow.answers.get("503")).toBeGreaterThan(300),
        });
      },
      outageSeconds * 1_000 + roundMs + settleMs * 2,
    );
  }

  test(
    "restarts in the middle of transactions",
    async (context) => {
      const site = await splitSite(builder);
      await strike(context, site, {
        name: "PostgreSQL restarts in mid-transaction",
        rounds,
        mayComeTwice: rounds,
        strike: async ({ number, ended }) => {
          await inTheMiddle(site, () => (number % 2 === 0 ? site.postgres.stop() : site.postgres.shutDown()));
          ended();
          await site.postgres.restart();
        },
      });
    },
    rounds * roundMs + settleMs * 2,
  );
});

/** Has commits wait for a lock, and does something to the server while they do. */
async function inTheMiddle({ databaseUrl }: SplitSite, strikes: () => Promise<void>): Promise<void> {
  const holder = new pg.Client(databaseUrl);
  // It is cut off with all the others.
  holder.on("error", () => undefined);
  await holder.connect();
  await holder.query("begin");
  await holder.query("lock table faultline.event_keys in exclusive mode");
  const observer = new pg.Client(databaseUrl);
  observer.on("error", () => undefined);
  await observer.connect();
  await until("a commit to be under way", 10_000, async () => {
    const { rows } = await observer.query<{ waiting: boolean }>(
      "select exists (select from pg_locks where relation = 'faultline.event_keys'::regclass and not granted) as waiting",
    );
    return rows[0]?.waiting === true;
  });
  await strikes();
  await observer.end().catch(() => undefined);
  await holder.end().catch(() => undefined);
}
