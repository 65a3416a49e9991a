import { setTimeout as wait } from "node:timers/promises";
import { Redis } from "ioredis";
import pg from "pg";
import { expect, test } from "vitest";
import { processesOf, readinessOf, unfinished } from "../faults/fault.ts";
import { type Flow, startFlow } from "../faults/flow.ts";
import { residentMib } from "../faults/outage.ts";
import { type SplitSite, splitSite } from "../faults/site.ts";
import { postgresAndRedis } from "../support/backends.ts";
import { type Faultline, useFaultlines } from "../support/faultline.ts";
import { nothingPending, useSurroundings } from "../support/notices.ts";
import { seededRandom } from "../support/random.ts";
import { until } from "../support/until.ts";
import { lows, type Sample, slope } from "./trend.ts";

/*
 * Hours of use in one: half of what the machine can take, a fault every minute, the same processes from beginning to end.
 */

const builder = { surroundings: useSurroundings(), faultlines: useFaultlines() };
const minutes = Number(process.env.SOAK_MINUTES ?? 60);
/** How long the capacity is measured, and how long a fault lasts, in milliseconds. */
const measureMs = 15_000;
const faultMs = 10_000;
/** What the lowest memory of each minute may grow by after the first third, as a share of it. */
const allowedGrowth = 0.1;

interface SoakFault {
  readonly name: string;
  strike(site: SplitSite): Promise<void>;
}

const outage = (proxy: "toRedis" | "toPostgres", mode: "refuse" | "swallow") => async (site: SplitSite) => {
  await site[proxy].set(mode);
  await wait(faultMs);
  await site[proxy].set("forward");
};

const soakFaults: readonly SoakFault[] = [
  {
    name: "kill -9 of Redis",
    strike: async ({ redis }) => {
      await redis.kill9();
      await redis.start();
    },
  },
  {
    name: "kill -9 of PostgreSQL",
    strike: async ({ postgres }) => {
      await postgres.kill9();
      await postgres.restart();
    },
  },
  { name: "Redis refuses", strike: outage("toRedis", "refuse") },
  { name: "PostgreSQL refuses", strike: outage("toPostgres", "refuse") },
  { name: "Redis is a black hole", strike: outage("toRedis", "swallow") },
  { name: "PostgreSQL is a black hole", strike: outage("toPostgres", "swallow") },
  {
    name: "receivers hang",
    async strike({ receivers }) {
      const mends = Object.values(receivers).map(({ faults }) => faults.add({ hang: true }));
      await wait(faultMs);
      for (const mend of mends) mend();
    },
  },
  {
    name: "Twilio answers 503",
    async strike({ twilio }) {
      const mend = twilio.faults.add({ path: "/", status: 503 });
      await wait(faultMs);
      mend();
    },
  },
];

test.skipIf(!postgresAndRedis.available)(
  `${minutes} minutes of deliveries with a fault each: memory, connections and jobs do not grow, nothing is lost`,
  async () => {
    const site = await splitSite(builder, { INCIDENT_QUIET_PERIOD: "1m" });
    const processes: readonly (readonly [string, Faultline])[] = [
      ["ingest", site.ingest.now()],
      ["worker", site.worker.now()],
    ];
    const flow = startFlow({ port: () => site.ingest.port, random: seededRandom(1), lanes: 16 });
    const perSecond = (await capacity(flow)) / 2;
    flow.pace(perSecond);
    console.log(`half of what goes: ${perSecond.toFixed(0)} deliveries a second`);
    await calm(site);
    const atFirst = await connections(site);

    const began = performance.now();
    const minute = () => (performance.now() - began) / 60_000;
    const memory = new Map<string, Sample[]>(processes.map(([name]) => [name, []]));
    const sampling = setInterval(() => {
      for (const [name, process] of processes)
        memory.get(name)?.push({ minute: minute(), value: residentMib(process) });
    }, 2_000);
    for (let number = 0; number < minutes; number += 1) {
      const fault = soakFaults[number % soakFaults.length];
      await wait(Math.max(0, (number + 0.5) * 60_000 - (performance.now() - began)));
      await fault?.strike(site);
      await until("all to be as before", 30_000, () => calm(site));
      const held = processes.map(([name, process]) => `${name} ${residentMib(process).toFixed(0)} MiB`).join(", ");
      console.log(`minute ${number + 1}: ${fault?.name}; ${flow.acknowledged.size} acknowledged; ${held}`);
    }
    await wait(Math.max(0, minutes * 60_000 - (performance.now() - began)));
    clearInterval(sampling);
    await flow.stop();

    const observer = site.worker.now();
    await until("every diagnosis to be made", 300_000, async () => (await unfinished(site.databaseUrl)) === 0);
    await until("every incident to end", 120_000, async () =>
      (await observer.incidents()).every(({ state }) => state === "resolved"),
    );
    await until("every notice to go out", 120_000, () => nothingPending(observer));
    const atLast = await connections(site);
    const jobs = (await observer.samples()).filter(
      ({ name, value, labels: { queue, state } }) =>
        name === "faultline_queue_jobs" && value > 0 && queue !== "housekeeping" && state !== "completed",
    );
    const books = await compare(site, flow);
    const growth = [...memory].map(([name, samples]) => growthOf(name, samples));
    console.log(growth.map(({ text }) => text).join("\n"));
    console.log(
      `connections to PostgreSQL ${atFirst.postgres} → ${atLast.postgres}, to Redis ${atFirst.redis} → ${atLast.redis}`,
    );
    console.log(
      `acknowledged ${flow.acknowledged.size}, recorded ${books.recorded}, lost ${books.lost}, duplicates ${books.duplicates}`,
    );
    console.log(`answers ${JSON.stringify(Object.fromEntries(flow.answers))}; jobs left ${JSON.stringify(jobs)}`);

    expect(flow.improper).toEqual([]);
    expect(books).toMatchObject({ recorded: flow.acknowledged.size, lost: 0, duplicates: 0 });
    expect(jobs, "jobs left").toEqual([]);
    expect(atLast.postgres, "connections to PostgreSQL").toBeLessThanOrEqual(atFirst.postgres + 4);
    expect(atLast.redis, "connections to Redis").toBeLessThanOrEqual(atFirst.redis);
    for (const { name, share } of growth) expect(share, `growth of ${name}`).toBeLessThan(allowedGrowth);
    expect(processesOf(site)).toEqual(processes.map(([, process]) => process));
    await Promise.all(processes.map(([, process]) => process.stop()));
  },
  (minutes + 20) * 60_000,
);

/** Deliveries a second, with the sender on the same machine. */
async function capacity(flow: Flow): Promise<number> {
  flow.pace(Number.POSITIVE_INFINITY);
  const count = () => flow.answers.get("204") ?? 0;
  await wait(5_000);
  const before = count();
  await wait(measureMs);
  return ((count() - before) * 1_000) / measureMs;
}

async function calm(site: SplitSite): Promise<boolean> {
  const said = await Promise.all(processesOf(site).map(readinessOf));
  return said.every(({ checks }) => Object.values(checks).every((check) => check === "ok"));
}

/** How many connections Faultline has to its servers. */
async function connections(site: SplitSite): Promise<{ postgres: number; redis: number }> {
  const redis = new Redis(site.redis.now().port, "127.0.0.1");
  const clients =
    String(await redis.client("LIST"))
      .trim()
      .split("\n").length - 1;
  redis.disconnect();
  const [row] = await ask<{ count: string }>(
    site,
    "select count(*) from pg_stat_activity where application_name = 'faultline'",
  );
  return { postgres: Number(row?.count), redis: clients };
}

async function ask<T extends pg.QueryResultRow>(site: SplitSite, sql: string, values: unknown[] = []): Promise<T[]> {
  const client = new pg.Client(site.databaseUrl);
  await client.connect();
  try {
    return (await client.query<T>(sql, values)).rows;
  } finally {
    await client.end();
  }
}

async function compare(site: SplitSite, flow: Flow): Promise<{ recorded: number; lost: number; duplicates: number }> {
  const found = new Set<string>();
  let recorded = 0;
  for (let last = "0"; ; ) {
    const rows = await ask<{ id: string; sid: string }>(
      site,
      "select id, sid from faultline.events where id > $1 order by id limit 100000",
      [last],
    );
    const end = rows.at(-1);
    if (end === undefined) break;
    for (const { sid } of rows) found.add(sid);
    recorded += rows.length;
    last = end.id;
  }
  const lost = [...flow.acknowledged].filter((sid) => !found.has(sid)).length;
  return { recorded, lost, duplicates: recorded - found.size };
}

/** What is left over from minute to minute, after the first third. */
function growthOf(name: string, samples: readonly Sample[]): { name: string; share: number; text: string } {
  const settled = lows(samples).filter(({ minute }) => minute >= minutes / 3 && minute < minutes);
  const perMinute = slope(settled);
  const mean = settled.reduce((sum, { value }) => sum + value, 0) / settled.length;
  const share = (perMinute * settled.length) / mean;
  const highest = Math.max(...samples.map(({ value }) => value));
  const text = `${name}: ${mean.toFixed(0)} MiB, ${(perMinute * 60).toFixed(1)} MiB an hour, at most ${highest.toFixed(0)} MiB`;
  return { name, share, text };
}
