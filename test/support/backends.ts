import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inject } from "vitest";
import { dropDatabase, freshDatabase } from "./postgres.ts";
import { type RunningRedis, startRedis } from "./redis.ts";

/** Where a process keeps its record and its queue, empty at first and kept over restarts. */
export interface Backend {
  /** For the environment of every process on it. */
  readonly env: Readonly<Record<string, string>>;
  /** Null when embedded. */
  readonly databaseUrl: string | null;
  /** Null when the queue is on the database. */
  readonly redis: RunningRedis | null;
  dispose(): Promise<void>;
}

/** A kind of backend. */
export interface BackendKind {
  readonly name: string;
  /** Whether its servers are installed here; the line global-setup prints says how to install them. */
  readonly available: boolean;
  open(): Promise<Backend>;
}

/** The embedded database with the queue on it, as a new user has it. */
export const embedded: BackendKind = {
  name: "embedded",
  available: true,
  async open() {
    const folder = mkdtempSync(join(tmpdir(), "faultline-acceptance-data-"));
    return {
      env: { DATA_DIR: join(folder, "data") },
      databaseUrl: null,
      redis: null,
      dispose: async () => rmSync(folder, { recursive: true, force: true }),
    };
  },
};

/** PostgreSQL alone, for a queue somewhere else. */
export const postgresOnly: BackendKind = {
  name: "PostgreSQL",
  available: inject("postgresUrl") !== null,
  async open() {
    const server = inject("postgresUrl");
    if (server === null) throw new Error("expected a PostgreSQL; look at `available` first");
    const databaseUrl = await freshDatabase(server);
    return { env: { DATABASE_URL: databaseUrl }, databaseUrl, redis: null, dispose: () => dropDatabase(databaseUrl) };
  },
};

/** PostgreSQL with the queue on a private Redis. */
export const postgresAndRedis: BackendKind = {
  name: "PostgreSQL and Redis",
  available: inject("postgresUrl") !== null && inject("redisUrl") !== null,
  async open() {
    const postgres = await postgresOnly.open();
    const redis = await startRedis();
    return {
      ...postgres,
      env: { ...postgres.env, REDIS_URL: redis.url },
      redis,
      dispose: async () => {
        await redis.stop();
        await postgres.dispose();
      },
    };
  },
};
