import { expect, test } from "vitest";
import type { Notice } from "../../../src/core/notice/notice.ts";
import type { MessageReference, Notifier, SendResult } from "../../../src/pipeline/notice-ports.ts";
import { tryReceivers } from "../../../src/pipeline/notices/try-receivers.ts";
import { fixedClock, now } from "../fakes.ts";

/** A receiver that gives these answers one after the other, then takes everything. */
function receiver(kind: Notifier["kind"], ...answers: SendResult[]) {
  const sent: { notice: Notice; earlier: MessageReference | null }[] = [];
  const notifier: Notifier = {
    name: `my-${kind}`,
    kind,
    rate: { max: 1, perMs: 1_000 },
    async send(notice, earlier) {
      sent.push({ notice, earlier });
      return answers.shift() ?? { ok: true, reference: null };
    },
  };
  return { notifier, sent };
}

const refused: SendResult = { ok: false, reason: "authError", retry: false };
const late: SendResult = { ok: false, reason: "timeout", retry: true };

test.each(["slack", "alertmanager", "webhook"] as const)("%s is sent one notice, marked as a test", async (kind) => {
  const { notifier, sent } = receiver(kind, { ok: true, reference: { ts: "1" } });
  expect(await tryReceivers([notifier], fixedClock)).toEqual([
    { receiver: `my-${kind}`, kind, result: { ok: true, reference: { ts: "1" } } },
  ]);
  expect(sent).toMatchObject([
    {
      earlier: null,
      notice: {
        kind: "incident",
        transition: "opened",
        reason: "first",
        test: true,
        at: now.toISOString(),
        incident: { state: "open", severity: "info", title: expect.stringContaining("Test") },
      },
    },
  ]);
});

test("the page it opens at PagerDuty is closed again, as the same incident", async () => {
  const { notifier, sent } = receiver("pagerduty", { ok: true, reference: { key: "k" } });
  const [tried] = await tryReceivers([notifier], fixedClock);
  expect(tried?.result).toEqual({ ok: true, reference: null });
  expect(sent).toMatchObject([
    { earlier: null, notice: { transition: "opened", test: true, incident: { state: "open", resolvedAt: null } } },
    {
      earlier: { key: "k" },
      notice: {
        transition: "resolved",
        reason: "resolved",
        test: true,
        incident: { state: "resolved", resolvedAt: now.toISOString() },
      },
    },
  ]);
  const [opened, closed] = sent.map(({ notice }) => notice);
  if (opened?.kind !== "incident" || closed?.kind !== "incident") throw new Error("expected two notices of incidents");
  expect(closed.incident.id).toBe(opened.incident.id);
  expect(closed.incident.fingerprint).toBe(opened.incident.fingerprint);
  expect(closed.id).not.toBe(opened.id);
});

test("a page that did not open is not closed, one that does not close is told", async () => {
  const shut = receiver("pagerduty", refused);
  const open = receiver("pagerduty", { ok: true, reference: null }, late);
  const tried = await tryReceivers([shut.notifier, open.notifier], fixedClock);
  expect(tried.map(({ result }) => result)).toEqual([refused, late]);
  expect(shut.sent).toHaveLength(1);
  expect(open.sent).toHaveLength(2);
});

test("each is tried once, though another attempt might succeed, and none holds up another", async () => {
  const away = receiver("slack", late);
  const well = receiver("webhook");
  const gate = Promise.withResolvers<void>();
  const slow = receiver("alertmanager");
  const held: Notifier = {
    ...slow.notifier,
    send: async (...of) => {
      await gate.promise;
      return await slow.notifier.send(...of);
    },
  };
  const trying = tryReceivers([held, away.notifier, well.notifier], fixedClock);
  await Promise.resolve();
  expect([away.sent.length, well.sent.length, slow.sent.length]).toEqual([1, 1, 0]);
  gate.resolve();
  expect((await trying).map(({ receiver: name, result }) => [name, result.ok])).toEqual([
    ["my-alertmanager", true],
    ["my-slack", false],
    ["my-webhook", true],
  ]);
  expect(away.sent).toHaveLength(1);
});

test("receivers of one kind get notices of their own", async () => {
  const one = receiver("pagerduty");
  const other = receiver("pagerduty");
  await tryReceivers([one.notifier, { ...other.notifier, name: "second" }], fixedClock);
  const ids = [...one.sent, ...other.sent].map(({ notice }) => notice.id);
  expect(new Set(ids).size).toBe(4);
});
