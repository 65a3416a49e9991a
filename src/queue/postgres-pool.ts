/*
 * The face of a pg.Pool that BullMQ gets to see. BullMQ's statements name its tables without a schema, and a pool that it
 * did not make itself is left as it is, so every connection is pointed at BullMQ's schema before its first statement. And
 * BullMQ waits before it tries again only after errors it takes for a lost connection (`ECONNREFUSED`), while PostgreSQL
 * announces a restart in many ways; without a translation the worker would spin.
 */
import { DEFAULT_SCHEMA, type PgPool, type PgQueryResult } from "bullmq";
import { DatabaseError, type Pool, type PoolClient } from "pg";
import type { Trouble } from "./trouble.ts";

/** In front of what is there: embedded, all connections share one session, and the store's tables must stay visible. */
const setSearchPath = `SELECT set_config('search_path', CASE
  WHEN current_setting('search_path') ~ '(^|,)\\s*${DEFAULT_SCHEMA}\\s*(,|$)' THEN current_setting('search_path')
  ELSE concat_ws(', ', '${DEFAULT_SCHEMA}', nullif(current_setting('search_path'), '')) END, false)`;

/**
 * How often a statement is run that another transaction makes give way. BullMQ runs functions that lock several rows, and takes
 * a deadlock for the failure of the job that it was finishing.
 */
const attemptsToLock = 5;

/** Connections whose schema is set, over all pools. */
const prepared = new WeakSet<PoolClient>();

/** A {@link PgPool} over a pool that is not ours to end. */
export interface QueuePool extends PgPool {
  /** Lets go of the pool; later queries are refused, so that a job still being handled stops renewing its lock. */
  detach(): void;
}

/** Builds a {@link QueuePool}. */
export function createQueuePool(pool: Pool, trouble: Trouble): QueuePool {
  const errorListeners = new Set<(error: Error) => void>();

  function onPoolError(error: Error): void {
    trouble.disconnected(error);
    for (const listener of errorListeners) listener(error);
  }
  pool.on("error", onPoolError);
  let detached = false;

  async function connect(): Promise<PoolClient> {
    if (detached) throw new ConnectionLost("the queue was closed");
    const client = await pool.connect().catch((error: unknown) => {
      trouble.disconnected(error);
      throw translate(error);
    });
    if (prepared.has(client)) return client;
    // A pool listens only to its idle clients; one that fails while it is out would end the process. What it was doing is
    // rejected, and that is where the loss is told.
    client.on("error", () => undefined);
    try {
      await client.query(setSearchPath);
    } catch (error) {
      client.release(true);
      throw translate(error);
    }
    prepared.add(client);
    return client;
  }

  async function query<R>(text: string, params?: readonly unknown[]): Promise<PgQueryResult<R>> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await queryOnce<R>(text, params);
      } catch (error) {
        // A statement by itself is a transaction by itself, and has left nothing behind.
        if (attempt === attemptsToLock || !hadToGiveWay(error)) throw error;
      }
    }
  }

  async function queryOnce<R>(text: string, params?: readonly unknown[]): Promise<PgQueryResult<R>> {
    const client = await connect();
    try {
      const result = await client.query(text, params === undefined ? undefined : [...params]);
      client.release();
      trouble.connected();
      return { rows: result.rows, rowCount: result.rowCount };
    } catch (error) {
      const lost = isConnectionLoss(error);
      if (lost) trouble.disconnected(error);
      client.release(lost);
      throw translate(error);
    }
  }

  return {
    query,
    connect: connect as PgPool["connect"],
    end: () => Promise.resolve(),
    on(event: "error" | "connect", listener: (argument: never) => void) {
      if (event === "error") errorListeners.add(listener as (error: Error) => void);
      return this;
    },
    removeAllListeners() {
      errorListeners.clear();
      return this;
    },
    detach() {
      detached = true;
      errorListeners.clear();
      pool.off("error", onPoolError);
    },
  };
}

/** An error BullMQ takes for a lost connection. */
class ConnectionLost extends Error {
  override readonly name = "ConnectionLost";
  readonly code = "ECONNREFUSED";
}

function translate(error: unknown): unknown {
  return isConnectionLoss(error) ? new ConnectionLost(error.message, { cause: error }) : error;
}

/** A deadlock, or a serialization failure. https://www.postgresql.org/docs/current/errcodes-appendix.html */
function hadToGiveWay(error: unknown): boolean {
  return error instanceof DatabaseError && (error.code === "40P01" || error.code === "40001");
}

/**
 * Errors that the server did not send come from the socket or the pool; of those it sent, the classes 08, 53 and 57 are
 * connections, resources and the operator. https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
function isConnectionLoss(error: unknown): error is Error {
  if (error instanceof DatabaseError) return /^(08|53|57)/.test(error.code ?? "");
  return error instanceof Error;
}
