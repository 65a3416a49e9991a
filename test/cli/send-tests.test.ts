import { expect, it } from "vitest";
import { sendTests } from "../../src/cli/check/send-tests.ts";
import { type Notice, sendFailureReasons } from "../../src/core/notice/notice.ts";
import type { MessageReference, Notifier, SendResult } from "../../src/pipeline/notice-ports.ts";

const now = new Date("2026-01-02T03:00:00.000Z");

/** A receiver that answers in this order, and keeps what it was sent. */
function receiver(kind: Notifier["kind"], ...answers: SendResult[]) {
  const sent: { notice: Notice; earlier: MessageReference | null }[] = [];
  const notifier: Notifier = {
    name: `my-${kind}`,
    kind,
    rate: { max: 1, perMs: 1 },
    async send(notice, earlier) {
      sent.push({ notice, earlier });
      return answers[sent.length - 1] ?? { ok: true, reference: null };
    },
  };
  return { notifier, sent };
}

it.each(["slack", "alertmanager", "webhook"] as const)("%s gets one notice, marked as a test", async (kind) => {
  const { notifier, sent } = receiver(kind);
  expect(await sendTests([notifier], now)).toEqual([
    { what: `receiver my-${kind} (${kind})`, ok: true, detail: "took the test notice" },
  ]);
  expect(sent).toMatchObject([{ notice: { test: true, transition: "opened", at: now.toISOString() }, earlier: null }]);
});

it("PagerDuty gets the end, too, so that nobody goes on being called", async () => {
  const { notifier, sent } = receiver("pagerduty");
  expect(await sendTests([notifier], now)).toMatchObject([{ ok: true, detail: "took the test notice, and its end" }]);
  expect(sent.map(({ notice }) => notice)).toMatchObject([
    { test: true, transition: "opened", incident: { state: "open", severity: "info" } },
    { test: true, transition: "resolved", incident: { state: "resolved" } },
  ]);
  const ids = sent.map(({ notice }) => (notice.kind === "incident" ? notice.incident.id : null));
  expect(new Set(ids).size).toBe(1);
});

it("an end that PagerDuty did not take is said", async () => {
  const lost = receiver("pagerduty", { ok: true, reference: null }, { ok: false, reason: "timeout", retry: true });
  const [result] = await sendTests([lost.notifier], now);
  expect(result).toMatchObject({ ok: false, detail: expect.stringContaining("resolve it there") });
});

it.each(sendFailureReasons)("%s is said with the fix, and holds up no other receiver", async (reason) => {
  const bad = receiver("pagerduty", { ok: false, reason, retry: false });
  const good = receiver("slack");
  const results = await sendTests([bad.notifier, good.notifier], now);
  expect(results.map(({ ok }) => ok)).toEqual([false, true]);
  expect(results[0]?.detail).toMatch(/; /);
  expect(bad.sent).toHaveLength(1);
});
