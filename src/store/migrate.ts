import { isDeepStrictEqual } from "node:util";
import type { Migration } from "kysely/migration";
import pg from "pg";

/** In order; a name, once released, never changes. Loaded when there is something to do. */
const migrations: Readonly<Record<string, () => Promise<Migration>>> = {
  "0001-record-schema": async () => (await import("./migrations/0001-record-schema.ts")).recordSchema,
  "0002-record-events": async () => (await import("./migrations/0002-record-events.ts")).recordEvents,
  "0003-notices": async () => (await import("./migrations/0003-notices.ts")).notices,
  "0004-traces": async () => (await import("./migrations/0004-traces.ts")).traces,
  "0005-record-in-sets": async () => (await import("./migrations/0005-record-in-sets.ts")).recordInSets,
  "0006-record-columns": async () => (await import("./migrations/0006-record-columns.ts")).recordColumns,
  "0007-diagnoses-by-time": async () => (await import("./migrations/0007-diagnoses-by-time.ts")).diagnosesByTime,
};

/** Any number, the same in every process: who holds it may change the schema. */
const advisoryLock = 0x66_6c_74_31;

/**
 * Brings the schema `faultline` of a server up to date. Safe with several processes starting at once: one works, the others
 * wait.
 * @throws when the database cannot be reached, or was brought further by a newer version
 */
export async function migrateTogether(connection: pg.ClientConfig): Promise<void> {
  const client = new pg.Client(connection);
  // A connection that breaks rejects the query under way; the event only repeats it.
  client.on("error", () => undefined);
  try {
    await client.connect();
  } catch (error) {
    throw new Error(
      `database: expected PostgreSQL to answer, got "${reason(error)}"; check DATABASE_URL and that the server runs`,
      { cause: error },
    );
  }
  try {
    if (await isUpToDate(client)) return;
    // For as long as this transaction lasts: behind a pooler a lock of the session would soon be somebody else's.
    await client.query("begin");
    await client.query("select pg_advisory_xact_lock($1)", [advisoryLock]);
    await runMigrations(connection);
  } finally {
    await client.query("rollback").catch(() => undefined);
    await client.end();
  }
}

/**
 * Brings the schema `faultline` of a database that nobody else uses up to date: the embedded one, where a transaction would
 * keep out all other connections.
 * @throws when it was brought further by a newer version
 */
export async function migrate(connection: pg.ClientConfig): Promise<void> {
  const client = new pg.Client(connection);
  client.on("error", () => undefined);
  await client.connect();
  const isDone = await isUpToDate(client);
  await client.end();
  if (!isDone) await runMigrations(connection);
}

/**
 * Whether every migration, and no other, has been made. A start then loads neither kysely nor the migrations:
 * 7 MiB of heap and 0.1 s of the processor.
 */
async function isUpToDate(client: pg.Client): Promise<boolean> {
  try {
    const { rows } = await client.query<{ name: string }>(
      'select name from faultline.kysely_migration order by name collate "C"',
    );
    return isDeepStrictEqual(
      rows.map(({ name }) => name),
      Object.keys(migrations),
    );
  } catch {
    // There is no such table yet, or something is wrong that running them will tell.
    return false;
  }
}

async function runMigrations(connection: pg.ClientConfig): Promise<void> {
  const [{ Kysely }, { Migrator }, { MigrationDialect }] = await Promise.all([
    import("kysely"),
    import("kysely/migration"),
    import("./migration-dialect.ts"),
  ]);
  const pool = new pg.Pool({ ...connection, max: 1 });
  // Here, too: unheard, the end of a connection in the middle of a migration would end the process before anything was said of it.
  pool.on("error", () => undefined);
  pool.on("connect", (client) => client.on("error", () => undefined));
  const db = new Kysely<unknown>({ dialect: new MigrationDialect({ pool }) });
  const migrator = new Migrator({
    db,
    migrationTableSchema: "faultline",
    provider: { getMigrations: loadMigrations },
  });
  const { error } = await migrator.migrateToLatest();
  await db.destroy();
  if (error !== undefined) {
    throw new Error(
      `database: expected a schema this version can bring up to date, got "${reason(error)}"; ` +
        "run the newest version that has used this database",
      { cause: error },
    );
  }
}

async function loadMigrations(): Promise<Record<string, Migration>> {
  const loaded = Object.entries(migrations).map(async ([name, load]) => [name, await load()] as const);
  return Object.fromEntries(await Promise.all(loaded));
}

function reason(error: unknown): string {
  // A refused connection may come as an AggregateError without a message of its own.
  if (!(error instanceof Error)) return String(error);
  return error.message || ("code" in error ? String(error.code) : error.name);
}
