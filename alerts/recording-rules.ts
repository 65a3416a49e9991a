/*
 * Expressions that dashboards and alerts share, or that are too dear to compute at each look. Names follow
 * https://prometheus.io/docs/practices/rules/: the labels that are left, the metric without _total, the operation.
 */
import { metrics } from "../src/telemetry/metric-names.ts";

/** A series that Prometheus keeps for us. */
export interface Recording {
  readonly record: string;
  readonly expr: string;
}

const events = metrics.debuggerEvents.name;
const eventLabels = "job, account, product, code, level";

/** All recordings, by what they hold. Shared state (incidents, queue) is taken with max: every process gives the same. */
export const recordings = {
  /** Events a second, of all processes and sources. */
  eventsRate5m: {
    record: "job_account_product_code_level:twilio_debugger_events:rate5m",
    expr: `sum by (${eventLabels}) (rate(${events}[5m]))`,
  },
  /** Events of the last hour. */
  eventsIncrease1h: {
    record: "job_account_product_code_level:twilio_debugger_events:increase1h",
    expr: `sum by (${eventLabels}) (increase(${events}[1h]))`,
  },
  /** 1 for each code that has come since one of the processes started; without series for codes still at zero. */
  codesSeen: {
    record: "job_code:twilio_debugger_events:seen",
    expr: `group by (job, code) (${events} > 0)`,
  },
  /** Deliveries a second, by their answer. */
  deliveriesRate5m: {
    record: "job_source_outcome_reason:faultline_deliveries:rate5m",
    expr: `sum by (job, source, outcome, reason) (rate(${metrics.deliveries.name}[5m]))`,
  },
  /** Time to an answer that 99 of 100 deliveries stay under, in seconds. */
  ingestP99: {
    record: "job_source:faultline_ingest_duration_seconds:p99_5m",
    expr: `histogram_quantile(0.99, sum by (job, source, le) (rate(${metrics.ingestDuration.name}_bucket[5m])))`,
  },
  /** Open incidents. */
  incidentsOpen: {
    record: "job_code_severity:twilio_incidents_open:max",
    expr: `max by (job, code, severity) (${metrics.incidentsOpen.name})`,
  },
  /** Age of the oldest waiting job, in seconds. */
  queueOldestJobAge: {
    record: "job_queue:faultline_queue_oldest_job_age_seconds:max",
    expr: `max by (job, queue) (${metrics.queueOldestJobAge.name})`,
  },
  /** Notices of the last hour, by what became of them. */
  noticesIncrease1h: {
    record: "job_receiver_outcome_reason:faultline_notices:increase1h",
    expr: `sum by (job, receiver, outcome, reason) (increase(${metrics.notices.name}[1h]))`,
  },
} as const satisfies Record<string, Recording>;
