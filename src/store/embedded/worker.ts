import { parentPort, workerData } from "node:worker_threads";
import { PGlite } from "@electric-sql/pglite";
import { serveWire } from "./server.ts";

/*
 * The worker thread of the embedded database: PGlite computes on the thread it lives on, and it is not to hold up HTTP.
 * It has neither checkpointer nor autovacuum (it is a single-user PostgreSQL), so both run here on a schedule.
 */

/** What the thread is started with. */
export interface WorkerInput {
  readonly databaseDir: string;
  readonly socketPath: string;
}

/** What it tells. */
export type WorkerOutput = { readonly kind: "ready" } | { readonly kind: "failed"; readonly message: string };

const checkpointEveryMs = 60_000;
const vacuumEveryMs = 15 * 60_000;
/** Those that are rewritten a lot; one at a time, so that others get their turn in between. */
const tablesToVacuum = [
  ...["incidents", "work", "events", "event_keys", "diagnoses", "quarantined"].map((table) => `faultline.${table}`),
  ...["job", "event", "meta", "metrics", "dedup", "scheduler", "rate_limit"].map((table) => `bullmq.${table}`),
];

async function open(input: WorkerInput): Promise<{ close(): Promise<void> }> {
  const database = new PGlite({
    dataDir: input.databaseDir,
    relaxedDurability: false,
    // BullMQ's statements name their tables without a schema; ours always name it (faultline.…).
    startParams: PGlite.defaultStartParams.map((parameter) =>
      parameter.startsWith("search_path=") ? "search_path=bullmq,public" : parameter,
    ),
  });
  await database.waitReady;
  const version = await database.query<{ version: string }>("select current_setting('server_version') as version");

  let batches = 0;
  const server = await serveWire({
    path: input.socketPath,
    serverVersion: version.rows[0]?.version ?? "18.0",
    exec: (batch) => {
      batches += 1;
      return database.execProtocolRawSync(batch);
    },
  });
  const checkpoint = setInterval(() => {
    if (batches > 0) server.run("checkpoint");
    batches = 0;
  }, checkpointEveryMs);
  // A table that is not there (no queue on this database) is an error nobody sees.
  const vacuum = setInterval(() => {
    for (const table of tablesToVacuum) server.run(`vacuum (analyze) ${table}`);
  }, vacuumEveryMs);
  return {
    close: async () => {
      clearInterval(checkpoint);
      clearInterval(vacuum);
      await server.close();
      await database.close();
    },
  };
}

// A thread has a part of its own in a diagnostic report: there, too, without the environment and the secrets in it.
process.report.excludeEnv = true;

const port = parentPort;
if (port !== null) {
  const input = workerData as WorkerInput;
  try {
    const opened = await open(input);
    port.postMessage({ kind: "ready" } satisfies WorkerOutput);
    port.once("message", () => void opened.close().finally(() => port.close()));
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    port.postMessage({ kind: "failed", message } satisfies WorkerOutput);
    port.close();
  }
}
