import { Kysely, PostgresDialect } from "kysely";
import { type Migration, Migrator } from "kysely/migration";
import pg from "pg";
import { recordSchema } from "./migrations/0001-record-schema.ts";
import { recordEvents } from "./migrations/0002-record-events.ts";
import { notices } from "./migrations/0003-notices.ts";
import { traces } from "./migrations/0004-traces.ts";
import { recordInSets } from "./migrations/0005-record-in-sets.ts";
import { recordColumns } from "./migrations/0006-record-columns.ts";

/** In order; a name, once released, never changes. */
const migrations: Record<string, Migration> = {
  "0001-record-schema": recordSchema,
  "0002-record-events": recordEvents,
  "0003-notices": notices,
  "0004-traces": traces,
  "0005-record-in-sets": recordInSets,
  "0006-record-columns": recordColumns,
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
    // For as long as this transaction lasts: behind a pooler a lock of the session would soon be somebody else's.
    await client.query("begin");
    await client.query("select pg_advisory_xact_lock($1)", [advisoryLock]);
    await migrate(connection);
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
  const db = new Kysely<unknown>({ dialect: new PostgresDialect({ pool: new pg.Pool({ ...connection, max: 1 }) }) });
  const migrator = new Migrator({
    db,
    migrationTableSchema: "faultline",
    provider: { getMigrations: async () => migrations },
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

function reason(error: unknown): string {
  // A refused connection may come as an AggregateError without a message of its own.
  if (!(error instanceof Error)) return String(error);
  return error.message || ("code" in error ? String(error.code) : error.name);
}
