import { afterEach, describe, expect, test } from "vitest";
import { type Backend, postgresAndRedis } from "../support/backends.ts";
import { expectExactBooks } from "../support/books.ts";
import { baseEnvironment, useFaultlines } from "../support/faultline.ts";
import { pgbouncerAvailable, type RunningPgbouncer, startPgbouncer } from "../support/pgbouncer.ts";
import { seededRandom } from "../support/random.ts";
import { type SimulatedTwilio, startSimulatedTwilio } from "../support/simulated-twilio/server.ts";
import { streamCodes, streamOfDeliveries } from "../support/stream-of-deliveries.ts";
import { until } from "../support/until.ts";

const faultlines = useFaultlines();
let backend: Backend | null = null;
let pooler: RunningPgbouncer | null = null;
let twilio: SimulatedTwilio | null = null;

afterEach(async () => {
  await twilio?.stop();
  await pooler?.stop();
  await backend?.dispose();
  twilio = null;
  pooler = null;
  backend = null;
});

/** The environment of a process whose database is behind a pooler. */
async function pooled(
  mode: "session" | "transaction",
): Promise<{ withRedis: Record<string, string>; alone: Record<string, string> }> {
  backend = await postgresAndRedis.open();
  const direct = backend.databaseUrl ?? "";
  pooler = await startPgbouncer(direct, { mode, settings: ["default_pool_size = 80"] });
  const alone = { DATABASE_URL: pooler.through(direct) };
  return { alone, withRedis: { ...backend.env, ...alone } };
}

/** Sends for a while; everything must be recorded once and diagnosed. */
async function expectWorking(given: Record<string, string>): Promise<void> {
  twilio = await startSimulatedTwilio();
  const env = { ...given, TWILIO_API_BASE_URL: twilio.baseUrl };
  const [ingest, worker] = [
    await faultlines.start(env, ["serve", "--role", "ingest"]),
    await faultlines.start(env, ["serve", "--role", "worker"]),
  ];
  const stream = streamOfDeliveries(seededRandom(6));
  await stream.run(ingest.publicPort, (deliveries) => {
    if (deliveries >= 200) stream.stop();
  });
  expect([stream.unanswered, ...stream.otherAnswers.keys()]).toEqual([0]);
  await expectExactBooks(ingest, stream);
  await until("a diagnosis of every incident", 30_000, async () => {
    const incidents = await worker.incidents();
    const diagnosed = await Promise.all(
      incidents.map(async ({ id }) => (await worker.incident(id)).diagnoses.length > 0),
    );
    return incidents.length === streamCodes.length && diagnosed.every(Boolean);
  });
  for (const { logs } of [ingest, worker]) expect(logs().filter(({ level }) => level === "error")).toEqual([]);
  await Promise.all([ingest.stop(), worker.stop()]);
}

describe.skipIf(!postgresAndRedis.available || !pgbouncerAvailable())(
  "behind PgBouncer (skipped unless it, PostgreSQL and Redis are installed)",
  () => {
    test("in transaction mode with the queue on Redis: everything is recorded and diagnosed", async () => {
      await expectWorking((await pooled("transaction")).withRedis);
    });

    test("in session mode with the queue on PostgreSQL: everything is recorded and diagnosed", async () => {
      await expectWorking((await pooled("session")).alone);
    });

    test("in transaction mode with the queue on PostgreSQL: it does not start, and says what to do", async () => {
      const { alone } = await pooled("transaction");
      const folder = faultlines.folder();
      for (const command of ["serve", "check"]) {
        const { exitCode, stdout, stderr } = await faultlines.run([command], { ...baseEnvironment(folder), ...alone });
        expect(exitCode).toBe(1);
        expect(stdout + stderr).toContain("got a pooler in transaction mode behind DATABASE_URL");
        expect(stdout + stderr).toContain("Fix: set REDIS_URL");
      }
    });
  },
);
