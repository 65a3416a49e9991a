import { describe, expect, onTestFinished, test } from "vitest";
import { Secret } from "../../src/core/secret.ts";
import { createSlackWebhook } from "../../src/notify/slack.ts";
import { notifierSuite, now } from "../contract/notifier.suite.ts";
import { pingsIn } from "../support/receivers/slack-limits.ts";
import { startSlackWebhook } from "../support/receivers/slack-webhook.ts";
import { digestNotice, incidentNotice, resolvedNotice } from "./notices.ts";

const clock = { now: () => now };

async function open({ timeoutMs = 10_000, burst = 10 } = {}) {
  const double = await startSlackWebhook({ burst });
  const notifier = createSlackWebhook({ name: "under-test", url: new Secret(double.url), clock, timeoutMs });
  return { notifier, double, secrets: [double.url, new URL(double.url).pathname] };
}

notifierSuite("Slack's incoming webhook", { kind: "slack", open, testMark: /\[TEST\]/ });

describe("Slack's incoming webhook", () => {
  async function opened(options = {}) {
    const fixture = await open(options);
    onTestFinished(() => fixture.double.stop());
    return fixture;
  }

  test("every message is a new one: nothing to refer to", async () => {
    const { notifier, double } = await opened();
    expect(await notifier.send(incidentNotice(), null)).toEqual({ ok: true, reference: null });
    expect(await notifier.send(resolvedNotice(), null)).toEqual({ ok: true, reference: null });
    expect(await notifier.send(digestNotice(), null)).toEqual({ ok: true, reference: null });
    expect(double.messages).toHaveLength(3);
  });

  test("text for notifications comes with the blocks, and nothing unfolds", async () => {
    const { notifier, double } = await opened();
    await notifier.send(incidentNotice(), null);
    expect(double.messages[0]?.json).toMatchObject({
      text: expect.stringContaining("80604"),
      blocks: expect.any(Array),
      unfurl_links: false,
      unfurl_media: false,
    });
  });

  test("what others wrote pings nobody", async () => {
    const { notifier, double } = await opened();
    const hostile = "<!channel> <@U0000000A> <!subteam^S0000000A> @here & co";
    await notifier.send(incidentNotice({ incident: { title: hostile, product: hostile } }), null);
    expect(double.messages).toHaveLength(1);
    expect(pingsIn(double.messages[0]?.json)).toEqual([]);
  });

  test("above one message a second Slack says when to come back, and then takes it", async () => {
    const { notifier, double } = await opened({ burst: 1 });
    expect(await notifier.send(incidentNotice(), null)).toMatchObject({ ok: true });
    expect(await notifier.send(incidentNotice(), null)).toEqual({
      ok: false,
      reason: "rateLimited",
      retry: true,
      retryAfterMs: 1_000,
    });
    await expect
      .poll(() => notifier.send(incidentNotice(), null), { timeout: 4_000, interval: 200 })
      .toMatchObject({ ok: true });
    expect(double.messages).toHaveLength(2);
  });

  test("the wait may stand in the body alone", async () => {
    const { notifier, double } = await opened();
    double.faults.add({ status: 429, body: { retry_after: 4, ok: false, error: "rate_limited" } });
    expect(await notifier.send(incidentNotice(), null)).toMatchObject({ reason: "rateLimited", retryAfterMs: 4_000 });
  });

  test("a URL that is no webhook any more is given up", async () => {
    const { double } = await opened();
    const notifier = createSlackWebhook({ name: "slack", url: new Secret(`${double.url}x`), clock });
    expect(await notifier.send(incidentNotice(), null)).toEqual({ ok: false, reason: "clientError", retry: false });
  });
});
