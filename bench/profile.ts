/*
 * `node bench/profile.ts [seconds] [webhooks|batches|traced]`: a processor profile of ingest on PostgreSQL, as a list of
 * the functions that time went into by themselves; the .cpuprofile is kept for whoever wants to look closer.
 */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { postgresBackend, startFaultline } from "./contenders/faultline.ts";
import { startProcess } from "./contenders/process.ts";
import { startServers } from "./contenders/servers.ts";
import { generatorHere, sendLoad } from "./load/load.ts";
import { writeRequests } from "./load/request-file.ts";
import { workloads } from "./load/workloads.ts";
import { type Table, tableText } from "./report/table.ts";

const Profile = z.object({
  nodes: z.array(
    z.object({
      id: z.number(),
      callFrame: z.object({ functionName: z.string(), url: z.string(), lineNumber: z.number() }),
      children: z.array(z.number()).optional(),
    }),
  ),
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
  const faultline = await startFaultline(await postgresBackend(servers), `http://127.0.0.1:${sink.announced}`, {
    traced: kind === "traced",
    node: ["--cpu-prof", `--cpu-prof-dir=${kept}`, "--cpu-prof-interval=500"],
  });
  const file = writeRequests(folder, workload, "profile", (workload.batch === 1 ? 16_000 : 60_000) * seconds);
  const { publicPort } = faultline.announced;
  const load = await sendLoad(generatorHere(), publicPort, file, { seconds, connections: 50 });
  await faultline.stop();
  const perSecond = (load.answered / load.seconds) * workload.batch;
  console.log(`${Math.round(perSecond)} events/s, p99 ${load.p99} ms, while profiled\n`);
  const [latest] = readdirSync(kept)
    .filter((name) => name.endsWith(".cpuprofile"))
    .toSorted()
    .toReversed();
  const profile = Profile.parse(JSON.parse(readFileSync(join(kept, latest ?? ""), "utf8")));
  const loaded = since(profile, (load.seconds + 1) * 1e6);
  for (const table of [byFunction(loaded, load.answered), byPlace(loaded, load.answered)]) {
    console.log(tableText(table));
  }
} finally {
  await sink.stop();
  await servers.stop();
  rmSync(folder, { recursive: true, force: true });
}

/** Self time by node, in microseconds, without the start of the process, which is not what is asked about. */
function since(profile: Profile, lastUs: number): { nodes: Profile["nodes"]; self: Map<number, number> } {
  const self = new Map<number, number>();
  let ago = 0;
  for (let index = profile.samples.length - 1; index >= 0 && ago < lastUs * 2; index -= 1) {
    const [id = 0, delta = 0] = [profile.samples[index], profile.timeDeltas[index]];
    ago += delta;
    self.set(id, (self.get(id) ?? 0) + delta);
  }
  return { nodes: profile.nodes, self };
}

type Loaded = ReturnType<typeof since>;

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
      .map(([name, time]) => [name, (time / busy) * 100, time / requests]),
  };
}

function shortUrl(url: string): string {
  return url.replace(/^.*?\/(?=(node_modules|src)\/)/, "").replace(/^node:/, "node:");
}
