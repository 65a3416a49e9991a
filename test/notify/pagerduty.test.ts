import { describe, expect, onTestFinished, test } from "vitest";
import { Secret } from "../../src/core/secret.ts";
import { createPagerDuty } from "../../src/notify/pagerduty.ts";
import { notifierSuite, now } from "../contract/notifier.suite.ts";
import { type PagerDutyOptions, pagerDutyKey, startPagerDuty } from "../support/receivers/pagerduty.ts";
import { digestNotice, incidentNotice, resolvedNotice } from "./notices.ts";

const clock = { now: () => now };

async function open({ timeoutMs = 10_000, ...options }: PagerDutyOptions & { timeoutMs?: number } = {}) {
  const double = await startPagerDuty(options);
  const notifier = createPagerDuty({
    name: "under-test",
    routingKey: new Secret(pagerDutyKey),
    url: double.url,
    clock,
    timeoutMs,
  });
  return { notifier, double, secrets: [pagerDutyKey] };
}

notifierSuite("PagerDuty", { kind: "pagerduty", open, testMark: /\[TEST\]/, waitWhenLimitedMs: 30_000 });

describe("PagerDuty", () => {
  async function opened(options: PagerDutyOptions = {}) {
    const fixture = await open(options);
    onTestFinished(() => fixture.double.stop());
    return fixture;
  }

  test("whatever happens to an incident is one alert, which its end resolves", async () => {
    const { notifier, double } = await opened();
    await notifier.send(incidentNotice(), null);
    await notifier.send(incidentNotice({ id: "notice-1b", transition: "diagnosed", reason: "diagnosed" }), null);
    expect(double.alerts).toMatchObject([{ state: "triggered", triggers: [{}, {}] }]);
    expect(await notifier.send(resolvedNotice(), null)).toEqual({ ok: true, reference: null });
    expect(double.alerts).toMatchObject([{ state: "resolved" }]);
    const events = double.received.map(({ json }) => json as Record<string, unknown>);
    expect(events.map((event) => event.event_action)).toEqual(["trigger", "trigger", "resolve"]);
    expect(new Set(events.map((event) => event.dedup_key)).size).toBe(1);
    expect(new Set(events.map((event) => event.routing_key))).toEqual(new Set([pagerDutyKey]));
  });

  test("what comes back after it was resolved opens another alert", async () => {
    const { notifier, double } = await opened();
    await notifier.send(incidentNotice(), null);
    await notifier.send(resolvedNotice(), null);
    await notifier.send(incidentNotice({ id: "notice-3", transition: "reopened", reason: "reopened" }), null);
    expect(double.alerts.map(({ state }) => state)).toEqual(["resolved", "triggered"]);
  });

  test("a graph comes with it when one is configured", async () => {
    const { double } = await opened();
    const images = [{ src: "https://grafana.example.com/render.png", alt: "Errors by code" }];
    const routingKey = new Secret(pagerDutyKey);
    const notifier = createPagerDuty({ name: "pagerduty", routingKey, url: double.url, images, clock });
    expect(await notifier.send(incidentNotice(), null)).toMatchObject({ ok: true });
    expect(double.received[0]?.json).toMatchObject({ images });
  });

  test("two incidents with the same summary stay two alerts", async () => {
    const { notifier, double } = await opened();
    await notifier.send(incidentNotice(), null);
    await notifier.send(incidentNotice({ incident: { id: "incident-2" } }), null);
    expect(double.alerts).toHaveLength(2);
  });

  test("a digest is an alert of its own", async () => {
    const { notifier, double } = await opened();
    await notifier.send(incidentNotice(), null);
    expect(await notifier.send(digestNotice(), null)).toMatchObject({ ok: true });
    expect(double.alerts).toHaveLength(2);
  });

  test("an event PagerDuty calls invalid is given up", async () => {
    const { double } = await opened();
    const notifier = createPagerDuty({
      name: "pagerduty",
      routingKey: new Secret("too-short"),
      url: double.url,
      clock,
    });
    expect(await notifier.send(incidentNotice(), null)).toEqual({ ok: false, reason: "clientError", retry: false });
    expect(double.received[0]?.status).toBe(400);
  });

  test("above its rate PagerDuty takes nothing in, and is asked again half a minute later", async () => {
    const { notifier, double } = await opened({ perMinute: 2 });
    await notifier.send(incidentNotice(), null);
    await notifier.send(incidentNotice({ incident: { id: "incident-2" } }), null);
    expect(await notifier.send(incidentNotice({ incident: { id: "incident-3" } }), null)).toEqual({
      ok: false,
      reason: "rateLimited",
      retry: true,
      retryAfterMs: 30_000,
    });
    expect(double.alerts).toHaveLength(2);
  });

  test("its own rate stays below 120 a minute in any minute", async () => {
    const { notifier } = await opened();
    const { max, perMs } = notifier.rate;
    // Windows of `perMs` that a minute can touch, the first and the last in part.
    expect(Math.floor(60_000 / perMs + 1) * max).toBeLessThanOrEqual(120);
  });
});
