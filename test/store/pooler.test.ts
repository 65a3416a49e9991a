import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { afterAll, describe, expect, inject, onTestFinished, test } from "vitest";
import { openDatabase } from "../../src/store/database.ts";
import { createEventStore } from "../../src/store/event-store.ts";
import { detectPooling } from "../../src/store/sessions.ts";
import { eventStoreSuite } from "../contract/event-store.suite.ts";
import { noticeStoreSuite } from "../contract/notice-store.suite.ts";
import { memoryLog } from "../contract/work-queue.suite.ts";
import { type PgbouncerStart, startPgbouncer } from "../support/pgbouncer.ts";
import { dropDatabase, freshDatabase } from "../support/postgres.ts";
import { classifiedEvent, storeAvailable } from "../support/store.ts";

/*
 * PostgreSQL behind a pooler.
 */

const dataDir = mkdtempSync(join(tmpdir(), "faultline-test-data-"));
afterAll(() => rmSync(dataDir, { recursive: true, force: true }));

/** A database of its own, and its URL through a pooler of its own. */
async function pooled(options: PgbouncerStart): Promise<{ direct: string; through: string }> {
  const direct = await freshDatabase(inject("postgresUrl") ?? "");
  const pooler = await startPgbouncer(direct, options);
  onTestFinished(async () => {
    await pooler.stop();
    await dropDatabase(direct);
  });
  return { direct, through: pooler.through(direct) };
}

async function open(databaseUrl: string) {
  const log = memoryLog();
  const database = await openDatabase({ databaseUrl, dataDir, log });
  onTestFinished(() => database.close());
  return { database, log };
}

describe.skipIf(!storeAvailable("pooled"))("PgBouncer (skipped where it or PostgreSQL is not installed)", () => {
  test("none, one in session mode and one in transaction mode are told apart", async () => {
    const { direct, through } = await pooled({ mode: "transaction" });
    expect(await detectPooling({ connectionString: direct })).toBe("none");
    expect(await detectPooling({ connectionString: through })).toBe("transaction");
    expect(await detectPooling({ connectionString: (await pooled({ mode: "session" })).through })).toBe("session");
  });

  // What an administrator may have set: to swallow settings instead of refusing them, and to share out connections in other ways.
  const swallowing = "ignore_startup_parameters = statement_timeout,options";
  const cases: [mode: PgbouncerStart["mode"], setting: string][] = [
    ["transaction", swallowing],
    ["transaction", "server_round_robin = 1"],
    ["transaction", "default_pool_size = 1"],
    ["session", swallowing],
    ["session", "server_round_robin = 1"],
  ];
  test.each(cases)("%s mode is recognised with %s", async (mode, setting) => {
    const { through } = await pooled({ mode, settings: [setting] });
    expect(await detectPooling({ connectionString: through })).toBe(mode);
  });

  test("in transaction mode the record works and is said to be pooled; the queue is refused with what to do", async () => {
    const { through } = await pooled({ mode: "transaction" });
    const { database, log } = await open(through);
    expect(log.lines).toEqual([
      { level: "info", fields: { pooling: "transaction" }, sentence: "The database is behind a pooler" },
    ]);
    expect((await database.pool.query("select count(*)::int as count from faultline.events")).rows).toEqual([
      { count: 0 },
    ]);
    expect(() => database.queuePool()).toThrow(/^queue: expected a database that keeps a session.*Fix: set REDIS_URL/);
  });

  test("in session mode statements keep their time limit, and the queue has its sessions", async () => {
    const { through } = await pooled({ mode: "session" });
    const { database } = await open(through);
    const limit = await database.pool.query("show statement_timeout");
    expect(limit.rows).toEqual([{ statement_timeout: "4s" }]);
    const { rows } = await database.queuePool().query("select 1 as one");
    expect(rows).toEqual([{ one: 1 }]);
  });

  test("four processes starting at once through one in transaction mode bring the schema up to date once", async () => {
    const { through } = await pooled({ mode: "transaction" });
    const opened = await Promise.all([1, 2, 3, 4].map(() => open(through)));
    const { rows } = (await opened[0]?.database.pool.query(
      "select count(*)::int as count from faultline.kysely_migration",
    )) ?? {
      rows: [],
    };
    expect(rows[0]?.count).toBeGreaterThanOrEqual(4);
    // No lock is left behind in a connection that somebody else gets; other tests have theirs in databases of their own.
    const locks = await opened[0]?.database.pool.query(
      `select count(*)::int as count from pg_locks l join pg_database d on d.oid = l.database
       where l.locktype = 'advisory' and d.datname = current_database()`,
    );
    expect(locks?.rows).toEqual([{ count: 0 }]);
  });

  test("a start waits for no lock that another has left in a connection of the pooler's", async () => {
    const { direct, through } = await pooled({ mode: "transaction" });
    const other = new pg.Client(direct);
    other.on("error", () => undefined);
    await other.connect();
    onTestFinished(() => other.end());
    // kysely's, of the session. What ran migrations with it may have got another connection to give it back on.
    await other.query("select pg_advisory_lock(3853314791062309107)");
    const { database } = await open(through);
    expect((await database.pool.query("select count(*)::int as count from faultline.events")).rows).toEqual([
      { count: 0 },
    ]);
  });

  test("a pooler that is taken for none costs a statement that is asked again, and no event", async () => {
    // Fewer connections than ours: what one of ours prepares is there already for another.
    const { through } = await pooled({ mode: "transaction", settings: ["default_pool_size = 2"] });
    const { database, log } = await open(through);
    const telemetry = { commitBatch: () => undefined };
    const stores = [1, 2, 3].map(() => createEventStore({ ...database, keepsStatements: true }, { log, telemetry }));
    const outcomes: string[] = [];
    for (let round = 0; round < 5; round += 1) {
      const results = await Promise.all(stores.map((store) => store.record([classifiedEvent()])));
      outcomes.push(...results.flat().map(({ outcome }) => outcome));
    }
    expect(outcomes).toEqual(Array.from({ length: 15 }, () => "recorded"));
    expect(log.lines.filter(({ level }) => level === "error")).toEqual([]);
  });

  eventStoreSuite("pooled");
  noticeStoreSuite("pooled");
});
