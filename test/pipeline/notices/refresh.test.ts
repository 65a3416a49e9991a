import { expect, test } from "vitest";
import type { Incident } from "../../../src/core/incident.ts";
import type { Notice } from "../../../src/core/notice/notice.ts";
import type { Notifier, PendingNotice, SendResult } from "../../../src/pipeline/notice-ports.ts";
import type { Refresh } from "../../../src/pipeline/notice-record-ports.ts";
import { createRefresh } from "../../../src/pipeline/notices/refresh.ts";
import { fixedClock, now, recordingLog } from "../fakes.ts";

const pending = (id: string, transition: PendingNotice["transition"]): Refresh => ({
  notice: {
    id,
    receiver: "alertmanager",
    incidentId: `inc_${id}`,
    transition,
    reason: "first",
    digest: null,
    about: null,
    decidedAt: now,
  },
  earlier: null,
});

function world(batches: Refresh[][], kind: Notifier["kind"] = "alertmanager") {
  const sent: Notice[] = [];
  const asked: unknown[] = [];
  const log = recordingLog();
  const result: { current: SendResult } = { current: { ok: true, reference: null } };
  let under = 0;
  let most = 0;
  const notifier: Notifier = {
    name: "alertmanager",
    kind,
    rate: { max: 20, perMs: 1_000 },
    async send(notice) {
      under += 1;
      most = Math.max(most, under);
      await Promise.resolve();
      under -= 1;
      sent.push(notice);
      return result.current;
    },
  };
  const refresh = createRefresh({
    notifiers: new Map([["alertmanager", notifier]]),
    store: {
      takeRefreshes: async (receivers, at, bounds) => {
        asked.push([receivers, at, bounds]);
        return batches.shift() ?? [];
      },
    },
    reader: {
      incident: async (id) => (id === "inc_gone" ? null : ({ id, state: "open", ruleId: null } as Incident)),
      diagnoses: async () => [],
    },
    advice: () => null,
    links: { incident: null, runbook: null, grafana: null },
    clock: fixedClock,
    log,
  });
  return { refresh, sent, asked, log, result, most: () => most };
}

test("there is nothing to repeat without an Alertmanager", () => {
  expect(world([], "slack").refresh).toBeNull();
});

test("what is open is told again as repeated, what is resolved as resolved; what is gone is left", async () => {
  const { refresh, sent, asked } = world([[pending("1", "opened"), pending("2", "resolved"), pending("gone", "grew")]]);
  await refresh?.();
  expect(sent).toMatchObject([
    { transition: "repeated", reason: "repeat_interval", incident: { id: "inc_1" } },
    { transition: "resolved", reason: "resolved", incident: { id: "inc_2" } },
  ]);
  const resolvedAfter = new Date(now.getTime() - 5 * 60_000);
  expect(asked).toEqual([[["alertmanager"], now, { everyMs: 60_000, resolvedAfter, limit: 200 }]]);
});

test("many are taken in batches and sent a few at a time", async () => {
  const all = Array.from({ length: 250 }, (_, index) => pending(String(index), "opened"));
  const { refresh, sent, most } = world([all.slice(0, 200), all.slice(200)]);
  await refresh?.();
  expect(sent).toHaveLength(250);
  expect(most()).toBe(10);
});

test("an outage is told once, until it is over", async () => {
  const { refresh, log, result } = world([[pending("1", "opened")], [pending("1", "opened")], [], [], []]);
  result.current = { ok: false, reason: "network", retry: true };
  await refresh?.();
  await refresh?.();
  expect(log.lines).toEqual([expect.stringMatching(/^warn Open incidents could not be repeated .*network/)]);
});
