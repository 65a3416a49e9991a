import { afterEach, describe, expect, it, vi } from "vitest";
import type { Diagnosis } from "../../src/core/diagnosis/verdict.ts";
import { eventOutcomes, rejections } from "../../src/core/outcome.ts";
import type { Log } from "../../src/pipeline/ports.ts";
import { defaultBounds, maxSeries } from "../../src/telemetry/bounds.ts";
import { foldableLabels, type MetricDefinition, metrics as names } from "../../src/telemetry/metric-names.ts";
import { createMetrics, type Metrics, type MetricsOptions } from "../../src/telemetry/metrics.ts";
import { expectedCode } from "../../src/telemetry/start-at-zero.ts";
import { accounts, floodOfEvents, floodOfTheRest, largeMetrics } from "../support/metric-flood.ts";
import { type Exposition, parseExposition, type Sample, sampleValue } from "./exposition.ts";

const account = `AC${"a".repeat(32)}`;
const now = new Date("2026-01-02T03:04:05.500Z");
const quiet: Log = { debug() {}, info() {}, warn() {}, error() {} };

const expected = {
  code: 80604,
  severity: "warning",
  product: "Proxy",
  level: "WARNING",
  causes: ["session-reopened", "too-few-numbers"],
} as const;

function make(options: Partial<MetricsOptions> = {}): Metrics {
  return createMetrics({
    version: "1.2.3",
    knownCodes: [80604, 11200],
    documentedCodes: [80604, 11200, 30003],
    accounts: [account],
    products: ["Proxy", "Voice"],
    expectedCodes: [expected],
    queues: ["diagnose"],
    twilioApis: ["monitor"],
    processMetrics: false,
    clock: { now: () => now },
    log: quiet,
    ...options,
  });
}

/** What tells a series from every other. */
function series({ name, labels }: Sample): string {
  return `${name} ${JSON.stringify(Object.entries(labels).map(String).toSorted())}`;
}

async function scrape(metrics: Metrics): Promise<Exposition> {
  return parseExposition((await metrics.render()).body);
}

function diagnosis(causes: Diagnosis["causes"]): Diagnosis {
  return {
    eventSid: `NO${"1".repeat(32)}`,
    at: "2026-01-02T03:04:05.000Z",
    calls: 1,
    failedRequest: null,
    causes,
    conflicts: [],
    evidence: [],
    remedies: [],
  };
}

afterEach(() => {
  vi.useRealTimers();
});

describe("the metric definitions", () => {
  const all: readonly MetricDefinition[] = Object.values(names);

  it("follow the naming rules of Prometheus", () => {
    for (const { name, type, help, buckets } of all) {
      expect(name).toMatch(/^(twilio|faultline|http)_[a-z_]+$/);
      expect(name.endsWith("_total"), name).toBe(type === "counter");
      expect(buckets !== undefined, name).toBe(type === "histogram");
      expect(help).toMatch(/^[A-Z].*\.$/);
      expect(help).not.toMatch(/["\\\n]/);
    }
    expect(new Set(all.map((each) => each.name)).size).toBe(all.length);
  });

  it("are the ones others depend on, with exactly these labels", () => {
    expect(Object.fromEntries(all.map(({ name, labels }) => [name, labels.join(",")]))).toEqual({
      twilio_debugger_events_total: "account,product,code,level,source",
      twilio_incidents_open: "code,severity",
      twilio_incident_transitions_total: "code,transition",
      twilio_diagnoses_total: "code,cause,verdict",
      faultline_deliveries_total: "source,outcome,reason",
      faultline_event_outcomes_total: "source,outcome",
      faultline_ingest_duration_seconds: "source",
      faultline_commit_batch_size: "",
      faultline_queue_jobs: "queue,state",
      faultline_queue_oldest_job_age_seconds: "queue",
      faultline_job_duration_seconds: "queue,outcome",
      faultline_twilio_requests_total: "api,outcome",
      faultline_notices_total: "receiver,outcome,reason",
      faultline_notice_delay_seconds: "receiver",
      twilio_unknown_code_events_total: "account",
      faultline_last_accepted_delivery_timestamp_seconds: "source",
      faultline_job_age_seconds: "queue",
      faultline_labels_folded_total: "label",
      http_server_request_duration_seconds: "http_request_method,http_route,http_response_status_code",
      http_client_request_duration_seconds: "server_address,http_request_method,http_response_status_code",
      faultline_build_info: "version,node",
    });
  });

  it("have buckets that grow, over the ranges that matter", () => {
    for (const { name, buckets } of all) {
      if (buckets !== undefined) expect(buckets, name).toEqual(buckets.toSorted((a, b) => a - b));
    }
    expect([names.ingestDuration.buckets.at(0), names.ingestDuration.buckets.at(-1)]).toEqual([0.001, 5]);
    expect([names.jobDuration.buckets.at(0), names.jobDuration.buckets.at(-1)]).toEqual([0.05, 60]);
    expect([names.jobAge.buckets.at(0), names.jobAge.buckets.at(-1)]).toEqual([0.1, 3600]);
    expect([names.commitBatchSize.buckets.at(0), names.commitBatchSize.buckets.at(-1)]).toEqual([1, 1000]);
  });
});

describe("a scrape", () => {
  it("carries only defined metrics, with the labels and types they are defined with", async () => {
    const metrics = make();
    metrics.collectFrom({
      openIncidents: async () => [{ code: 80604, severity: "warning", count: 2 }],
      queueStats: async () => [{ queue: "diagnose", states: { waiting: 3 }, oldestWaitingSeconds: 1.5 }],
    });
    const { samples, types, help } = await scrape(metrics);
    const defined = new Map<string, MetricDefinition>(Object.values(names).map((each) => [each.name, each]));
    expect(samples.length).toBeGreaterThan(100);
    for (const { name, labels } of samples) {
      const family = defined.get(name) ?? defined.get(name.replace(/_(bucket|sum|count)$/, ""));
      expect(family, name).toBeDefined();
      const own = Object.keys(labels).filter((key) => key !== "le");
      expect(own.toSorted(), name).toEqual([...(family?.labels ?? [])].toSorted());
      expect(types.get(family?.name ?? "")).toBe(family?.type);
      expect(help.get(family?.name ?? "")).toBe(family?.help);
    }
  });

  it("starts every closed label set at zero", async () => {
    const start = await scrape(make());
    for (const source of ["debugger", "event_streams", "alarm"]) {
      expect(sampleValue(start, "faultline_deliveries_total", { source, outcome: "accepted", reason: "none" })).toBe(0);
      for (const outcome of eventOutcomes) {
        expect(sampleValue(start, "faultline_event_outcomes_total", { source, outcome })).toBe(0);
      }
    }
    for (const source of ["debugger", "event_streams", "alarm", "none"]) {
      for (const reason of Object.keys(rejections)) {
        expect(sampleValue(start, "faultline_deliveries_total", { source, outcome: "rejected", reason })).toBe(0);
      }
      expect(sampleValue(start, "faultline_ingest_duration_seconds_count", { source })).toBe(0);
    }
    for (const transition of ["opened", "reopened", "resolved"]) {
      expect(sampleValue(start, "twilio_incident_transitions_total", { code: "80604", transition })).toBe(0);
    }
    for (const verdict of ["confirmed", "likely", "unknown", "ruled-out"]) {
      expect(sampleValue(start, "twilio_diagnoses_total", { cause: "too-few-numbers", verdict })).toBe(0);
    }
    for (const outcome of ["completed", "retried", "failed"]) {
      expect(sampleValue(start, "faultline_job_duration_seconds_count", { queue: "diagnose", outcome })).toBe(0);
    }
    for (const outcome of ["ok", "no_credentials", "not_found", "timeout", "rate_limited", "not_an_alert"]) {
      expect(sampleValue(start, "faultline_twilio_requests_total", { api: "monitor", outcome })).toBe(0);
    }
    expect(sampleValue(start, "twilio_debugger_events_total", { account, code: "80604", source: "debugger" })).toBe(0);
    expect(sampleValue(start, "faultline_build_info", { version: "1.2.3", node: process.version })).toBe(1);
  });

  it("expects of a code what is known of it", () => {
    const view = {
      code: 80604,
      known: true,
      title: "Proxy Identifier In Use",
      level: "WARNING",
      product: "Proxy",
      docsUrl: "https://www.twilio.com/docs/api/errors/80604",
    };
    const causes = expected.causes.map((id) => ({ id, text: id }));
    const rule = { id: "r", severity: "warning", meaning: null, firstThing: null, causes, remedies: [] } as const;
    expect(expectedCode({ ...view, rule })).toEqual(expected);
    expect(expectedCode({ ...view, level: null, rule: null })).toMatchObject({ severity: "error", level: "ERROR" });
  });

  it("counts what the pipeline tells, under the labels it tells", async () => {
    const metrics = make();
    const { telemetry } = metrics;
    telemetry.delivery("debugger", { outcome: "accepted" }, 0.004);
    telemetry.delivery("none", { outcome: "rejected", reason: "not_found" }, 0.0001);
    telemetry.eventOutcome("event_streams", "duplicate", 7);
    telemetry.eventRecorded({ source: "debugger", account, product: "Proxy", code: 80604, level: "warning" });
    telemetry.commitBatch(50);
    telemetry.incidentTransition(80604, "opened");
    telemetry.diagnosis(80604, diagnosis([{ id: "too-few-numbers", verdict: "confirmed", evidence: [] }]));
    telemetry.diagnosis(11200, diagnosis([]));
    telemetry.job("diagnose", "completed", 0.3);
    telemetry.twilioRequest("monitor", "timeout");

    const after = await scrape(metrics);
    expect(sampleValue(after, "faultline_deliveries_total", { source: "debugger", outcome: "accepted" })).toBe(1);
    expect(sampleValue(after, "faultline_deliveries_total", { source: "none", reason: "not_found" })).toBe(1);
    const fast = { source: "debugger", le: "0.005" };
    expect(sampleValue(after, "faultline_ingest_duration_seconds_bucket", fast)).toBe(1);
    expect(
      sampleValue(after, "faultline_event_outcomes_total", { source: "event_streams", outcome: "duplicate" }),
    ).toBe(7);
    const event = { account, product: "Proxy", code: "80604", level: "WARNING", source: "debugger" };
    expect(sampleValue(after, "twilio_debugger_events_total", event)).toBe(1);
    expect(sampleValue(after, "faultline_commit_batch_size_sum")).toBe(50);
    expect(sampleValue(after, "twilio_incident_transitions_total", { code: "80604", transition: "opened" })).toBe(1);
    expect(sampleValue(after, "twilio_diagnoses_total", { cause: "too-few-numbers", verdict: "confirmed" })).toBe(1);
    expect(sampleValue(after, "twilio_diagnoses_total", { code: "11200", cause: "none", verdict: "unknown" })).toBe(1);
    const job = { queue: "diagnose", outcome: "completed" };
    expect(sampleValue(after, "faultline_job_duration_seconds_count", job)).toBe(1);
    expect(sampleValue(after, "faultline_twilio_requests_total", { api: "monitor", outcome: "timeout" })).toBe(1);
  });

  it("never throws at the pipeline over a number that makes no sense", async () => {
    const metrics = make();
    metrics.telemetry.delivery("debugger", { outcome: "accepted" }, Number.NaN);
    metrics.telemetry.job("diagnose", "failed", -1);
    metrics.telemetry.eventOutcome("alarm", "recorded", Number.POSITIVE_INFINITY);
    metrics.telemetry.eventRecorded({ source: "alarm", account: "", product: "", code: Number.NaN, level: "" });
    const after = await scrape(metrics);
    expect(sampleValue(after, "faultline_ingest_duration_seconds_sum", { source: "debugger" })).toBe(0);
    const event = { account: "other", product: "other", code: "other", level: "OTHER", source: "alarm" };
    expect(sampleValue(after, "twilio_debugger_events_total", event)).toBe(1);
  });

  it("carries process metrics that promtool accepts", async () => {
    const { types } = await scrape(make({ processMetrics: true }));
    expect(types.get("process_cpu_seconds_total")).toBe("counter");
    expect(types.get("nodejs_eventloop_lag_p99_seconds")).toBe("gauge");
    for (const [name, type] of types) expect(name.endsWith("_total"), name).toBe(type === "counter");
  });

  it("keeps registries apart, so two can live in one process", async () => {
    const [one, two] = [make(), make()];
    one.telemetry.eventOutcome("alarm", "recorded", 1);
    const name = "faultline_event_outcomes_total";
    expect(sampleValue(await scrape(one), name, { source: "alarm", outcome: "recorded" })).toBe(1);
    expect(sampleValue(await scrape(two), name, { source: "alarm", outcome: "recorded" })).toBe(0);
  });

  it("comes as OpenMetrics when asked, and the plain format stays as it was", async () => {
    const metrics = make();
    const before = await metrics.render("prometheus");
    const open = await metrics.render("openmetrics");
    const after = await metrics.render("prometheus");

    expect(after).toEqual(before);
    expect(before.contentType).toBe("text/plain; version=0.0.4; charset=utf-8");
    expect(open.contentType).toBe("application/openmetrics-text; version=1.0.0; charset=utf-8");
    expect(open.body.endsWith("\n# EOF\n")).toBe(true);
    expect(open.body).not.toContain("\n\n");
    const parsed = parseExposition(open.body);
    expect(parsed.types.get("faultline_deliveries")).toBe("counter");
    expect(parsed.types.has("faultline_deliveries_total")).toBe(false);
    expect(parsed.samples).toEqual(parseExposition(before.body).samples);
  });
});

describe("exemplars", () => {
  const traceId = "4bf92f3577b34da6a3ce929d0e0e4736";
  const inTrace = { current: () => `00-${traceId}-00f067aa0ba902b7-01` };

  /** Counts and measures one of everything. */
  function use({ telemetry }: Metrics): void {
    telemetry.delivery("debugger", { outcome: "accepted" }, 0.004);
    telemetry.eventRecorded({ source: "debugger", account, product: "Proxy", code: 80604, level: "WARNING" });
    telemetry.jobTaken("diagnose", 2);
    telemetry.job("diagnose", "completed", 1.5);
    telemetry.twilioRequest("monitor", "ok");
    telemetry.notice("pager", "delivered", "first");
    telemetry.noticeDelay("pager", 700);
    telemetry.httpServed({ method: "POST", route: "/twilio/debugger", status: 204 }, 0.004);
    telemetry.httpRequested({ method: "GET", server: "monitor.twilio.com", status: 200 }, 0.2);
  }

  it("point from durations and counts to the trace they were made in, in OpenMetrics", async () => {
    const metrics = make({ tracing: inTrace, receivers: ["pager"], serverAddresses: ["monitor.twilio.com"] });
    use(metrics);
    const { body } = await metrics.render("openmetrics");
    const { samples } = parseExposition(body);
    const pointing = samples.filter(({ exemplar }) => exemplar !== undefined);
    expect(pointing.map(({ name, labels }) => [name, labels.le].join(" ").trim()).toSorted()).toEqual([
      "faultline_deliveries_total",
      "faultline_ingest_duration_seconds_bucket 0.005",
      "faultline_job_age_seconds_bucket 2.5",
      "faultline_job_duration_seconds_bucket 2.5",
      "faultline_notice_delay_seconds_bucket +Inf",
      "faultline_notices_total",
      "faultline_twilio_requests_total",
      "http_client_request_duration_seconds_bucket 0.25",
      "http_server_request_duration_seconds_bucket 0.005",
      "twilio_debugger_events_total",
    ]);
    for (const { exemplar, name } of pointing) expect(exemplar?.labels, name).toEqual({ trace_id: traceId });
    const delay = pointing.find(({ name }) => name === "faultline_notice_delay_seconds_bucket");
    expect(delay?.exemplar?.value).toBe(700);
    expect(delay?.exemplar?.timestamp).toBeGreaterThan(1_700_000_000);
  });

  it("are nowhere in plain Prometheus text, which has no place for them", async () => {
    const metrics = make({ tracing: inTrace });
    use(metrics);
    const before = await metrics.render("prometheus");
    await metrics.render("openmetrics");
    expect(await metrics.render("prometheus")).toEqual(before);
    expect(before.body).not.toContain(traceId);
  });

  it.each(["off", "no context", `00-${"A".repeat(32)}-00f067aa0ba902b7-01`])(
    "are left out when tracing says: %s",
    async (said) => {
      const metrics = make({ tracing: { current: () => (said === "off" ? null : said) } });
      use(metrics);
      const { samples } = parseExposition((await metrics.render("openmetrics")).body);
      expect(samples.filter(({ exemplar }) => exemplar !== undefined)).toEqual([]);
    },
  );
});

describe("what is measured of HTTP", () => {
  const name = "http_client_request_duration_seconds_count";

  it("is known by host and status, or by there having been none", async () => {
    const metrics = make({ serverAddresses: ["monitor.twilio.com"] });
    metrics.telemetry.httpRequested({ method: "GET", server: "monitor.twilio.com", status: 429 }, 0.2);
    metrics.telemetry.httpRequested({ method: "GET", server: "monitor.twilio.com", status: null }, 5);
    metrics.telemetry.httpRequested({ method: "GET", server: "elsewhere.example.com", status: 200 }, 5);
    const { samples } = await scrape(metrics);
    expect(samples.filter((sample) => sample.name === name).map(({ labels }) => Object.values(labels))).toEqual([
      ["monitor.twilio.com", "GET", "429"],
      ["monitor.twilio.com", "GET", "none"],
      ["other", "GET", "200"],
    ]);
  });

  it("shows no path that nobody declared, and no method that does not exist", async () => {
    const metrics = make();
    metrics.telemetry.httpServed({ method: "POST", route: "/twilio/events", status: 204 }, 0.01);
    metrics.telemetry.httpServed({ method: "BREW", route: null, status: 404 }, 0.01);
    const { samples } = await scrape(metrics);
    const counts = samples.filter((sample) => sample.name === "http_server_request_duration_seconds_count");
    expect(counts.map(({ labels }) => Object.values(labels))).toEqual([
      ["POST", "/twilio/events", "204"],
      ["_OTHER", "other", "404"],
    ]);
    const folded = (label: string) => sampleValue({ samples }, "faultline_labels_folded_total", { label });
    expect([folded("http_request_method"), folded("http_route")]).toEqual([1, 0]);
  });

  it("folds into one label set when a server answers with every status there is", async () => {
    const metrics = make({ serverAddresses: ["a.example.com"], bounds: { httpSets: 2 } });
    for (const status of [200, 201, 202, 203]) {
      metrics.telemetry.httpRequested({ method: "GET", server: "a.example.com", status }, 0.2);
    }
    const { samples } = await scrape(metrics);
    expect(
      samples.filter((sample) => sample.name === name).map(({ labels, value }) => [...Object.values(labels), value]),
    ).toEqual([
      ["a.example.com", "GET", "200", 1],
      ["a.example.com", "GET", "201", 1],
      ["other", "other", "other", 2],
    ]);
  });
});

describe("what tells that something is new, late or missing", () => {
  it("counts events whose code nobody has documented and no rule names, by account, from zero", async () => {
    const metrics = make();
    const name = "twilio_unknown_code_events_total";
    expect(sampleValue(await scrape(metrics), name, { account })).toBe(0);
    for (const code of [80604, 11200, 30003, 99999, 99998]) {
      metrics.telemetry.eventRecorded({ source: "debugger", account, product: "Proxy", code, level: "ERROR" });
    }
    expect(sampleValue(await scrape(metrics), name, { account })).toBe(2);
  });

  it("shows an account that nobody configured at zero unknown codes once it has had any event", async () => {
    const metrics = make({ accounts: [] });
    metrics.telemetry.eventRecorded({ source: "debugger", account, product: "Proxy", code: 80604, level: "ERROR" });
    expect(sampleValue(await scrape(metrics), "twilio_unknown_code_events_total", { account })).toBe(0);
  });

  it("leaves room for events however many accounts are configured", async () => {
    const many = Array.from({ length: 2_000 }, (_, nth) => `AC${String(nth).padStart(32, "0")}`);
    const metrics = make({ accounts: many });
    const last = {
      account: many.at(-1) ?? "",
      product: "Proxy",
      code: 80604,
      level: "WARNING",
      source: "debugger",
    } as const;
    metrics.telemetry.eventRecorded(last);
    const after = await scrape(metrics);
    expect(sampleValue(after, "twilio_debugger_events_total", { ...last, code: "80604" })).toBe(1);
    expect(sampleValue(after, "faultline_labels_folded_total", { label: "account" })).toBe(0);
  });

  it("says when the last delivery was accepted, and nothing before the first", async () => {
    const metrics = make();
    const name = "faultline_last_accepted_delivery_timestamp_seconds";
    metrics.telemetry.delivery("event_streams", { outcome: "rejected", reason: "wrong_signature" }, 0.1);
    expect(sampleValue(await scrape(metrics), name)).toBeUndefined();
    metrics.telemetry.delivery("event_streams", { outcome: "accepted" }, 0.1);
    expect(sampleValue(await scrape(metrics), name, { source: "event_streams" })).toBe(now.getTime() / 1000);
    expect(sampleValue(await scrape(metrics), name)).toBe(now.getTime() / 1000);
  });

  it("measures how long jobs have waited, by queue, from zero", async () => {
    const metrics = make();
    expect(sampleValue(await scrape(metrics), "faultline_job_age_seconds_count", { queue: "diagnose" })).toBe(0);
    metrics.telemetry.jobTaken("diagnose", 90);
    const after = await scrape(metrics);
    expect(sampleValue(after, "faultline_job_age_seconds_bucket", { queue: "diagnose", le: "60" })).toBe(0);
    expect(sampleValue(after, "faultline_job_age_seconds_bucket", { queue: "diagnose", le: "120" })).toBe(1);
  });
});

describe("bounded labels", () => {
  it("keep a flood of 5,000 codes and 1,000 accounts under the stated number of series, and count all of it", async () => {
    const metrics = largeMetrics();
    const { events: sent } = floodOfEvents(metrics);
    const { samples } = await scrape(metrics);
    const events = samples.filter((sample) => sample.name === "twilio_debugger_events_total");
    const sum = (of: readonly Sample[]) => of.reduce((total, { value }) => total + value, 0);
    expect(sum(events)).toBe(sent);
    expect(events.length).toBeGreaterThanOrEqual(defaultBounds.eventSeries);
    expect(events.length).toBeLessThanOrEqual(defaultBounds.eventSeries + 15);
    const values = (label: string) => new Set(events.map((sample) => sample.labels[label]));
    expect(values("account").size).toBe(accounts.length + defaultBounds.accounts + 1);
    expect(values("level")).toEqual(new Set(["ERROR", "WARNING", "OTHER"]));
    for (const [label, value] of Object.entries({
      account: "other",
      product: "other",
      code: "other",
      level: "OTHER",
    })) {
      const lost = sum(events.filter(({ labels }) => labels[label] === value));
      expect(lost, label).toBeGreaterThan(0);
      expect(sampleValue({ samples }, "faultline_labels_folded_total", { label }), label).toBe(lost);
    }
  }, 30_000);

  it("keep all metrics together under the stated number of series, whatever floods them", async () => {
    const metrics = largeMetrics();
    floodOfEvents(metrics);
    floodOfTheRest(metrics);
    const { samples } = await scrape(metrics);
    expect(samples.length).toBeGreaterThan(maxSeries / 2);
    expect(samples.length).toBeLessThan(maxSeries);
    // Nothing grows beside what is counted: another flood changes no more than numbers.
    floodOfEvents(metrics);
    floodOfTheRest(metrics);
    expect((await scrape(metrics)).samples.map(series)).toEqual(samples.map(series));
    for (const label of foldableLabels) {
      expect(sampleValue({ samples }, "faultline_labels_folded_total", { label }), label).toBeGreaterThan(0);
    }
  }, 30_000);

  it("count every folded value once, and none for showing a gauge", async () => {
    const metrics = make({ accounts: [], expectedCodes: [], bounds: { codes: 0, accounts: 1, products: 0 } });
    metrics.collectFrom({ openIncidents: async () => [{ code: 7, severity: "error", count: 1 }] });
    const other = { source: "alarm", product: "Proxy", code: 11200 } as const;
    metrics.telemetry.eventRecorded({ ...other, account, level: "error" });
    metrics.telemetry.eventRecorded({ ...other, account: `AC${"b".repeat(32)}`, level: "loud" });
    metrics.telemetry.incidentTransition(7, "opened");
    await scrape(metrics);
    const after = await scrape(metrics);
    const folded = (label: string) => sampleValue(after, "faultline_labels_folded_total", { label });
    expect(Object.fromEntries(foldableLabels.map((label) => [label, folded(label)]))).toEqual({
      ...Object.fromEntries(foldableLabels.map((label) => [label, 0])),
      account: 1,
      code: 1,
      level: 1,
    });
  });

  it("fold label sets together once a metric has too many, without losing a count", async () => {
    const metrics = make({ expectedCodes: [], bounds: { eventSeries: 3, diagnosisSeries: 2 } });
    for (let code = 1; code <= 10; code++) {
      metrics.telemetry.eventRecorded({ source: "debugger", account, product: "Voice", code, level: "ERROR" });
      metrics.telemetry.diagnosis(code, diagnosis([{ id: "some-cause", verdict: "likely", evidence: [] }]));
    }
    const after = await scrape(metrics);
    const count = (name: string) => after.samples.filter((sample) => sample.name === name).length;
    expect(count("twilio_debugger_events_total")).toBe(4);
    expect(count("twilio_diagnoses_total")).toBe(3);
    const folded = { account: "other", product: "other", code: "other", level: "ERROR", source: "debugger" };
    expect(sampleValue(after, "twilio_debugger_events_total", folded)).toBe(7);
    expect(sampleValue(after, "twilio_diagnoses_total", { code: "other", cause: "other" })).toBe(8);
    // Account and product stand in seven folded events; the code in those, and in eight diagnoses.
    const lost = ["account", "product", "code", "cause"].map((label) =>
      sampleValue(after, "faultline_labels_folded_total", { label }),
    );
    expect(lost).toEqual([7, 7, 15, 8]);
  });

  it("keep a known code its own label however many others came before", async () => {
    const metrics = make({ bounds: { codes: 1 } });
    for (const code of [1, 2, 3, 11200]) metrics.telemetry.incidentTransition(code, "opened");
    const after = await scrape(metrics);
    const opened = (code: string) =>
      sampleValue(after, "twilio_incident_transitions_total", { code, transition: "opened" });
    expect([opened("1"), opened("2"), opened("other"), opened("11200")]).toEqual([1, undefined, 2, 1]);
  });

  it("never show a phone number, a URL or a SID of a resource as an account or product", async () => {
    const metrics = make();
    for (const value of ["+15551234567", "https://example.com/x", `CA${"b".repeat(32)}`, 'a"b\n', "x".repeat(99)]) {
      metrics.telemetry.eventRecorded({ source: "debugger", account: value, product: value, code: 1, level: "ERROR" });
    }
    const after = await scrape(metrics);
    expect(sampleValue(after, "twilio_debugger_events_total", { account: "other", product: "other", code: "1" })).toBe(
      4,
    );
    expect(JSON.stringify(after.samples)).not.toMatch(/15551234567|example\.com|xxx/);
  });
});

describe("gauges of shared state", () => {
  it("show what is there now, drop what vanished, and add up what shares a label", async () => {
    const metrics = make({ bounds: { codes: 0 } });
    let open = [
      { code: 11200, severity: "error", count: 2 },
      { code: 1, severity: "error", count: 3 },
      { code: 2, severity: "error", count: 4 },
    ] satisfies Awaited<ReturnType<NonNullable<Parameters<Metrics["collectFrom"]>[0]["openIncidents"]>>>;
    metrics.collectFrom({ openIncidents: async () => open });
    const first = await scrape(metrics);
    expect(sampleValue(first, "twilio_incidents_open", { code: "11200", severity: "error" })).toBe(2);
    expect(sampleValue(first, "twilio_incidents_open", { code: "other", severity: "error" })).toBe(7);
    expect(sampleValue(first, "twilio_incidents_open", { code: "80604", severity: "warning" })).toBe(0);
    open = [];
    const second = await scrape(metrics);
    expect(sampleValue(second, "twilio_incidents_open", { code: "11200" })).toBeUndefined();
    expect(sampleValue(second, "twilio_incidents_open", { code: "80604" })).toBe(0);
  });

  it("show the queue by state", async () => {
    const metrics = make();
    metrics.collectFrom({
      queueStats: async () => [
        { queue: "diagnose", states: { waiting: 3, "waiting-children": 0, failed: 1 }, oldestWaitingSeconds: 12.5 },
      ],
    });
    const seen = await scrape(metrics);
    expect(sampleValue(seen, "faultline_queue_jobs", { queue: "diagnose", state: "waiting" })).toBe(3);
    expect(sampleValue(seen, "faultline_queue_jobs", { queue: "diagnose", state: "failed" })).toBe(1);
    expect(sampleValue(seen, "faultline_queue_oldest_job_age_seconds", { queue: "diagnose" })).toBe(12.5);
  });

  it("claim nothing before the first read, and keep the last values when one fails", async () => {
    const warnings: string[] = [];
    const metrics = make({ log: { ...quiet, warn: (_fields, sentence) => warnings.push(sentence) } });
    let answer: () => Promise<{ code: number; severity: "error"; count: number }[]> = async () => {
      throw new Error("database away");
    };
    metrics.collectFrom({ openIncidents: () => answer() });
    const name = "twilio_incidents_open";
    expect(sampleValue(await scrape(metrics), name, { code: "80604" })).toBeUndefined();
    answer = async () => [{ code: 11200, severity: "error", count: 5 }];
    expect(sampleValue(await scrape(metrics), name, { code: "11200" })).toBe(5);
    answer = () => {
      throw new Error("thrown at once");
    };
    expect(sampleValue(await scrape(metrics), name, { code: "11200" })).toBe(5);
    expect(warnings).toHaveLength(2);
    expect(new Set(warnings).size).toBe(1);
  });

  it("wait a second at most, ask once while one read hangs, and show its late answer", async () => {
    vi.useFakeTimers();
    const metrics = make();
    const slow = Promise.withResolvers<{ code: number; severity: "error"; count: number }[]>();
    let reads = 0;
    metrics.collectFrom({
      openIncidents: () => {
        reads++;
        return slow.promise;
      },
    });
    const first = metrics.render();
    await vi.advanceTimersByTimeAsync(1_000);
    expect(parseExposition((await first).body).samples.some(({ name }) => name === "twilio_incidents_open")).toBe(
      false,
    );
    const second = metrics.render();
    slow.resolve([{ code: 11200, severity: "error", count: 9 }]);
    await vi.advanceTimersByTimeAsync(0);
    expect(sampleValue(parseExposition((await second).body), "twilio_incidents_open", { code: "11200" })).toBe(9);
    expect(reads).toBe(1);
    expect(vi.getTimerCount()).toBe(0);
  });
});
