import { expect, test } from "vitest";
import type { Incident } from "../../../src/core/incident.ts";
import type { IncidentView } from "../../../src/core/incident-view.ts";
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
  const away = { current: false };
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
        if (away.current) throw new Error("database away");
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
  return { refresh, sent, asked, log, result, away, most: () => most };
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

test("an outage is told once, until it is over; the next one is told again", async () => {
  const { refresh, log, result } = world(Array.from({ length: 5 }, () => [pending("1", "opened")]));
  const fails = async (failed: boolean) => {
    result.current = failed ? { ok: false, reason: "network", retry: true } : { ok: true, reference: null };
    await refresh?.();
    return log.lines.length;
  };
  expect([await fails(true), await fails(true), await fails(false), await fails(true)]).toEqual([1, 1, 1, 2]);
  expect(log.lines[0]).toMatch(/^warn Open incidents could not be repeated .*"alertmanager".*network/);
});

test("a new process repeats what the record says, having heard of nothing before", async () => {
  for (const id of ["1", "2"]) {
    const { refresh, sent } = world([[{ ...pending(id, "severity_raised"), earlier: { key: "k" } }]]);
    await refresh?.();
    expect(sent).toMatchObject([{ transition: "repeated", incident: { id: `inc_${id}` } }]);
  }
});

test("a record that is away fails the round, not the next one", async () => {
  const { refresh, sent, away } = world([[pending("1", "opened")]]);
  away.current = true;
  await expect(refresh?.()).rejects.toThrow("database away");
  away.current = false;
  await refresh?.();
  expect(sent).toHaveLength(1);
});

test("a receiver that fails is repeated like an incident, until it does not any more", async () => {
  const about = { id: "receiver-slack-1", title: "Receiver slack takes no notices" } as IncidentView;
  const of = (transition: PendingNotice["transition"]): Refresh => {
    const { notice } = pending("7", transition);
    return { notice: { ...notice, incidentId: null, about }, earlier: null };
  };
  const { refresh, sent } = world([[of("opened"), of("resolved")]]);
  await refresh?.();
  expect(sent).toMatchObject([
    { transition: "repeated", incident: about },
    { transition: "resolved", incident: about },
  ]);
});

test("several Alertmanagers are told what each was told before, other receivers nothing; one that is away stops none", async () => {
  const sent: string[] = [];
  const log = recordingLog();
  const notifierOf = (name: string, kind: Notifier["kind"]): Notifier => ({
    name,
    kind,
    rate: { max: 1, perMs: 1 },
    async send(notice, earlier) {
      sent.push(`${name} ${notice.id} ${JSON.stringify(earlier)}`);
      return name === "am-1" ? { ok: false, reason: "timeout", retry: true } : { ok: true, reference: null };
    },
  });
  const asked: (readonly string[])[] = [];
  const to = (receiver: string, id: string): Refresh => {
    const { notice } = pending(id, "opened");
    return { notice: { ...notice, receiver }, earlier: { of: receiver } };
  };
  const refresh = createRefresh({
    notifiers: new Map(
      [notifierOf("am-1", "alertmanager"), notifierOf("slack", "slack"), notifierOf("am-2", "alertmanager")].map(
        (each) => [each.name, each],
      ),
    ),
    store: {
      takeRefreshes: async (receivers) => {
        asked.push(receivers);
        return [to("am-1", "1"), to("am-2", "2"), to("am-1", "3"), to("am-2", "4")];
      },
    },
    reader: { incident: async (id) => ({ id, state: "open", ruleId: null }) as Incident, diagnoses: async () => [] },
    advice: () => null,
    links: { incident: null, runbook: null, grafana: null },
    clock: fixedClock,
    log,
  });
  await refresh?.();
  expect(asked).toEqual([["am-1", "am-2"]]);
  expect(sent).toEqual([
    'am-1 ntc_1 {"of":"am-1"}',
    'am-2 ntc_2 {"of":"am-2"}',
    'am-1 ntc_3 {"of":"am-1"}',
    'am-2 ntc_4 {"of":"am-2"}',
  ]);
  expect(log.lines).toEqual([expect.stringMatching(/"am-1".*timeout/)]);
});
