import type { Bench, Findings } from "../bench.ts";
import { stopAll } from "../bench.ts";
import { embeddedBackend, faultline, postgresBackend } from "../contenders/faultline.ts";
import { bare, probe, selfBuilt } from "../contenders/small.ts";
import { type Lane, type Measured, measureLanes, middle, ratio } from "../lanes.ts";
import { workloads } from "../load/workloads.ts";
import type { Table } from "../report/table.ts";

const connections = 50;

/** One Debugger webhook of 1 KB a request, against everything else, and in all the ways in which they may come. */
export async function requests(bench: Bench): Promise<Findings> {
  const { servers, sinkUrl, folder } = bench;
  const http = await bare("http");
  const express = await bare("express");
  const handler = await selfBuilt(servers);
  const probes = [await probe(servers, "postgres", folder), await probe(servers, "pglite", folder)];
  const backend = await postgresBackend(servers);
  const postgres = await faultline("Faultline, PostgreSQL", backend, sinkUrl);
  const embedded = await faultline("Faultline, embedded", embeddedBackend(folder), sinkUrl);
  const traced = await faultline("Faultline, PostgreSQL, traces on", await postgresBackend(servers), sinkUrl, {
    traced: true,
  });
  const two = await faultline("Faultline, PostgreSQL, two ingest processes", await postgresBackend(servers), sinkUrl, {
    processes: 2,
    role: "ingest",
  });
  const opening = await faultline("Faultline, PostgreSQL", await postgresBackend(servers), sinkUrl);
  const contenders = [http, express, handler, ...probes, postgres, embedded, traced, two];

  const lanes: readonly Lane[] = [
    ...contenders.map((contender) => ({
      contender,
      workload: workloads.mixed,
      connections,
      resetAfter: contender === handler,
      ...(contender !== http && contender !== express && { warmUpSeconds: 8 }),
    })),
    ...[workloads.oneIncident, workloads.duplicates, workloads.forged].map((workload) => ({
      contender: postgres,
      workload,
      connections,
    })),
    { contender: opening, workload: workloads.newIncidents, connections, resetAfter: true, warmUpSeconds: 8 },
  ];
  try {
    const { measured, problems } = await measureLanes(lanes, bench);
    problems.push(...(await stopAll([...contenders, opening], bench)));
    const of = (contender: Lane["contender"]) => laneOf(measured, contender);
    return {
      tables: [table(measured, of(http), of(handler))],
      figures: {
        webhooksToSelfBuilt: ratio(of(postgres), of(handler), perSecond),
        webhooksToBare: ratio(of(postgres), of(http), perSecond),
        webhooksP99ToSelfBuilt: ratio(of(postgres), of(handler), ({ p99 }) => p99),
        embeddedToSelfBuilt: ratio(of(embedded), of(handler), perSecond),
      },
      problems,
    };
  } finally {
    await Promise.all([...contenders, opening].map((contender) => contender.stop()));
  }
}

/** The lane of a contender that the others are held against: its first. */
function laneOf(measured: readonly Measured[], contender: Lane["contender"]): Measured {
  const found = measured.find(({ lane }) => lane.contender === contender);
  if (found === undefined) throw new Error(`expected a measurement of ${contender.name}`);
  return found;
}

function perSecond(round: { readonly perSecond: number }): number {
  return round.perSecond;
}

function table(measured: readonly Measured[], http: Measured, handler: Measured): Table {
  return {
    title: `One webhook of 1 KB a request, ${connections} connections`,
    columns: [
      "",
      "requests/s",
      "to node:http",
      "to self-built",
      "p50 ms",
      "p99 ms",
      "max ms",
      "own processor µs",
      "memory MiB",
    ],
    rows: measured.map((each) => [
      `${each.lane.contender.name}${each.lane.workload === workloads.mixed ? "" : `: ${each.lane.workload.name}`}`,
      middle(each, perSecond),
      ratio(each, http, perSecond).toFixed(2),
      ratio(each, handler, perSecond).toFixed(2),
      middle(each, ({ p50 }) => p50),
      middle(each, ({ p99 }) => p99),
      middle(each, ({ max }) => max),
      middle(each, ({ processorUs }) => processorUs),
      middle(each, ({ peakMiB }) => peakMiB),
    ]),
    notes: [
      "Events are spread over 40 incidents unless said otherwise, and all are new. Self-built: express, twilio.validateRequest, BullMQ on Redis, not durable. Probe: our design without its features. Every row of Faultline and of the probe on PostgreSQL was held against the record: what was acknowledged is there, once.",
    ],
  };
}
