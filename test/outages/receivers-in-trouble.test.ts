import { expect, test } from "vitest";
import { embedded } from "../support/backends.ts";
import { useFaultlines } from "../support/faultline.ts";
import { expectPatience, nothingPending, receiverLines, report, useSurroundings } from "../support/notices.ts";
import { startSlackWebhook } from "../support/receivers/slack-webhook.ts";
import { errorEvent } from "../support/sign.ts";
import { until } from "../support/until.ts";

/*
 * Receivers that refuse, hang or fail.
 */

const surroundings = useSurroundings();
const faultlines = useFaultlines();

test("AM #2111/#2128, SigNoz #12891: Slack's 429 loses no last state, and nobody calls before Retry-After", async () => {
  const slack = await surroundings.started(startSlackWebhook());
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
  const everyone = await surroundings.everyone();
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
  const line = (await receiverLines(faultline)).find(({ name }) => name === "pagerduty");
  expect(line).toMatchObject({ state: "ok", lastFailureReason: "clientError" });
  await faultline.stop();
});

test("a receiver that refuses three in a row is told to the others, shown by the API, and again when it is well", async () => {
  const everyone = await surroundings.everyone();
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
  const line = (await receiverLines(faultline)).find(({ name }) => name === "webhook");
  expect(line).toMatchObject({ state: "failing", lastFailureReason: "clientError" });
  expect(webhook.received).toHaveLength(3);

  mend();
  await report(faultline, [errorEvent({ code: 99_104 }, 4)]);
  await until("Slack to say that it is well", 60_000, () => /resolved/i.test(about()?.text ?? ""));
  expect((await receiverLines(faultline)).find(({ name }) => name === "webhook")).toMatchObject({ state: "ok" });
  await faultline.stop();
});

test("OpenWA#511: a receiver that hangs delays neither another nor a diagnosis", async () => {
  const everyone = await surroundings.everyone();
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

test("Alertmanager hears of an open incident every minute, from the record: a restart changes nothing", async () => {
  const backend = await surroundings.open(embedded);
  const everyone = await surroundings.everyone();
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
