import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Diagnosis } from "../../../src/core/diagnosis/verdict.ts";
import type { Incident } from "../../../src/core/incident.ts";
import type { LastNotice } from "../../../src/core/notice/last.ts";
import { compileRouting, defaultRoute, type Route } from "../../../src/core/notice/route.ts";
import type { StoredSilence } from "../../../src/pipeline/notice-ports.ts";
import type { DueIncident, LookContext, Undigested } from "../../../src/pipeline/notice-record-ports.ts";
import { judge, type Policy } from "../../../src/pipeline/notices/judge.ts";

const start = new Date("2026-01-15T10:20:00.000Z");
const seconds = (count: number) => new Date(start.getTime() + count * 1_000);
const hour = 3_600;

const receivers = [
  { name: "slack", kind: "slack" },
  { name: "pagerduty", kind: "pagerduty" },
  { name: "alertmanager", kind: "alertmanager" },
] as const;

const policy: Policy = {
  receivers,
  routing: compileRouting(defaultRoute(receivers), []),
  stormThreshold: 10,
  links: { incident: null, runbook: null, grafana: "https://grafana.example.com/d/twilio" },
  advice: () => ({ causes: [{ id: "reopened-session", text: "A Session was reopened." }], remedies: [] }),
};

function incident(overrides: Partial<Incident> = {}): Incident {
  return {
    id: "inc_1",
    fingerprint: "fp",
    state: "open",
    severity: "error",
    code: 80604,
    title: "Proxy identifier in use",
    product: "Proxy",
    account: `AC${"a".repeat(32)}`,
    service: null,
    count: 1,
    firstSeen: start.toISOString(),
    lastSeen: start.toISOString(),
    resolvedAt: null,
    docsUrl: "https://www.twilio.com/docs/api/errors/80604",
    ruleId: "proxy-80604",
    matched: [],
    ...overrides,
  };
}

const confirmed: Diagnosis = {
  eventSid: `NO${"1".repeat(32)}`,
  at: seconds(2).toISOString(),
  calls: 3,
  failedRequest: null,
  causes: [{ id: "reopened-session", verdict: "confirmed", evidence: [] }],
  conflicts: [],
  evidence: [],
  remedies: [],
};

type DueParts = Partial<Omit<DueIncident, "incident">> & { incident?: Partial<Incident> };

function due({ incident: overrides = {}, ...rest }: DueParts = {}): DueIncident {
  return {
    incident: incident(overrides),
    diagnoses: [confirmed],
    diagnosed: true,
    openedAt: start,
    quietAt: seconds(30 * 60),
    last: [],
    suppressed: new Map(),
    ...rest,
  };
}

function context(overrides: Partial<LookContext> = {}): LookContext {
  return {
    now: seconds(3),
    silences: [],
    openingsTold: new Map(),
    openings: [{ id: "inc_1", at: start }],
    undigested: [],
    lastDigests: [],
    ...overrides,
  };
}

const last = (receiver: string, overrides: Partial<LastNotice> = {}): LastNotice => ({
  receiver,
  transition: "opened",
  at: start.toISOString(),
  count: 1,
  severity: "error",
  leadingCause: "reopened-session",
  ...overrides,
});
const everybody = (overrides: Partial<LastNotice> = {}) => receivers.map(({ name }) => last(name, overrides));

/** The verdict on one incident, its notices in short. */
function verdictOn(each: DueIncident, at: Partial<LookContext> = {}, by: Policy = policy) {
  const [verdict] = judge([each], context(at), by).verdicts;
  if (verdict === undefined) throw new Error("expected a verdict");
  return {
    ...verdict,
    told: verdict.tell.map(({ receiver, reason }) => `${receiver} ${reason}`),
    held: verdict.hold.map(({ receiver, transition, reason }) => `${receiver} ${transition} ${reason}`),
  };
}

const silence = (until: Date): StoredSilence => ({
  id: "sil_1",
  matchers: [{ name: "code", value: "80604", isRegex: false, isEqual: true }],
  comment: "known",
  createdBy: "somebody",
  startsAt: start.toISOString(),
  endsAt: until.toISOString(),
});

describe("an incident that has opened", () => {
  test("is told to everybody on its way, with its cause, and looked at again for the repeat", () => {
    const verdict = verdictOn(due());
    expect(verdict.told).toEqual(["slack first", "pagerduty first", "alertmanager first"]);
    expect(verdict.tell[0]).toEqual({
      receiver: "slack",
      transition: "opened",
      reason: "first",
      since: start,
      count: 1,
      severity: "error",
      leadingCause: "reopened-session",
    });
    expect(verdict.lookAt).toEqual(seconds(3 + 4 * hour));
    expect(verdict.growAt).toBe(10);
    expect(verdict.held).toEqual([]);
  });

  test("waits for its diagnosis, ten seconds at most, and notes nothing of that", () => {
    const waiting = verdictOn(due({ diagnosed: false, diagnoses: [] }));
    expect([waiting.told, waiting.held, waiting.lookAt, waiting.growAt]).toEqual([[], [], seconds(10), null]);
    const told = verdictOn(due({ diagnosed: false, diagnoses: [] }), { now: seconds(10) });
    expect(told.told).toHaveLength(3);
    const short = verdictOn(due({ diagnosed: false, diagnoses: [], quietAt: seconds(8) }));
    expect([short.told, short.lookAt]).toEqual([[], seconds(4)]);
    expect(told.tell[0]?.leadingCause).toBeNull();
  });

  test("goes only where its severity is wanted", () => {
    expect(verdictOn(due({ incident: { severity: "warning" } })).told).toEqual(["slack first", "alertmanager first"]);
    const info = verdictOn(due({ incident: { severity: "info" } }));
    expect([info.told, info.held, info.lookAt]).toEqual([[], [], null]);
  });

  test("is told to those whom a raised severity brings onto its way, the others hear of the severity", () => {
    const verdict = verdictOn(
      due({ last: [last("slack", { severity: "warning" }), last("alertmanager", { severity: "warning" })] }),
    );
    expect(verdict.told).toEqual(["slack severity_raised", "pagerduty first", "alertmanager severity_raised"]);
  });
});

describe("an incident that was told", () => {
  test("and has not changed is looked at again when the repeat is due", () => {
    const verdict = verdictOn(due({ last: everybody() }));
    expect([verdict.told, verdict.held, verdict.lookAt]).toEqual([[], [], seconds(4 * hour)]);
    expect(verdictOn(due({ last: everybody() }), { now: seconds(4 * hour) }).told).toEqual([
      "slack repeat_interval",
      "pagerduty repeat_interval",
      "alertmanager repeat_interval",
    ]);
  });

  test("and has grown tenfold is told, then not before an hour has passed", () => {
    const grown = verdictOn(due({ incident: { count: 10 }, last: everybody() }));
    expect(grown.told).toContain("slack grew");
    expect(grown.growAt).toBe(100);
    const again = due({
      incident: { count: 200 },
      last: everybody({ transition: "grew", count: 10, grewAt: start.toISOString() }),
    });
    expect([verdictOn(again).told, verdictOn(again).lookAt]).toEqual([[], seconds(hour)]);
  });

  test("is told as resolved, from the time it was, whoever is on its way by now", () => {
    const resolved = { state: "resolved", resolvedAt: seconds(60).toISOString(), severity: "info" } as const;
    const verdict = verdictOn(due({ incident: resolved, last: [last("pagerduty")] }), { now: seconds(61) });
    expect(verdict.told).toEqual(["pagerduty resolved"]);
    expect(verdict.tell[0]?.since).toEqual(seconds(60));
    expect(verdict.lookAt).toBeNull();
  });

  test("and never reached a receiver that is configured no more is not told to it", () => {
    const resolved = { state: "resolved", resolvedAt: seconds(60).toISOString() } as const;
    expect(verdictOn(due({ incident: resolved, last: [last("gone")] })).told).toEqual([]);
  });

  test("nothing was told of and is resolved stays untold", () => {
    const resolved = { state: "resolved", resolvedAt: seconds(60).toISOString() } as const;
    expect(verdictOn(due({ incident: resolved })).told).toEqual([]);
  });
});

describe("what is told", () => {
  const resolvedBefore = everybody({ transition: "resolved" });
  test.each<[string, Date, DueParts, Date]>([
    ["first", seconds(1), { openedAt: seconds(1) }, seconds(3)],
    ["reopened", seconds(2), { openedAt: seconds(2), last: resolvedBefore }, seconds(3)],
    ["diagnosed", seconds(2), { last: everybody({ leadingCause: null }) }, seconds(60)],
    ["cause_changed", seconds(2), { last: everybody({ leadingCause: "another" }) }, seconds(60)],
    [
      "severity_raised",
      seconds(50),
      { incident: { lastSeen: seconds(50).toISOString() }, last: everybody({ severity: "warning" }) },
      seconds(60),
    ],
    [
      "grew",
      seconds(50),
      { incident: { lastSeen: seconds(50).toISOString(), count: 10 }, last: everybody() },
      seconds(60),
    ],
    ["repeat_interval", seconds(5 * hour), { last: everybody() }, seconds(5 * hour)],
  ])("%s counts from when it happened", (reason, since, parts, at) => {
    const { tell } = verdictOn(due(parts), { now: at });
    expect(tell.map((each) => [each.receiver, each.reason, each.since])).toEqual(
      receivers.map(({ name }) => [name, reason, since]),
    );
  });

  test("never counts from a time to come, though the clocks of two processes differ", () => {
    const { tell } = verdictOn(due({ openedAt: seconds(8) }), { now: seconds(3) });
    expect(tell.map(({ since }) => since)).toEqual([seconds(3), seconds(3), seconds(3)]);
  });

  test("is told to nobody who is not configured, though a route names them", () => {
    const routing = compileRouting({ receivers: ["gone", "slack"] }, []);
    expect(verdictOn(due(), {}, { ...policy, routing }).told).toEqual(["slack first"]);
  });

  test("is told again as often as the route says, and looked at for the earliest of all", () => {
    const routing = compileRouting(
      {
        receivers: [],
        routes: [
          { receivers: ["slack"], repeatInterval: "30m", continue: true },
          { receivers: ["pagerduty"], repeatInterval: "2h" },
        ],
      },
      [],
    );
    const last30 = due({ last: [last("slack"), last("pagerduty", { count: 5 })] });
    const verdict = verdictOn(last30, {}, { ...policy, routing });
    expect([verdict.told, verdict.lookAt, verdict.growAt]).toEqual([[], seconds(1_800), 10]);
    expect(verdictOn(last30, { now: seconds(1_800) }, { ...policy, routing }).told).toEqual(["slack repeat_interval"]);
    expect(verdictOn(last30, { now: seconds(2 * hour) }, { ...policy, routing }).told).toEqual([
      "slack repeat_interval",
      "pagerduty repeat_interval",
    ]);
  });
});

test("once told, there is nothing more to tell at the same moment, and the next look lies ahead", () => {
  const severity = fc.constantFrom("critical", "error", "warning", "info");
  const moment = fc.integer({ min: -10 * hour, max: 3 }).map((at) => seconds(at).toISOString());
  const told = fc.record({
    transition: fc.constantFrom("opened", "grew", "diagnosed", "repeated", "resolved", "digest"),
    at: moment,
    count: fc.nat(1_000),
    severity,
    leadingCause: fc.constantFrom(null, "reopened-session", "another"),
    grewAt: fc.option(moment),
  });
  const situation = fc.record({
    open: fc.boolean(),
    count: fc.nat(10_000),
    severity,
    diagnosed: fc.boolean(),
    last: fc
      .subarray(receivers.map(({ name }) => name))
      .chain((names) => fc.tuple(...names.map((receiver) => told.map((each): LastNotice => ({ receiver, ...each }))))),
    silenced: fc.boolean(),
    told: fc.nat(30),
  });
  fc.assert(
    fc.property(situation, ({ open, count, severity: worst, diagnosed, last: before, silenced, told: openings }) => {
      const at = seconds(3);
      const state = open
        ? ({ state: "open" } as const)
        : ({ state: "resolved", resolvedAt: start.toISOString() } as const);
      const each = due({
        incident: { ...state, count, severity: worst },
        diagnosed,
        diagnoses: diagnosed ? [confirmed] : [],
        last: before,
      });
      const context = {
        now: at,
        silences: silenced ? [silence(seconds(600))] : [],
        openingsTold: new Map(receivers.map(({ name }) => [name, openings])),
      };
      const first = verdictOn(each, context);
      const lastBy = new Map(before.map((notice) => [notice.receiver, notice]));
      for (const { receiver, transition, count: seen, severity: as, leadingCause } of first.tell) {
        const grewAt = transition === "grew" ? at.toISOString() : (lastBy.get(receiver)?.grewAt ?? null);
        const now = { receiver, transition, at: at.toISOString(), count: seen, severity: as ?? worst, leadingCause };
        lastBy.set(receiver, { ...now, grewAt });
      }
      const suppressed = new Map(first.hold.map(({ receiver, reason }) => [receiver, reason]));
      const second = verdictOn({ ...each, last: [...lastBy.values()], suppressed }, context);
      expect([second.told, second.held]).toEqual([[], []]);
      for (const { lookAt } of [first, second]) {
        if (lookAt !== null) expect(lookAt.getTime()).toBeGreaterThan(at.getTime());
      }
      expect(second.lookAt).toEqual(first.lookAt);
      expect(second.growAt).toEqual(first.growAt);
    }),
    { numRuns: 500 },
  );
});

describe("what holds a notice back", () => {
  test("a silence is noted once and looked at again when it ends", () => {
    const verdict = verdictOn(due(), { silences: [silence(seconds(600))] });
    expect(verdict.told).toEqual([]);
    expect(verdict.held).toEqual([
      "slack opened suppressed_silence",
      "pagerduty opened suppressed_silence",
      "alertmanager opened suppressed_silence",
    ]);
    expect(verdict.lookAt).toEqual(seconds(600));
    const noted = due({ suppressed: new Map(receivers.map(({ name }) => [name, "suppressed_silence"])) });
    expect(verdictOn(noted, { silences: [silence(seconds(600))] }).held).toEqual([]);
  });

  test("a mute is noted with what would have been told", () => {
    const night = { name: "night", intervals: [{ times: ["10:00-11:00"] }] };
    const routing = compileRouting(
      { receivers: [], routes: [{ receivers: ["slack"], muteTimeIntervals: ["night"] }] },
      [night],
    );
    const verdict = verdictOn(due({ incident: { count: 10 }, last: [last("slack")] }), {}, { ...policy, routing });
    expect(verdict.held).toEqual(["slack grew suppressed_muted"]);
    expect(verdict.lookAt).toEqual(new Date("2026-01-15T11:00:00.000Z"));
  });
});

describe("a storm", () => {
  const openings = Array.from({ length: 30 }, (_, index) => ({ id: `inc_${index + 1}`, at: seconds(index / 10) }));
  const opened = openings.map(({ id, at }) => due({ incident: { id }, openedAt: at }));

  test("tells the first ten one by one, the rest in a digest, and Alertmanager each", () => {
    const { verdicts } = judge(opened, context({ openings }), policy);
    const tellers = (receiver: string) =>
      verdicts.filter(({ tell }) => tell.some((notice) => notice.receiver === receiver)).map((each) => each.incidentId);
    const first = openings.slice(0, 10).map(({ id }) => id);
    expect(tellers("slack")).toEqual(first);
    expect(tellers("pagerduty")).toEqual(first);
    expect(tellers("alertmanager")).toEqual(openings.map(({ id }) => id));
    expect(verdicts[10]?.hold.map(({ receiver, reason }) => [receiver, reason])).toEqual([
      ["slack", "suppressed_storm"],
      ["pagerduty", "suppressed_storm"],
    ]);
    expect(verdicts[10]?.lookAt).toEqual(seconds(3 + 4 * hour));
  });

  test("many incidents first told now, though they opened long ago, are a storm too", () => {
    const long = opened.map((each, index) => ({ ...each, openedAt: seconds(-index * hour) }));
    const { verdicts } = judge(long, context({ openings: [] }), policy);
    expect(verdicts.filter(({ tell }) => tell.some(({ receiver }) => receiver === "slack"))).toHaveLength(20);
  });

  test("is known by what was told one by one in the last minute, too; Alertmanager hears all the same", () => {
    const openingsTold = new Map(receivers.map(({ name }) => [name, 19]));
    const { verdicts } = judge(opened.slice(0, 2), context({ openings: [], openingsTold }), policy);
    const names = verdicts.map(({ tell }) => tell.map(({ receiver }) => receiver));
    expect(names).toEqual([["slack", "pagerduty", "alertmanager"], ["alertmanager"]]);
    expect([...openingsTold.values()]).toEqual([19, 19, 19]);
  });

  test("is made of incidents that open again, too", () => {
    const again = opened.slice(0, 2).map((each) => ({ ...each, last: [last("slack", { transition: "resolved" })] }));
    const { verdicts } = judge(again, context({ openings: [], openingsTold: new Map([["slack", 19]]) }), policy);
    const ofSlack = verdicts.map(({ tell, hold }) =>
      [...tell, ...hold].filter(({ receiver }) => receiver === "slack").map(({ reason }) => reason),
    );
    expect(ofSlack).toEqual([["reopened"], ["suppressed_storm"]]);
  });

  test("holds back openings only: what was told before is told on", () => {
    const each = due({ incident: { count: 10 }, last: everybody() });
    expect(verdictOn(each, { openingsTold: new Map([["slack", 100]]) }).told).toContain("slack grew");
  });

  test("groups by the labels of the route, in whatever order they are written", () => {
    for (const groupBy of [
      ["product", "code"],
      ["code", "product"],
    ] satisfies Route["groupBy"][]) {
      const routing = compileRouting({ receivers: ["slack"], groupBy }, []);
      const { hold } = verdictOn(due(), { openingsTold: new Map([["slack", 20]]) }, { ...policy, routing });
      expect(hold.map(({ group }) => group)).toEqual(['[["code","80604"],["product","Proxy"]]']);
    }
  });

  const row = (overrides: Partial<Undigested> = {}): Undigested => ({
    receiver: "slack",
    group: null,
    product: "Proxy",
    code: 80604,
    title: "Proxy identifier in use",
    count: 3,
    since: start,
    ...overrides,
  });
  const digests = (undigested: Undigested[], at: Partial<LookContext>) =>
    judge([], context({ undigested, ...at }), policy).digests;

  test("is told in one digest a receiver and group, ten seconds after it began", () => {
    const gone = row({ receiver: "gone" });
    const rows = [row(), row({ code: 80903, count: 5, since: seconds(2) }), gone];
    expect(digests(rows, { now: seconds(9) })).toEqual([]);
    expect(digests(rows, { now: seconds(10) })).toEqual([
      {
        receiver: "slack",
        group: null,
        digest: {
          kind: "digest",
          total: 8,
          groups: [
            { product: "Proxy", code: 80903, title: "Proxy identifier in use", count: 5 },
            { product: "Proxy", code: 80604, title: "Proxy identifier in use", count: 3 },
          ],
          since: start.toISOString(),
          at: seconds(10).toISOString(),
          links: {
            incident: null,
            runbook: null,
            grafana: "https://grafana.example.com/d/twilio",
            console: expect.stringContaining("console.twilio.com"),
          },
        },
      },
    ]);
  });

  test("is told apart by receiver and group", () => {
    const rows = [row(), row({ group: "a" }), row({ receiver: "pagerduty" }), row({ group: "a", count: 4 })];
    const ready = digests(rows, { now: seconds(10) });
    expect(ready.map(({ receiver, group, digest }) => [receiver, group, digest.total])).toEqual([
      ["slack", null, 3],
      ["slack", "a", 7],
      ["pagerduty", null, 3],
    ]);
  });

  test("that goes on is told once a minute", () => {
    const lastDigests = [{ receiver: "slack", group: null, at: seconds(10) }];
    const rows = [row({ since: seconds(12) })];
    expect(digests(rows, { now: seconds(69), lastDigests })).toEqual([]);
    expect(digests(rows, { now: seconds(70), lastDigests })).toHaveLength(1);
    expect(digests([row({ group: "b" })], { now: seconds(69), lastDigests })).toHaveLength(1);
  });
});
