import { spawnSync } from "node:child_process";
import pg from "pg";
import { freshDatabase, postgresPrograms, startPostgres } from "../../test/support/postgres.ts";
import { type RunningRedis, redisAvailable, startRedis } from "../../test/support/redis.ts";

/** The private servers of one run. Every contender has a database and a Redis of its own. */
export interface Servers {
  database(): Promise<string>;
  redis(): Promise<RunningRedis>;
  /** Writes out what one contender left in PostgreSQL's memory, so that the next does not pay for it. */
  settle(): Promise<void>;
  readonly versions: { readonly postgres: string; readonly redis: string };
  stop(): Promise<void>;
}

/** Files of PostgreSQL's write-ahead log that are there from the start, 16 MiB each. */
const keptWalFiles = 128;

/** Starts PostgreSQL with its own settings, durable commits included, but for the size of its log. */
export async function startServers(): Promise<Servers> {
  if (postgresPrograms() === null || !redisAvailable())
    throw new Error("expected PostgreSQL and Redis to be installed; apt-get install postgresql redis-server");
  const postgres = await startPostgres();
  const started: RunningRedis[] = [];
  const admin = new pg.Client(postgres.url);
  admin.on("error", () => undefined);
  await admin.connect();
  await recycleWal(admin);
  const { rows } = await admin.query<{ server_version: string }>("show server_version");
  return {
    database: () => freshDatabase(postgres.url),
    async redis() {
      const one = await startRedis();
      started.push(one);
      return one;
    },
    async settle() {
      await admin.query("checkpoint");
    },
    versions: {
      postgres: rows[0]?.server_version.split(" ")[0] ?? "unknown",
      redis: /v=([\d.]+)/.exec(spawnSync("redis-server", ["--version"], { encoding: "utf8" }).stdout)?.[1] ?? "unknown",
    },
    async stop() {
      await admin.end();
      await Promise.all([postgres.remove(), ...started.map((redis) => redis.stop())]);
    },
  };
}

/**
 * Brings PostgreSQL into the state of one that has been running for a while: the files of its write-ahead log are there, and are
 * written anew. A fresh one makes each with 16 MiB of zeros and an fsync, during which every commit waits, 50 ms here, five
 * times a second under batches: what is measured then is how much log a contender writes and nothing else.
 * https://www.postgresql.org/docs/15/wal-configuration.html
 */
async function recycleWal(admin: pg.Client): Promise<void> {
  await admin.query(`alter system set min_wal_size = '${keptWalFiles * 16}MB'`);
  await admin.query(`alter system set max_wal_size = '${2 * keptWalFiles * 16}MB'`);
  await admin.query("select pg_reload_conf()");
  for (let file = 0; file < keptWalFiles; file += 1) {
    // A file without anything in it is not switched.
    await admin.query("select pg_logical_emit_message(true, 'bench', 'x')");
    await admin.query("select pg_switch_wal()");
  }
  await admin.query("checkpoint");
}
