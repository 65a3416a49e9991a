/*
 * The way of an event: delivery, answer, commit.
 */
import { metrics } from "../src/telemetry/metric-names.ts";
import type { Row } from "./layout.ts";
import { graphPanel, heatmapPanel } from "./panels.ts";
import { bucketsOf, countOf, meanOf, observationsOf, perMinute, quantileOf, rateOf, sharedOf } from "./promql.ts";

const { deliveries, ingestDuration, commitBatchSize, eventOutcomes, lastAcceptedDelivery } = metrics;

/** Twilio waits this long for an answer: https://www.twilio.com/docs/events/event-delivery-and-duplication, in seconds. */
const twilioTimeout = 5;

/** Deliveries, their answers, and what became of the events in them. */
export const deliveriesRow: Row = {
  title: "Deliveries of Twilio",
  panels: [
    graphPanel({
      title: "Deliveries by source",
      description:
        "Requests on the public port a second, by the way they came. Source none: requests to unknown paths.",
      unit: "reqps",
      width: 8,
      stacked: true,
      queries: [{ expr: rateOf(deliveries, { by: ["source"] }), legend: "{{source}}" }],
    }),
    graphPanel({
      title: "Refused deliveries by reason",
      description:
        "Refused requests, by reason. Signature and account reasons: a rotated token, a changed PUBLIC_URL, or somebody trying. overloaded and database_unavailable: Event Streams tries again for 4 hours, Debugger webhooks are lost.",
      unit: "short",
      decimals: 1,
      width: 8,
      bars: true,
      queries: [
        {
          expr: `${countOf(deliveries, { by: ["reason"], where: [["outcome", "rejected"]], over: "$__rate_interval" })} > 0`,
          legend: "{{reason}}",
        },
      ],
      runbooks: ["FaultlineSignaturesRefused", "FaultlineEveryDeliveryRefused", "FaultlineIngestUnavailable"],
    }),
    graphPanel({
      title: "Entries by outcome",
      description:
        "Entries of accepted deliveries a minute: recorded as new, a duplicate of one known already, ignored (test events), or quarantined because they were signed but not understood.",
      unit: "cpm",
      width: 8,
      stacked: true,
      colours: { recorded: "green", duplicate: "blue", ignored: "text", quarantined: "red" },
      queries: [{ expr: perMinute(eventOutcomes, { by: ["outcome"] }), legend: "{{outcome}}" }],
      runbooks: ["FaultlineQuarantineGrowing"],
    }),
    graphPanel({
      title: "Time to answer",
      description: `From a request to its answer, the commit included, by source. Twilio gives up after ${twilioTimeout} s.`,
      unit: "s",
      width: 8,
      thresholds: ["transparent", [twilioTimeout / 2, "orange"], [twilioTimeout, "red"]],
      queries: [
        { expr: quantileOf(0.5, ingestDuration, { by: ["source"] }), legend: "p50 {{source}}" },
        { expr: quantileOf(0.99, ingestDuration, { by: ["source"] }), legend: "p99 {{source}}", exemplars: true },
      ],
      runbooks: ["FaultlineIngestSlow"],
    }),
    heatmapPanel({
      title: "Time to answer, all requests",
      description: "How many requests a second were answered in which time. Dots are single requests with their trace.",
      unit: "s",
      width: 8,
      queries: [{ expr: bucketsOf(ingestDuration), exemplars: true }],
      runbooks: ["FaultlineIngestSlow"],
    }),
    graphPanel({
      title: "Events a commit",
      description:
        "Events written by one database transaction. Requests that come while one commit runs share the next: under load this rises, and that is good.",
      unit: "short",
      decimals: 1,
      width: 8,
      queries: [
        { expr: meanOf(commitBatchSize), legend: "mean" },
        { expr: quantileOf(0.5, commitBatchSize), legend: "p50" },
        { expr: quantileOf(0.99, commitBatchSize), legend: "p99" },
      ],
    }),
    graphPanel({
      title: "Commits",
      description: "Database transactions with events a second, by process.",
      unit: "ops",
      width: 12,
      queries: [{ expr: observationsOf(commitBatchSize, { by: ["instance"] }), legend: "{{instance}}" }],
    }),
    graphPanel({
      title: "Last accepted delivery by source",
      description: "Time since a delivery of each source was last accepted by any process.",
      unit: "s",
      width: 12,
      queries: [
        {
          expr: `time() - ${sharedOf(lastAcceptedDelivery, { by: ["source"] })}`,
          legend: "{{source}}",
        },
      ],
      runbooks: ["FaultlineNothingReceived"],
    }),
  ],
};
