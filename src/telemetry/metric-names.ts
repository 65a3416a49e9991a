/*
 * Every metric Faultline gives, by name, help, type, labels and buckets. Dashboards and alerts are generated from these
 * constants, so renaming a metric breaks the build instead of a graph. Units are base units; counters end in `_total`.
 */
import type { DiagnosisFailure, Verdict } from "../core/diagnosis/verdict.ts";
import {
  type CountedReason,
  type NoticeOutcome,
  type NoticeReason,
  sendFailureReasons,
} from "../core/notice/notice.ts";

/** What a metric is made of. */
export interface MetricDefinition {
  readonly name: string;
  readonly type: "counter" | "gauge" | "histogram";
  readonly help: string;
  readonly labels: readonly string[];
  /** Upper bounds of a histogram, in the unit of its name. */
  readonly buckets?: readonly number[];
}

// https://opentelemetry.io/docs/specs/semconv/http/http-metrics/#metric-httpserverrequestduration
const httpBuckets = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10] as const;

/** All metrics, by what they count. */
export const metrics = {
  debuggerEvents: {
    name: "twilio_debugger_events_total",
    type: "counter",
    help: "Events of Twilio's error log, each counted once whichever way and however often it came.",
    labels: ["account", "product", "code", "level", "source"],
  },
  incidentsOpen: {
    name: "twilio_incidents_open",
    type: "gauge",
    help: "Open incidents. Read from the shared database, so every process gives the same number: use max, not sum.",
    labels: ["code", "severity"],
  },
  incidentTransitions: {
    name: "twilio_incident_transitions_total",
    type: "counter",
    help: "Incidents opened, reopened and resolved.",
    labels: ["code", "transition"],
  },
  diagnoses: {
    name: "twilio_diagnoses_total",
    type: "counter",
    help: "Verdicts on documented causes, one a cause and diagnosed event; cause none when no cause is documented.",
    labels: ["code", "cause", "verdict"],
  },
  deliveries: {
    name: "faultline_deliveries_total",
    type: "counter",
    help: "HTTP requests on the public port, by their one answer; source none is an unknown path.",
    labels: ["source", "outcome", "reason"],
  },
  eventOutcomes: {
    name: "faultline_event_outcomes_total",
    type: "counter",
    help: "Entries of accepted deliveries, by their one outcome.",
    labels: ["source", "outcome"],
  },
  ingestDuration: {
    name: "faultline_ingest_duration_seconds",
    type: "histogram",
    help: "Time from a request on the public port to its answer, the commit included.",
    labels: ["source"],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
  },
  commitBatchSize: {
    name: "faultline_commit_batch_size",
    type: "histogram",
    help: "Events written by one database transaction.",
    labels: [],
    buckets: [1, 2, 5, 10, 25, 50, 100, 250, 500, 1000],
  },
  queueJobs: {
    name: "faultline_queue_jobs",
    type: "gauge",
    help: "Jobs in the queue by state. Read from the shared queue, so every process gives the same number.",
    labels: ["queue", "state"],
  },
  queueOldestJobAge: {
    name: "faultline_queue_oldest_job_age_seconds",
    type: "gauge",
    help: "Age of the oldest waiting job, 0 when none waits. Read from the shared queue.",
    labels: ["queue"],
  },
  jobDuration: {
    name: "faultline_job_duration_seconds",
    type: "histogram",
    help: "Time one attempt at a job took, by how it ended.",
    labels: ["queue", "outcome"],
    buckets: [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60],
  },
  twilioRequests: {
    name: "faultline_twilio_requests_total",
    type: "counter",
    help: "Requests to Twilio's REST API, by how they ended.",
    labels: ["api", "outcome"],
  },
  notices: {
    name: "faultline_notices_total",
    type: "counter",
    help: "Notices to receivers, by what became of them: why they were told, why they failed, or why none was sent.",
    labels: ["receiver", "outcome", "reason"],
  },
  noticeDelay: {
    name: "faultline_notice_delay_seconds",
    type: "histogram",
    help: "Time from the commit of a transition to the delivery of its notice.",
    labels: ["receiver"],
    buckets: [0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600],
  },
  unknownCodeEvents: {
    name: "twilio_unknown_code_events_total",
    type: "counter",
    help: "New events whose code is neither in the catalogue nor in a rule.",
    labels: ["account"],
  },
  lastAcceptedDelivery: {
    name: "faultline_last_accepted_delivery_timestamp_seconds",
    type: "gauge",
    help: "When this process last accepted a delivery, in seconds since 1970; absent before the first.",
    labels: ["source"],
  },
  jobAge: {
    name: "faultline_job_age_seconds",
    type: "histogram",
    help: "How long a job had been due when a worker took it.",
    labels: ["queue"],
    buckets: [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800, 3600],
  },
  labelsFolded: {
    name: "faultline_labels_folded_total",
    type: "counter",
    help: "Label values counted as other, because a label has its fill of values or a metric of series.",
    labels: ["label"],
  },
  httpServerDuration: {
    name: "http_server_request_duration_seconds",
    type: "histogram",
    help: "Time from a request on either port to the end of its answer.",
    labels: ["http_request_method", "http_route", "http_response_status_code"],
    buckets: httpBuckets,
  },
  httpClientDuration: {
    name: "http_client_request_duration_seconds",
    type: "histogram",
    help: "Time of a request to Twilio or a receiver, its answer included; status none when there was no answer.",
    labels: ["server_address", "http_request_method", "http_response_status_code"],
    buckets: httpBuckets,
  },
  buildInfo: {
    name: "faultline_build_info",
    type: "gauge",
    help: "Always 1; its labels say which version runs on which Node.",
    labels: ["version", "node"],
  },
} as const satisfies Record<string, MetricDefinition>;

/** Label value of everything beyond the bound of a label. */
export const otherLabel = "other";

/** Values of the `label` label of faultline_labels_folded_total: the labels whose values are bounded. */
export const foldableLabels = [
  "account",
  "product",
  "code",
  "level",
  "cause",
  "api",
  "queue",
  "receiver",
  "http_request_method",
  "http_route",
  "http_response_status_code",
  "server_address",
] as const;
export type FoldableLabel = (typeof foldableLabels)[number];

/** Values of the `http_request_method` label; any other method becomes `_OTHER`, as OpenTelemetry has it. */
export const httpMethods: readonly string[] = [
  "GET",
  "HEAD",
  "POST",
  "PUT",
  "PATCH",
  "DELETE",
  "OPTIONS",
  "CONNECT",
  "TRACE",
  "QUERY",
];
export const otherMethod = "_OTHER";

/** Value of the `http_response_status_code` label where no answer came, or none could be sent. */
export const noAnswer = "none";

/** Values of the `level` label; any other word becomes `OTHER`. */
export const levels = ["ERROR", "WARNING", "INFO", "DEBUG"] as const;

/** Values of the `outcome` label of jobs. */
export const jobOutcomes = ["completed", "retried", "failed"] as const;

/** Value of the `cause` label for a diagnosis of a code without documented causes, with the verdict `unknown`. */
export const noCause: { readonly cause: string; readonly verdict: Verdict } = { cause: "none", verdict: "unknown" };

// A record, so that a failure added to the type cannot be forgotten here.
const failures = {
  no_credentials: true,
  not_found: true,
  unauthorized: true,
  rate_limited: true,
  timeout: true,
  network: true,
  server_error: true,
  client_error: true,
  not_an_alert: true,
} satisfies Record<DiagnosisFailure, true>;

// Records, so that a word added to a type cannot be forgotten here.
const noticeReasons = {
  first: true,
  diagnosed: true,
  cause_changed: true,
  severity_raised: true,
  grew: true,
  repeat_interval: true,
  reopened: true,
  resolved: true,
  digest: true,
} satisfies Record<NoticeReason, true>;

/** The pairs of `outcome` and `reason` of notices that are counted. */
export const noticeOutcomes: readonly { readonly outcome: NoticeOutcome; readonly reason: CountedReason }[] = [
  ...Object.keys(noticeReasons).map((reason) => ({ outcome: "delivered" as const, reason: reason as NoticeReason })),
  ...sendFailureReasons.map((reason) => ({ outcome: "given_up" as const, reason })),
  { outcome: "superseded", reason: "overtaken" },
  { outcome: "suppressed", reason: "suppressed_silence" },
  { outcome: "suppressed", reason: "suppressed_storm" },
  { outcome: "suppressed", reason: "suppressed_muted" },
];

/** Values of the `outcome` label of requests to Twilio. */
export const requestOutcomes: readonly string[] = ["ok", ...Object.keys(failures)];
