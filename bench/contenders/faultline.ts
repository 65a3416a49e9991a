import { mkdtempSync } from "node:fs";
import { join } from "node:path";
import pg from "pg";
import { openDatabase } from "../../src/store/database.ts";
import { operateClient } from "../../test/support/operate-client.ts";
import { nodeOptions } from "../../test/support/start-command.ts";
import { account, publicUrl } from "../load/account.ts";
import { quietLog } from "../quiet-log.ts";
import type { Contender, Kept } from "./contender.ts";
import { type Started, startProcess } from "./process.ts";
import type { Servers } from "./servers.ts";
import { flush } from "./small.ts";

/** Where a Faultline keeps its record and its queue. */
export interface Backend {
  readonly env: Readonly<Record<string, string>>;
  /** Null when embedded. */
  readonly databaseUrl: string | null;
  /** Null when the queue is on the database. */
  readonly redisUrl: string | null;
  /** When embedded. */
  readonly dataDir?: string;
}

/** The ports of one process. */
export interface Ports {
  readonly publicPort: number;
  readonly adminPort: number;
}

const main = new URL("../../src/main.ts", import.meta.url).pathname;

/** A PostgreSQL database and a Redis of its own. */
export async function postgresBackend(servers: Servers): Promise<Backend & { databaseUrl: string; redisUrl: string }> {
  const [databaseUrl, redis] = [await servers.database(), await servers.redis()];
  return { env: { DATABASE_URL: databaseUrl, REDIS_URL: redis.url }, databaseUrl, redisUrl: redis.url };
}

/** The embedded database in a folder of its own, with the queue on it. */
export function embeddedBackend(folder: string): Backend & { dataDir: string } {
  const dataDir = join(mkdtempSync(join(folder, "embedded-")), "data");
  return { env: { DATA_DIR: dataDir }, databaseUrl: null, redisUrl: null, dataDir };
}

/** Starts one process with every feature on: diagnoses and notices go to `sinkUrl`. */
export function startFaultline(
  backend: Backend,
  sinkUrl: string,
  how: { readonly role?: string; readonly traced?: boolean; readonly node?: readonly string[] } = {},
): Promise<Started<Ports>> {
  const env = {
    PORT: "0",
    ADMIN_PORT: "0",
    HOST: "127.0.0.1",
    PUBLIC_URL: publicUrl,
    TWILIO_ACCOUNT_SID: account.sid,
    TWILIO_AUTH_TOKEN: account.token,
    TWILIO_API_BASE_URL: sinkUrl,
    SLACK_WEBHOOK_URL: `${sinkUrl}/slack`,
    FAULTLINE_SECRET: "bench-only-0123456789abcdef0123456789",
    ...(how.traced === true && { OTEL_EXPORTER_OTLP_ENDPOINT: sinkUrl }),
    ...backend.env,
  };
  return startProcess(
    [...nodeOptions, ...(how.node ?? []), main, "serve", "--role", how.role ?? "all"],
    env,
    (entry) =>
      entry.msg === "Faultline is ready"
        ? { publicPort: Number(entry.publicPort), adminPort: Number(entry.adminPort) }
        : null,
  );
}

/** Starts a contender of `processes` processes on one backend. */
export async function faultline(
  name: string,
  backend: Backend,
  sinkUrl: string,
  how: { readonly processes?: number; readonly role?: string; readonly traced?: boolean } = {},
): Promise<Contender & { readonly adminPort: number }> {
  const started: Started<Ports>[] = [];
  // One after the other: the first brings the schema up to date.
  for (let count = 0; count < (how.processes ?? 1); count += 1)
    started.push(await startFaultline(backend, sinkUrl, how));
  const adminPorts = started.map(({ announced }) => announced.adminPort);
  const database = backend.databaseUrl === null ? null : await openRecord(backend.databaseUrl);
  let counted = 0;
  const stop = once(async () => {
    if (database === null) counted = (await countersOf(adminPorts)).events;
    await Promise.all(started.map((each) => each.stop()));
    await database?.close();
  });
  return {
    name,
    adminPort: adminPorts[0] ?? 0,
    ports: started.map(({ announced }) => announced.publicPort),
    pids: started.map(({ pid }) => pid),
    record:
      database === null
        ? { from: "metrics", read: () => countersOf(adminPorts) }
        : { from: "database", read: database.read },
    async reset() {
      if (database !== null) await database.clear();
      if (backend.redisUrl !== null) await flush(backend.redisUrl);
    },
    warnings: () => started.flatMap((each) => each.warnings()),
    stop,
    ...(backend.dataDir !== undefined && { leftBehind: () => checkEmbedded(backend.dataDir ?? "", counted) }),
  };
}

/** Does something at the first call; later ones wait for the same. */
function once(work: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | null = null;
  return () => {
    done ??= work();
    return done;
  };
}

/** Opens the embedded database that a process has left, and holds it against what the process counted. */
async function checkEmbedded(dataDir: string, counted: number): Promise<string | null> {
  const db = await openDatabase({ databaseUrl: null, dataDir, log: quietLog });
  const { rows } = await db.pool.query<{ events: string }>("select count(*) as events from faultline.events");
  await db.close();
  const events = Number(rows[0]?.events);
  return events === counted ? null : `expected the ${counted} events it counted on record, got ${events}`;
}

/** What a database has on record, read as another client of it. */
export interface OpenRecord {
  readonly client: pg.Client;
  read(): Promise<Kept>;
  clear(): Promise<void>;
  close(): Promise<void>;
}

/** Opens it. */
export async function openRecord(databaseUrl: string): Promise<OpenRecord> {
  const client = new pg.Client(databaseUrl);
  client.on("error", () => undefined);
  await client.connect();
  return {
    client,
    async read() {
      const { rows } = await client.query<Record<"keys" | "events" | "counted" | "incidents", string>>(
        `select (select count(*) from faultline.event_keys) as keys,
                (select count(*) from faultline.events) as events,
                (select coalesce(sum(count), 0) from faultline.incidents) as counted,
                (select count(*) from faultline.incidents) as incidents`,
      );
      const [row] = rows;
      if (row === undefined || row.keys !== row.events)
        throw new Error(`expected as many events as keys, got ${row?.events} and ${row?.keys}`);
      return { events: Number(row.events), counted: Number(row.counted), incidents: Number(row.incidents) };
    },
    clear: () => truncate(client),
    close: () => client.end(),
  };
}

/** Waits for all that is under way; where a process takes its locks the other way round, tries again. */
async function truncate(client: pg.Client): Promise<void> {
  for (let left = 5; ; left -= 1) {
    try {
      await client.query(
        `truncate faultline.events, faultline.event_keys, faultline.incidents, faultline.work, faultline.diagnoses,
                  faultline.quarantined, faultline.notices, faultline.receivers, faultline.silences`,
      );
      return;
    } catch (error) {
      if (left === 0 || !(error instanceof pg.DatabaseError) || error.code !== "40P01") throw error;
    }
  }
}

/** New events as the processes counted them: one that has its database to itself cannot be looked at from outside. */
async function countersOf(adminPorts: readonly number[]): Promise<Kept> {
  const counts = await Promise.all(
    adminPorts.map((port) => operateClient(`http://127.0.0.1:${port}`).metric("twilio_debugger_events_total")),
  );
  return { events: counts.reduce((sum, count) => sum + count, 0), counted: null, incidents: null };
}
