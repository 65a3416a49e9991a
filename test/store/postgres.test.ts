import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { type Database, openDatabase } from "../../src/store/database.ts";
import { createEventStore } from "../../src/store/event-store.ts";
import { createHousekeeping } from "../../src/store/housekeeping.ts";
import { createRecordReader } from "../../src/store/record-reader.ts";
import { dropDatabase, freshDatabase, startPostgres } from "../support/postgres.ts";
import { classifiedEvent, silentLog, storeAvailable } from "../support/store.ts";
import { until } from "../support/until.ts";

const dataDir = mkdtempSync(join(tmpdir(), "faultline-test-data-"));
afterAll(() => rmSync(dataDir, { recursive: true, force: true }));
const open = (databaseUrl: string) => openDatabase({ databaseUrl, dataDir, log: silentLog });
const storeOn = (db: Database, deadlineMs?: number) =>
  createEventStore(db, {
    log: silentLog,
    telemetry: { commitBatch: () => undefined },
    ...(deadlineMs === undefined ? {} : { deadlineMs }),
  });

describe.skipIf(!storeAvailable("postgres"))("a PostgreSQL server (skipped where it is not installed)", () => {
  let server: Awaited<ReturnType<typeof startPostgres>>;
  beforeAll(async () => {
    server = await startPostgres();
  });
  afterAll(() => server.remove());

  test("four processes starting at once bring the schema up to date once", async () => {
    const url = await freshDatabase(server.url);
    const opened = await Promise.all([open(url), open(url), open(url), open(url)]);
    const { rows } = await (opened[0]?.pool.query("select name from faultline.kysely_migration order by name") ?? {
      rows: [],
    });
    expect(rows.map(({ name }) => name)).toEqual([
      "0001-record-schema",
      "0002-record-events",
      "0003-notices",
      "0004-traces",
      "0005-record-in-sets",
      "0006-record-columns",
      "0007-diagnoses-by-time",
    ]);
    const outcomes = await Promise.all(
      opened.map((db) => storeOn(db).record([classifiedEvent({ fingerprint: "one" })])),
    );
    expect(outcomes.flat().flatMap((result) => result.transition ?? [])).toEqual(["opened"]);
    await Promise.all(opened.map((db) => db.close()));
    await dropDatabase(url);
  });

  test("a schema that is up to date is taken as it is, without anything for changing it", async () => {
    const url = await freshDatabase(server.url);
    await (await open(url)).close();
    const first = await open(url);
    // What runs migrations would make this table again.
    await first.pool.query("drop table faultline.kysely_migration_lock");
    await first.close();
    const second = await open(url);
    const { rows } = await second.pool.query("select to_regclass('faultline.kysely_migration_lock') as made");
    expect(rows).toEqual([{ made: null }]);
    await second.pool.query("delete from faultline.kysely_migration where name = '0007-diagnoses-by-time'");
    await second.pool.query("drop index faultline.diagnoses_by_time");
    await second.close();
    const third = await open(url);
    const indexes = await third.pool.query("select to_regclass('faultline.diagnoses_by_time') is not null as made");
    expect(indexes.rows).toEqual([{ made: true }]);
    await third.close();
    await dropDatabase(url);
  });

  test("a connection that is cut off in the middle of a migration stops the start, and does not end the process", async () => {
    const url = await freshDatabase(server.url);
    await (await open(url)).close();
    // One whose transaction stands in the way of the last migration, and one that looks on.
    const [inTheWay, admin] = [new pg.Client(url), new pg.Client(url)];
    await Promise.all([inTheWay.connect(), admin.connect()]);
    await inTheWay.query("delete from faultline.kysely_migration where name = '0007-diagnoses-by-time'");
    await inTheWay.query("drop index faultline.diagnoses_by_time");
    await inTheWay.query("begin");
    await inTheWay.query("lock table faultline.diagnoses");
    const started = open(url).then(
      () => "started",
      (error: Error) => error.message,
    );
    const waiting = `select pid from pg_stat_activity
      where datname = current_database() and wait_event_type = 'Lock' and pid <> pg_backend_pid()`;
    await until("the migration to wait", 10_000, async () => (await admin.query(waiting)).rows.length > 0);
    await admin.query(`select pg_terminate_backend(pid) from (${waiting}) as w`);
    expect(await started).toMatch(/expected a schema this version can bring up to date, got/);
    await Promise.all([inTheWay.end(), admin.end()]);
    await dropDatabase(url);
  });

  test("a schema brought further by a newer version is refused", async () => {
    const url = await freshDatabase(server.url);
    const db = await open(url);
    await db.pool.query("insert into faultline.kysely_migration values ('9999-future', '2099-01-01T00:00:00.000Z')");
    await db.close();
    await expect(open(url)).rejects.toThrow(
      /^database: expected a schema this version can bring up to date.*9999-future/,
    );
    await dropDatabase(url);
  });

  test("a server that is not there is named as such", async () => {
    await expect(open("postgres://nobody@127.0.0.1:1/none")).rejects.toThrow(
      /^database: expected PostgreSQL to answer, got ".*ECONNREFUSED.*"; check DATABASE_URL/,
    );
  });

  test("the queue's pool finds BullMQ's schema, also beside options in the URL", async () => {
    const url = new URL(await freshDatabase(server.url));
    url.searchParams.set("options", "-c work_mem=8MB");
    const db = await open(url.toString());
    const { rows } = await db
      .queuePool()
      .query("select current_setting('search_path') as path, current_setting('work_mem') as mem");
    expect(rows).toEqual([{ path: "bullmq", mem: "8MB" }]);
    await db.close();
  });

  test("a connection that is cut off between two statements of a transaction does not end the process", async () => {
    const db = await open(await freshDatabase(server.url));
    const client = await db.pool.connect();
    await client.query("begin");
    const { rows } = await client.query<{ pid: number }>("select pg_backend_pid() as pid");
    await db.pool.query("select pg_terminate_backend($1)", [rows[0]?.pid]);
    // An uncaught error would fail the run.
    await expect
      .poll(() =>
        client.query("select 1").then(
          () => "answered",
          () => "refused",
        ),
      )
      .toBe("refused");
    client.release(true);
    await db.close();
  });

  test("a database that answers and takes nothing is told, until it takes what comes again", async () => {
    const db = await open(await freshDatabase(server.url));
    const store = storeOn(db);
    await store.checkWrites();
    const clients = await Promise.all(Array.from({ length: 10 }, () => db.pool.connect()));
    for (const client of clients) await client.query("set default_transaction_read_only = on");
    for (const client of clients) client.release();
    await createRecordReader(db).ping();
    await expect(store.record([classifiedEvent()])).rejects.toMatchObject({ reason: "database_unavailable" });
    await expect(store.checkWrites()).rejects.toMatchObject({ code: "25006" });

    const again = await Promise.all(Array.from({ length: 10 }, () => db.pool.connect()));
    for (const client of again) await client.query("set default_transaction_read_only = off");
    for (const client of again) client.release();
    await store.checkWrites();
    await store.record([classifiedEvent()]);
    const { rows } = await db.pool.query("select count(*) from faultline.quarantined");
    expect(rows).toEqual([{ count: "0" }]);
    await db.close();
  });

  test("an incident last seen in the future, by a clock that was set back since, ends after its quiet period", async () => {
    const db = await open(await freshDatabase(server.url));
    const housekeeping = createHousekeeping(db);
    const now = new Date("2026-01-15T10:20:00.000Z");
    const after = (minutes: number) => new Date(now.getTime() + minutes * 60_000);
    await storeOn(db).record([classifiedEvent({ receivedAt: after(60), quietPeriodMs: 10 * 60_000 })]);
    expect(await housekeeping.resolveQuiet(now)).toEqual([]);
    const { rows } = await db.pool.query("select last_seen, quiet_at, look_at from faultline.incidents");
    expect(rows).toEqual([{ last_seen: now, quiet_at: after(10), look_at: now }]);
    expect(await housekeeping.resolveQuiet(after(9))).toEqual([]);
    expect(await housekeeping.resolveQuiet(after(10))).toHaveLength(1);
    await db.close();
  });

  test("lists and pages use an index when there is much", async () => {
    const db = await open(await freshDatabase(server.url));
    await db.pool.query(
      `insert into faultline.events (id, sid, source, account, code, level, product, title, received_at, incident_id, payload)
       select n, 'NO' || n, 'debugger', 'AC', 80000 + n % 50, 'ERROR', 'p', 't', timestamptz 'epoch' + n * interval '1 s',
              n % 200, '{}' from generate_series(1, 60000) n`,
    );
    await db.pool.query("analyze faultline.events");
    for (const where of ["incident_id = 7", "code = 80007", "(received_at, id) < ('1970-01-01T05:00:00Z', 18000)"]) {
      const { rows } = await db.pool.query<{ "QUERY PLAN": string }>(
        `explain select * from faultline.events where ${where} order by received_at desc, id desc limit 51`,
      );
      const plan = rows.map((row) => row["QUERY PLAN"]).join("\n");
      expect(plan).toContain("Index Scan Backward");
      expect(plan).not.toContain("Sort");
    }
    await db.close();
  });

  test("while the server is down events are refused, when it is back they are recorded", async () => {
    const db = await open(await freshDatabase(server.url));
    const store = storeOn(db);
    const event = classifiedEvent();
    await store.record([classifiedEvent()]);
    await server.stop();
    await expect(store.record([event])).rejects.toMatchObject({ reason: "database_unavailable" });
    await expect(
      store.quarantine([{ source: "debugger", reason: "not_json", account: null, raw: "x", receivedAt: new Date(0) }]),
    ).rejects.toMatchObject({ reason: "database_unavailable" });
    await expect(createRecordReader(db).ping()).rejects.toThrow();
    await server.restart();
    await vi.waitFor(async () => expect(await store.record([event])).toMatchObject([{ outcome: "recorded" }]), {
      timeout: 10_000,
    });
    await db.close();
  });

  test("while the server hangs events are refused in time, and counted once when they come again", async () => {
    const db = await open(await freshDatabase(server.url));
    const store = storeOn(db);
    const reader = createRecordReader(db);
    await store.record([classifiedEvent()]);
    const events = [classifiedEvent(), classifiedEvent()];
    // A lock nobody gives back hangs the statement, as a server in trouble would.
    const blocker = await db.pool.connect();
    await blocker.query("begin");
    await blocker.query("lock table faultline.event_keys");
    const started = performance.now();
    const refused = await Promise.allSettled(events.map((event) => store.record([event])));
    expect(performance.now() - started).toBeLessThan(4_900);
    for (const result of refused) expect(result).toMatchObject({ reason: { reason: "database_unavailable" } });
    await blocker.query("rollback");
    blocker.release();
    await vi.waitFor(async () => expect((await store.record(events)).length).toBe(2), { timeout: 10_000 });
    const page = await reader.incidents({ limit: 5 });
    expect(page).toMatchObject({ items: [{ count: 3 }] });
    await db.close();
  });

  test("a server that stops answering altogether is noticed in time", async () => {
    const paused = await startPostgres();
    const db = await open(await freshDatabase(paused.url));
    try {
      const store = storeOn(db);
      await store.record([classifiedEvent()]);
      const connection = await db.pool.connect();
      const { rows } = await connection.query<{ pid: number }>("select pg_backend_pid() as pid");
      connection.release();
      process.kill(rows[0]?.pid ?? 0, "SIGSTOP");
      const started = performance.now();
      const event = classifiedEvent();
      await expect(store.record([event])).rejects.toMatchObject({ reason: "database_unavailable" });
      expect(performance.now() - started).toBeLessThan(4_900);
      // The next statement goes by a new connection.
      expect(await store.record([event])).toMatchObject([{ outcome: "recorded" }]);
      process.kill(rows[0]?.pid ?? 0, "SIGCONT");
    } finally {
      await db.close();
      await paused.remove();
    }
  });

  test("a deadlock is tried once more and recorded", async () => {
    const db = await open(await freshDatabase(server.url));
    const event = classifiedEvent();
    let failures = 1;
    const pool = new Proxy(db.pool, {
      get: (target, key) =>
        key === "query"
          ? (...args: [string, unknown[]]) => {
              failures -= 1;
              return failures >= 0
                ? Promise.reject(Object.assign(new Error("deadlock detected"), { code: "40P01" }))
                : target.query(...args);
            }
          : Reflect.get(target, key),
    });
    expect(await storeOn({ ...db, pool }).record([event])).toMatchObject([{ outcome: "recorded" }]);
    failures = 2;
    await expect(storeOn({ ...db, pool }).record([classifiedEvent()])).rejects.toMatchObject({
      reason: "database_unavailable",
    });
    await db.close();
  });
});
