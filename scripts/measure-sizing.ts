/*
 * The figures of docs/operations/sizing.md: `node scripts/measure-sizing.ts`, a minute or two. One ingest and one worker
 * process on a private PostgreSQL and Redis, then one process with the embedded database, each under as much load as this
 * machine makes. The load comes from the same machine, so the CPU time an event takes says more than the events a second.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { Redis } from "ioredis";
import pg from "pg";
import { courier, jsonParcel, type Parcel, webhookParcel } from "../test/support/deliver.ts";
import { baseEnvironment } from "../test/support/faultline.ts";
import { freshDatabase, startPostgres } from "../test/support/postgres.ts";
import { freePort, startRedis } from "../test/support/redis.ts";
import { debuggerForm, type ErrorEvent, errorEvent, streamEvent } from "../test/support/sign.ts";
import { nodeOptions } from "../test/support/start-command.ts";
import { until } from "../test/support/until.ts";

const batchSize = 100;
const codes = 20;
const main = join(import.meta.dirname, "../src/main.ts");
const folder = await mkdtemp(join(tmpdir(), "faultline-sizing-"));

interface Process {
  readonly child: ChildProcess;
  readonly port: number;
}

let made = 0;

/** About as long as Twilio's are: the request to the user's endpoint and its answer. */
function newEvents(count: number): ErrorEvent[] {
  return Array.from({ length: count }, () => {
    made += 1;
    return errorEvent(
      {
        code: 11_200 + (made % codes),
        webhook: {
          type: "application/json",
          request: {
            url: `https://app.example.com/twilio/voice?call=${made}`,
            method: "POST",
            headers: { "Content-Type": "application/x-www-form-urlencoded; charset=UTF-8", "I-Twilio-Request-Id": "r" },
            parameters: {
              CallSid: `CA${"0".repeat(32)}`,
              CallStatus: "in-progress",
              Direction: "inbound",
              ApiVersion: "2010-04-01",
            },
          },
          response: {
            status_code: 502,
            headers: { Server: "nginx", "Content-Type": "text/html" },
            body: "<html>".padEnd(400, "x"),
          },
        },
      },
      made,
    );
  });
}

function batchParcel(events: readonly ErrorEvent[]): Parcel {
  const batch = events.map((event) => {
    const cloudEvent = streamEvent(event);
    return { ...cloudEvent, data: { ...(cloudEvent.data as object), payload: debuggerForm(event).Payload } };
  });
  return jsonParcel("/twilio/events", JSON.stringify(batch));
}

async function start(name: string, env: Record<string, string>, args: string[] = []): Promise<Process> {
  const [port, adminPort] = [await freePort(), await freePort()];
  const child = spawn(process.execPath, [...nodeOptions, main, "serve", ...args], {
    env: {
      ...baseEnvironment(join(folder, name)),
      PATH: process.env.PATH ?? "",
      ...env,
      PORT: String(port),
      ADMIN_PORT: String(adminPort),
      LOG_LEVEL: "error",
    },
    stdio: "inherit",
  });
  await until(`${name} to be ready`, 30_000, async () => (await fetch(`http://127.0.0.1:${adminPort}/readyz`)).ok);
  return { child, port };
}

async function stop({ child }: Process): Promise<void> {
  const ended = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGTERM");
  await ended;
}

/** CPU time in seconds. https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html; a tick is 10 ms. */
function cpuSeconds({ child }: Process): number {
  const fields = readFileSync(`/proc/${child.pid}/stat`, "utf8")
    .replace(/^.*\) /, "")
    .split(" ");
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** Memory in MB, now (`VmRSS`) or at most (`VmHWM`). */
function memory({ child }: Process, field: "VmRSS" | "VmHWM"): number {
  const line = new RegExp(`^${field}:\\s+(\\d+)`, "m").exec(readFileSync(`/proc/${child.pid}/status`, "utf8"));
  return Math.round(Number(line?.[1]) / 1024);
}

/** Sends all over so many connections at once. Each parcel is so many events. */
async function load(
  target: Process,
  what: string,
  parcels: Parcel[],
  events: number,
  connections: number,
): Promise<void> {
  const sender = courier(target.port, connections);
  const times: number[] = [];
  const [started, cpu] = [performance.now(), cpuSeconds(target)];
  async function lane(): Promise<void> {
    for (let parcel = parcels.pop(); parcel !== undefined; parcel = parcels.pop()) {
      const sent = performance.now();
      const { status } = await sender.send(parcel);
      if (status !== 204) throw new Error(`${what}: expected 204, got ${status}`);
      times.push(performance.now() - sent);
    }
  }
  await Promise.all(Array.from({ length: connections }, lane));
  sender.close();
  const seconds = (performance.now() - started) / 1_000;
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share: number) => `${(sorted[Math.floor(sorted.length * share)] ?? 0).toFixed(0)} ms`;
  const cpuMs = ((cpuSeconds(target) - cpu) * 1_000) / events;
  console.log(
    `  ${what}: ${Math.round(events / seconds)} events/s; answered in ${at(0.5)} (median), ${at(0.99)} (99 %); ${cpuMs.toFixed(3)} ms CPU an event, ${Math.round(1_000 / cpuMs)} events/s and core`,
  );
}

/** Batches first, then single webhooks. */
async function loads(target: Process, batched: number, single: number): Promise<number> {
  const batches = Array.from({ length: batched / batchSize }, () => batchParcel(newEvents(batchSize)));
  await load(target, `Event Streams, batches of ${batchSize}`, batches, batched, 8);
  await load(
    target,
    "Debugger webhooks",
    newEvents(single).map((event) => webhookParcel(event)),
    single,
    32,
  );
  return batched + single;
}

function bytesBelow(path: string): number {
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
}

function perMillion(bytes: number, events: number): string {
  return `${(bytes / events / 1_000).toFixed(2)} GB a million events`;
}

async function scaled(): Promise<void> {
  const [postgres, redis] = [await startPostgres(), await startRedis()];
  const databaseUrl = await freshDatabase(postgres.url);
  const env = { DATABASE_URL: databaseUrl, REDIS_URL: redis.url };
  const ingest = await start("ingest", env, ["--role", "ingest"]);
  const worker = await start("worker", env, ["--role", "worker"]);
  const client = new pg.Client(databaseUrl);
  await client.connect();
  const size = async () =>
    Number(
      (await client.query<{ bytes: string }>("select pg_database_size(current_database()) as bytes")).rows[0]?.bytes,
    );
  const before = await size();
  console.log(
    `one ingest and one worker process, PostgreSQL, Redis\n  memory idle: ingest ${memory(ingest, "VmRSS")} MB, worker ${memory(worker, "VmRSS")} MB`,
  );
  const events = await loads(ingest, 100_000, 20_000);
  console.log(`  memory at most: ingest ${memory(ingest, "VmHWM")} MB, worker ${memory(worker, "VmHWM")} MB`);
  console.log(`  database: ${perMillion((await size()) - before, events)}`);
  const info = new Redis(redis.url);
  console.log(`  Redis: ${/used_memory_human:(\S+)/.exec(await info.info("memory"))?.[1]}`);
  info.disconnect();
  await client.end();
  await stop(ingest);
  await stop(worker);
  await redis.stop();
  await postgres.remove();
}

async function embedded(): Promise<void> {
  const data = join(folder, "embedded-data");
  const all = await start("embedded", { DATA_DIR: data });
  const [before, logBefore] = [bytesBelow(data), bytesBelow(join(data, "pgdata/pg_wal"))];
  console.log(
    `one process with the embedded database\n  memory idle: ${memory(all, "VmRSS")} MB; DATA_DIR empty: ${Math.round(before / 1e6)} MB`,
  );
  const events = await loads(all, 100_000, 10_000);
  console.log(`  memory at most: ${memory(all, "VmHWM")} MB`);
  const log = bytesBelow(join(data, "pgdata/pg_wal"));
  const grown = bytesBelow(data) - log - before + logBefore;
  console.log(`  DATA_DIR: ${perMillion(grown, events)}, and the write-ahead log, now ${Math.round(log / 1e6)} MB`);
  await stop(all);
}

const [event] = newEvents(1);
if (event !== undefined)
  console.log(`${availableParallelism()} cores; a webhook's body has ${webhookParcel(event).body.length} bytes`);
await scaled();
await embedded();
rmSync(folder, { recursive: true, force: true });
