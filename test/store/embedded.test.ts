import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Database, openDatabase } from "../../src/store/database.ts";
import { lockDataDir } from "../../src/store/embedded/lock.ts";
import { silentLog } from "../support/store.ts";

const folders: string[] = [];
const newFolder = () => {
  const folder = mkdtempSync(join(tmpdir(), "faultline-test-data-"));
  folders.push(folder);
  return folder;
};
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

describe("the embedded database behind ordinary connections", () => {
  let db: Database;
  beforeAll(async () => {
    db = await openDatabase({ databaseUrl: null, dataDir: newFolder(), log: silentLog });
    await db.pool.query("create table public.t (id int primary key, v text)");
  });
  afterAll(() => db.close());

  test("parameters of statements sent at once by many connections never mix", async () => {
    const answers = await Promise.all(
      Array.from({ length: 300 }, (_, n) =>
        db.pool.query<{ a: number; b: string }>(
          n % 2 === 0 ? "select $1::int as a, $2::text as b" : "select $2::text as b, $1::int + 0 as a",
          [n, `text ${n}`],
        ),
      ),
    );
    expect(answers.map(({ rows }) => rows[0])).toEqual(
      Array.from({ length: 300 }, (_, n) => expect.objectContaining({ a: n, b: `text ${n}` })),
    );
  });

  test("a transaction keeps the others out until it ends", async () => {
    const client = await db.pool.connect();
    await client.query("begin");
    await client.query("insert into public.t values (1, 'inside')");
    let others = 0;
    const waiting = db.pool.query("insert into public.t values (2, 'outside')").then(() => {
      others += 1;
    });
    await client.query("select 1");
    await client.query("rollback");
    expect(others).toBe(0);
    client.release();
    await waiting;
    expect((await db.pool.query("select id from public.t")).rows).toEqual([{ id: 2 }]);
  });

  test("a connection lost inside a transaction is rolled back and holds nobody up", async () => {
    const client = await db.pool.connect();
    await client.query("begin");
    await client.query("insert into public.t values (3, 'lost')");
    client.release(true);
    expect((await db.pool.query("select id from public.t where id = 3")).rows).toEqual([]);
  });

  test("a failed statement inside a transaction spoils that transaction only", async () => {
    const client = await db.pool.connect();
    await client.query("begin");
    await expect(client.query("select 1/0")).rejects.toMatchObject({ code: "22012" });
    const other = db.pool.query("select 7 as seven");
    await expect(client.query("select 1")).rejects.toMatchObject({ code: "25P02" });
    await client.query("rollback");
    client.release();
    expect((await other).rows).toEqual([{ seven: 7 }]);
  });

  test("two connections may give their prepared statements the same name", async () => {
    const [a, b] = [await db.pool.connect(), await db.pool.connect()];
    for (let round = 0; round < 2; round += 1) {
      expect((await a.query({ name: "same", text: "select $1::int as n", values: [1] })).rows).toEqual([{ n: 1 }]);
      expect((await b.query({ name: "same", text: "select $1::text as t", values: ["x"] })).rows).toEqual([{ t: "x" }]);
    }
    a.release(true);
    b.release(true);
    const left = async () => {
      return (await db.pool.query("select name from pg_prepared_statements where name like '%same'")).rows;
    };
    await expect.poll(left).toEqual([]);
  });

  test("a notification of one pool's connection wakes a listener of another, also out of a transaction", async () => {
    const listener = await db.queuePool().connect();
    const heard: string[] = [];
    listener.on("notification", ({ channel, payload }) => heard.push(`${channel}: ${payload}`));
    await listener.query("-- as BullMQ does\n -- it\n\nLISTEN jobs");
    await db.pool.query("select pg_notify('jobs', 'one')");
    const client = await db.pool.connect();
    await client.query("begin");
    await client.query("notify jobs, 'two'");
    await client.query("commit");
    client.release();
    await listener.query("notify jobs, 'own'");
    await expect.poll(() => heard).toEqual(["jobs: one", "jobs: two", "jobs: own"]);
    listener.release(true);
  });

  test("names without a schema lead to the queue's, on every connection", async () => {
    expect((await db.queuePool().query("show search_path")).rows).toEqual([{ search_path: "bullmq,public" }]);
  });

  test("statements and answers of many megabytes go through", async () => {
    const text = "é".repeat(4_000_000);
    const { rows } = await db.pool.query("select $1::text as text, length($1::text) as length", [text]);
    expect(rows[0].length).toBe(4_000_000);
    expect(rows[0].text === text).toBe(true);
  });

  test("bytes that are no protocol end that connection and nothing else", async () => {
    const client = await db.pool.connect();
    const { host } = client;
    client.release();
    const { connect } = await import("node:net");
    for (const bytes of ["GET / HTTP/1.1\r\n\r\n", "\0\0\0\x08\x04\xd2\x16\x2e", "\xff".repeat(64)]) {
      const socket = connect(join(host, ".s.PGSQL.5432"));
      socket.on("error", () => undefined);
      socket.write(Buffer.from(bytes, "latin1"));
      await once(socket, "close");
    }
    expect((await db.pool.query("select 1 as one")).rows).toEqual([{ one: 1 }]);
  });

  test("only its owner can enter the socket's folder", async () => {
    const client = await db.pool.connect();
    expect(statSync(client.host).mode & 0o777).toBe(0o700);
    client.release();
  });
});

describe("the data folder", () => {
  test("is made on first start, for its owner only, and what was committed is there on the next", async () => {
    const dataDir = join(newFolder(), "made", "here");
    const first = await openDatabase({ databaseUrl: null, dataDir, log: silentLog });
    expect(statSync(dataDir).mode & 0o777).toBe(0o700);
    await first.pool.query("create table public.kept as select 42 as n");
    await first.close();
    expect(existsSync(join(dataDir, "lock"))).toBe(false);
    const second = await openDatabase({ databaseUrl: null, dataDir, log: silentLog });
    expect((await second.pool.query("select n from public.kept")).rows).toEqual([{ n: 42 }]);
    await second.close();
  });

  test("in use by a living process is refused, with what to do", async () => {
    const dataDir = newFolder();
    const living = spawn("sleep", ["60"]);
    writeFileSync(
      join(dataDir, "lock"),
      JSON.stringify({ pid: living.pid, host: hostname(), token: "x", socketDir: null }),
    );
    try {
      await expect(openDatabase({ databaseUrl: null, dataDir, log: silentLog })).rejects.toThrow(
        `DATA_DIR: expected a folder that no other process uses, got ${dataDir}, in use by process ${living.pid}; ` +
          "stop that process, choose another DATA_DIR, or set DATABASE_URL to share one PostgreSQL",
      );
    } finally {
      living.kill("SIGKILL");
    }
  });

  test("of a dead process is taken over, its socket folder removed", async () => {
    const dataDir = newFolder();
    const dead = spawn("true");
    await once(dead, "exit");
    const socketDir = mkdtempSync(join(tmpdir(), "faultline-"));
    writeFileSync(join(dataDir, "lock"), JSON.stringify({ pid: dead.pid, host: hostname(), token: "x", socketDir }));
    const db = await openDatabase({ databaseUrl: null, dataDir, log: silentLog });
    expect(existsSync(socketDir)).toBe(false);
    expect(JSON.parse(readFileSync(join(dataDir, "lock"), "utf8"))).toMatchObject({ pid: process.pid });
    await db.close();
  });

  test("a lock file that was cut off in the middle of writing is taken over", async () => {
    const dataDir = newFolder();
    writeFileSync(join(dataDir, "lock"), '{"pid": 12');
    const lock = await lockDataDir(dataDir);
    lock.release();
    expect(existsSync(join(dataDir, "lock"))).toBe(false);
  });

  test("a lock file that is just being written counts", async () => {
    const dataDir = newFolder();
    const path = join(dataDir, "lock");
    writeFileSync(path, "");
    utimesSync(path, 1, 1);
    const refused = expect(lockDataDir(dataDir)).rejects.toThrow(`in use by process ${process.pid};`);
    writeFileSync(path, JSON.stringify({ pid: process.pid, host: hostname(), token: "x", socketDir: null }));
    await refused;
  });

  test("a lock of another host counts while its heartbeat goes on", async () => {
    const dataDir = newFolder();
    const lock = await lockDataDir(dataDir);
    const path = join(dataDir, "lock");
    writeFileSync(path, JSON.stringify({ ...JSON.parse(readFileSync(path, "utf8")), host: "elsewhere" }));
    await expect(lockDataDir(dataDir)).rejects.toThrow(`in use by process ${process.pid} on elsewhere`);
    lock.release();
    const heir = await lockDataDir(dataDir);
    heir.release();
  });

  test("left half made by a first start that was killed is made anew", async () => {
    const dataDir = newFolder();
    mkdirSync(join(dataDir, "pgdata", "base"), { recursive: true });
    writeFileSync(join(dataDir, "pgdata", "PG_VERSION"), "18\n");
    writeFileSync(join(dataDir, "being-made"), "");
    const db = await openDatabase({ databaseUrl: null, dataDir, log: silentLog });
    expect((await db.pool.query("select count(*)::int as events from faultline.events")).rows).toEqual([{ events: 0 }]);
    expect(existsSync(join(dataDir, "being-made"))).toBe(false);
    await db.close();
  });

  test("that is no database is refused by name and left as it was", async () => {
    const dataDir = newFolder();
    writeFileSync(join(dataDir, "pgdata"), "not a folder");
    await expect(openDatabase({ databaseUrl: null, dataDir, log: silentLog })).rejects.toThrow(
      `expected a database of this version in ${join(dataDir, "pgdata")}`,
    );
    expect(readFileSync(join(dataDir, "pgdata"), "utf8")).toBe("not a folder");
    expect(existsSync(join(dataDir, "lock"))).toBe(false);
  });
});

test("closing twice, or with a client still out, ends", async () => {
  const db = await openDatabase({ databaseUrl: null, dataDir: newFolder(), log: silentLog });
  const client = await db.pool.connect();
  client.on("error", () => undefined);
  await Promise.all([db.close(), db.close()]);
  await expect(db.pool.query("select 1")).rejects.toThrow();
});
