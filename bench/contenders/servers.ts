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

/** Starts PostgreSQL with its own settings, durable commits included. */
export async function startServers(): Promise<Servers> {
  if (postgresPrograms() === null || !redisAvailable())
    throw new Error("expected PostgreSQL and Redis to be installed; apt-get install postgresql redis-server");
  const postgres = await startPostgres();
  const started: RunningRedis[] = [];
  const admin = new pg.Client(postgres.url);
  admin.on("error", () => undefined);
  await admin.connect();
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
