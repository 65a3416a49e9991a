import { describe, expect, it } from "vitest";
import type { Diagnosis, Verdict } from "../../src/core/diagnosis/verdict.ts";
import type { Incident } from "../../src/core/incident.ts";
import { type Advice, incidentView, leadingCause } from "../../src/core/incident-view.ts";

const incident: Incident = {
  id: "inc-1",
  fingerprint: "f1",
  state: "open",
  severity: "warning",
  code: 80604,
  title: "Proxy Identifier In Use",
  product: "Proxy",
  account: `AC${"a".repeat(32)}`,
  service: `KS${"b".repeat(32)}`,
  count: 3,
  firstSeen: "2026-01-02T03:00:00.000Z",
  lastSeen: "2026-01-02T03:04:05.000Z",
  resolvedAt: null,
  docsUrl: "https://www.twilio.com/docs/api/errors/80604",
  ruleId: "proxy-identifier-in-use",
  matched: ["code 80604"],
};

const advice: Advice = {
  causes: [
    { id: "first", text: "The first cause" },
    { id: "second", text: "The second cause" },
    { id: "third", text: "The third cause" },
  ],
  remedies: [
    { id: "close", text: "Close the Session", command: "twilio api:proxy:v1:services:sessions:update --sid {session}" },
    { id: "flag", text: "Ask", command: "echo $NUMBER", curl: `curl -u $SID:\${TOKEN} -w '%{http_code}' {service}` },
  ],
};

/** A diagnosis with these verdicts; `nth` orders it in time and marks what it says. */
function diagnosis(nth: number, verdicts: Record<string, Verdict>, more: Partial<Diagnosis> = {}): Diagnosis {
  const at = `2026-01-02T03:00:${String(nth).padStart(2, "0")}.000Z`;
  return {
    eventSid: `NO${String(nth).padStart(32, "0")}`,
    at,
    calls: 1,
    failedRequest: null,
    causes: Object.entries(verdicts).map(([id, verdict]) => ({
      id,
      verdict,
      evidence: verdict === "unknown" ? [] : [{ text: `${id} ${verdict} ${nth}`, source: "event", observedAt: at }],
    })),
    conflicts: [],
    evidence: [{ text: `general ${nth}`, source: "event", observedAt: at }],
    remedies: [],
    ...more,
  };
}

const ids = (diagnoses: Diagnosis[]) => incidentView(incident, diagnoses, advice).causes.map((cause) => cause.id);

describe("an incident without diagnoses", () => {
  const view = incidentView(incident, [], advice);

  it("shows every documented cause as unknown, in the order of the rule", () => {
    expect(view.causes).toEqual(
      advice.causes.map((cause) => ({
        ...cause,
        verdict: "unknown",
        confirmed: 0,
        likely: 0,
        ruledOut: 0,
        unknown: 0,
      })),
    );
    expect(view.evidence).toEqual([]);
    expect(view.conflicts).toEqual([]);
    expect(view.notices).toEqual([]);
  });

  it("shows the rule's remedies, without the commands nobody could run", () => {
    expect(view.remedies).toEqual([
      { id: "close", text: "Close the Session" },
      { id: "flag", text: "Ask", command: "echo $NUMBER" },
    ]);
  });

  it("keeps everything the incident itself says", () => {
    expect(view).toMatchObject(incident);
  });

  it("shows nothing to do where no rule says anything", () => {
    expect(incidentView({ ...incident, ruleId: null }, [], null)).toMatchObject({ causes: [], remedies: [] });
  });
});

describe("the leading cause", () => {
  it("is the one confirmed most often", () => {
    const once: Record<string, Verdict> = { first: "confirmed", second: "unknown", third: "unknown" };
    const other: Record<string, Verdict> = { first: "unknown", second: "confirmed", third: "unknown" };
    expect(ids([diagnosis(1, once), diagnosis(2, other), diagnosis(3, other)])).toEqual(["second", "first", "third"]);
  });

  it("is a confirmed one before any number of likely ones", () => {
    const likely: Record<string, Verdict> = { first: "likely", third: "unknown" };
    const all = [1, 2, 3].map((nth) => diagnosis(nth, likely));
    expect(ids([...all, diagnosis(4, { third: "confirmed" })])).toEqual(["third", "first", "second"]);
  });

  it("is the one the reasoner put first among equals", () => {
    expect(ids([diagnosis(1, { third: "confirmed", first: "confirmed", second: "confirmed" })])).toEqual([
      "third",
      "first",
      "second",
    ]);
    const mostly = [
      diagnosis(1, { first: "likely", second: "likely" }),
      diagnosis(2, { second: "likely", first: "likely" }),
    ];
    expect(ids([...mostly, diagnosis(3, { second: "likely", first: "likely" })])).toEqual(["second", "first", "third"]);
    expect(leadingCause(mostly.toReversed(), advice)).toBe("first");
    expect(leadingCause([diagnosis(1, { second: "confirmed", first: "confirmed" })], advice)).toBe("second");
  });

  it("is not what the reasoner put first while another is supported better", () => {
    expect(ids([diagnosis(1, { second: "likely", third: "confirmed" })])).toEqual(["third", "second", "first"]);
  });

  it("is the first of the rule while the reasoners support none", () => {
    expect(ids([diagnosis(1, { third: "unknown", second: "unknown", first: "unknown" })])).toEqual([
      "first",
      "second",
      "third",
    ]);
  });

  it("is never one that is ruled out while another is left", () => {
    expect(ids([diagnosis(1, { first: "ruled-out", second: "unknown", third: "unknown" })])).toEqual([
      "second",
      "third",
      "first",
    ]);
  });
});

describe("tallies", () => {
  it("count every verdict of every sampled event", () => {
    const sampled = [
      diagnosis(1, { first: "confirmed", second: "ruled-out" }),
      diagnosis(2, { first: "likely", second: "ruled-out" }),
      diagnosis(3, { first: "unknown", second: "ruled-out" }),
    ];
    const { causes } = incidentView(incident, sampled, advice);
    const zero = { confirmed: 0, likely: 0, ruledOut: 0, unknown: 0 };
    expect(causes.find(({ id }) => id === "first")).toMatchObject({ ...zero, confirmed: 1, likely: 1, unknown: 1 });
    expect(causes.find(({ id }) => id === "second")).toMatchObject({ ...zero, ruledOut: 3, verdict: "ruled-out" });
    expect(causes.find(({ id }) => id === "third")).toMatchObject({ ...zero, verdict: "unknown" });
  });

  it("say ruled out only when every sampled event says so", () => {
    const { causes } = incidentView(
      incident,
      [diagnosis(1, { first: "ruled-out" }), diagnosis(2, { first: "unknown" })],
      advice,
    );
    expect(causes.find(({ id }) => id === "first")).toMatchObject({ verdict: "unknown", ruledOut: 1, unknown: 1 });
  });

  it("keep a cause that the rule no longer lists", () => {
    const { causes } = incidentView(incident, [diagnosis(1, { gone: "confirmed" })], advice);
    expect(causes[0]).toMatchObject({ id: "gone", text: "gone", confirmed: 1 });
    expect(causes).toHaveLength(4);
  });
});

describe("evidence, conflicts and remedies", () => {
  const session = (sid: string, state: string) => ({
    sid,
    kind: "session" as const,
    state,
    url: `https://x.test/${sid}`,
  });

  it("come from the latest diagnosis that supports the leading cause, whatever order they are given in", () => {
    const old = diagnosis(1, { second: "confirmed" }, { remedies: [{ id: "r", text: "old" }] });
    const good = diagnosis(2, { second: "confirmed" }, { remedies: [{ id: "r", text: "good", command: "twilio x" }] });
    const blind = diagnosis(3, { second: "unknown" }, { remedies: [{ id: "r", text: "blind" }], failure: "timeout" });
    for (const order of [
      [old, good, blind],
      [blind, good, old],
      [good, blind, old],
    ]) {
      const view = incidentView(incident, order, advice);
      expect(view.evidence.map(({ text }) => text)).toEqual(["second confirmed 2"]);
      expect(view.remedies).toEqual([{ id: "r", text: "good", command: "twilio x" }]);
    }
  });

  it("fall back to what the latest diagnosis saw", () => {
    const view = incidentView(
      incident,
      [diagnosis(1, { first: "unknown" }), diagnosis(2, { first: "unknown" })],
      advice,
    );
    expect(view.evidence.map(({ text }) => text)).toEqual(["general 2"]);
    expect(view.remedies.map(({ id }) => id)).toEqual(["close", "flag"]);
  });

  it("name each resource in the way once, in its latest state", () => {
    const one = diagnosis(1, {}, { conflicts: [session("KC1", "open"), session("KC2", "open")] });
    const two = diagnosis(2, {}, { conflicts: [session("KC1", "closed")] });
    expect(incidentView(incident, [one, two], advice).conflicts).toEqual([
      session("KC1", "closed"),
      session("KC2", "open"),
    ]);
  });

  it.each([
    "twilio x --sid {session}",
    "twilio x --sid {{session}}",
    "twilio x --sid <session sid>",
    "twilio x --sid KCxxxxxxxxxxxxxxxx",
  ])("leave out the command %s", (command) => {
    const view = incidentView(incident, [diagnosis(1, {}, { remedies: [{ id: "r", text: "t", command }] })], advice);
    expect(view.remedies).toEqual([{ id: "r", text: "t" }]);
  });

  it.each([
    "curl -d '{\"a\": 1}' https://x.test",
    `curl -u \${SID}:$TOKEN -w '%{http_code}' https://x.test`,
    `twilio x --sid KC${"a".repeat(32)}`,
  ])("keep the command %s", (command) => {
    const view = incidentView(incident, [diagnosis(1, {}, { remedies: [{ id: "r", text: "t", command }] })], advice);
    expect(view.remedies).toEqual([{ id: "r", text: "t", command }]);
  });
});
