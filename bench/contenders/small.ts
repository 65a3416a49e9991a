import { mkdtempSync } from "node:fs";
import { join } from "node:path";
import { Redis } from "ioredis";
import pg from "pg";
import type { Contender } from "./contender.ts";
import { type Started, startProcess } from "./process.ts";
import type { Servers } from "./servers.ts";

/*
 * What Faultline is held against, each in a process of its own.
 */

/** bare-http.ts or bare-express.ts. */
export async function bare(kind: "http" | "express"): Promise<Contender> {
  const started = await start(`bare-${kind}.ts`, {});
  return contender(kind === "http" ? "bare node:http" : "bare express", started);
}

/** self-built.ts on a Redis of its own. */
export async function selfBuilt(servers: Servers): Promise<Contender> {
  const redis = await servers.redis();
  const started = await start("self-built.ts", { REDIS_URL: redis.url });
  return { ...contender("self-built handler", started), reset: () => flush(redis.url) };
}

/** probe.ts on PostgreSQL, or on PGlite in a folder of its own. */
export async function probe(servers: Servers, on: "postgres" | "pglite", folder: string): Promise<Contender> {
  if (on === "pglite") {
    const started = await start("probe.ts", { DATA_DIR: mkdtempSync(join(folder, "probe-")) });
    return contender("probe on PGlite", started);
  }
  const url = await servers.database();
  const started = await start("probe.ts", { DATABASE_URL: url });
  const client = new pg.Client(url);
  client.on("error", () => undefined);
  await client.connect();
  const basis = contender("probe on PostgreSQL", started);
  let ended = false;
  return {
    ...basis,
    record: {
      from: "database",
      async read() {
        const { rows } = await client.query<{ events: string }>("select count(*) as events from probe");
        return { events: Number(rows[0]?.events ?? 0), counted: null, incidents: null };
      },
    },
    reset: async () => void (await client.query("truncate probe")),
    stop: async () => {
      await basis.stop();
      if (!ended) await client.end();
      ended = true;
    },
  };
}

/** Empties a Redis. */
export async function flush(url: string): Promise<void> {
  const client = new Redis(url);
  await client.flushall();
  client.disconnect();
}

function contender(name: string, started: Started<number>): Contender {
  return {
    name,
    ports: [started.announced],
    pids: [started.pid],
    record: null,
    reset: () => Promise.resolve(),
    warnings: started.warnings,
    stop: started.stop,
  };
}

function start(file: string, env: Record<string, string>): Promise<Started<number>> {
  const path = new URL(file, import.meta.url).pathname;
  return startProcess([path], env, ({ port }) => (typeof port === "number" ? port : null));
}
