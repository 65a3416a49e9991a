import type { TestProject } from "vitest/node";
import { postgresPrograms, startPostgres } from "./postgres.ts";
import { redisAvailable, startRedis } from "./redis.ts";

/*
 * Before the integration and acceptance tests: one private PostgreSQL and one private Redis for the whole run. Where a
 * server is not installed its tests are skipped and one line says so; in CI (CI=true) that is a failure.
 */

declare module "vitest" {
  interface ProvidedContext {
    /** Of a private PostgreSQL server; null when none is installed. */
    postgresUrl: string | null;
    /** Of a private Redis server; null when none is installed. */
    redisUrl: string | null;
  }
}

interface Servers {
  readonly postgresUrl: string | null;
  readonly redisUrl: string | null;
  stop(): Promise<void>;
}

// Both projects run this file, each in a module graph of its own; the servers are for both.
const shared = globalThis as { faultlineTestServers?: { servers: Promise<Servers>; users: number } };

/** Starts what is installed and tells the tests where it is. */
export async function setup(project: TestProject): Promise<void> {
  shared.faultlineTestServers ??= { servers: start(), users: 0 };
  shared.faultlineTestServers.users += 1;
  const servers = await shared.faultlineTestServers.servers;
  project.provide("postgresUrl", servers.postgresUrl);
  project.provide("redisUrl", servers.redisUrl);
}

/** Ends the servers after the last project. */
export async function teardown(): Promise<void> {
  const started = shared.faultlineTestServers;
  if (started === undefined) return;
  started.users -= 1;
  if (started.users > 0) return;
  delete shared.faultlineTestServers;
  await (await started.servers).stop();
}

async function start(): Promise<Servers> {
  const missing = [...(postgresPrograms() === null ? ["PostgreSQL"] : []), ...(redisAvailable() ? [] : ["Redis"])];
  if (missing.length > 0) {
    const what = missing.join(" and ");
    const how = "apt-get install postgresql redis-server";
    if (process.env.CI === "true") throw new Error(`CI: expected ${what} to be installed; ${how}`);
    console.log(`Skipping the tests that need ${what} (not installed). To run them: ${how}`);
  }
  const postgres = missing.includes("PostgreSQL") ? null : await startPostgres();
  const redis = missing.includes("Redis") ? null : await startRedis();
  return {
    postgresUrl: postgres?.url ?? null,
    redisUrl: redis?.url ?? null,
    stop: async () => {
      await Promise.all([postgres?.remove(), redis?.stop()]);
    },
  };
}
