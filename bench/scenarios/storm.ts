import { setTimeout as wait } from "node:timers/promises";
import type { Bench, Findings } from "../bench.ts";
import { stopAll } from "../bench.ts";
import { faultline, openRecord, postgresBackend } from "../contenders/faultline.ts";
import { type Connection, openConnection } from "../load/connection.ts";
import { type Workload, workloads } from "../load/workloads.ts";
import { watchMemory } from "../memory.ts";
import { percentile } from "../report/median.ts";

/** How long each delivery took, in milliseconds, by kind. */
interface Times {
  readonly batches: readonly number[];
  readonly webhooks: readonly number[];
}

const connectionsEach = 8;

/**
 * 100,000 events of one incident, evenly over half a minute, which is twice as fast as asked, while single webhooks of
 * another incident go on as before. Unloaded: the same deliveries, batches a twentieth as often.
 */
export async function storm(bench: Bench): Promise<Findings> {
  const batches = bench.options.quick ? 100 : 1_000;
  const overMs = bench.options.quick ? 5_000 : 30_000;
  const backend = await postgresBackend(bench.servers);
  const contender = await faultline("Faultline, PostgreSQL", backend, bench.sinkUrl);
  const record = await openRecord(backend.databaseUrl);
  const [port = 0] = contender.ports;
  try {
    await send(port, "warm-up", { batches: 40, webhooks: 400, overMs: 2_000 });
    const unloadedMs = Math.round(overMs / 2);
    const unloadedBatches = Math.max(20, Math.round(batches / 20));
    const webhooksPerMs = 0.02;
    const unloaded = await send(port, "unloaded", {
      batches: unloadedBatches,
      webhooks: Math.round(unloadedMs * webhooksPerMs),
      overMs: unloadedMs,
    });
    await contender.reset();
    const memory = watchMemory(contender.pids);
    const webhooks = Math.round(overMs * webhooksPerMs);
    const loaded = await send(port, "storm", { batches, webhooks, overMs });
    const peakMiB = memory.stop();

    const { rows } = await record.client.query<{ events: string; counted: string; incidents: string }>(
      `select (select count(*) from faultline.events e where e.code = i.code) as events, sum(count) as counted,
              count(*) as incidents
       from faultline.incidents i where code = 80604 group by code`,
    );
    const [stormed] = rows;
    const kept = await record.read();
    const expected = batches * 100;
    const problems = [
      ...(kept.events === expected + webhooks
        ? []
        : [`storm: expected ${expected + webhooks} events on record, got ${kept.events}`]),
      ...(Number(stormed?.counted) === expected && stormed?.counted === stormed?.events
        ? []
        : [`storm: expected one incident of ${expected} events, got ${JSON.stringify(stormed)}`]),
    ];
    const ratios = {
      batches: percentile(loaded.batches, 99) / percentile(unloaded.batches, 99),
      webhooks: percentile(loaded.webhooks, 99) / percentile(unloaded.webhooks, 99),
    };
    return {
      tables: [
        {
          title: `Storm: ${expected.toLocaleString("en-US")} events of one incident in ${overMs / 1000} s, batches of 100`,
          columns: ["", "unloaded p50 ms", "unloaded p99 ms", "storm p50 ms", "storm p99 ms", "p99 to unloaded"],
          rows: (["batches", "webhooks"] as const).map((kind) => [
            kind === "batches" ? "batches of the storm" : "webhooks of another incident",
            percentile(unloaded[kind], 50),
            percentile(unloaded[kind], 99),
            percentile(loaded[kind], 50),
            percentile(loaded[kind], 99),
            ratios[kind].toFixed(2),
          ]),
          notes: [
            `${stormed?.incidents} incident, count ${stormed?.counted}; at most ${Math.round(peakMiB)} MiB resident.`,
          ],
        },
      ],
      figures: bench.options.quick
        ? {}
        : {
            stormIncidents: Number(stormed?.incidents),
            stormMissing: Math.abs(Number(stormed?.counted) - expected),
            stormPeakMiB: peakMiB,
            stormP99ToUnloaded: Math.max(ratios.batches, ratios.webhooks),
          },
      problems,
    };
  } finally {
    await record.close();
    await stopAll([contender], bench);
  }
}

/** Sends at an even pace, whatever the answers take. @throws when a delivery is not acknowledged */
async function send(
  port: number,
  seed: string,
  amount: { readonly batches: number; readonly webhooks: number; readonly overMs: number },
): Promise<Times> {
  const [batches, webhooks] = await Promise.all([
    paced(port, requestsOf(workloads.stormBatches, `${seed} batches`, amount.batches), amount.overMs),
    paced(port, requestsOf(workloads.anotherIncident, `${seed} webhooks`, amount.webhooks), amount.overMs),
  ]);
  return { batches, webhooks };
}

function requestsOf(workload: Workload, seed: string, count: number): Buffer[] {
  const found: Buffer[] = [];
  for (const { request } of workload.requests(`${seed} ${process.pid}`)) {
    if (found.length === count) break;
    found.push(request);
  }
  return found;
}

async function paced(port: number, requests: readonly Buffer[], overMs: number): Promise<number[]> {
  // Opened as they are needed: one that says nothing for ten seconds is closed.
  const opened: Connection[] = [];
  const idle: Connection[] = [];
  const another = () => {
    const connection = openConnection(port);
    opened.push(connection);
    return connection;
  };
  const started = performance.now();
  const underWay: Promise<number>[] = [];
  for (const [index, request] of requests.entries()) {
    const due = started + (overMs * index) / requests.length;
    if (due > performance.now()) await wait(due - performance.now());
    while (idle.length === 0 && opened.length === connectionsEach) await wait(1);
    const connection = idle.pop() ?? another();
    underWay.push(exchange(connection, request, due).finally(() => idle.push(connection)));
  }
  const times = await Promise.all(underWay);
  for (const connection of opened) connection.close();
  return times;
}

/** From when it was due, so that waiting for a connection counts. */
async function exchange(connection: Connection, request: Buffer, due: number): Promise<number> {
  const begun = Math.min(performance.now(), Math.max(due, 0) + 5);
  const status = await connection.exchange(request);
  if (status !== 204) throw new Error(`storm: expected 204, got ${status}`);
  return performance.now() - begun;
}
