import { describe, expect, onTestFinished, test } from "vitest";
import { WebhookBody } from "../../src/core/notice/render/webhook.ts";
import { Secret } from "../../src/core/secret.ts";
import { createWebhook } from "../../src/notify/webhook.ts";
import { notifierSuite, now } from "../contract/notifier.suite.ts";
import { startWebhook, webhookSecret } from "../support/receivers/webhook.ts";
import { digestNotice, incidentNotice, resolvedNotice } from "./notices.ts";

const clock = { now: () => now };

async function open({
  timeoutMs = 10_000,
  secret = webhookSecret,
}: {
  timeoutMs?: number;
  secret?: string | null;
} = {}) {
  const double = await startWebhook({ secret, now: clock.now });
  const notifier = createWebhook({
    name: "under-test",
    url: new Secret(double.url),
    secret: secret === null ? null : new Secret(secret),
    clock,
    timeoutMs,
  });
  return { notifier, double, secrets: [webhookSecret, webhookSecret.slice(6), double.url, new URL(double.url).search] };
}

notifierSuite("webhook", { kind: "webhook", open, testMark: /"test":true/ });

describe("webhook", () => {
  async function opened(options: { secret?: string | null } = {}) {
    const fixture = await open(options);
    onTestFinished(() => fixture.double.stop());
    return fixture;
  }

  test("is signed as Standard Webhooks asks, at the time of the attempt", async () => {
    const { notifier, double } = await opened();
    expect(await notifier.send(incidentNotice(), null)).toEqual({ ok: true, reference: null });
    expect(double.deliveries).toHaveLength(1);
    expect(double.deliveries[0]?.headers).toMatchObject({
      "webhook-id": "notice-1",
      "webhook-timestamp": String(now.getTime() / 1_000),
      "webhook-signature": expect.stringMatching(/^v1,[A-Za-z0-9+/]{43}=$/),
    });
  });

  test("the body is the documented one, for incidents and digests", async () => {
    const { notifier, double } = await opened();
    for (const notice of [incidentNotice(), resolvedNotice(), digestNotice()]) await notifier.send(notice, null);
    const bodies = double.deliveries.map(({ json }) => WebhookBody.parse(json));
    expect(bodies.map(({ type }) => type)).toEqual(["incident.opened", "incident.resolved", "incidents.digest"]);
  });

  test("another attempt has the same id, so that the receiver knows it", async () => {
    const { notifier, double } = await opened();
    double.faults.add({ times: 1, applied: true, status: 503 });
    expect(await notifier.send(incidentNotice(), null)).toMatchObject({ ok: false, retry: true });
    expect(await notifier.send(incidentNotice(), null)).toMatchObject({ ok: true });
    expect(double.received).toHaveLength(2);
    expect(double.deliveries).toHaveLength(1);
  });

  test("a receiver with another secret refuses it", async () => {
    const { double } = await opened();
    const secret = new Secret(`whsec_${Buffer.from("another-secret-of-some-length").toString("base64")}`);
    const notifier = createWebhook({ name: "webhook", url: new Secret(double.url), secret, clock });
    expect(await notifier.send(incidentNotice(), null)).toEqual({ ok: false, reason: "authError", retry: false });
  });

  test("without a secret it is not signed", async () => {
    const { notifier, double } = await opened({ secret: null });
    expect(await notifier.send(incidentNotice(), null)).toEqual({ ok: true, reference: null });
    expect(double.received[0]?.headers).not.toHaveProperty("webhook-signature");
    expect(double.received[0]?.headers).toHaveProperty("webhook-id", "notice-1");
  });

  test("a secret nobody could sign with is refused at once, without showing it", () => {
    const secret = new Secret("hunter2");
    const create = () => createWebhook({ name: "webhook", url: new Secret("https://example.com/"), secret, clock });
    expect(create).toThrow(/expected a secret of Standard Webhooks/);
    expect(create).not.toThrow(/hunter2/);
  });
});
