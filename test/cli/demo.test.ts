import { describe, expect, it, onTestFinished } from "vitest";
import { createLedger } from "../../src/cli/demo/ledger.ts";
import { metricSum, type Observation, type ObservedIncident } from "../../src/cli/demo/observe.ts";
import { report } from "../../src/cli/demo/report.ts";
import { mainCodes, type Scene, sendTraffic } from "../../src/cli/demo/traffic.ts";
import { checksOf } from "../../src/cli/demo/verify.ts";
import { loadCatalogue } from "../../src/core/catalogue.ts";
import { compileRules } from "../../src/core/rules/match.ts";
import { createSeal } from "../../src/core/seal.ts";
import { createIngest } from "../../src/pipeline/ingest.ts";
import { createReceiveApp } from "../../src/receive/app.ts";
import { listen } from "../../src/receive/listen.ts";
import { loadBuiltInRules } from "../../src/rule-packs.ts";
import { countingTelemetry, fixedClock, memoryStore, now, recordingLog } from "../pipeline/fakes.ts";
import { errorEvent } from "../support/sign.ts";
import { defaultAccount } from "../support/simulated-twilio/server.ts";

const publicUrl = "https://faultline.example.com";

/** The way of an event over a record in memory, behind a real port. */
async function startInMemory() {
  const store = memoryStore();
  const telemetry = countingTelemetry();
  const log = recordingLog();
  const parts = {
    trust: {
      publicUrl,
      tokensByAccount: new Map([[defaultAccount.sid, [...defaultAccount.tokens]]]),
      allowUnsigned: false,
    },
    rules: compileRules([], loadBuiltInRules(), loadCatalogue()),
    quietPeriodMs: 60_000,
    seal: createSeal("a secret for tests", (bytes) => Buffer.alloc(bytes, 7)),
    store,
    dispatch: () => undefined,
    telemetry,
  };
  const handler = createReceiveApp({
    ingest: createIngest(parts),
    telemetry,
    clock: fixedClock,
    log,
    maxBodyBytes: 1024 * 1024,
    requestTimeoutMs: 5_000,
    signatureRequired: true,
    stopping: () => false,
  });
  const options = { host: "127.0.0.1", port: 0, headersTimeoutMs: 5_000, maxConnections: 100 };
  const listener = await listen(handler, options);
  onTestFinished(() => listener.close(0));
  const target = { localUrl: `http://127.0.0.1:${listener.port}`, publicUrl, token: defaultAccount.tokens[0] };
  return { store, telemetry, log, target };
}

describe("the demo's traffic", () => {
  it("is answered as it says, and its book holds exactly what was recorded", async () => {
    const { store, telemetry, log, target } = await startInMemory();
    const ledger = createLedger();
    const firsts = mainCodes.map((code, index) => errorEvent({ code, at: now }, index + 1));
    const scenes = await sendTraffic(target, ledger, firsts, now);
    const wrong = scenes.filter(({ expected, statuses }) => statuses.some((status) => status !== expected));
    expect(wrong).toEqual([]);
    expect(ledger.distinct).toBe(store.events.size);
    expect(ledger.distinct).toBeGreaterThan(1_000);
    const outcomes = ["debugger", "event_streams"].map((source) => telemetry.outcomes.get(`${source} duplicate`) ?? 0);
    expect(outcomes.reduce((sum, count) => sum + count, 0)).toBe(ledger.sent - ledger.distinct);
    expect(ledger.sent).toBeGreaterThan(ledger.distinct);
    expect(store.quarantined.map(({ reason }) => reason).sort()).toEqual([
      "error_code_not_a_number",
      "no_error_code",
      "not_json",
    ]);
    expect(log.lines).toEqual([]);
    const refused = new Set(scenes.filter(({ expected }) => expected !== 204).map(({ expected }) => expected));
    expect([...refused].toSorted((a, b) => a - b)).toEqual([401, 403, 404, 413, 415]);
  }, 20_000);
});

describe("the demo's book", () => {
  it("takes an event for one however often and whichever way it is sent", () => {
    const ledger = createLedger();
    const event = errorEvent({ code: 80604 });
    ledger.note([event, event, errorEvent({ code: 80903 }, 2)]);
    ledger.note([event]);
    expect([ledger.sent, ledger.distinct]).toEqual([4, 2]);
    expect(ledger.byCode).toEqual(
      new Map([
        [80604, 1],
        [80903, 1],
      ]),
    );
  });
});

const metrics = `# TYPE twilio_debugger_events_total counter
twilio_debugger_events_total{account="a",product="Proxy",code="80604",level="WARNING",source="debugger"} 2
twilio_debugger_events_total{account="a",product="Proxy",code="80604",level="WARNING",source="event_streams"} 1
twilio_debugger_events_total_created{code="80604"} 99
faultline_event_outcomes_total{source="debugger",outcome="duplicate"} 1
faultline_event_outcomes_total{source="debugger",outcome="recorded"} 3
twilio_incidents_open{code="80604",severity="warning"} 0
`;

const incident: ObservedIncident = {
  id: "inc_1",
  code: 80604,
  title: "Proxy identifier in use",
  product: "Proxy",
  severity: "warning",
  state: "open",
  count: 3,
  docsUrl: "https://www.twilio.com/docs/api/errors/80604",
  causes: [{ id: "pool", text: "The pool has no number left. ".repeat(8).trim(), verdict: "confirmed" }],
  evidence: [{ text: "2 numbers, 2 in use", source: "GET /v1/Services" }],
  conflicts: [{ sid: `KC${"1".repeat(32)}`, kind: "session", state: "in-progress" }],
  remedies: [{ id: "add", text: "Add a number", command: "twilio api:proxy:v1:services:phone-numbers:create" }],
  diagnoses: [{ eventSid: "NO1" }],
};

const observation: Observation = { incidents: [incident], events: 3, quarantined: 0, metrics };

function bookOfThree() {
  const ledger = createLedger();
  ledger.note([1, 2, 3].map((n) => errorEvent({ code: 80604 }, n)));
  ledger.note([errorEvent({ code: 80604 }, 1)]);
  return ledger;
}

function failing(observed: Observation, scenes: readonly Scene[] = []): string[] {
  return checksOf(bookOfThree(), scenes, observed)
    .filter(({ expected, seen }) => expected !== seen)
    .map(({ what }) => what);
}

describe("the demo's verdict", () => {
  it("is good when record, metrics and incidents agree with the book", () => {
    expect(failing(observation)).toEqual([]);
  });

  const wrongs: [what: string, observed: Observation][] = [
    ["events in the record", { ...observation, events: 2 }],
    ["events in the metrics", { ...observation, metrics: metrics.replace("} 2\n", "} 3\n") }],
    ["duplicates recognised", { ...observation, metrics: metrics.replace('duplicate"} 1', 'duplicate"} 0') }],
    ["80604 counted in its incidents", { ...observation, incidents: [{ ...incident, count: 4 }] }],
  ];
  it.each(wrongs)("is bad when %s are not what was sent", (what, observed) => {
    expect(failing(observed)).toEqual([what]);
  });

  it("is bad when a request was answered in another way than it should", () => {
    const scenes = [{ what: "x", expected: 204, statuses: [204, 503] }];
    expect(failing(observation, scenes)).toEqual(["every request got the answer it should"]);
  });

  it("sums a metric over the series that carry the labels, and no other metric", () => {
    expect(metricSum(metrics, "twilio_debugger_events_total")).toBe(3);
    expect(metricSum(metrics, "twilio_debugger_events_total", { source: "debugger", code: "80604" })).toBe(2);
    expect(metricSum(metrics, "nothing_total")).toBe(0);
  });
});

describe("the demo's report", () => {
  const scenes = [
    { what: "a storm", expected: 204, statuses: [204, 204, 204] },
    { what: "no signature", expected: 401, statuses: [401] },
  ];
  const text = report(scenes, observation, checksOf(bookOfThree(), scenes, observation));

  it("shows what came in, what was refused, and each incident with cause, conflict, evidence and command", () => {
    for (const part of [
      /What came in\n-+\n {2}a storm +3 × 204\n/,
      /What was refused\n-+\n {2}no signature +401\n/,
      /\n80604 Proxy identifier in use\n {2}warning, Proxy, 3 events, open {3}https:/,
      /\n {2}seen: 2 numbers, 2 in use \(GET \/v1\/Services\)\n/,
      /\n {2}in the way: session KC1{32} \(in-progress\)\n/,
      /\[confirmed\] The pool has no number left\./,
      /\n {8}\$ twilio api:proxy:v1:services:phone-numbers:create\n/,
      /\n {2}ok {3}events in the record: expected 3, seen 3\n/,
    ]) {
      expect(text).toMatch(part);
    }
  });

  it("fits a terminal, commands and links aside", () => {
    const long = text.split("\n").filter((line) => line.length > 100 && !/https:|\$ |\{/.test(line));
    expect(long).toEqual([]);
  });

  it("leaves out what is zero, and marks what is wrong", () => {
    expect(text).not.toContain("twilio_incidents_open");
    const bad = report(scenes, observation, [{ what: "events in the record", expected: 3, seen: 2 }]);
    expect(bad).toContain("  FAIL events in the record: expected 3, seen 2");
  });
});
