/*
 * Everything that the network can bring to the metrics of a process, and more of it than they show.
 */
import { loadCatalogue } from "../../src/core/catalogue.ts";
import { type Verdict, verdicts } from "../../src/core/diagnosis/verdict.ts";
import { sources } from "../../src/core/event.ts";
import { incidentTransitions } from "../../src/core/incident.ts";
import { codeView } from "../../src/core/rules/code-view.ts";
import { codesWithRules, compileRules } from "../../src/core/rules/match.ts";
import { severities } from "../../src/core/rules/rule.ts";
import type { Log } from "../../src/pipeline/ports.ts";
import { loadBuiltInRules } from "../../src/rule-packs.ts";
import { jobOutcomes, noticeOutcomes } from "../../src/telemetry/metric-names.ts";
import { createMetrics, type Metrics, type MetricsOptions } from "../../src/telemetry/metrics.ts";
import { expectedCode } from "../../src/telemetry/start-at-zero.ts";
import { twilioAddresses, twilioApiNames } from "../../src/twilio/apis.ts";

const quiet: Log = { debug() {}, info() {}, warn() {}, error() {} };

/** Twenty configured accounts. */
export const accounts: readonly string[] = Array.from({ length: 20 }, (_, nth) => accountSid(`f${nth}`));

/** Ten receivers. */
export const receivers: readonly string[] = Array.from({ length: 10 }, (_, nth) => `receiver-${nth}`);

const queues = ["diagnose", ...receivers.map((name) => `notify-${name}`)];

/** The metrics of a process with all built-in rules, {@link accounts} and {@link receivers}. */
export function largeMetrics(more: Partial<MetricsOptions> = {}): Metrics {
  const catalogue = loadCatalogue();
  const rules = compileRules([], loadBuiltInRules(), catalogue);
  const metrics = createMetrics({
    version: "1.2.3",
    knownCodes: codesWithRules(rules),
    documentedCodes: catalogue.codes,
    accounts,
    products: catalogue.codes.flatMap((code) => catalogue.lookup(code)?.product ?? []),
    expectedCodes: [80604, 80903, 80905, 50416, 48031].map((code) => expectedCode(codeView(code, rules, catalogue))),
    queues,
    receivers,
    twilioApis: twilioApiNames,
    serverAddresses: [...twilioAddresses(null), ...receivers.map((name) => `${name}.example.com`)],
    clock: { now: () => new Date("2026-01-02T03:04:05.500Z") },
    log: quiet,
    ...more,
  });
  metrics.collectFrom({
    openIncidents: async () =>
      severities.flatMap((severity) => Array.from({ length: 5_000 }, (_, code) => ({ code, severity, count: 1 }))),
    queueStats: async () => queues.map((queue) => ({ queue, states: states(40), oldestWaitingSeconds: 1 })),
  });
  return metrics;
}

/** 5,000 codes, 1,000 accounts and the configured ones, wild products and levels: 250,000 events, no two of a kind. */
export function floodOfEvents({ telemetry }: Metrics): { readonly events: number } {
  let events = 0;
  for (let code = 0; code < 5_000; code++) {
    for (let nth = 0; nth < 50; nth++) {
      const account = accounts[nth] ?? accountSid(String((nth < 40 ? nth : code * 10 + nth) % 1_000));
      const source = sources[nth % sources.length] ?? "debugger";
      telemetry.eventRecorded({ source, account, product: `Product ${code % 400}`, code, level: `L${nth}` });
      events++;
    }
  }
  return { events };
}

/** The same of everything else that is labelled with something from outside. */
export function floodOfTheRest({ telemetry }: Metrics): void {
  for (let code = 0; code < 5_000; code++) {
    for (const transition of incidentTransitions) telemetry.incidentTransition(code, transition);
    for (const verdict of verdicts) {
      for (let nth = 0; nth < 5; nth++) {
        telemetry.diagnosis(code, diagnosis(`cause-${((code % 100) * 5 + nth) % 1_000}`, verdict));
      }
    }
  }
  for (let nth = 0; nth < 1_000; nth++) {
    const status = 100 + (nth % 900);
    telemetry.httpServed({ method: `M${nth % 50}`, route: `/route-${nth}`, status }, 0.1);
    telemetry.httpServed({ method: "GET", route: null, status }, 0.1);
    telemetry.httpRequested({ method: "POST", server: `${receivers[nth % 10]}.example.com`, status }, 0.1);
    telemetry.httpRequested({ method: "GET", server: `host-${nth}.example.com`, status: null }, 0.1);
    telemetry.twilioRequest(`api-${nth}`, "ok");
    for (const outcome of jobOutcomes) telemetry.job(`queue-${nth}`, outcome, 0.1);
    telemetry.jobTaken(`queue-${nth}`, 0.1);
    for (const { outcome, reason } of noticeOutcomes) telemetry.notice(`told-${nth}`, outcome, reason);
    telemetry.noticeDelay(`told-${nth}`, 1);
  }
}

function states(many: number): Record<string, number> {
  return Object.fromEntries(Array.from({ length: many }, (_, nth) => [`state-${nth}`, nth]));
}

function diagnosis(id: string, verdict: Verdict) {
  return {
    eventSid: `NO${"1".repeat(32)}`,
    at: "2026-01-02T03:04:05.000Z",
    calls: 1,
    failedRequest: null,
    causes: [{ id, verdict, evidence: [] }],
    conflicts: [],
    evidence: [],
    remedies: [],
  };
}

function accountSid(end: string): string {
  return `AC${end.padStart(32, "0")}`;
}
