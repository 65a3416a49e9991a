import { afterEach, describe, expect, test } from "vitest";
import { type Backend, embedded, postgresAndRedis } from "../support/backends.ts";
import { courier, deliver, streamParcel, webhookParcel } from "../support/deliver.ts";
import { type Faultline, useFaultlines } from "../support/faultline.ts";
import { type Everyone, startEveryone } from "../support/receivers/everyone.ts";
import type { Received } from "../support/receivers/server.ts";
import { type SlackWebhookDouble, startSlackWebhook } from "../support/receivers/slack-webhook.ts";
import { startWebhook, type WebhookDouble, webhookSecret } from "../support/receivers/webhook.ts";
import { startRedis } from "../support/redis.ts";
import { errorEvent } from "../support/sign.ts";
import { patternedSid } from "../support/simulated-twilio/world.ts";
import { until } from "../support/until.ts";

/*
 * Notices from a real process when receivers refuse, hang or fail, when processes die, and when too much happens at once.
 */

const faultlines = useFaultlines();
let backend: Backend | null = null;
let everyone: Everyone | null = null;
const doubles: { stop(): Promise<void> }[] = [];

afterEach(async () => {
  await Promise.all([everyone?.stop(), ...doubles.splice(0).map((double) => double.stop())]);
  await backend?.dispose();
  backend = null;
  everyone = null;
});

/** A double that ends with the test. */
async function started<T extends { stop(): Promise<void> }>(double: Promise<T>): Promise<T> {
  const running = await double;
  doubles.push(running);
  return running;
}

const report = async (faultline: Faultline, ...parcels: Parameters<typeof webhookParcel>[]) => {
  for (const parcel of parcels) {
    expect((await deliver(faultline.publicPort, webhookParcel(...parcel))).status).toBe(204);
  }
};

interface ReceiverLine {
  readonly name: string;
  readonly state: string;
  readonly pending: number;
  readonly lastFailureReason: string | null;
}

async function receivers(faultline: Faultline): Promise<ReceiverLine[]> {
  const answer = await faultline.get("/api/v1/receivers");
  return ((await answer.json()) as { receivers: ReceiverLine[] }).receivers;
}

async function nothingPending(faultline: Faultline): Promise<boolean> {
  return (await receivers(faultline)).every(({ pending }) => pending === 0);
}

/** Code and transition of what a webhook took, in order. */
function told({ deliveries }: WebhookDouble): string[] {
  return deliveries.map(({ json }) => {
    const { type, data } = json as { type: string; data: { incident: { code: number } } };
    return `${data.incident.code} ${type}`;
  });
}

const webhookEnv = ({ url }: WebhookDouble) => ({ WEBHOOK_URL: url, WEBHOOK_SECRET: webhookSecret });

/** The refused requests and the ones after them: none may come before the time that was asked for. */
function expectPatience(received: readonly Received[], waitMs: number): void {
  for (const [index, { at, status }] of received.entries()) {
    const next = received[index + 1];
    if (status === 429 && next !== undefined)
      expect(next.at - at, `request ${index + 2}`).toBeGreaterThanOrEqual(waitMs);
  }
}

test("AM #2111/#2128, SigNoz #12891: Slack's 429 loses no last state, and nobody calls before Retry-After", async () => {
  const slack: SlackWebhookDouble = await started(startSlackWebhook());
  const faultline = await faultlines.start({ SLACK_WEBHOOK_URL: slack.url, INCIDENT_QUIET_PERIOD: "12s" });
  // Longer than the incidents last: what was opened is resolved before Slack takes a word.
  slack.faults.add({ status: 429, retryAfter: 6, times: 4 });
  const codes = [99_101, 99_102, 99_103];
  await report(faultline, ...codes.map((code): [ReturnType<typeof errorEvent>] => [errorEvent({ code }, code)]));
  await until("the last state of each", 90_000, () =>
    codes.every((code) => slack.messages.some(({ body }) => body.includes(String(code)) && /resolved/i.test(body))),
  );
  expectPatience(slack.received, 6_000);
  expect(slack.received.filter(({ status }) => status === 429)).toHaveLength(4);
  await until("the queue to be empty", 10_000, () => nothingPending(faultline));
  // What was overtaken was dropped, not sent after.
  for (const code of codes) {
    const states = slack.messages.filter(({ body }) => body.includes(String(code)));
    expect(states.at(-1)?.body).toMatch(/resolved/i);
  }
  expect(await faultline.metric("faultline_notices_total", { outcome: "superseded" })).toBeGreaterThan(0);
  await faultline.stop();
});

test("Robusta: PagerDuty's 5xx, a cut connection and 429 are tried again, its 400 is given up with its reason", async () => {
  everyone = await startEveryone();
  const { pagerduty } = everyone;
  const faultline = await faultlines.start(everyone.env);
  pagerduty.faults.add({ status: 503, times: 1 });
  pagerduty.faults.add({ cut: "before", times: 1 });
  pagerduty.faults.add({ status: 429, retryAfter: 3, times: 1 });
  await report(faultline, [errorEvent({ code: 99_123 }, 23)]);
  await until("the alert", 60_000, () => pagerduty.alerts.length === 1);
  expect(pagerduty.received.map(({ status }) => status)).toEqual([503, 0, 429, 202]);
  expectPatience(pagerduty.received, 3_000);

  pagerduty.faults.add({ status: 400, body: { status: "invalid event", message: "no", errors: [] }, times: 1 });
  await report(faultline, [errorEvent({ code: 99_124 }, 24)]);
  const reason = { receiver: "pagerduty", outcome: "given_up", reason: "clientError" };
  await until(
    "it to be given up",
    20_000,
    async () => (await faultline.metric("faultline_notices_total", reason)) === 1,
  );
  expect(pagerduty.received).toHaveLength(5);
  const line = (await receivers(faultline)).find(({ name }) => name === "pagerduty");
  expect(line).toMatchObject({ state: "ok", lastFailureReason: "clientError" });
  await faultline.stop();
});

test("a receiver that refuses three in a row is told to the others, shown by the API, and again when it is well", async () => {
  everyone = await startEveryone();
  const { slack, webhook } = everyone;
  const faultline = await faultlines.start(everyone.env);
  const mend = webhook.faults.add({ status: 410 });
  await report(
    faultline,
    ...[99_101, 99_102, 99_103].map((code): [ReturnType<typeof errorEvent>] => [errorEvent({ code }, code)]),
  );
  const about = () => slack.messages().find(({ text }) => text.includes("Receiver webhook"));
  await until("Slack to say so", 60_000, () => about() !== undefined);
  expect(about()?.text).toContain("clientError");
  const line = (await receivers(faultline)).find(({ name }) => name === "webhook");
  expect(line).toMatchObject({ state: "failing", lastFailureReason: "clientError" });
  expect(webhook.received).toHaveLength(3);

  mend();
  await report(faultline, [errorEvent({ code: 99_104 }, 4)]);
  await until("Slack to say that it is well", 60_000, () => /resolved/i.test(about()?.text ?? ""));
  expect((await receivers(faultline)).find(({ name }) => name === "webhook")).toMatchObject({ state: "ok" });
  await faultline.stop();
});

test("OpenWA#511: a receiver that hangs delays neither another nor a diagnosis", async () => {
  everyone = await startEveryone();
  const { slack, pagerduty } = everyone;
  const faultline = await faultlines.start(everyone.env);
  slack.faults.add({ hang: true });
  await report(faultline, [errorEvent({ code: 11_200 }, 1)]);
  await until("Slack to hang", 20_000, () => slack.received.length > 0);
  for (const code of [99_101, 99_102, 99_103, 99_104, 99_105, 99_106])
    await report(faultline, [errorEvent({ code }, code)]);
  const startedAt = Date.now();
  await until("PagerDuty's alerts", 25_000, () => pagerduty.alerts.length === 7);
  // Ten seconds of waiting for a diagnosis that cannot be made, and half a second an alert.
  expect(Date.now() - startedAt).toBeLessThan(16_000);
  await faultline.stop(40_000);
});

describe.for([embedded, postgresAndRedis])("kill -9 on $name", (kind) => {
  async function open(env: Readonly<Record<string, string>>) {
    backend = await kind.open();
    const all = { ...backend.env, ...env };
    return { faultline: await faultlines.start(all), again: () => faultlines.start(all) };
  }

  test.skipIf(!kind.available)("right after the event was acknowledged: its notice goes out, once", async () => {
    const webhook = await started(startWebhook());
    const { faultline, again } = await open(webhookEnv(webhook));
    await report(faultline, [errorEvent({ code: 99_123 }, 23)]);
    await faultline.kill9();
    expect(webhook.deliveries).toEqual([]);
    const next = await again();
    const restartedAt = Date.now();
    await until("the notice", 60_000, () => webhook.deliveries.length > 0);
    expect(Date.now() - restartedAt).toBeLessThan(60_000);
    await until("the queue to be empty", 10_000, () => nothingPending(next));
    expect(told(webhook)).toEqual(["99123 incident.opened"]);
    expect(webhook.received).toHaveLength(1);
    await next.stop();
  });

  test.skipIf(!kind.available)(
    "Keep #6531: while a notice is under way it goes out within 60 s of the restart, at most once more, and others do not wait for it",
    async () => {
      const webhook = await started(startWebhook());
      const { faultline, again } = await open(webhookEnv(webhook));
      // It takes the notice, and the process dies before it hears so.
      webhook.faults.add({ delayMs: 3_000, applied: true, times: 1 });
      await report(faultline, [errorEvent({ code: 99_123 }, 23)]);
      await until("the notice to be under way", 20_000, () => webhook.received.length === 1);
      await faultline.kill9();
      const next = await again();
      const restartedAt = Date.now();
      await report(next, [errorEvent({ code: 99_124 }, 24)]);
      await until("the other's notice", 25_000, () => told(webhook).includes("99124 incident.opened"));
      await until("the notice again", 60_000, () => webhook.received.length === 3);
      expect(Date.now() - restartedAt).toBeLessThan(60_000);
      await until("the queue to be empty", 10_000, () => nothingPending(next));
      expect(webhook.received).toHaveLength(3);
      const ids = webhook.received.map(({ headers }) => headers["webhook-id"]);
      // The same id both times, by which the receiver knows the duplicate.
      expect(new Set(ids).size).toBe(2);
      await next.stop();
    },
  );

  test.skipIf(!kind.available)("after a notice was delivered: it is not sent again", async () => {
    const webhook = await started(startWebhook());
    const { faultline, again } = await open({ ...webhookEnv(webhook), INCIDENT_QUIET_PERIOD: "20s" });
    await report(faultline, [errorEvent({ code: 99_123 }, 23)]);
    await until(
      "the notice to be noted",
      20_000,
      async () => webhook.deliveries.length === 1 && nothingPending(faultline),
    );
    await faultline.kill9();
    const next = await again();
    await until("the end of the incident", 60_000, () => webhook.deliveries.length === 2);
    expect(told(webhook)).toEqual(["99123 incident.opened", "99123 incident.resolved"]);
    expect(webhook.received).toHaveLength(2);
    await next.stop();
  });

  test.skipIf(!kind.available)(
    "while notices wait out a 429: the wait is kept, and the last state arrives",
    async () => {
      const webhook = await started(startWebhook());
      const { faultline, again } = await open({ ...webhookEnv(webhook), INCIDENT_QUIET_PERIOD: "15s" });
      webhook.faults.add({ status: 429, retryAfter: 15, times: 1 });
      await report(faultline, [errorEvent({ code: 99_123 }, 23)]);
      await until("the refusal", 20_000, () => webhook.received.length === 1);
      await until("the refusal to be noted", 5_000, async () =>
        (await receivers(faultline)).some(({ lastFailureReason }) => lastFailureReason === "rateLimited"),
      );
      await faultline.kill9();
      const next = await again();
      await until("the last state", 60_000, () => told(webhook).includes("99123 incident.resolved"));
      expectPatience(webhook.received, 15_000);
      expect(told(webhook).at(-1)).toBe("99123 incident.resolved");
      await next.stop();
    },
  );
});

test.skipIf(!postgresAndRedis.available)(
  "Keep #4155: Redis away under load costs no event and no notice, and pages nobody twice",
  async () => {
    backend = await postgresAndRedis.open();
    const { redis } = backend;
    if (redis === null) throw new Error("expected a Redis");
    everyone = await startEveryone();
    const { pagerduty, webhook } = everyone;
    const faultline = await faultlines.start({ ...backend.env, ...everyone.env });
    await report(faultline, [errorEvent({ code: 99_101 }, 1)]);
    await redis.stop();
    for (const code of [99_102, 99_103, 99_104]) await report(faultline, [errorEvent({ code }, code)]);
    await started(startRedis({ port: redis.port }));
    await until("every page", 90_000, () => pagerduty.alerts.length === 4);
    await until("every delivery", 30_000, () => webhook.deliveries.length === 4);
    await until("the queue to be empty", 30_000, () => nothingPending(faultline));
    expect(pagerduty.received).toHaveLength(4);
    expect(webhook.received).toHaveLength(4);
    await faultline.stop();
  },
);

test("Alertmanager hears of an open incident every minute, from the record: a restart changes nothing", async () => {
  backend = await embedded.open();
  everyone = await startEveryone();
  const { alertmanager } = everyone;
  const env = { ...backend.env, ...everyone.env };
  const first = await faultlines.start(env);
  await report(first, [errorEvent({ code: 99_123 })]);
  await until("the alert", 20_000, async () => alertmanager.alerts.length === 1 && nothingPending(first));
  await first.stop();

  const second = await faultlines.start(env);
  await until("the alert again", 70_000, () => alertmanager.alerts.length === 2);
  const [one, two] = alertmanager.received;
  expect((two?.at ?? 0) - (one?.at ?? 0)).toBeGreaterThanOrEqual(59_000);
  const [alert, again] = alertmanager.alerts;
  expect(again?.labels).toEqual(alert?.labels);
  expect(again?.startsAt).toBe(alert?.startsAt);
  expect(again?.endsAt).toBeUndefined();
  // A repeat is no notice of its own.
  const [incident] = await second.incidents();
  const { notices } = await second.incident(incident?.id ?? "");
  expect(notices.filter(({ receiver }) => receiver === "alertmanager")).toHaveLength(1);
  await second.stop();
});

describe.for([embedded, postgresAndRedis])("200 different incidents in a minute on $name", (kind) => {
  test.skipIf(!kind.available)(
    "come as ten messages and digests, no rate is exceeded, everything is delivered, Alertmanager has each",
    async () => {
      backend = await kind.open();
      everyone = await startEveryone();
      const { slack, pagerduty, alertmanager, webhook } = everyone;
      const faultline = await faultlines.start({ ...backend.env, ...everyone.env });
      const sender = courier(faultline.publicPort, 4);
      for (let batch = 0; batch < 20; batch += 1) {
        const events = Array.from({ length: 10 }, (_, index) => {
          const count = batch * 10 + index + 1;
          return errorEvent({ code: 99_100 + (count % 3), service: patternedSid("KS", count) }, count);
        });
        expect((await sender.send(streamParcel(events))).status).toBe(204);
      }
      sender.close();
      await until("200 incidents", 10_000, async () => (await faultline.incidents()).length === 200);
      const totals = () =>
        webhook.deliveries.flatMap(({ json }) => {
          const { type, data } = json as { type: string; data: { digest: { total: number } } };
          return type === "incidents.digest" ? [data.digest.total] : [];
        });
      await until("everything to be told", 100_000, async () => {
        const inDigests = totals().reduce((sum, total) => sum + total, 0);
        const alone = webhook.deliveries.length - totals().length;
        return inDigests + alone === 200 && alertmanager.alerts.length >= 200 && (await nothingPending(faultline));
      });
      expect(totals().length).toBeGreaterThan(0);
      for (const { received } of [slack, pagerduty, webhook]) {
        expect(received.length).toBeLessThanOrEqual(20);
        expect(received.filter(({ status }) => status === 429)).toEqual([]);
      }
      expect(new Set(alertmanager.alerts.map(({ labels }) => labels.incident)).size).toBe(200);
      expect(await faultline.metric("faultline_notices_total", { outcome: "given_up" })).toBe(0);
      expect(slack.messages().some(({ text }) => /\b1\d\d\b/.test(text))).toBe(true);
      await faultline.stop();
    },
  );
});
