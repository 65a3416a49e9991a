/*
 * Twilio errors: is something wrong at Twilio or with what you run on it, and what.
 */
import type * as dashboard from "@grafana/grafana-foundation-sdk/dashboard";
import { surgeFactor, webhookCodes } from "../alerts/twilio-alerts.ts";
import { metrics } from "../src/telemetry/metric-names.ts";
import { incidentAnnotations } from "./annotations.ts";
import { causesRow } from "./causes.ts";
import { incidentPanels, openBySeverity } from "./incidents.ts";
import { dashboardOf, type Row } from "./layout.ts";
import { codeLinks } from "./links.ts";
import { graphPanel, statPanel } from "./panels.ts";
import { aggregate, busiest, chosen, countOf, perMinute, series } from "./promql.ts";
import { tablePanel } from "./tables.ts";
import { eventVariables, targetVariables } from "./variables.ts";

const events = metrics.debuggerEvents;
const unknown = metrics.unknownCodeEvents;
const filters = chosen(events);

// INFO and DEBUG entries are counted, but nothing is wrong because of them.
const errors = [["level", ["ERROR", "WARNING"]], ...filters] as const;

const week = "1w";
const seenNow = (by: readonly string[]) =>
  `${aggregate("sum", by, `max_over_time(${series(events, filters)}[$__range])`)} > 0`;
const seenBefore = aggregate("max", ["code"], `max_over_time(${series(events, filters)}[${week}] offset $__range)`);
/** Codes of the time shown that the week before it does not have. Not by increase(), which misses a series' first event. */
const newCodes = (by: readonly string[]) => `(${seenNow(by)}) unless on (code) (${seenBefore} > 0)`;

const now: Row = {
  title: "Is something wrong now, and what?",
  panels: [
    openBySeverity({ where: chosen(metrics.incidentsOpen), width: 7 }),
    statPanel({
      title: "Errors in the last hour",
      description: "Errors and warnings that Twilio reported within the last hour, each counted once.",
      unit: "short",
      decimals: 0,
      width: 4,
      thresholds: ["green", [1, "yellow"], [100, "orange"]],
      queries: [{ expr: countOf(events, { where: errors, over: "1h" }) }],
      runbooks: ["TwilioErrorRateSurge"],
    }),
    statPanel({
      title: "Against the same hour last week",
      description: `Errors and warnings of the last hour as a share of those in the same hour a week ago: 100 % is as usual. Red from ${surgeFactor} times as many, where the alert TwilioErrorRateSurge looks too. Without a number when there is no past to compare with, or nothing came then.`,
      unit: "percentunit",
      decimals: 0,
      width: 4,
      thresholds: ["green", [surgeFactor / 2, "yellow"], [surgeFactor, "red"]],
      noValue: "No past",
      queries: [
        {
          expr: `${countOf(events, { where: errors, over: "1h" })} / (${countOf(events, { where: errors, over: "1h", ago: week })} > 0)`,
        },
      ],
      runbooks: ["TwilioErrorRateSurge"],
    }),
    statPanel({
      title: "First-seen codes",
      description:
        "Codes of the time shown that did not come once in the week before it. Which ones: the table New codes.",
      unit: "short",
      decimals: 0,
      width: 3,
      thresholds: ["green", [1, "blue"]],
      queries: [{ expr: `count(${newCodes(["code"])}) or vector(0)` }],
      runbooks: ["TwilioNewErrorCode"],
    }),
    statPanel({
      title: "Unknown codes",
      description:
        "Events of the time shown whose code is neither in Faultline's catalogue nor in a rule. They are recorded and open incidents, without an explanation.",
      unit: "short",
      decimals: 0,
      width: 3,
      thresholds: ["green", [1, "blue"]],
      queries: [{ expr: countOf(unknown, { where: chosen(unknown) }) }],
      runbooks: ["TwilioUnknownErrorCode"],
    }),
    statPanel({
      title: "Deliveries accepted",
      description:
        "Share of Twilio's deliveries in the last 15 minutes that Faultline accepted. Below 100 % the numbers on this page may be too low: see the dashboard Faultline.",
      unit: "percentunit",
      decimals: 1,
      width: 3,
      thresholds: ["red", [0.95, "yellow"], [0.99, "green"]],
      queries: [{ expr: acceptedShare("15m") }],
      runbooks: ["FaultlineEveryDeliveryRefused", "FaultlineIngestUnavailable"],
    }),
  ],
};

/** Requests to unknown paths (source none) are not Twilio's. */
function acceptedShare(over: string): string {
  const { deliveries } = metrics;
  const sources = ["source", ["debugger", "event_streams", "alarm"]] as const;
  const accepted = countOf(deliveries, { where: [["outcome", "accepted"], sources], over });
  return `${accepted} / ${countOf(deliveries, { where: [sources], over })}`;
}

const rates: Row = {
  title: "How many",
  panels: [
    graphPanel({
      title: "Events by level",
      description: "New events a minute, by Twilio's level. INFO and DEBUG open no incidents.",
      unit: "cpm",
      width: 12,
      stacked: true,
      colours: { ERROR: "red", WARNING: "orange", INFO: "blue", DEBUG: "purple", OTHER: "text" },
      queries: [{ expr: perMinute(events, { by: ["level"], where: filters }), legend: "{{level}}" }],
    }),
    graphPanel({
      title: "Errors, now and a week ago",
      description: "Errors and warnings in the hour before each point, and in the same hour a week earlier.",
      unit: "short",
      width: 12,
      colours: { "This week": "red", "A week ago": "text" },
      queries: [
        { expr: countOf(events, { where: errors, over: "1h" }), legend: "This week" },
        { expr: countOf(events, { where: errors, over: "1h", ago: week }), legend: "A week ago" },
      ],
      runbooks: ["TwilioErrorRateSurge"],
    }),
    graphPanel({
      title: "Events by product",
      description: "New events a minute, by Twilio product: the ten with most events in the time shown.",
      unit: "cpm",
      width: 12,
      stacked: true,
      queries: [
        {
          expr: busiest(
            10,
            "product",
            events,
            { where: filters },
            perMinute(events, { by: ["product"], where: filters }),
          ),
          legend: "{{product}}",
        },
      ],
    }),
    graphPanel({
      title: "Events by code",
      description:
        "New events a minute, by error code: the ten with most events in the time shown. The code other stands for all beyond the bound of the label.",
      unit: "cpm",
      width: 12,
      stacked: true,
      queries: [
        {
          expr: busiest(10, "code", events, { where: filters }, perMinute(events, { by: ["code"], where: filters })),
          legend: "{{code}}",
        },
      ],
    }),
    graphPanel({
      title: "Events by account",
      description: "New events a minute, by Twilio account: the ten with most events in the time shown.",
      unit: "cpm",
      width: 12,
      stacked: true,
      queries: [
        {
          expr: busiest(
            10,
            "account",
            events,
            { where: filters },
            perMinute(events, { by: ["account"], where: filters }),
          ),
          legend: "{{account}}",
        },
      ],
    }),
    graphPanel({
      title: "Your endpoints failing Twilio",
      description:
        "Requests from Twilio to your webhooks that failed, or whose answer Twilio could not use, a minute and by code (112xx, 11750, 12100, 12300).",
      unit: "cpm",
      width: 12,
      queries: [
        {
          expr: perMinute(events, { by: ["code"], where: [["code", [webhookCodes]], ...filters] }),
          legend: "{{code}}",
        },
      ],
      runbooks: ["TwilioWebhookFailures", "TwilioWebhooksDown"],
    }),
  ],
};

const codes: Row = {
  title: "Which codes",
  panels: [
    tablePanel({
      title: "Top codes",
      description:
        "The 25 codes with most events in the time shown. A click on a code leads to what Twilio says of it.",
      unit: "short",
      decimals: 0,
      width: 9,
      labels: { code: "Code", product: "Product", level: "Level" },
      values: ["Events"],
      gauge: true,
      cellLinks: { code: codeLinks("twilioErrors") },
      queries: [{ expr: `topk(25, ${countOf(events, { by: ["code", "product", "level"], where: filters })} > 0)` }],
    }),
    tablePanel({
      title: "New codes",
      description:
        "Codes of the time shown that did not come once in the week before it, and how often each has come since the process that saw it started. In the first week every code is new.",
      unit: "short",
      decimals: 0,
      width: 8,
      noValue: "None",
      labels: { code: "Code", product: "Product", level: "Level" },
      values: ["Events"],
      cellLinks: { code: codeLinks("twilioErrors") },
      queries: [{ expr: newCodes(["code", "product", "level"]) }],
      runbooks: ["TwilioNewErrorCode"],
    }),
    graphPanel({
      title: "Events with unknown codes",
      description:
        "Events whose code is neither in Faultline's catalogue nor in a rule, by account. Which codes: GET /api/v1/events of Faultline's private port.",
      unit: "short",
      width: 7,
      height: 9,
      bars: true,
      queries: [
        {
          expr: countOf(unknown, { by: ["account"], where: chosen(unknown), over: "$__rate_interval" }),
          legend: "{{account}}",
        },
      ],
      runbooks: ["TwilioUnknownErrorCode"],
    }),
  ],
};

/** The dashboard of everything Twilio reports. */
export function twilioErrors(): dashboard.Dashboard {
  return dashboardOf({
    name: "twilioErrors",
    description:
      "What Twilio reports as wrong, counted by Faultline: each event once, whichever way it came. Needs nothing but Faultline's metrics; the recording rules are for the alerts.",
    variables: [...targetVariables(), ...eventVariables()],
    annotations: incidentAnnotations(chosen(metrics.incidentTransitions)),
    rows: [
      now,
      rates,
      codes,
      { title: "Incidents", panels: incidentPanels("twilioErrors") },
      causesRow(chosen(metrics.diagnoses)),
    ],
  });
}
