/*
 * Alerts on Faultline itself: whoever watches must be watched.
 */

import type { RejectReason } from "../src/core/outcome.ts";
import { metrics } from "../src/telemetry/metric-names.ts";
import type { Alert } from "./alert.ts";
import { aggregate, count, grownBy, knownSince, select } from "./expressions.ts";
import { recordings } from "./recording-rules.ts";

const deliveries = metrics.deliveries.name;

function reasons(...values: readonly RejectReason[]): string {
  return `reason=~"${values.join("|")}"`;
}

const unsigned = reasons("no_signature", "wrong_signature", "no_body_hash", "body_hash_mismatch", "unknown_account");
/** Without `no_signature`: that is what scanners of the internet send, and Twilio never does. */
const wronglySigned = reasons("wrong_signature", "no_body_hash", "body_hash_mismatch", "unknown_account");
const unavailable = reasons("overloaded", "database_unavailable");

/** Up to here Twilio waits for an answer, https://www.twilio.com/docs/events/event-delivery-and-duplication; in seconds. */
const patience = 5;

function down(job: string): Alert {
  const up = select("up", `job="${job}"`);
  return {
    name: "FaultlineDown",
    severity: "critical",
    for: "2m",
    expr: `max by (job) (${up}) == 0\nor\nabsent(${up})`,
    summary: "No Faultline process answers Prometheus.",
    description:
      "Prometheus has reached no process of the job {{ $labels.job }} for 2 minutes. Unless only the private port is unreachable, Twilio's errors are not being recorded: Debugger webhooks are lost, Event Streams tries again for 4 hours.",
    dashboard: "faultline",
  };
}

function instanceDown(job: string): Alert {
  return {
    name: "FaultlineInstanceDown",
    severity: "warning",
    for: "5m",
    expr: `${select("up", `job="${job}"`)} == 0`,
    summary: "A Faultline process does not answer Prometheus.",
    description: "Prometheus has not reached {{ $labels.instance }} (job {{ $labels.job }}) for 5 minutes.",
    dashboard: "faultline",
  };
}

const everyDeliveryRefused: Alert = {
  name: "FaultlineEveryDeliveryRefused",
  severity: "critical",
  for: "5m",
  expr: [
    `sum by (job, source) (increase(${select(deliveries, 'outcome="rejected"', wronglySigned)}[15m])) >= 3`,
    "unless",
    `  sum by (job, source) (increase(${select(deliveries, 'outcome="accepted"')}[15m])) > 0`,
    "and",
    `  sum by (job, source) (increase(${select(deliveries, 'outcome="accepted"')}[1d])) > 0`,
  ].join("\n"),
  summary: "Every delivery of Twilio is refused, though some were accepted within the last day.",
  description: `${count} deliveries of {{ $labels.source }} were refused for their signature or account in the last 15 minutes and none was accepted. Twilio does not send refused deliveries again: these errors are lost. Usual reasons: a rotated auth token, a changed PUBLIC_URL.`,
  dashboard: "faultline",
};

const signaturesRefused: Alert = {
  name: "FaultlineSignaturesRefused",
  severity: "warning",
  for: "5m",
  expr: `sum by (job, source, reason) (increase(${select(deliveries, 'outcome="rejected"', 'source!="none"', unsigned)}[15m])) >= 5`,
  summary: "Deliveries are refused for their signature or account.",
  description: `${count} deliveries of {{ $labels.source }} were refused in the last 15 minutes: {{ $labels.reason }}. If they are Twilio's they are lost; if not, somebody is trying.`,
  dashboard: "faultline",
};

const ingestUnavailable: Alert = {
  name: "FaultlineIngestUnavailable",
  severity: "critical",
  for: "5m",
  expr: [
    `  sum by (job) (increase(${select(deliveries, 'outcome="rejected"', unavailable)}[10m]))`,
    "/",
    `  sum by (job) (increase(${select(deliveries, 'source!="none"')}[10m]))`,
    "> 0.05",
  ].join("\n"),
  summary: "Faultline turns deliveries of Twilio away because it cannot record them.",
  description:
    "{{ $value | humanizePercentage }} of the deliveries of the last 10 minutes were answered 503: the database is away or too much is waiting. Event Streams tries again for 4 hours; Debugger webhooks are lost.",
  dashboard: "faultline",
};

const ingestSlow: Alert = {
  name: "FaultlineIngestSlow",
  severity: "warning",
  for: "10m",
  expr: `${recordings.ingestP99.record} > ${patience / 2}`,
  summary: "Faultline answers Twilio slowly.",
  description: `1 of 100 deliveries of {{ $labels.source }} takes longer than {{ $value | humanizeDuration }}. Twilio gives up after ${patience} s.`,
  dashboard: "faultline",
};

const quarantineGrowing: Alert = {
  name: "FaultlineQuarantineGrowing",
  severity: "warning",
  for: "5m",
  expr: `sum by (job, source) (increase(${select(metrics.eventOutcomes.name, 'outcome="quarantined"')}[30m])) > 0`,
  summary: "Signed deliveries of Twilio hold something Faultline does not understand.",
  description: `${count} entries of {{ $labels.source }} were put into quarantine in the last 30 minutes: signed by Twilio, but of an unknown shape. They are kept, but open no incident. What they look like: /api/v1/quarantine`,
  dashboard: "faultline",
};

const queueStalled: Alert = {
  name: "FaultlineQueueStalled",
  severity: "warning",
  for: "10m",
  expr: `max_over_time(${recordings.queueOldestJobAge.record}[5m]) > 300`,
  summary: "Work waits in Faultline's queue and nobody takes it.",
  description:
    "The oldest job of the queue {{ $labels.queue }} has been waiting for {{ $value | humanizeDuration }}. In diagnose: incidents have no cause yet. In notify-…: this receiver is not told.",
  dashboard: "faultline",
};

const jobsFailing: Alert = {
  name: "FaultlineJobsFailing",
  severity: "warning",
  for: "5m",
  expr: `sum by (job, queue) (increase(${select(`${metrics.jobDuration.name}_count`, 'outcome="failed"')}[1h])) >= 3`,
  summary: "Faultline gives up jobs after trying them again and again.",
  description: `${count} jobs of the queue {{ $labels.queue }} were given up in the last hour. Their incidents stay without a diagnosis until faultline requeue has them tried again.`,
  dashboard: "faultline",
};

const requests = metrics.twilioRequests.name;

/** 5 % is what Twilio's checklist for production gives for 429s, see twilio-alerts.ts. */
const twilioApiRefusing: Alert = {
  name: "FaultlineTwilioApiRefusing",
  severity: "warning",
  for: "10m",
  expr: [
    `  sum by (job, outcome) (increase(${select(requests, 'outcome=~"unauthorized|rate_limited"')}[15m]))`,
    "/ on (job) group_left ()",
    `  sum by (job) (increase(${requests}[15m]))`,
    "> 0.05",
  ].join("\n"),
  summary: "Twilio's API refuses Faultline's requests.",
  description:
    "{{ $value | humanizePercentage }} of the requests to Twilio's API in the last 15 minutes ended with {{ $labels.outcome }}. What cannot be read stays unknown in the diagnoses.",
  dashboard: "faultline",
};

const noticesOf = (outcome: string) => select(recordings.noticesIncrease1h.record, `outcome="${outcome}"`);

const noticesFailing: Alert = {
  name: "FaultlineNoticesFailing",
  severity: "warning",
  for: "5m",
  expr: `sum by (job, receiver, reason) (${noticesOf("given_up")}) > 0`,
  summary: "A receiver does not get Faultline's notices.",
  description: `Notices to {{ $labels.receiver }} that were given up in the last hour: ${count}, because of {{ $labels.reason }}. Nobody there knows of these incidents. How the receivers do: /api/v1/receivers`,
  dashboard: "faultline",
};

const noReceiverReached: Alert = {
  name: "FaultlineNoReceiverReached",
  severity: "critical",
  for: "5m",
  expr: [
    `sum by (job) (${noticesOf("given_up")}) > 0`,
    "unless",
    `  sum by (job) (${noticesOf("delivered")}) > 0`,
  ].join("\n"),
  summary: "Faultline's notices reach nobody.",
  description: `All ${count} notices that Faultline tried to deliver in the last hour were given up. Whatever is open now, nobody was told: /api/v1/incidents?state=open`,
  dashboard: "faultline",
};

const lastAccepted = metrics.lastAcceptedDelivery.name;

/** Twilio sends only when something fails, so days may pass; a test event a day makes silence mean something. */
const nothingReceived: Alert = {
  name: "FaultlineNothingReceived",
  severity: "warning",
  for: "15m",
  expr: [
    knownSince(metrics.buildInfo.name, "3d"),
    "unless on (job)",
    `  max by (job) (max_over_time(${lastAccepted}[3d])) > time() - 3 * 86400`,
  ].join("\n"),
  summary: "Faultline has not accepted a single delivery for three days.",
  description:
    "The processes of {{ $labels.job }} run, but have accepted nothing of Twilio for three days. Either nothing went wrong on Twilio in that time, or its errors go somewhere else.",
  dashboard: "faultline",
};

const cardinalityLimit: Alert = {
  name: "FaultlineCardinalityLimit",
  severity: "info",
  for: "5m",
  expr: `${aggregate("sum", "job, label", grownBy(metrics.labelsFolded.name, 60))} > 0`,
  summary: "Metrics of Faultline count some values as other.",
  description: `${count} times in the last hour a value of the label {{ $labels.label }} was counted as other, because the label has as many values as it may. Graphs and alerts by {{ $labels.label }} do not see those; the record and the incidents do.`,
  dashboard: "faultline",
};

/** Those that are looked at often; `job` is the name of the scrape job. */
export function faultlineAlerts(job: string): readonly Alert[] {
  return [
    down(job),
    instanceDown(job),
    everyDeliveryRefused,
    signaturesRefused,
    ingestUnavailable,
    ingestSlow,
    quarantineGrowing,
    queueStalled,
    jobsFailing,
    twilioApiRefusing,
    noticesFailing,
    noReceiverReached,
    cardinalityLimit,
  ];
}

/** Those that look far back, and therefore seldom. */
export const slowFaultlineAlerts: readonly Alert[] = [nothingReceived];
