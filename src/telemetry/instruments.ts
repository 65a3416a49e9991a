import { Counter, collectDefaultMetrics, Gauge, Histogram, type Registry } from "prom-client";
import { type MetricDefinition, metrics as names } from "./metric-names.ts";

/** The prom-client objects behind the names. */
export type Instruments = ReturnType<typeof createInstruments>;

/** Registers every metric of the parts that exist. */
export function createInstruments(registry: Registry) {
  return {
    debuggerEvents: counter(registry, names.debuggerEvents),
    incidentsOpen: gauge(registry, names.incidentsOpen),
    incidentTransitions: counter(registry, names.incidentTransitions),
    diagnoses: counter(registry, names.diagnoses),
    deliveries: counter(registry, names.deliveries),
    eventOutcomes: counter(registry, names.eventOutcomes),
    ingestDuration: histogram(registry, names.ingestDuration),
    commitBatchSize: histogram(registry, names.commitBatchSize),
    queueJobs: gauge(registry, names.queueJobs),
    queueOldestJobAge: gauge(registry, names.queueOldestJobAge),
    jobDuration: histogram(registry, names.jobDuration),
    twilioRequests: counter(registry, names.twilioRequests),
    notices: counter(registry, names.notices),
    noticeDelay: histogram(registry, names.noticeDelay),
    buildInfo: gauge(registry, names.buildInfo),
  };
}

// Gauges that prom-client names like counters, which promtool refuses. The same numbers stand in the gauges by type.
const misnamed = ["nodejs_active_handles_total", "nodejs_active_requests_total", "nodejs_active_resources_total"];

/** Adds the metrics of the Node process: CPU, memory, event loop, garbage collection. */
export function addProcessMetrics(registry: Registry): void {
  collectDefaultMetrics({ register: registry });
  for (const name of misnamed) registry.removeSingleMetric(name);
}

function configuration<D extends MetricDefinition>(registry: Registry, { name, help, labels }: D) {
  return { name, help, labelNames: labels as D["labels"], registers: [registry] };
}

function counter<D extends MetricDefinition>(registry: Registry, definition: D): Counter<D["labels"][number]> {
  return new Counter(configuration(registry, definition));
}

function gauge<D extends MetricDefinition>(registry: Registry, definition: D): Gauge<D["labels"][number]> {
  return new Gauge(configuration(registry, definition));
}

function histogram<D extends MetricDefinition & { readonly buckets: readonly number[] }>(
  registry: Registry,
  definition: D,
): Histogram<D["labels"][number]> {
  return new Histogram({ ...configuration(registry, definition), buckets: [...definition.buckets] });
}
