/*
 * `node bench/profile.ts [seconds] [webhooks|batches|traced]`: where the time of ingest on PostgreSQL goes. Processor time by
 * process, which other work on the machine does not change much, and the functions it went into in Faultline; the
 * .cpuprofile is kept for whoever wants to look closer.
 */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { z } from "zod";
import { postgresBackend, startFaultline } from "./contenders/faultline.ts";
import { startProcess } from "./contenders/process.ts";
import { startServers } from "./contenders/servers.ts";
import { generatorHere, sendLoad } from "./load/load.ts";
import { writeRequests } from "./load/request-file.ts";
import { workloads } from "./load/workloads.ts";
import { processorMs } from "./processor.ts";
import { type Table, tableText } from "./report/table.ts";

const Profile = z.object({
  nodes: z.array(
    z.object({
      id: z.number(),
      callFrame: z.object({ functionName: z.string(), url: z.string(), lineNumber: z.number() }),
      children: z.array(z.number()).optional(),
    }),
  ),
  /** In microseconds of the machine's monotonic clock, which all its processes share. */
  startTime: z.number(),
  samples: z.array(z.number()),
  timeDeltas: z.array(z.number()),
});
type Profile = z.infer<typeof Profile>;

const kept = new URL("../.bench/", import.meta.url).pathname;
const shown = 45;

const [secondsText = "5", kind = "webhooks"] = process.argv.slice(2);
const seconds = Number(secondsText);
const workload = kind === "batches" ? workloads.batches100 : workloads.mixed;
const folder = mkdtempSync(join(tmpdir(), "faultline-profile-"));
const servers = await startServers();
const sink = await startProcess([new URL("contenders/sink.ts", import.meta.url).pathname], {}, ({ port }) =>
  typeof port === "number" ? port : null,
);
mkdirSync(kept, { recursive: true });
try {
  const backend = await postgresBackend(servers);
  const faultline = await startFaultline(backend, `http://127.0.0.1:${sink.announced}`, {
    traced: kind === "traced",
    node: ["--cpu-prof", `--cpu-prof-dir=${kept}`, "--cpu-prof-interval=500"],
  });
  const file = writeRequests(folder, workload, "profile", (workload.batch === 1 ? 16_000 : 60_000) * seconds);
  const warmUp = writeRequests(folder, workload, "warm-up", (workload.batch === 1 ? 16_000 : 60_000) * 2);
  const { publicPort } = faultline.announced;
  // The code gets hot first.
  await sendLoad(generatorHere(), publicPort, warmUp, { seconds: 2, connections: 50 });
  const database = await processesOf(backend.databaseUrl);
  const before = { faultline: processorMs([faultline.pid]), postgres: processorMs(database) };
  const beganUs = nowUs();
  const load = await sendLoad(generatorHere(), publicPort, file, { seconds, connections: 50 });
  const endedUs = nowUs();
  const used = {
    faultline: processorMs([faultline.pid]) - before.faultline,
    postgres: processorMs(database) - before.postgres,
  };
  await faultline.stop();
  const perSecond = (load.answered / load.seconds) * workload.batch;
  console.log(`${Math.round(perSecond)} events/s, p99 ${load.p99} ms, while profiled\n`);
  console.log(tableText(processorTable(used, load.answered * workload.batch, load.seconds)));
  const [latest] = readdirSync(kept)
    .filter((name) => name.endsWith(".cpuprofile"))
    .toSorted()
    .toReversed();
  const profile = Profile.parse(JSON.parse(readFileSync(join(kept, latest ?? ""), "utf8")));
  const loaded = selfTimes(profile, beganUs, endedUs);
  for (const table of [
    byFunction(loaded, load.answered),
    byPlace(loaded, load.answered),
    withCallees(loaded, load.answered),
  ]) {
    console.log(tableText(table));
  }
} finally {
  await sink.stop();
  await servers.stop();
  rmSync(folder, { recursive: true, force: true });
}

/** PostgreSQL's processes, those of its background included. */
async function processesOf(databaseUrl: string): Promise<number[]> {
  const client = new pg.Client(databaseUrl);
  await client.connect();
  const { rows } = await client.query<{ pid: number }>(
    "select pid from pg_stat_activity where pid <> pg_backend_pid()",
  );
  await client.end();
  return rows.map(({ pid }) => pid);
}

function processorTable(used: Readonly<Record<string, number>>, events: number, wallSeconds: number): Table {
  return {
    title: "Processor time",
    columns: ["", "µs an event", "% of one processor"],
    rows: Object.entries(used).map(([name, ms]) => [name, (ms * 1000) / events, ms / wallSeconds / 10]),
  };
}

function nowUs(): number {
  return Number(process.hrtime.bigint() / 1000n);
}

/** Self time by node between two moments, in microseconds. */
function selfTimes(
  profile: Profile,
  fromUs: number,
  untilUs: number,
): { nodes: Profile["nodes"]; self: Map<number, number> } {
  const self = new Map<number, number>();
  let at = profile.startTime;
  for (const [index, id] of profile.samples.entries()) {
    const delta = profile.timeDeltas[index] ?? 0;
    at += delta;
    if (at >= fromUs && at <= untilUs) self.set(id, (self.get(id) ?? 0) + delta);
  }
  return { nodes: profile.nodes, self };
}

type Loaded = ReturnType<typeof selfTimes>;

/** The functions with the most self time. */
function byFunction(loaded: Loaded, requests: number): Table {
  return tableOf(
    "Self time",
    loaded,
    requests,
    ({ functionName, url, lineNumber }) =>
      `${functionName === "" ? "(anonymous)" : functionName} ${shortUrl(url)}${url === "" ? "" : `:${lineNumber + 1}`}`,
  );
}

/** The same summed up by file of ours, and by package. */
function byPlace(loaded: Loaded, requests: number): Table {
  return tableOf("Self time by file", loaded, requests, ({ functionName, url }) => {
    const modules = /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1];
    if (modules !== undefined) return modules;
    return url === "" ? functionName : shortUrl(url);
  });
}

/** Our own functions with all they call: the stages of a request. */
function withCallees({ nodes, self }: Loaded, requests: number): Table {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const sums = new Map<string, number>();
  const visit = (id: number, above: readonly string[]): number => {
    const node = byId.get(id);
    if (node === undefined) return 0;
    const { functionName, url, lineNumber } = node.callFrame;
    const isOurs = url.includes("/src/");
    const name = `${functionName === "" ? "(anonymous)" : functionName} ${shortUrl(url)}:${lineNumber + 1}`;
    const path = isOurs ? [...above, name] : above;
    let time = self.get(id) ?? 0;
    for (const child of node.children ?? []) time += visit(child, path);
    // A function that calls itself counts once.
    if (isOurs && !above.includes(name)) sums.set(name, (sums.get(name) ?? 0) + time);
    return time;
  };
  const [root] = nodes;
  const total = root === undefined ? 0 : visit(root.id, []);
  return {
    title: "Our functions with what they call",
    columns: ["", "%", "µs a request"],
    rows: [...sums]
      .toSorted(([, a], [, b]) => b - a)
      .slice(0, shown)
      .map(([name, time]) => [name, (time / total) * 100, time / requests]),
  };
}

function tableOf(
  title: string,
  { nodes, self }: Loaded,
  requests: number,
  nameOf: (frame: Profile["nodes"][number]["callFrame"]) => string,
): Table {
  const sums = new Map<string, number>();
  let busy = 0;
  for (const { id, callFrame } of nodes) {
    const time = self.get(id) ?? 0;
    if (time === 0 || /^\((idle|root)\)$/.test(callFrame.functionName)) continue;
    busy += time;
    const name = nameOf(callFrame);
    sums.set(name, (sums.get(name) ?? 0) + time);
  }
  return {
    title: `${title}, of ${Math.round(busy / 1000)} ms busy`,
    columns: ["", "%", "µs a request"],
    rows: [...sums]
      .toSorted(([, a], [, b]) => b - a)
      .slice(0, shown)
      .map(([name, time]) => [name.slice(0, 90), (time / busy) * 100, time / requests]),
  };
}

function shortUrl(url: string): string {
  return url.replace(/^.*?\/(?=(node_modules|src)\/)/, "").replace(/^node:/, "node:");
}
