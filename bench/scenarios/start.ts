import { setTimeout as wait } from "node:timers/promises";
import type { Bench, Findings } from "../bench.ts";
import { type Backend, embeddedBackend, type Ports, postgresBackend, startFaultline } from "../contenders/faultline.ts";
import type { Started } from "../contenders/process.ts";
import { sendLoad } from "../load/load.ts";
import { writeRequests } from "../load/request-file.ts";
import { workloads } from "../load/workloads.ts";
import { residentMiB } from "../memory.ts";
import { median } from "../report/median.ts";

/** What was found of one backend. */
interface Start {
  readonly firstMs: number;
  /** With nothing to do. */
  readonly idleMiB: number;
  /** After a few seconds of webhooks, none coming any more. */
  readonly restMiB: number;
  /** With what those left there. */
  readonly laterMs: number;
  /** Some seconds after such a start, with the diagnoses that were left under way. */
  readonly workingMiB: number;
}

/** From the start of the process until it takes deliveries, and what it holds in memory while nothing happens. */
export async function start(bench: Bench): Promise<Findings> {
  const found = {
    PostgreSQL: await startsOn(await postgresBackend(bench.servers), bench),
    embedded: await startsOn(embeddedBackend(bench.folder), bench),
  };
  return {
    tables: [
      {
        title: "Cold start and memory at rest",
        columns: [
          "",
          "first start ms",
          "idle MiB",
          "at rest after load MiB",
          "start with data ms",
          "finishing what was left MiB",
        ],
        rows: Object.entries(found).map(([name, each]) => [
          `Faultline, ${name}`,
          each.firstMs,
          each.idleMiB,
          each.restMiB,
          each.laterMs,
          each.workingMiB,
        ]),
      },
    ],
    figures: {
      startPostgresMs: Math.max(found.PostgreSQL.firstMs, found.PostgreSQL.laterMs),
      startEmbeddedMs: found.embedded.laterMs,
      idlePostgresMiB: found.PostgreSQL.idleMiB,
    },
    problems: [],
  };
}

async function startsOn(backend: Backend, bench: Bench): Promise<Start> {
  const restMs = bench.options.quick ? 1_000 : 5_000;
  const first = await begin(backend, bench);
  await wait(restMs);
  const idleMiB = residentMiB([first.process.pid]);
  const seconds = Math.min(3, bench.options.seconds);
  const file = writeRequests(bench.folder, workloads.mixed, `start ${performance.now()}`, 16_000 * seconds);
  await sendLoad(bench.generator, first.process.announced.publicPort, file, { seconds, connections: 50 });
  await wait(restMs);
  const restMiB = residentMiB([first.process.pid]);
  await first.process.stop();

  const later: number[] = [];
  const working: number[] = [];
  for (let count = 0; count < Math.max(1, bench.options.rounds); count += 1) {
    const again = await begin(backend, bench);
    later.push(again.readyMs);
    await wait(restMs);
    working.push(residentMiB([again.process.pid]));
    await again.process.stop();
    bench.say(`started in ${Math.round(again.readyMs)} ms`);
  }
  return { firstMs: first.readyMs, idleMiB, restMiB, laterMs: median(later), workingMiB: median(working) };
}

/** Ready: it says so, and /readyz agrees. */
async function begin(backend: Backend, bench: Bench): Promise<{ process: Started<Ports>; readyMs: number }> {
  const started = performance.now();
  const process = await startFaultline(backend, bench.sinkUrl);
  const url = `http://127.0.0.1:${process.announced.adminPort}/readyz`;
  while ((await fetch(url)).status !== 200) await wait(10);
  return { process, readyMs: performance.now() - started };
}
