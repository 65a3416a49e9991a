import { Counter, collectDefaultMetrics, Gauge, Histogram, type OpenMetricsContentType, Registry } from "prom-client";
import { type MetricDefinition, metrics as names } from "./metric-names.ts";

/** Where metrics are kept. Of the two kinds that prom-client has, only this one takes exemplars. */
export type MetricsRegistry = Registry<OpenMetricsContentType>;

/** A registry with nothing in it. */
export function createRegistry(): MetricsRegistry {
  const registry: MetricsRegistry = new Registry();
  registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE);
  return registry;
}

/** The prom-client objects behind the names. */
export type Instruments = ReturnType<typeof createInstruments>;

/** A counter whose series point to a trace that made them grow. */
export interface TracedCounter<L extends string> {
  inc(labels: Readonly<Record<L, string>>, by?: number): void;
}

/** A histogram whose buckets point to a trace that fell into them. */
export interface TracedHistogram<L extends string> {
  observe(labels: Readonly<Record<L, string>>, value: number): void;
  /** Gives a label set its buckets before the first observation. */
  zero(labels: Readonly<Record<L, string>>): void;
}

/** The trace we are in, 32 hex digits; null when there is none. */
export type TraceId = () => string | null;

/** Registers every metric. */
export function createInstruments(registry: MetricsRegistry, traceId: TraceId) {
  return {
    debuggerEvents: tracedCounter(registry, names.debuggerEvents, traceId),
    incidentsOpen: gauge(registry, names.incidentsOpen),
    incidentTransitions: counter(registry, names.incidentTransitions),
    diagnoses: counter(registry, names.diagnoses),
    unknownCodeEvents: tracedCounter(registry, names.unknownCodeEvents, traceId),
    deliveries: tracedCounter(registry, names.deliveries, traceId),
    eventOutcomes: counter(registry, names.eventOutcomes),
    ingestDuration: tracedHistogram(registry, names.ingestDuration, traceId),
    lastAcceptedDelivery: gauge(registry, names.lastAcceptedDelivery),
    commitBatchSize: histogram(registry, names.commitBatchSize),
    queueJobs: gauge(registry, names.queueJobs),
    queueOldestJobAge: gauge(registry, names.queueOldestJobAge),
    jobAge: tracedHistogram(registry, names.jobAge, traceId),
    jobDuration: tracedHistogram(registry, names.jobDuration, traceId),
    twilioRequests: tracedCounter(registry, names.twilioRequests, traceId),
    notices: tracedCounter(registry, names.notices, traceId),
    noticeDelay: tracedHistogram(registry, names.noticeDelay, traceId),
    httpServerDuration: tracedHistogram(registry, names.httpServerDuration, traceId),
    httpClientDuration: tracedHistogram(registry, names.httpClientDuration, traceId),
    labelsFolded: counter(registry, names.labelsFolded),
    buildInfo: gauge(registry, names.buildInfo),
  } satisfies Record<keyof typeof names, unknown>;
}

// Gauges that prom-client names like counters, which promtool refuses. The same numbers stand in the gauges by type.
const misnamed = ["nodejs_active_handles_total", "nodejs_active_requests_total", "nodejs_active_resources_total"];

/** Adds the metrics of the Node process: CPU, memory, event loop, garbage collection. */
export function addProcessMetrics(registry: MetricsRegistry): void {
  collectDefaultMetrics({ register: registry });
  for (const name of misnamed) registry.removeSingleMetric(name);
}

function configuration<D extends MetricDefinition>(registry: MetricsRegistry, { name, help, labels }: D) {
  return { name, help, labelNames: labels as D["labels"], registers: [registry] };
}

function counter<D extends MetricDefinition>(registry: MetricsRegistry, definition: D): Counter<D["labels"][number]> {
  return new Counter(configuration(registry, definition));
}

function gauge<D extends MetricDefinition>(registry: MetricsRegistry, definition: D): Gauge<D["labels"][number]> {
  return new Gauge(configuration(registry, definition));
}

type HistogramDefinition = MetricDefinition & { readonly buckets: readonly number[] };

function histogram<D extends HistogramDefinition>(
  registry: MetricsRegistry,
  definition: D,
): Histogram<D["labels"][number]> {
  return new Histogram({ ...configuration(registry, definition), buckets: [...definition.buckets] });
}

function tracedCounter<D extends MetricDefinition>(
  registry: MetricsRegistry,
  definition: D,
  traceId: TraceId,
): TracedCounter<D["labels"][number]> {
  const made = new Counter<string>({ ...configuration(registry, definition), enableExemplars: true });
  return {
    inc(labels, by = 1) {
      made.inc({ labels, value: by, ...(by > 0 && exemplar(traceId)) });
    },
  };
}

function tracedHistogram<D extends HistogramDefinition>(
  registry: MetricsRegistry,
  definition: D,
  traceId: TraceId,
): TracedHistogram<D["labels"][number]> {
  const made = new Histogram<string>({
    ...configuration(registry, definition),
    buckets: [...definition.buckets],
    enableExemplars: true,
  });
  return {
    observe(labels, value) {
      made.observe({ labels, value, ...exemplar(traceId) });
    },
    zero: (labels) => made.zero(labels),
  };
}

function exemplar(traceId: TraceId): { exemplarLabels?: { trace_id: string } } {
  const id = traceId();
  return id === null ? {} : { exemplarLabels: { trace_id: id } };
}
