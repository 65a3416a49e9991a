import pg from "pg";
import { expect } from "vitest";
import { expectExactBooks } from "./books.ts";
import type { Faultline, Faultlines } from "./faultline.ts";
import { nothingPending, type Surroundings } from "./notices.ts";
import { seededRandom } from "./random.ts";
import { startWebhook, webhookSecret } from "./receivers/webhook.ts";
import { startSimulatedTwilio } from "./simulated-twilio/server.ts";
import { streamCodes, streamOfDeliveries } from "./stream-of-deliveries.ts";
import { until } from "./until.ts";

/** Deliveries before and after the failure. */
const deliveriesEachSide = 60;

/** What fails, and for whom. */
export interface FailOver {
  readonly env: Readonly<Record<string, string>>;
  readonly databaseUrl: string;
  /** The server that has the queue dies. */
  readonly kill: () => Promise<void>;
}

/**
 * Lets the server with the queue die while deliveries flow into an ingest process and two workers take what follows from them,
 * and holds what came of it against the books. Gives after how many milliseconds all three were ready again.
 */
export async function failOver(
  surroundings: Surroundings,
  faultlines: Faultlines,
  { env, databaseUrl, kill }: FailOver,
): Promise<{ backAfterMs: number }> {
  const twilio = await surroundings.started(startSimulatedTwilio());
  const webhook = await surroundings.started(startWebhook());
  const all = { ...env, TWILIO_API_BASE_URL: twilio.baseUrl, WEBHOOK_URL: webhook.url, WEBHOOK_SECRET: webhookSecret };
  const start = (role: string) => faultlines.start(all, ["serve", "--role", role]);
  const ingest = await start("ingest");
  const workers = await Promise.all([start("worker"), start("worker")]);
  const processes = [ingest, ...workers];

  const stream = streamOfDeliveries(seededRandom(6));
  const passed = milestones();
  const sending = stream.run(ingest.publicPort, passed.at);
  await Promise.race([passed.reach(deliveriesEachSide), sending]);
  await kill();
  const killedAt = performance.now();
  await until("the loss to be noticed", 10_000, async () => !(await allReady(processes)));
  await until("all to be ready again", 60_000, () => allReady(processes));
  const backAfterMs = Math.round(performance.now() - killedAt);
  await Promise.race([passed.reach(passed.count() + deliveriesEachSide), sending]);
  stream.stop();
  await sending;

  // Redis was away; Twilio need not have noticed.
  expect([...stream.otherAnswers.keys()]).toEqual([]);
  expect(stream.unanswered).toBe(0);
  await expectExactBooks(ingest, stream);
  // What the dead server had not passed on is handed over again after a minute.
  await until("all work to be finished", 120_000, async () => (await unfinishedWork(databaseUrl)) === 0);
  const incidents = await ingest.incidents();
  expect(incidents).toHaveLength(streamCodes.length);
  for (const { id } of incidents) expect((await ingest.incident(id)).diagnoses.length).toBeGreaterThan(0);
  const told = () =>
    webhook.deliveries.map(({ json }) => (json as { data: { incident: { code: number } } }).data.incident.code);
  // The first word about an incident may wait ten seconds for its diagnosis; a word that was held up may be taken over by the
  // next, so it need not be that it has opened.
  await until("every incident to be told", 60_000, () => new Set(told()).size === streamCodes.length);
  await until("all notices to be delivered", 30_000, () => nothingPending(ingest));
  expect(webhook.received, "deliveries, each once").toHaveLength(webhook.deliveries.length);
  expect(new Set(told())).toEqual(new Set(streamCodes));
  for (const { logs } of processes) expect(logs().filter(({ level }) => level === "error")).toEqual([]);
  await Promise.all(processes.map((process) => process.stop()));
  return { backAfterMs };
}

async function allReady(processes: readonly Faultline[]): Promise<boolean> {
  const answers = await Promise.all(processes.map((process) => process.get("/readyz")));
  // What takes deliveries is ready without a queue, and says that it is away.
  const all = await Promise.all(answers.map(async (answer) => (await answer.json()) as { checks: object }));
  return all.every(({ checks }) => Object.values(checks).every((check) => check === "ok"));
}

async function unfinishedWork(databaseUrl: string): Promise<number> {
  const client = new pg.Client(databaseUrl);
  await client.connect();
  try {
    const { rows } = await client.query("select count(*)::int as count from faultline.work where finished_at is null");
    return Number(rows[0]?.count);
  } finally {
    await client.end();
  }
}

/** Tells when a count is reached. */
function milestones() {
  let reached = 0;
  const waiting: { at: number; resolve: () => void }[] = [];
  return {
    count: () => reached,
    at(count: number) {
      reached = count;
      for (const each of waiting) if (count >= each.at) each.resolve();
    },
    reach: (at: number) =>
      new Promise<void>((resolve) => {
        if (reached >= at) resolve();
        else waiting.push({ at, resolve });
      }),
  };
}
