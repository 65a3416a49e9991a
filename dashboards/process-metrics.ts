/*
 * Metrics that are not ours: of the Node process (prom-client's default metrics) and of Prometheus itself.
 */
import type { MetricDefinition } from "../src/telemetry/metric-names.ts";

/** Those that the dashboards use, by what they say. */
export const processMetrics = {
  up: { name: "up", type: "gauge", help: "1 when the last scrape worked.", labels: [] },
  startTime: { name: "process_start_time_seconds", type: "gauge", help: "Start of the process.", labels: [] },
  cpu: { name: "process_cpu_seconds_total", type: "counter", help: "CPU time used.", labels: [] },
  memory: { name: "process_resident_memory_bytes", type: "gauge", help: "Memory of the process.", labels: [] },
  heapUsed: { name: "nodejs_heap_size_used_bytes", type: "gauge", help: "JavaScript heap in use.", labels: [] },
  external: { name: "nodejs_external_memory_bytes", type: "gauge", help: "Buffers outside the heap.", labels: [] },
  openFiles: { name: "process_open_fds", type: "gauge", help: "Open file descriptors.", labels: [] },
  lagP99: { name: "nodejs_eventloop_lag_p99_seconds", type: "gauge", help: "99 % of lags are below.", labels: [] },
  lagMax: { name: "nodejs_eventloop_lag_max_seconds", type: "gauge", help: "Longest lag.", labels: [] },
  gc: {
    name: "nodejs_gc_duration_seconds",
    type: "histogram",
    help: "Time of garbage collections.",
    labels: ["kind"],
    buckets: [0.001, 0.01, 0.1, 1, 2, 5],
  },
} as const satisfies Record<string, MetricDefinition>;
