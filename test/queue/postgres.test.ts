import { randomUUID } from "node:crypto";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, inject, onTestFinished, test } from "vitest";
import type { Log } from "../../src/pipeline/ports.ts";
import { createQueuePool } from "../../src/queue/postgres-pool.ts";
import { createWorkQueue } from "../../src/queue/producer.ts";
import { createTrouble } from "../../src/queue/trouble.ts";
import { startWorker } from "../../src/queue/worker.ts";
import { noticeQueueSuite } from "../contract/notice-queue.suite.ts";
import { type ScheduleFixture, scheduleSuite } from "../contract/schedule.suite.ts";
import { fastRetry, memoryLog, work, workQueueSuite } from "../contract/work-queue.suite.ts";

const serverUrl = inject("postgresUrl");

/** A fresh database, and a pool on it that knows nothing of BullMQ's schema. */
async function freshDatabase(
  options: pg.PoolConfig = {},
): Promise<ScheduleFixture & { pool: pg.Pool; admin: pg.Pool; name: string }> {
  const name = `queue_${randomUUID().replaceAll("-", "")}`;
  const admin = new pg.Pool({ connectionString: serverUrl ?? "", max: 1 });
  await admin.query(`CREATE DATABASE ${name}`);
  const url = new URL(serverUrl ?? "");
  url.pathname = name;
  const pool = new pg.Pool({ connectionString: url.href, max: 8, ...options });
  pool.on("error", () => undefined);
  return {
    connection: { kind: "postgres", pool },
    pool,
    admin,
    name,
    async clear() {
      await pool.query("TRUNCATE bullmq.job CASCADE");
    },
    async forget() {
      await pool.query("TRUNCATE bullmq.job, bullmq.scheduler CASCADE");
    },
    async close() {
      await pool.end();
      await admin.query(`DROP DATABASE ${name} WITH (FORCE)`);
      await admin.end();
    },
  };
}

describe.skipIf(serverUrl === null)("with PostgreSQL (skipped when it is not installed)", () => {
  workQueueSuite("PostgreSQL", () => freshDatabase());
  noticeQueueSuite("PostgreSQL", () => freshDatabase());
  scheduleSuite("PostgreSQL", () => freshDatabase());

  // The contract's "within a second" again, on a pool whose LISTEN reaches nobody.
  workQueueSuite("PostgreSQL without notifications", () => freshDatabase({ Client: DeafClient }));

  test("an idle worker leaves the database alone where notifications arrive, and looks where they do not", async () => {
    const looks = { hearing: 0, deaf: 0 };
    /** A database with an idle worker, whose looks are counted. */
    async function idle(kind: keyof typeof looks, Base: typeof pg.Client) {
      class Counting extends Base {
        override query(...parameters: unknown[]): never {
          const [statement] = parameters as [string | { text: string }];
          const text = typeof statement === "string" ? statement : statement.text;
          if (text.includes("next_delay")) looks[kind] += 1;
          return super.query(...(parameters as [string])) as never;
        }
      }
      const database = await freshDatabase({ Client: Counting });
      onTestFinished(() => database.close());
      const worker = await startWorker({
        queue: "diagnose",
        concurrency: 1,
        connection: database.connection,
        log: memoryLog(),
        telemetry: { jobTaken: () => undefined, job: () => undefined },
        handle: async () => ({ retry: false }),
      });
      onTestFinished(async () => {
        await worker.close(5_000);
      });
    }
    await Promise.all([idle("hearing", pg.Client), idle("deaf", DeafClient)]);
    await expect.poll(() => looks.deaf, { timeout: 30_000 }).toBeGreaterThan(3);
    const before = { ...looks };
    await expect.poll(() => looks.deaf - before.deaf, { timeout: 30_000 }).toBeGreaterThan(10);
    expect(looks.hearing - before.hearing).toBeLessThanOrEqual(3);
  });

  test("the workers of a process find out together whether notifications arrive", async () => {
    let asked = 0;
    class Counting extends pg.Client {
      override query(...parameters: unknown[]): never {
        if (String(parameters[0]).startsWith("NOTIFY")) asked += 1;
        return super.query(...(parameters as [string])) as never;
      }
    }
    const database = await freshDatabase({ Client: Counting });
    onTestFinished(() => database.close());
    const log = memoryLog();
    // Each keeps a connection for LISTEN, and the pool has eight.
    for (let count = 1; count <= 7; count += 1) {
      const worker = await startWorker({
        queue: "diagnose",
        concurrency: 1,
        connection: database.connection,
        log,
        telemetry: { jobTaken: () => undefined, job: () => undefined },
        handle: async () => ({ retry: false }),
      });
      onTestFinished(async () => {
        await worker.close(5_000);
      });
    }
    const listeners = async () => {
      const { rows } = await database.admin.query<{ listeners: string }>(
        "select count(*) as listeners from pg_stat_activity where datname = $1 and query ~ 'LISTEN bullmq_jobs'",
        [database.name],
      );
      return Number(rows[0]?.listeners);
    };
    await expect.poll(listeners).toBe(7);
    expect([asked, log.lines]).toEqual([1, []]);
  });

  describe("PostgreSQL when it goes away", () => {
    let database: Awaited<ReturnType<typeof freshDatabase>>;
    let log: ReturnType<typeof memoryLog>;
    const clock = { now: () => new Date() };
    beforeAll(async () => {
      database = await freshDatabase();
      log = memoryLog();
    });
    afterAll(async () => {
      await database?.close();
    });

    async function start(given: Log, handled: string[]) {
      const worker = await startWorker({
        queue: "diagnose",
        concurrency: 2,
        connection: database.connection,
        log: given,
        retry: fastRetry,
        telemetry: { jobTaken: () => undefined, job: () => undefined },
        handle: async ({ id }) => {
          handled.push(id);
          return { retry: false };
        },
      });
      onTestFinished(async () => {
        await worker.close(5_000);
      });
    }

    test("producer and worker go on after every connection was cut, and say so once", async () => {
      const handled: string[] = [];
      const queue = await createWorkQueue({ connection: database.connection, clock, log: memoryLog() });
      onTestFinished(() => queue.close());
      await start(log, handled);
      await queue.add([work("before")]);
      await expect.poll(() => handled).toEqual(["before"]);

      await database.admin.query(`ALTER DATABASE ${database.name} ALLOW_CONNECTIONS false`);
      await database.admin.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", [
        database.name,
      ]);
      await expect(queue.add([work("lost")])).rejects.toMatchObject({ name: "QueueUnavailable" });
      await expect
        .poll(() => log.lines.map(({ sentence }) => sentence))
        .toContain("Queue connection lost; trying again");
      await database.admin.query(`ALTER DATABASE ${database.name} ALLOW_CONNECTIONS true`);

      await expect
        .poll(
          () =>
            queue.add([work("after")]).then(
              () => true,
              () => false,
            ),
          { timeout: 10_000 },
        )
        .toBe(true);
      await expect.poll(() => handled, { timeout: 10_000 }).toContain("after");
      await expect.poll(() => log.lines.map(({ sentence }) => sentence)).toContain("Queue connection restored");
      expect(
        log.lines.filter(({ sentence }) => sentence === "Queue connection lost; trying again").length,
      ).toBeLessThan(4);
      expect(log.lines.length).toBeLessThan(10);
    });
  });

  describe("a statement that had to give way to another transaction", () => {
    /** A function that is the victim of so many deadlocks before it gives an answer; a sequence outlives a rollback. */
    async function victim(times: number, state = "40P01") {
      const database = await freshDatabase();
      onTestFinished(() => database.close());
      await database.pool.query(`
        create schema bullmq;
        create sequence public.runs;
        create function public.victim() returns bigint language plpgsql as $$
        begin
          if nextval('public.runs') <= ${times} then raise exception 'in the way' using errcode = '${state}'; end if;
          return currval('public.runs');
        end $$`);
      return createQueuePool(database.pool, createTrouble(memoryLog(), { connection: "postgres" }));
    }

    test("is run again", async () => {
      const pool = await victim(4);
      expect((await pool.query("select public.victim() as runs")).rows).toEqual([{ runs: "5" }]);
      const serialized = await victim(1, "40001");
      expect((await serialized.query("select public.victim() as runs")).rows).toEqual([{ runs: "2" }]);
    });

    test("is not run again for ever, nor after any other error", async () => {
      const pool = await victim(100);
      await expect(pool.query("select public.victim()")).rejects.toMatchObject({ code: "40P01" });
      expect((await pool.query("select nextval('public.runs') as runs")).rows).toEqual([{ runs: "6" }]);
      const other = await victim(1, "22012");
      await expect(other.query("select public.victim()")).rejects.toMatchObject({ code: "22012" });
      expect((await other.query("select public.victim() as runs")).rows).toEqual([{ runs: "2" }]);
    });

    test("too often is not taken for the end of the job that it was finishing", async () => {
      const database = await freshDatabase();
      onTestFinished(() => database.close());
      const log = memoryLog();
      const { connection, pool } = database;
      const queue = await createWorkQueue({ connection, clock: { now: () => new Date() }, log, retry: fastRetry });
      onTestFinished(() => queue.close());
      await pool.query(`
        create sequence public.runs;
        create function public.victim() returns trigger language plpgsql as $$
        begin
          if nextval('public.runs') <= 5 then raise exception 'in the way' using errcode = '40P01'; end if;
          return new;
        end $$;
        create trigger victim before update on bullmq.job for each row
        when (old.state = 'active' and new.state = 'completed') execute function public.victim()`);
      const worker = await startWorker({
        connection,
        queue: "diagnose",
        concurrency: 1,
        handle: async () => ({ retry: false }),
        telemetry: { jobTaken: () => undefined, job: () => undefined },
        log,
        retry: fastRetry,
      });
      onTestFinished(async () => {
        await worker.close(5_000);
      });
      await queue.add([work("1")]);
      await expect
        .poll(async () => (await queue.stats())[0]?.states, { timeout: 10_000 })
        .toMatchObject({ completed: 1 });
      expect(log.lines).toMatchObject([{ level: "error", fields: { reason: "in the way" }, sentence: "Queue error" }]);
    });
  });

  test("two processes may start on an empty database at the same time", async () => {
    const database = await freshDatabase();
    const clock = { now: () => new Date() };
    const queues = await Promise.all(
      [1, 2, 3].map(() => createWorkQueue({ connection: database.connection, clock, log: memoryLog() })),
    );
    await Promise.all(queues.map((queue, index) => queue.add([work(String(index)), work("same")])));
    const [stats] = (await queues[0]?.stats()) ?? [];
    expect(stats?.states.waiting).toBe(4);
    await Promise.all(queues.map((queue) => queue.close()));
    await database.close();
  });
});

/** A connection that hears no notification, as through a proxy that pools transactions. */
class DeafClient extends pg.Client {
  override emit(event: string | symbol, ...rest: unknown[]): boolean {
    return event === "notification" ? false : super.emit(event as never, ...(rest as never[]));
  }
}
