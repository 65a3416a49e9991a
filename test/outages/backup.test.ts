import { execFileSync } from "node:child_process";
import { join } from "node:path";
import pg from "pg";
import { afterEach, expect, inject, test } from "vitest";
import { courier, streamParcel, webhookParcel } from "../support/deliver.ts";
import { baseEnvironment, type Faultline, useFaultlines } from "../support/faultline.ts";
import { dropDatabase, freshDatabase, postgresPrograms } from "../support/postgres.ts";
import { redisAvailable, startRedis } from "../support/redis.ts";
import { errorEvent } from "../support/sign.ts";
import { streamCodes } from "../support/stream-of-deliveries.ts";
import { until } from "../support/until.ts";

/*
 * The commands of docs/operations/backup-and-restore.md.
 */

const faultlines = useFaultlines();
const databases: string[] = [];

afterEach(async () => {
  for (const url of databases.splice(0)) await dropDatabase(url);
});

const events = Array.from({ length: 300 }, (_, index) =>
  errorEvent({ code: streamCodes[index % streamCodes.length] ?? 80604 }, index + 1),
);

async function report({ publicPort }: Faultline): Promise<void> {
  const sender = courier(publicPort, 1);
  expect((await sender.send(streamParcel(events.slice(1)))).status).toBe(204);
  expect((await sender.send(webhookParcel(events[0] ?? errorEvent({ code: 80604 })))).status).toBe(204);
  sender.close();
}

/** What must be the same after it was restored. */
async function record(faultline: Faultline) {
  const incidents = await faultline.incidents();
  return {
    incidents: incidents.map(({ id, code, state, count, firstSeen, lastSeen }) => ({
      id,
      code,
      state,
      count,
      firstSeen,
      lastSeen,
    })),
    sids: (await faultline.events()).map(({ sid, incidentId }) => `${sid} in ${incidentId}`),
  };
}

/** It goes on where it was: what is known is a duplicate, what is new goes into the open incidents. */
async function expectToGoOn(faultline: Faultline, before: Awaited<ReturnType<typeof record>>): Promise<void> {
  await report(faultline);
  expect((await faultline.events()).length).toBe(events.length);
  const next = errorEvent({ code: 80604 }, events.length + 1);
  const sender = courier(faultline.publicPort, 1);
  expect((await sender.send(webhookParcel(next))).status).toBe(204);
  sender.close();
  const after = await record(faultline);
  expect(after.sids.length).toBe(events.length + 1);
  expect(after.incidents.map(({ id }) => id)).toEqual(before.incidents.map(({ id }) => id));
}

/** The queue works: a new incident is handed over and taken up. */
async function expectAJobToRun(faultline: Faultline): Promise<void> {
  const ran = () => faultline.metric("faultline_job_duration_seconds_count", { queue: "diagnose" });
  const before = await ran();
  const sender = courier(faultline.publicPort, 1);
  expect((await sender.send(webhookParcel(errorEvent({ code: 11_205 }, events.length + 2)))).status).toBe(204);
  sender.close();
  await until("the job of a new incident", 20_000, async () => (await ran()) > before);
}

test("embedded: a copy of the folder of a stopped process opens with the same incidents", async () => {
  const folder = faultlines.folder();
  const first = await faultlines.start({ DATA_DIR: join(folder, "data") });
  await report(first);
  const before = await record(first);
  expect(before.sids.length).toBe(events.length);
  await first.stop();
  execFileSync("tar", ["--create", "--gzip", "--file", "backup.tar.gz", "data"], { cwd: folder });

  const elsewhere = faultlines.folder();
  execFileSync("tar", ["--extract", "--gzip", "--file", join(folder, "backup.tar.gz")], { cwd: elsewhere });
  const second = await faultlines.start({ DATA_DIR: join(elsewhere, "data") });
  expect(await record(second)).toEqual(before);
  await expectToGoOn(second, before);
  await expectAJobToRun(second);
  await second.stop();
});

const server = inject("postgresUrl") ?? "";

test.skipIf(server === "")(
  "PostgreSQL: a dump of a running process, restored into an empty database, opens with the same incidents",
  async () => {
    const [from, to] = [await freshDatabase(server), await freshDatabase(server)];
    databases.push(from, to);
    const file = join(faultlines.folder(), "faultline.dump");
    const bin = postgresPrograms() ?? "";

    const first = await faultlines.start({ DATABASE_URL: from });
    await report(first);
    const before = await record(first);
    execFileSync(join(bin, "pg_dump"), ["--format=custom", `--file=${file}`, from]);
    expect(before.sids.length).toBe(events.length);
    await first.stop();

    execFileSync(join(bin, "pg_restore"), ["--no-owner", "--exit-on-error", `--dbname=${to}`, file]);
    const second = await faultlines.start({ DATABASE_URL: to });
    expect(await record(second)).toEqual(before);
    await expectToGoOn(second, before);
    await expectAJobToRun(second);
    await second.stop();
  },
);

test.skipIf(server === "" || !redisAvailable())(
  "PostgreSQL and Redis: the dump restored and Redis flushed, what was still to do is done",
  async () => {
    const [from, to] = [await freshDatabase(server), await freshDatabase(server)];
    databases.push(from, to);
    const redis = await startRedis();
    const bin = postgresPrograms() ?? "";
    const file = join(faultlines.folder(), "faultline.dump");

    // Without a worker all jobs are left to do.
    const ingest = await faultlines.start({ DATABASE_URL: from, REDIS_URL: redis.url }, ["serve", "--role", "ingest"]);
    await report(ingest);
    const before = await record(ingest);
    execFileSync(join(bin, "pg_dump"), ["--format=custom", `--file=${file}`, from]);
    await ingest.stop();
    execFileSync(join(bin, "pg_restore"), ["--no-owner", "--exit-on-error", `--dbname=${to}`, file]);
    execFileSync("redis-cli", ["-u", redis.url, "flushdb"]);

    const restored = await faultlines.start({ DATABASE_URL: to, REDIS_URL: redis.url });
    expect(await record(restored)).toEqual(before);
    await until("a job for every incident", 120_000, async () => {
      const ran = await restored.metric("faultline_job_duration_seconds_count", { queue: "diagnose" });
      return ran >= streamCodes.length;
    });
    await restored.stop();
    await redis.stop();
  },
);

test.skipIf(server === "")(
  "an older version does not start on the schema of a newer one, and says what to do",
  async () => {
    const databaseUrl = await freshDatabase(server);
    databases.push(databaseUrl);
    const first = await faultlines.start({ DATABASE_URL: databaseUrl });
    await first.stop();
    const client = new pg.Client(databaseUrl);
    await client.connect();
    await client.query("insert into faultline.kysely_migration (name, timestamp) values ('9999-later', '2099-01-01')");
    await client.end();
    const env = { ...baseEnvironment(faultlines.folder()), DATABASE_URL: databaseUrl };
    const { exitCode, stdout } = await faultlines.run(["serve"], env);
    expect(exitCode).toBe(1);
    expect(stdout).toContain("run the newest version that has used this database");
  },
);
