import { resolve } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import pg from "pg";
import type { Log } from "../pipeline/ports.ts";
import { type Embedded, startEmbedded } from "./embedded/start.ts";
import { migrate, migrateTogether } from "./migrate.ts";
import { detectPooling, type Pooling } from "./sessions.ts";

/** An open database, its schema up to date. */
export interface Database {
  /** For the store's own statements. They name their schema (`faultline.…`) and end after {@link statementTimeoutMs}. */
  readonly pool: pg.Pool;
  readonly mode: "embedded" | "postgres";
  /** Whether a statement prepared on a connection of the pool is there for as long as the connection is. */
  readonly keepsStatements: boolean;
  /**
   * The pool for BullMQ's PostgreSQL backend, made on first call: unqualified names lead to the schema `bullmq`, where
   * BullMQ's migrations put its tables. LISTEN holds one of its connections per worker.
   * @throws when the database is behind a pooler in transaction mode, where BullMQ cannot work
   */
  queuePool(): pg.Pool;
  /** Ends both pools and, when embedded, the database. */
  close(): Promise<void>;
}

/** How to open it. */
export interface DatabaseOptions {
  /** `postgres://…`; null opens the embedded database in `dataDir`. */
  readonly databaseUrl: string | null;
  readonly dataDir: string;
  readonly log: Log;
  /** Called when the embedded database is lost for good; nothing can be stored any more until a restart. */
  readonly onLost?: (error: Error) => void;
  /** Connections for the store. Default 10. */
  readonly poolSize?: number;
}

/** A statement that takes longer ends with an error: the sender waits 5 s for us at most. */
export const statementTimeoutMs = 4_000;
const connectTimeoutMs = 3_000;
const closePatienceMs = 3_000;
const queueSearchPath = "-c search_path=bullmq";

const noSessions =
  "queue: expected a database that keeps a session for each connection, got a pooler in transaction mode behind DATABASE_URL, " +
  "where BullMQ cannot work. Fix: set REDIS_URL, so that the queue is on Redis, or let DATABASE_URL lead to PostgreSQL itself " +
  "or to a pool in session mode";

/**
 * Opens PostgreSQL, or the embedded one when there is no URL, and brings its schema up to date.
 * @throws when the database cannot be reached or opened; the message says what was expected
 */
export async function openDatabase(options: DatabaseOptions): Promise<Database> {
  const embedded = options.databaseUrl === null ? await openEmbedded(options) : null;
  const connection: pg.PoolConfig =
    embedded === null
      ? { connectionString: options.databaseUrl ?? "", application_name: "faultline" }
      : { host: embedded.socketDir, port: 5432, user: "postgres", database: "postgres" };
  const pools: pg.Pool[] = [];
  const open = (config: pg.PoolConfig) => {
    const pool = new pg.Pool({ connectionTimeoutMillis: connectTimeoutMs, ...connection, ...config });
    // An idle connection that drops is replaced on next use; without a listener it would end the process.
    pool.on("error", (error) => options.log.warn({ error: error.message }, "database connection lost"));
    // Nor does a pool listen to clients that are out: one cut off between two statements of a transaction would end the
    // process. The next statement is rejected, and that is where the loss is told.
    pool.on("connect", (client) => client.on("error", () => undefined));
    pools.push(pool);
    return pool;
  };
  let closed: Promise<void> | null = null;
  const closeAll = async () => {
    const patience = new AbortController();
    const ended = Promise.all(pools.map((pool) => pool.end())).finally(() => patience.abort());
    // A pool waits for clients that are out; one that never comes back is not to hold up the end.
    await Promise.race([ended, wait(closePatienceMs, null, { signal: patience.signal }).catch(() => null)]);
    await embedded?.close();
  };
  const close = () => {
    closed ??= closeAll();
    return closed;
  };
  let pooling: Pooling = "none";
  try {
    const once = { ...connection, connectionTimeoutMillis: connectTimeoutMs };
    await (embedded === null ? migrateTogether(once) : migrate(once));
    if (embedded === null) pooling = await detectPooling(once);
  } catch (error) {
    await close();
    throw error;
  }
  if (pooling !== "none") options.log.info({ pooling }, "The database is behind a pooler");
  let queuePool: pg.Pool | null = null;
  return {
    pool: open({
      max: options.poolSize ?? 10,
      query_timeout: statementTimeoutMs + 200,
      ...statementLimit(pooling),
    }),
    mode: embedded === null ? "postgres" : "embedded",
    keepsStatements: pooling !== "transaction",
    queuePool: () => {
      if (pooling === "transaction") throw new Error(noSessions);
      // Behind a pooler nothing comes along with a connection; BullMQ's side sets the schema itself then.
      const schema = pooling === "none" ? queueConnection(options.databaseUrl) : {};
      queuePool ??= open({ max: 20, keepAlive: true, ...schema });
      return queuePool;
    },
    close,
  };
}

function openEmbedded(options: DatabaseOptions): Promise<Embedded> {
  const onLost = (error: Error) => {
    options.log.error({ error: error.message }, "embedded database lost");
    options.onLost?.(error);
  };
  return startEmbedded({ dataDir: resolve(options.dataDir), log: options.log, onLost });
}

/**
 * How the server is told to end what takes too long. Behind a pooler in transaction mode nobody can tell it for us alone; we
 * stop waiting all the same, and the pooler then drops its connection.
 */
function statementLimit(pooling: Pooling): pg.PoolConfig {
  switch (pooling) {
    case "none":
      return { statement_timeout: statementTimeoutMs };
    case "session":
      return {
        onConnect: (client) => {
          // Goes before whatever else is asked of the connection; one that fails here fails there, too.
          client.query(`set statement_timeout = ${statementTimeoutMs}`).catch(() => undefined);
        },
      };
    case "transaction":
      return {};
  }
}

/** The embedded database has one session, whose search_path is set at its start. */
function queueConnection(databaseUrl: string | null): pg.PoolConfig {
  if (databaseUrl === null) return {};
  // `pg` lets `options` in the URL win over ours, so where the user has some, ours joins them.
  const url = URL.canParse(databaseUrl) ? new URL(databaseUrl) : null;
  const theirs = url?.searchParams.get("options") ?? null;
  if (url === null || theirs === null) return { options: queueSearchPath };
  url.searchParams.set("options", `${theirs} ${queueSearchPath}`);
  return { connectionString: url.toString() };
}
