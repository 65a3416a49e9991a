import { writeFileSync } from "node:fs";
import { join } from "node:path";
import pg from "pg";
import { afterEach, expect, test } from "vitest";
import { postgresAndRedis } from "../support/backends.ts";
import { expectExactBooks } from "../support/books.ts";
import { type Faultline, useFaultlines } from "../support/faultline.ts";
import { type Behind, haproxyAvailable, startHaproxy } from "../support/haproxy.ts";
import { nothingPending, useSurroundings } from "../support/notices.ts";
import { startPagerDuty } from "../support/receivers/pagerduty.ts";
import { startSlackApi } from "../support/receivers/slack-api.ts";
import { startWebhook, webhookSecret } from "../support/receivers/webhook.ts";
import { freePort } from "../support/redis.ts";
import { startRollingSender } from "../support/rolling-sender.ts";
import { startSimulatedTwilio } from "../support/simulated-twilio/server.ts";
import { streamCodes } from "../support/stream-of-deliveries.ts";
import { until } from "../support/until.ts";

const total = 50_000;
const ingests = 3;
const workers = 2;
/** One incident each. */
const codes = [...streamCodes, ...Array.from({ length: 17 }, (_, index) => 99_101 + index)];

const surroundings = useSurroundings();
const faultlines = useFaultlines();
let database: pg.Client | null = null;

afterEach(async () => {
  await database?.end();
  database = null;
});

test.skipIf(!postgresAndRedis.available || !haproxyAvailable())(
  `a rolling restart of ${ingests} ingest and ${workers} worker processes behind haproxy: of ${total} events each is counted once, none is refused, each notice comes once`,
  async () => {
    const backend = await surroundings.open(postgresAndRedis);
    database = new pg.Client(backend.databaseUrl ?? "");
    await database.connect();
    const [twilio, slack, pagerduty, webhook] = await Promise.all([
      surroundings.started(startSimulatedTwilio()),
      surroundings.started(startSlackApi({ burst: 1_000 })),
      surroundings.started(startPagerDuty({ perMinute: 1_000 })),
      surroundings.started(startWebhook()),
    ]);
    // No digests: each incident is told of by itself.
    const file = join(faultlines.folder(), "faultline.yaml");
    writeFileSync(file, "stormThreshold: 1000\n");
    const env = {
      ...backend.env,
      FAULTLINE_CONFIG: file,
      TWILIO_API_BASE_URL: twilio.baseUrl,
      SLACK_API_URL: slack.url,
      SLACK_BOT_TOKEN: slack.token,
      SLACK_CHANNEL: slack.channel,
      PAGERDUTY_ROUTING_KEY: pagerduty.routingKey,
      PAGERDUTY_URL: pagerduty.url,
      WEBHOOK_URL: webhook.url,
      WEBHOOK_SECRET: webhookSecret,
      // As docs/operations/haproxy.cfg asks for.
      DRAIN_DELAY: "5s",
    };

    const addresses: Behind[] = [];
    for (let made = 0; made < ingests; made += 1) {
      addresses.push({ port: await freePort(), adminPort: await freePort() });
    }
    const startIngest = ({ port, adminPort }: Behind) =>
      faultlines.start({ ...env, PORT: String(port), ADMIN_PORT: String(adminPort) }, ["serve", "--role", "ingest"]);
    const startWorker = () => faultlines.start(env, ["serve", "--role", "worker"]);
    const ingest = await Promise.all(addresses.map(startIngest));
    const worker = await Promise.all(Array.from({ length: workers }, startWorker));
    const haproxy = await surroundings.started(startHaproxy(addresses, { severe: true }));

    const sender = startRollingSender({ port: haproxy.port, total, overMs: 75_000, lanes: 8, codes });
    await until("a tenth to be acknowledged", 30_000, () => sender.acknowledged.size >= total / 10);

    async function restart(process: Faultline, start: () => Promise<Faultline>): Promise<Faultline> {
      const before = sender.acknowledged.size;
      await process.stop();
      const next = await start();
      // It went on meanwhile.
      expect(sender.acknowledged.size).toBeGreaterThan(before);
      return next;
    }
    for (const [index, address] of addresses.entries()) {
      const { [index]: old, length } = ingest;
      if (old === undefined) throw new Error(`expected ${length} processes`);
      ingest[index] = await restart(old, () => startIngest(address));
      await until("haproxy to see it again", 15_000, async () => (await haproxy.up()).includes(address.port));
      const oldWorker = worker[index];
      if (oldWorker !== undefined) worker[index] = await restart(oldWorker, startWorker);
    }
    expect(sender.acknowledged.size, "events left to send after the restarts").toBeLessThan(total);
    sender.hurry();
    await sender.done;

    expect(Object.fromEntries(sender.refusals), "answers that Twilio would not like").toEqual({});
    expect(sender.acknowledged.size).toBe(total);
    const [observer] = worker;
    if (observer === undefined) throw new Error("expected a worker");
    const books = await expectExactBooks(observer, sender);
    expect(books).toEqual({ events: total, incidents: codes.length });

    await until("every job to be done", 60_000, async () => (await works("finished_at is null")) === 0);
    expect(await works("abandoned is not null")).toBe(0);
    await until("every notice to go out", 60_000, () => nothingPending(observer));
    const jobs = (await observer.samples()).filter(({ name, value }) => name === "faultline_queue_jobs" && value > 0);
    expect(jobs.filter(({ labels: { queue, state } }) => queue !== "housekeeping" && state !== "completed")).toEqual(
      [],
    );

    const told = await Promise.all((await observer.incidents()).map(({ id }) => observer.incident(id)));
    const delivered = (receiver: string) =>
      told.flatMap(({ id, notices }) =>
        notices.filter((each) => each.receiver === receiver && each.outcome === "delivered").map(() => id),
      );
    // One request for each notice in the log, and every incident was told of once.
    expect(webhook.received.length).toBe(delivered("webhook").length);
    expect(new Set(webhook.received.map(({ headers }) => headers["webhook-id"])).size).toBe(webhook.received.length);
    expect(openings(webhook.received.map(({ json }) => json)).toSorted()).toEqual(told.map(({ id }) => id).toSorted());
    expect(pagerduty.received.length).toBe(delivered("pagerduty").length);
    expect(new Set(pagerduty.alerts.map(({ dedupKey }) => dedupKey)).size).toBe(pagerduty.alerts.length);
    expect(pagerduty.alerts.length).toBe(new Set(delivered("pagerduty")).size);
    expect(slack.messages().filter(({ threadTs }) => threadTs === null).length).toBe(told.length);

    await Promise.all([...ingest, ...worker].map((process) => process.stop()));
  },
  300_000,
);

/** Ids of the incidents a webhook was told the beginning of. */
function openings(bodies: readonly unknown[]): string[] {
  return bodies.flatMap((body) => {
    const { type, data } = body as { type: string; data: { incident: { id: string } } };
    return type === "incident.opened" ? [data.incident.id] : [];
  });
}

async function works(condition: string): Promise<number> {
  const result = await database?.query<{ count: string }>(`select count(*) from faultline.work where ${condition}`);
  return Number(result?.rows[0]?.count);
}
