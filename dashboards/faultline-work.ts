/*
 * What Faultline does with an incident: jobs of the queue, questions to Twilio's API, notices to receivers.
 */
import { metrics } from "../src/telemetry/metric-names.ts";
import type { Row } from "./layout.ts";
import { graphPanel } from "./panels.ts";
import { countOf, observationsOf, perMinute, quantileOf, sharedOf } from "./promql.ts";

const { queueJobs, queueOldestJobAge, jobAge, jobDuration, twilioRequests, notices, noticeDelay, httpClientDuration } =
  metrics;

/** Jobs: how many wait, how long, how they end. */
export const queueRow: Row = {
  title: "Queue and jobs",
  panels: [
    graphPanel({
      title: "Jobs by state",
      description:
        "Jobs in each queue: waiting for a worker, active, delayed until their next attempt, failed for good. Finished ones that are still kept are left out.",
      unit: "short",
      decimals: 0,
      width: 8,
      queries: [
        {
          expr: sharedOf(queueJobs, {
            by: ["queue", "state"],
            where: [["state", ["waiting", "prioritized", "active", "delayed", "failed"]]],
          }),
          legend: "{{queue}} {{state}}",
        },
      ],
      runbooks: ["FaultlineQueueStalled"],
    }),
    graphPanel({
      title: "Oldest waiting job",
      description: "How long the oldest job of each queue has been waiting. Above 5 minutes nobody takes jobs.",
      unit: "s",
      width: 8,
      thresholds: ["transparent", [300, "red"]],
      queries: [{ expr: sharedOf(queueOldestJobAge, { by: ["queue"] }), legend: "{{queue}}" }],
      runbooks: ["FaultlineQueueStalled"],
    }),
    graphPanel({
      title: "Age of jobs when taken",
      description: "How long a job had been due when a worker took it. Within a second there are workers enough.",
      unit: "s",
      width: 8,
      queries: [
        { expr: quantileOf(0.5, jobAge, { by: ["queue"] }), legend: "p50 {{queue}}" },
        { expr: quantileOf(0.99, jobAge, { by: ["queue"] }), legend: "p99 {{queue}}", exemplars: true },
      ],
      runbooks: ["FaultlineQueueStalled"],
    }),
    graphPanel({
      title: "Time a job takes",
      description: "Time of one attempt at a job. Of diagnose it is mostly Twilio's API that is waited for.",
      unit: "s",
      width: 12,
      queries: [
        { expr: quantileOf(0.5, jobDuration, { by: ["queue"] }), legend: "p50 {{queue}}" },
        { expr: quantileOf(0.99, jobDuration, { by: ["queue"] }), legend: "p99 {{queue}}", exemplars: true },
      ],
    }),
    graphPanel({
      title: "Attempts by outcome",
      description: "Attempts at jobs a second, by how they ended: completed, to be retried, or failed for good.",
      unit: "ops",
      width: 12,
      queries: [{ expr: observationsOf(jobDuration, { by: ["queue", "outcome"] }), legend: "{{queue}} {{outcome}}" }],
      runbooks: ["FaultlineJobsFailing"],
    }),
  ],
};

/** What Faultline asks Twilio. */
export const twilioRow: Row = {
  title: "Twilio's API",
  panels: [
    graphPanel({
      title: "Requests by outcome",
      description: "Requests to Twilio's REST API a minute, by how they ended.",
      unit: "cpm",
      width: 8,
      stacked: true,
      colours: { ok: "green" },
      queries: [{ expr: perMinute(twilioRequests, { by: ["outcome"] }), legend: "{{outcome}}" }],
      runbooks: ["FaultlineTwilioApiRefusing"],
    }),
    graphPanel({
      title: "Too many requests (429)",
      description:
        "Requests that Twilio answered with 429, by API. They are tried again later; if they go on, other users of the account feel it too.",
      unit: "short",
      decimals: 1,
      width: 8,
      bars: true,
      queries: [
        {
          expr: countOf(twilioRequests, {
            by: ["api"],
            where: [["outcome", "rate_limited"]],
            over: "$__rate_interval",
          }),
          legend: "{{api}}",
        },
      ],
      runbooks: ["FaultlineTwilioApiRefusing"],
    }),
    graphPanel({
      title: "Requests by API",
      description: "Requests to Twilio's REST API a minute, by what was asked for.",
      unit: "cpm",
      width: 8,
      stacked: true,
      queries: [{ expr: perMinute(twilioRequests, { by: ["api"] }), legend: "{{api}}" }],
    }),
    graphPanel({
      title: "Time of requests by server",
      description: "99 of 100 requests to Twilio and to the receivers of notices are faster, by server.",
      unit: "s",
      width: 12,
      queries: [
        { expr: quantileOf(0.99, httpClientDuration, { by: ["server_address"] }), legend: "p99 {{server_address}}" },
      ],
    }),
    graphPanel({
      title: "Requests by server and status",
      description:
        "Requests a second to Twilio and to the receivers of notices, by the status of the answer. Status none: there was no answer.",
      unit: "reqps",
      width: 12,
      queries: [
        {
          expr: observationsOf(httpClientDuration, { by: ["server_address", "http_response_status_code"] }),
          legend: "{{server_address}} {{http_response_status_code}}",
        },
      ],
    }),
  ],
};

/** Whom Faultline tells. */
export const noticesRow: Row = {
  title: "Notices",
  panels: [
    graphPanel({
      title: "Notices by receiver and outcome",
      description:
        "Notices that were delivered, given up, overtaken by a newer one, or suppressed by a silence or a storm.",
      unit: "short",
      decimals: 1,
      width: 8,
      bars: true,
      queries: [
        {
          expr: countOf(notices, { by: ["receiver", "outcome"], over: "$__rate_interval" }),
          legend: "{{receiver}} {{outcome}}",
        },
      ],
      runbooks: ["FaultlineNoticesFailing"],
    }),
    graphPanel({
      title: "Notices given up, by reason",
      description: "Why receivers did not take notices. authError and clientError do not mend themselves.",
      unit: "short",
      decimals: 1,
      width: 8,
      bars: true,
      queries: [
        {
          expr: countOf(notices, {
            by: ["receiver", "reason"],
            where: [["outcome", "given_up"]],
            over: "$__rate_interval",
          }),
          legend: "{{receiver}} {{reason}}",
        },
      ],
      runbooks: ["FaultlineNoticesFailing", "FaultlineNoReceiverReached"],
    }),
    graphPanel({
      title: "Delay of notices",
      description: "From the commit of a transition to the delivery of its notice, attempts in vain included.",
      unit: "s",
      width: 8,
      queries: [
        { expr: quantileOf(0.5, noticeDelay, { by: ["receiver"] }), legend: "p50 {{receiver}}" },
        { expr: quantileOf(0.99, noticeDelay, { by: ["receiver"] }), legend: "p99 {{receiver}}", exemplars: true },
      ],
    }),
  ],
};
