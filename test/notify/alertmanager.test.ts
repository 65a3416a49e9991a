import { describe, expect, onTestFinished, test } from "vitest";
import { createAlertmanager } from "../../src/notify/alertmanager.ts";
import { notifierSuite, now } from "../contract/notifier.suite.ts";
import { startAlertmanagerDouble } from "../support/receivers/alertmanager.ts";
import { digestNotice, incidentNotice, resolvedNotice } from "./notices.ts";

const clock = { now: () => now };
const password = "a-password-of-a-proxy";

function withPassword(url: string): string {
  return url.replace("http://", `http://faultline:${password}@`);
}

async function open({ timeoutMs = 10_000 } = {}) {
  const double = await startAlertmanagerDouble();
  const urls = [withPassword(double.url)];
  return { notifier: createAlertmanager({ name: "under-test", urls, clock, timeoutMs }), double, secrets: [password] };
}

notifierSuite("Alertmanager", { kind: "alertmanager", open, testMark: /\[TEST\]/ });

describe("Alertmanager", () => {
  async function double() {
    const started = await startAlertmanagerDouble();
    onTestFinished(() => started.stop());
    return started;
  }

  test("an incident is the same alert from its beginning to its end", async () => {
    const only = await double();
    const notifier = createAlertmanager({ name: "alertmanager", urls: [only.url], clock });
    expect(await notifier.send(incidentNotice(), null)).toEqual({ ok: true, reference: null });
    await notifier.send(resolvedNotice(), null);
    expect(only.alerts).toHaveLength(2);
    expect(only.alerts[1]?.labels).toEqual(only.alerts[0]?.labels);
    expect(only.alerts[1]?.endsAt).toBe("2026-01-02T03:40:00.000Z");
  });

  test("a digest is no alert: nothing is sent, and that is fine", async () => {
    const only = await double();
    const notifier = createAlertmanager({ name: "alertmanager", urls: [only.url], clock });
    expect(await notifier.send(digestNotice(), null)).toEqual({ ok: true, reference: null });
    expect(only.received).toEqual([]);
  });

  test.each(["http://host", "http://host/", "http://host/am", "http://host/am///"])(
    "%s is a base URL",
    async (base) => {
      const only = await double();
      only.faults.add({ status: 200 });
      const url = base.replace("http://host", new URL(only.url).origin);
      await createAlertmanager({ name: "alertmanager", urls: [url], clock }).send(incidentNotice(), null);
      expect(only.received.map(({ path }) => path)).toEqual([
        `${new URL(base).pathname.replace(/\/+$/, "")}/api/v2/alerts`,
      ]);
    },
  );

  test("every Alertmanager gets it, and one that takes it is enough", async () => {
    const [first, second, third] = [await double(), await double(), await double()];
    second.faults.add({ status: 500 });
    third.faults.add({ status: 401 });
    const urls = [first, second, third].map(({ url }) => url);
    const notifier = createAlertmanager({ name: "alertmanager", urls, clock });
    expect(await notifier.send(incidentNotice(), null)).toEqual({ ok: true, reference: null });
    expect([first, second, third].map(({ received }) => received.length)).toEqual([1, 1, 1]);
    expect(notifier.peers().map(({ failure }) => failure)).toEqual([null, "serverError", "authError"]);
    third.faults.clear();
    await notifier.send(incidentNotice(), null);
    expect(notifier.peers().map(({ failure }) => failure)).toEqual([null, "serverError", null]);
  });

  test("one that hangs holds nobody up longer than the limit", async () => {
    const [first, second] = [await double(), await double()];
    first.faults.add({ hang: true });
    const notifier = createAlertmanager({ name: "alertmanager", urls: [first.url, second.url], clock, timeoutMs: 500 });
    expect(await notifier.send(incidentNotice(), null)).toEqual({ ok: true, reference: null });
    expect(notifier.peers().map(({ failure }) => failure)).toEqual(["timeout", null]);
  });

  test("when none takes it, another attempt is worth it as long as one of them may recover", async () => {
    const [first, second] = [await double(), await double()];
    const notifier = createAlertmanager({ name: "alertmanager", urls: [first.url, second.url], clock });
    first.faults.add({ status: 400 });
    second.faults.add({ status: 503, retryAfter: 3, times: 1 });
    expect(await notifier.send(incidentNotice(), null)).toEqual({
      ok: false,
      reason: "serverError",
      retry: true,
      retryAfterMs: 3_000,
    });
    second.faults.add({ status: 401 });
    expect(await notifier.send(incidentNotice(), null)).toEqual({ ok: false, reason: "clientError", retry: false });
  });

  test("of its URLs only host and port are shown", () => {
    const urls = [`https://user:${password}@am.example.com:9093/prefix?token=${password}`];
    expect(createAlertmanager({ name: "alertmanager", urls, clock }).peers()).toEqual([
      { host: "am.example.com:9093", failure: null },
    ]);
  });
});
