/*
 * Faultline itself: does it take in what Twilio sends, work on it, and tell people.
 */
import type * as dashboard from "@grafana/grafana-foundation-sdk/dashboard";
import { metrics } from "../src/telemetry/metric-names.ts";
import { incidentAnnotations } from "./annotations.ts";
import { deliveriesRow } from "./faultline-deliveries.ts";
import { buildRow, httpRow, processRow } from "./faultline-process.ts";
import { noticesRow, queueRow, twilioRow } from "./faultline-work.ts";
import { dashboardOf, type Row } from "./layout.ts";
import { statPanel } from "./panels.ts";
import { processMetrics } from "./process-metrics.ts";
import { countOf, observedIn, quantileOf, series, sharedOf } from "./promql.ts";
import { targetVariables } from "./variables.ts";

const { deliveries, twilioRequests, notices } = metrics;

const now: Row = {
  title: "Is something wrong now, and what?",
  panels: [
    statPanel({
      title: "Processes up",
      description:
        "Processes of Faultline that answer Prometheus. Red: none does, and Twilio's errors may be getting lost.",
      unit: "short",
      decimals: 0,
      width: 3,
      noValue: "None",
      thresholds: ["red", [1, "green"]],
      queries: [{ expr: `sum(${series(processMetrics.up)})` }],
      runbooks: ["FaultlineDown", "FaultlineInstanceDown"],
    }),
    statPanel({
      title: "Since the last delivery",
      description:
        "Time since any process last accepted a delivery of Twilio. Long is good news, or Twilio sends its errors somewhere else: a test event a day tells the two apart.",
      unit: "s",
      decimals: 0,
      width: 3,
      noValue: "None since start",
      thresholds: ["green", [86_400, "yellow"], [259_200, "red"]],
      queries: [{ expr: `time() - ${sharedOf(metrics.lastAcceptedDelivery)}` }],
      runbooks: ["FaultlineNothingReceived"],
    }),
    statPanel({
      title: "Refused",
      description:
        "Deliveries refused in the last 15 minutes, requests to unknown paths left out. Twilio does not send them again, save those of Event Streams that got 429 or 5xx. The reasons are below.",
      unit: "short",
      decimals: 0,
      width: 3,
      thresholds: ["green", [1, "yellow"], [5, "red"]],
      queries: [
        {
          expr: countOf(deliveries, {
            where: [
              ["outcome", "rejected"],
              ["source", ["debugger", "event_streams", "alarm"]],
            ],
            over: "15m",
          }),
        },
      ],
      runbooks: ["FaultlineSignaturesRefused", "FaultlineEveryDeliveryRefused", "FaultlineIngestUnavailable"],
    }),
    statPanel({
      title: "Time to answer, p99",
      description: "99 of 100 requests are answered faster, the commit included. Twilio gives up after 5 s.",
      unit: "s",
      width: 3,
      thresholds: ["green", [1, "yellow"], [2.5, "red"]],
      queries: [{ expr: quantileOf(0.99, metrics.ingestDuration) }],
      runbooks: ["FaultlineIngestSlow"],
    }),
    statPanel({
      title: "Oldest job",
      description: "How long the oldest job of any queue has been waiting. Above 5 minutes nobody takes jobs.",
      unit: "s",
      width: 3,
      noValue: "Not read yet",
      thresholds: ["green", [60, "yellow"], [300, "red"]],
      queries: [{ expr: sharedOf(metrics.queueOldestJobAge) }],
      runbooks: ["FaultlineQueueStalled"],
    }),
    statPanel({
      title: "Jobs given up",
      description: "Jobs given up in the last hour after the last attempt. Their incidents stay without a diagnosis.",
      unit: "short",
      decimals: 0,
      width: 3,
      thresholds: ["green", [1, "yellow"], [3, "red"]],
      queries: [{ expr: observedIn("1h", metrics.jobDuration, { where: [["outcome", "failed"]] }) }],
      runbooks: ["FaultlineJobsFailing"],
    }),
    statPanel({
      title: "Twilio's API refusing",
      description:
        "Requests of the last hour that Twilio's API refused for too many requests (429) or for the credentials.",
      unit: "short",
      decimals: 0,
      width: 3,
      noValue: "No requests",
      thresholds: ["green", [1, "yellow"], [10, "red"]],
      queries: [
        { expr: countOf(twilioRequests, { where: [["outcome", ["rate_limited", "unauthorized"]]], over: "1h" }) },
      ],
      runbooks: ["FaultlineTwilioApiRefusing"],
    }),
    statPanel({
      title: "Notices given up",
      description: "Notices of the last hour that a receiver did not take. Nobody there knows of these incidents.",
      unit: "short",
      decimals: 0,
      width: 3,
      noValue: "No receivers",
      thresholds: ["green", [1, "red"]],
      queries: [{ expr: countOf(notices, { where: [["outcome", "given_up"]], over: "1h" }) }],
      runbooks: ["FaultlineNoticesFailing", "FaultlineNoReceiverReached"],
    }),
  ],
};

/** The dashboard of Faultline itself. */
export function faultline(): dashboard.Dashboard {
  return dashboardOf({
    name: "faultline",
    description:
      "Faultline itself: deliveries of Twilio, queue and jobs, Twilio's API, notices, HTTP, process. Needs nothing but Faultline's metrics; the recording rules are for the alerts. Incidents and queues are shared state that every process gives alike: max over all, never the sum.",
    variables: targetVariables(),
    annotations: incidentAnnotations(),
    rows: [now, deliveriesRow, queueRow, twilioRow, noticesRow, httpRow, processRow, buildRow],
  });
}
