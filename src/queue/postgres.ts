import { randomUUID } from "node:crypto";
import { createPostgresBackend, DEFAULT_SCHEMA, runMigrations, withBackend } from "bullmq";
import type { Pool } from "pg";
import { type JobQueue, type JobWorker, PatientWorker, type QueueServer } from "./backend.ts";
import { within } from "./patience.ts";
import { createQueuePool, type QueuePool } from "./postgres-pool.ts";
import type { Trouble } from "./trouble.ts";

const { Queue } = withBackend(createPostgresBackend);

/**
 * How long an idle worker waits for a notification before it looks by itself, in seconds: where notifications arrive, and where
 * nothing has been heard of any. A job starts within twice that. Each look is four statements.
 */
const lookEverySeconds = { hearing: 5, deaf: 0.4 };

/** How long a notification of our own may take to arrive, in milliseconds. */
const hearingMs = 2_000;

/** Whether notifications arrive. Found out once a pool: it takes two of its connections, and a process has many workers. */
const hearing = new WeakMap<Pool, Promise<boolean>>();

/** Brings BullMQ's schema up to date and connects. Rejects while PostgreSQL is away. Safe in several processes at once. */
export async function openPostgres(options: { readonly pool: Pool }, trouble: Trouble): Promise<QueueServer> {
  const pool = createQueuePool(options.pool, trouble);
  await migrate(pool);

  /** Through some proxies notifications never arrive. Nothing waits for this to be found out. */
  async function calm(worker: { lookEvery(seconds: number): void }): Promise<void> {
    const heard = hearing.get(options.pool) ?? hears(pool);
    hearing.set(options.pool, heard);
    if (await heard) worker.lookEvery(lookEverySeconds.hearing);
  }

  return {
    queue: (name, settings): JobQueue => new Queue<object, void, string>(name, { ...settings, connection: pool }),
    worker(name, handle, settings): JobWorker {
      const worker = new PatientWorker(
        name,
        handle,
        { ...settings, connection: pool, drainDelay: lookEverySeconds.deaf },
        createPostgresBackend,
      );
      void calm(worker);
      return worker;
    },
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

/** Whether what is notified on one connection is heard on another. False, too, while PostgreSQL is away. */
async function hears(pool: QueuePool): Promise<boolean> {
  const channel = `faultline_${randomUUID().replaceAll("-", "")}`;
  const { promise: heard, resolve } = Promise.withResolvers<void>();
  const onNotification = (message: { readonly channel: string }) => {
    if (message.channel === channel) resolve();
  };
  try {
    const listener = await pool.connect();
    listener.on("notification", onNotification);
    try {
      await listener.query(`LISTEN ${channel}`);
      await pool.query(`NOTIFY ${channel}`);
      await within(hearingMs, heard);
      await listener.query(`UNLISTEN ${channel}`);
      return true;
    } finally {
      listener.removeListener("notification", onNotification);
      listener.release();
    }
  } catch {
    return false;
  }
}
