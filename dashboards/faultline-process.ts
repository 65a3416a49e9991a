/*
 * The processes: HTTP, CPU, memory, event loop, and what runs.
 */
import { metrics } from "../src/telemetry/metric-names.ts";
import type { Row } from "./layout.ts";
import { graphPanel } from "./panels.ts";
import { processMetrics } from "./process-metrics.ts";
import { aggregate, countOf, observationsOf, quantileOf, series } from "./promql.ts";
import { tablePanel } from "./tables.ts";

const { httpServerDuration, labelsFolded, buildInfo } = metrics;
const { cpu, memory, heapUsed, external, openFiles, lagP99, lagMax, gc, startTime } = processMetrics;

/** Answers of both ports. */
export const httpRow: Row = {
  title: "HTTP server (both ports)",
  panels: [
    graphPanel({
      title: "Requests by route and status",
      description: "Requests on the public and the private port a second.",
      unit: "reqps",
      width: 12,
      queries: [
        {
          expr: observationsOf(httpServerDuration, { by: ["http_route", "http_response_status_code"] }),
          legend: "{{http_route}} {{http_response_status_code}}",
        },
      ],
    }),
    graphPanel({
      title: "Time of requests by route",
      description: "99 of 100 requests are answered faster. /metrics should stay below 50 ms.",
      unit: "s",
      width: 12,
      queries: [{ expr: quantileOf(0.99, httpServerDuration, { by: ["http_route"] }), legend: "p99 {{http_route}}" }],
    }),
  ],
};

/** Each process by itself. */
export const processRow: Row = {
  title: "Process",
  panels: [
    graphPanel({
      title: "CPU",
      description:
        "Cores in use by each process. JavaScript runs on one; 100 % of it is the end of what a process can do.",
      unit: "percentunit",
      width: 8,
      queries: [
        { expr: aggregate("sum", ["instance"], `rate(${series(cpu)}[$__rate_interval])`), legend: "{{instance}}" },
      ],
    }),
    graphPanel({
      title: "Memory",
      description:
        "Memory of each process as the system sees it, and what JavaScript uses of it: its heap and buffers.",
      unit: "bytes",
      width: 8,
      queries: [
        { expr: aggregate("max", ["instance"], series(memory)), legend: "resident {{instance}}" },
        { expr: aggregate("max", ["instance"], series(heapUsed)), legend: "heap {{instance}}" },
        { expr: aggregate("max", ["instance"], series(external)), legend: "buffers {{instance}}" },
      ],
    }),
    graphPanel({
      title: "Event loop lag",
      description:
        "How late timers fire: whatever blocks the process delays every answer by as much. 100 ms and more is too much.",
      unit: "s",
      width: 8,
      thresholds: ["transparent", [0.1, "orange"], [0.5, "red"]],
      queries: [
        { expr: aggregate("max", ["instance"], series(lagP99)), legend: "p99 {{instance}}" },
        { expr: aggregate("max", ["instance"], series(lagMax)), legend: "longest {{instance}}" },
      ],
    }),
    graphPanel({
      title: "Garbage collection",
      description: "Share of the time that goes into collecting garbage, by kind. Above a tenth memory is short.",
      unit: "percentunit",
      width: 12,
      stacked: true,
      queries: [
        {
          expr: aggregate("sum", ["kind"], `rate(${series(gc, [], "_sum")}[$__rate_interval])`),
          legend: "{{kind}}",
        },
      ],
    }),
    graphPanel({
      title: "Open files",
      description: "File descriptors in use, connections included. One that only grows is a leak.",
      unit: "short",
      decimals: 0,
      width: 12,
      queries: [{ expr: aggregate("max", ["instance"], series(openFiles)), legend: "{{instance}}" }],
    }),
  ],
};

/** Which version runs, and whether its metrics still tell everything apart. */
export const buildRow: Row = {
  title: "Version and labels",
  panels: [
    tablePanel({
      title: "What runs",
      description:
        "Version of Faultline and of Node, and how long each process has been running. Two versions: an update is under way.",
      unit: "s",
      width: 12,
      height: 8,
      labels: { instance: "Instance", version: "Version", node: "Node" },
      values: ["Running for"],
      queries: [
        {
          expr: `${aggregate("max", ["instance", "version", "node"], series(buildInfo))} * on (instance) group_left () (time() - ${aggregate("max", ["instance"], series(startTime))})`,
        },
      ],
    }),
    graphPanel({
      title: "Label values counted as other",
      description:
        "Values that a metric counted as other because a label has as many values as it may, or the metric as many series. Incidents and the record know them still.",
      unit: "short",
      decimals: 1,
      width: 12,
      bars: true,
      queries: [{ expr: countOf(labelsFolded, { by: ["label"], over: "$__rate_interval" }), legend: "{{label}}" }],
      runbooks: ["FaultlineCardinalityLimit"],
    }),
  ],
};
