import { createPostgresBackend, DEFAULT_SCHEMA, runMigrations, withBackend } from "bullmq";
import type { Pool } from "pg";
import { type JobQueue, type JobWorker, PatientWorker, type QueueServer } from "./backend.ts";
import { createQueuePool, type QueuePool } from "./postgres-pool.ts";
import type { Trouble } from "./trouble.ts";

const { Queue } = withBackend(createPostgresBackend);

/** How long an idle worker waits for a notification before it looks by itself, in seconds. A job starts within twice that. */
const lookEverySeconds = 0.4;

/** Brings BullMQ's schema up to date and connects. Rejects while PostgreSQL is away. Safe in several processes at once. */
export async function openPostgres(options: { readonly pool: Pool }, trouble: Trouble): Promise<QueueServer> {
  const pool = createQueuePool(options.pool, trouble);
  await migrate(pool);
  return {
    queue: (name, settings): JobQueue => new Queue<object, void, string>(name, { ...settings, connection: pool }),
    worker: (name, handle, settings): JobWorker =>
      new PatientWorker(
        name,
        handle,
        { ...settings, connection: pool, drainDelay: lookEverySeconds },
        createPostgresBackend,
      ),
    async ping() {
      await pool.query("SELECT 1");
    },
    // Its errors tell themselves what they are.
    isShaken: () => false,
    async oldestWaiting(name) {
      const { rows } = await pool.query<{ added: string | null }>(
        "SELECT min(added_at_ms) AS added FROM job WHERE queue = $1 AND state = 'waiting'",
        [name],
      );
      const added = rows[0]?.added ?? null;
      return added === null ? null : Number(added);
    },
    async close() {
      pool.detach();
    },
  };
}

async function migrate(pool: QueuePool): Promise<void> {
  const client = await pool.connect();
  try {
    await runMigrations(client, DEFAULT_SCHEMA);
  } finally {
    client.release();
  }
}
