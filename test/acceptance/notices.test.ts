import { afterEach, describe, expect, test } from "vitest";
import { stageFaults } from "../../src/cli/demo/world.ts";
import { type Backend, embedded, postgresAndRedis } from "../support/backends.ts";
import { courier, deliver, streamParcel, webhookParcel } from "../support/deliver.ts";
import { type Faultline, useFaultlines } from "../support/faultline.ts";
import { type Everyone, startEveryone } from "../support/receivers/everyone.ts";
import { errorEvent } from "../support/sign.ts";
import { type SimulatedTwilio, startSimulatedTwilio } from "../support/simulated-twilio/server.ts";
import { until } from "../support/until.ts";

/*
 * Notices from a real process to receivers that speak their real protocols: what people get when all goes well.
 */

const faultlines = useFaultlines();
let backend: Backend | null = null;
let twilio: SimulatedTwilio | null = null;
let everyone: Everyone | null = null;

afterEach(async () => {
  await Promise.all([backend?.dispose(), twilio?.stop(), everyone?.stop()]);
  backend = null;
  twilio = null;
  everyone = null;
});

const report = async (faultline: Faultline, ...parcels: Parameters<typeof webhookParcel>[]) => {
  for (const parcel of parcels) {
    expect((await deliver(faultline.publicPort, webhookParcel(...parcel))).status).toBe(204);
  }
};

/** The one incident on record, with its notices. */
async function onlyIncident(faultline: Faultline) {
  const incidents = await faultline.incidents();
  expect(incidents).toHaveLength(1);
  return await faultline.incident(incidents[0]?.id ?? "");
}

/** What was delivered, as `receiver transition`, in order. */
async function delivered(faultline: Faultline): Promise<string[]> {
  const { notices } = await onlyIncident(faultline);
  return notices
    .filter(({ outcome }) => outcome === "delivered")
    .map(({ receiver, transition }) => `${receiver} ${transition}`);
}

async function pending(faultline: Faultline): Promise<number> {
  const answer = await faultline.get("/api/v1/receivers");
  const { receivers } = (await answer.json()) as { receivers: { pending: number }[] };
  return receivers.reduce((sum, receiver) => sum + receiver.pending, 0);
}

describe.for([embedded, postgresAndRedis])("on $name", (kind) => {
  test.skipIf(!kind.available)(
    "every receiver has the incident with its cause within 3 s of the first event's request",
    async () => {
      backend = await kind.open();
      twilio = await startSimulatedTwilio({ latencyMs: 100 });
      everyone = await startEveryone();
      const { slack, pagerduty, alertmanager, webhook } = everyone;
      const faultline = await faultlines.start({
        ...backend.env,
        ...everyone.env,
        TWILIO_API_BASE_URL: twilio.baseUrl,
      });
      // An ERROR, so that PagerDuty hears of it.
      const fault = stageFaults(twilio, new Date()).find(({ code }) => code === 50416);
      if (fault === undefined) throw new Error("expected a staged 50416");

      const startedAt = Date.now();
      await report(faultline, [fault]);
      const all = [slack, pagerduty, alertmanager, webhook];
      await until("a message at each", 10_000, () => all.every(({ received }) => received.length > 0));
      for (const { received } of all) expect((received[0]?.at ?? 0) - startedAt).toBeLessThan(3_000);

      const { causes, conflicts } = await onlyIncident(faultline);
      expect(causes[0]).toMatchObject({ id: "stale-binding", verdict: "confirmed" });
      const cause = causes[0]?.text ?? "?";
      const conflict = conflicts[0]?.sid ?? "?";
      const [message] = slack.messages();
      expect(JSON.stringify(message?.blocks)).toContain(JSON.stringify(cause).slice(1, -1).slice(0, 60));
      expect(JSON.stringify(message?.blocks)).toContain(conflict);
      expect(JSON.stringify(pagerduty.alerts[0]?.triggers)).toContain(conflict);
      expect(alertmanager.alerts[0]?.annotations.description).toContain(conflict);
      expect(webhook.deliveries[0]?.body).toContain(conflict);

      await until("the record to say so", 5_000, async () => (await delivered(faultline)).length === 4);
      expect((await delivered(faultline)).toSorted()).toEqual([
        "alertmanager opened",
        "pagerduty opened",
        "slack opened",
        "webhook opened",
      ]);
      expect(await faultline.metric("faultline_notices_total", { outcome: "delivered", reason: "first" })).toBe(4);
      expect(await faultline.metric("faultline_notice_delay_seconds_count")).toBe(4);
      await faultline.stop();
    },
  );
});

test("Robusta: after a restart the same message is updated and its thread goes on; the count does too", async () => {
  backend = await embedded.open();
  everyone = await startEveryone();
  const { slack } = everyone;
  const env = { ...backend.env, ...everyone.env, INCIDENT_QUIET_PERIOD: "12s" };
  const first = await faultlines.start(env);
  await report(first, [errorEvent({ code: 99_123 }, 1)], [errorEvent({ code: 99_123 }, 2)]);
  await until("the first message", 15_000, () => slack.messages().length === 1);
  await until("it to be noted", 5_000, async () => (await pending(first)) === 0);
  const [opened] = slack.messages();
  await first.stop();

  const second = await faultlines.start(env);
  await until("the message to say resolved", 40_000, () => slack.messages()[0]?.edits === 1);
  const [message, reply, ...more] = slack.messages();
  expect(message?.ts).toBe(opened?.ts);
  expect(message?.text).toMatch(/resolved/i);
  expect(message?.text).toContain("2 events");
  await until("the thread", 5_000, () => slack.messages().length === 2);
  expect((reply ?? slack.messages()[1])?.threadTs).toBe(opened?.ts);
  expect(more).toEqual([]);
  await second.stop();
});

test("GoAlert #4522, ITOC360: PagerDuty's alert is resolved after the quiet period, by the key that triggered it", async () => {
  everyone = await startEveryone();
  const { pagerduty, alertmanager } = everyone;
  const faultline = await faultlines.start({ ...everyone.env, INCIDENT_QUIET_PERIOD: "11s" });
  await report(faultline, [errorEvent({ code: 99_123 })]);
  await until("the alert", 15_000, () => pagerduty.alerts.length === 1);
  await until("its end", 30_000, () => pagerduty.alerts[0]?.state === "resolved");
  const [trigger, resolve] = pagerduty.received.map(({ json }) => json as Record<string, unknown>);
  expect(trigger).toMatchObject({ event_action: "trigger", routing_key: pagerduty.routingKey });
  expect(resolve).toMatchObject({
    event_action: "resolve",
    routing_key: pagerduty.routingKey,
    dedup_key: trigger?.dedup_key,
  });
  expect(pagerduty.received).toHaveLength(2);
  await until("Alertmanager's end", 5_000, () => alertmanager.alerts.some(({ endsAt }) => endsAt !== undefined));
  expect(new Set(alertmanager.alerts.map(({ labels }) => JSON.stringify(labels))).size).toBe(1);
  await faultline.stop();
});

test("GoAlert #4461: two codes with the same words stay two incidents and two messages", async () => {
  everyone = await startEveryone();
  const { slack, pagerduty } = everyone;
  const faultline = await faultlines.start(everyone.env);
  const same = { message: "Something failed", resource: null };
  await report(faultline, [errorEvent({ code: 99_123, ...same }, 1)], [errorEvent({ code: 99_124, ...same }, 2)]);
  await until("two messages", 20_000, () => slack.messages().length === 2 && pagerduty.alerts.length === 2);
  expect(await faultline.incidents()).toHaveLength(2);
  expect(new Set(pagerduty.alerts.map(({ dedupKey }) => dedupKey)).size).toBe(2);
  await faultline.stop();
});

describe.for([embedded, postgresAndRedis])("swc-web#1493, hcb#12646 on $name", (kind) => {
  test.skipIf(!kind.available)(
    "10,000 identical events within a minute are 1 incident and at most 3 notices a receiver",
    async () => {
      backend = await kind.open();
      everyone = await startEveryone();
      const { slack, pagerduty, webhook, alertmanager } = everyone;
      const faultline = await faultlines.start({ ...backend.env, ...everyone.env });
      const sender = courier(faultline.publicPort, 4);
      const batches = Array.from({ length: 100 }, (_, batch) =>
        Array.from({ length: 100 }, (_, index) =>
          errorEvent({ code: 99_123, resource: null }, batch * 100 + index + 1),
        ),
      );
      const statuses = await Promise.all(batches.map(async (batch) => (await sender.send(streamParcel(batch))).status));
      expect(new Set(statuses)).toEqual(new Set([204]));
      sender.close();

      await until("everybody to be told", 30_000, () =>
        [slack, pagerduty, webhook, alertmanager].every(({ received }) => received.length > 0),
      );
      await until("nothing more to be on its way", 30_000, async () => (await pending(faultline)) === 0);
      expect(await onlyIncident(faultline)).toMatchObject({ count: 10_000 });
      const told = Map.groupBy(await delivered(faultline), (line) => line.split(" ")[0]);
      expect(told.size).toBe(4);
      for (const [receiver, lines] of told) expect(lines.length, receiver).toBeLessThanOrEqual(3);
      expect(slack.messages().filter(({ threadTs }) => threadTs === null)).toHaveLength(1);
      expect(pagerduty.alerts).toHaveLength(1);
      expect(pagerduty.received.length).toBeLessThanOrEqual(3);
      expect(webhook.received.length).toBeLessThanOrEqual(3);
      await faultline.stop();
    },
  );
});

test("a silence keeps quiet, says so in the record, and what it kept quiet is told when it is ended", async () => {
  everyone = await startEveryone();
  const { slack, webhook } = everyone;
  const faultline = await faultlines.start(everyone.env);
  const silences = `${faultline.adminUrl}/api/v1/silences`;
  const made = await fetch(silences, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      matchers: [{ name: "code", value: "99123" }],
      comment: "planned work",
      createdBy: "somebody",
      endsAt: new Date(Date.now() + 3_600_000).toISOString(),
    }),
  });
  expect(made.status).toBe(201);
  const { id } = (await made.json()) as { id: string };
  await report(faultline, [errorEvent({ code: 99_123 })]);
  const held = await until("the record to say why", 15_000, async () => {
    const { notices } = await onlyIncident(faultline);
    return notices.length === 4 && notices;
  });
  expect(new Set(held.map(({ outcome, reason }) => `${outcome} ${reason}`))).toEqual(
    new Set(["suppressed suppressed_silence"]),
  );
  expect(await faultline.metric("faultline_notices_total", { reason: "suppressed_silence" })).toBe(4);
  expect([slack.received.length, webhook.received.length]).toEqual([0, 0]);

  expect((await fetch(`${silences}/${id}`, { method: "DELETE" })).status).toBe(200);
  await until("it to be told", 15_000, () => slack.messages().length === 1 && webhook.deliveries.length === 1);
  await faultline.stop();
});

test("check --send-test sends every receiver a notice marked as a test and says what each answered", async () => {
  everyone = await startEveryone();
  const { slack, pagerduty, alertmanager, webhook } = everyone;
  twilio = await startSimulatedTwilio();
  const env = { DATA_DIR: `${faultlines.folder()}/data`, ...everyone.env };
  const good = await faultlines.run(["check", "--send-test"], env);
  const lines = good.stdout.split("\n").filter((line) => line.includes("receiver"));
  expect(lines).toEqual([
    "ok   receiver slack: slack took the test notice",
    "ok   receiver pagerduty: pagerduty took the test notice",
    "ok   receiver alertmanager: alertmanager took the test notice",
    "ok   receiver webhook: webhook took the test notice",
  ]);
  for (const { received } of [slack, pagerduty, alertmanager, webhook]) {
    expect(received[0]?.body).toMatch(/\[TEST\]|"test":true/);
  }
  // Nobody else would close it.
  expect(pagerduty.alerts.map(({ state }) => state)).toEqual(["resolved"]);

  const wrong = {
    ...env,
    PAGERDUTY_ROUTING_KEY: "f".repeat(32),
    SLACK_CHANNEL: "C_ELSEWHERE",
    WEBHOOK_URL: "http://127.0.0.1:9/",
  };
  const bad = await faultlines.run(["check", "--send-test"], wrong);
  expect(bad.exitCode).toBe(1);
  expect(bad.stdout).toMatch(/^FAIL receiver slack: slack, clientError: /m);
  expect(bad.stdout).toMatch(/^FAIL receiver pagerduty: pagerduty, authError: /m);
  expect(bad.stdout).toMatch(/^FAIL receiver webhook: webhook, network: /m);
  expect(bad.stdout).toMatch(/^ok {3}receiver alertmanager/m);
  for (const secret of [slack.token, "f".repeat(32)]) expect(bad.stdout + bad.stderr).not.toContain(secret);
});
