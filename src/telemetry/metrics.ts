import type { Clock, Log, RecordReader, WorkQueue } from "../pipeline/ports.ts";
import { noTracing, type Tracing } from "../pipeline/trace-ports.ts";
import { type Bounds, defaultBounds } from "./bounds.ts";
import { type AllTelemetry, createTelemetry } from "./count.ts";
import { contentTypes, type ExpositionFormat, exposition } from "./exposition.ts";
import { addProcessMetrics, createInstruments, createRegistry, type Instruments } from "./instruments.ts";
import { createLabels, type Labels } from "./labels.ts";
import { sharedGauges } from "./shared-gauges.ts";
import { type ExpectedCode, startAtZero } from "./start-at-zero.ts";

/** What the metrics of a process need to know beforehand. */
export interface MetricsOptions {
  readonly version: string;
  /** Codes with a rule: always labels of their own. */
  readonly knownCodes: Iterable<number>;
  /** Codes that Twilio documents. A code that is neither here nor in a rule is unknown. */
  readonly documentedCodes: Iterable<number>;
  /** Sids of the configured accounts. */
  readonly accounts: readonly string[];
  /** Products of the catalogue and the rules. */
  readonly products: Iterable<string>;
  /** Codes to show at zero before their first event. */
  readonly expectedCodes?: readonly ExpectedCode[];
  readonly queues?: readonly string[];
  /** Names of the configured receivers. */
  readonly receivers?: readonly string[];
  /** Names under which requests to Twilio are counted. */
  readonly twilioApis?: readonly string[];
  /** Hosts that the configuration has us ask or tell. */
  readonly serverAddresses?: readonly string[];
  readonly bounds?: Partial<Bounds>;
  /** Metrics of the Node process too; true unless said otherwise. */
  readonly processMetrics?: boolean;
  /** Knows the trace that exemplars point to. */
  readonly tracing?: Pick<Tracing, "current">;
  readonly clock: Clock;
  readonly log: Log;
}

/** Where the gauges of shared state read it. */
export interface SharedState {
  readonly openIncidents?: RecordReader["openIncidents"];
  readonly queueStats?: WorkQueue["stats"];
}

export interface Metrics {
  readonly telemetry: AllTelemetry;
  /** The answer to a scrape. Waits at most a second for shared state and never fails because of it. */
  render(format?: ExpositionFormat): Promise<{ contentType: string; body: string }>;
  /** Makes every render read these. Apart from creation, since store and queue are made after the metrics. */
  collectFrom(shared: SharedState): void;
}

/**
 * All metrics of one process, on a registry of their own, with every closed label set at zero from the start.
 * The gauges of shared state have no series until they have been read once: a zero there would be a claim.
 */
export function createMetrics(options: MetricsOptions): Metrics {
  const { accounts, expectedCodes = [], queues = [], receivers = [], twilioApis = [], log } = options;
  const registry = createRegistry();
  const { tracing = noTracing } = options;
  const instruments = createInstruments(registry, () => traceIdOf(tracing.current()));
  const known = {
    codes: [...options.knownCodes, ...expectedCodes.map((each) => each.code)],
    accounts,
    products: [...options.products, ...expectedCodes.map((each) => each.product)],
    causes: expectedCodes.flatMap((each) => each.causes),
    twilioApis,
    queues,
    receivers,
    serverAddresses: options.serverAddresses ?? [],
  };
  const bounds = { ...defaultBounds, ...options.bounds };
  const labels = createLabels(known, bounds, (label, times) => instruments.labelsFolded.inc({ label }, times));
  const knownCodes = new Set([...known.codes, ...options.documentedCodes]);
  startAtZero(instruments, labels, { codes: expectedCodes, accounts, queues, receivers, twilioApis });
  instruments.buildInfo.set({ version: options.version, node: process.version }, 1);
  if (options.processMetrics ?? true) addProcessMetrics(registry);

  const counting = createTelemetry({
    instruments,
    labels,
    isKnownCode: (code) => knownCodes.has(code),
    isTraced: () => tracing.current() !== null,
    clock: options.clock,
  });
  let refreshers: (() => Promise<void>)[] = [];
  return {
    telemetry: counting.telemetry,
    collectFrom({ openIncidents, queueStats }) {
      const showOpen = (open: OpenIncidents) => showIncidents(instruments, labels, expectedCodes, open);
      const showStats = (stats: QueueStats) => showQueues(instruments, labels, stats);
      refreshers = [
        ...(openIncidents ? [sharedGauges("open incidents", openIncidents, showOpen, log)] : []),
        ...(queueStats ? [sharedGauges("queue", queueStats, showStats, log)] : []),
      ];
    },
    async render(format = "prometheus") {
      await Promise.all(refreshers.map((refresh) => refresh()));
      counting.flush();
      const families = await registry.getMetricsAsJSON();
      return { contentType: contentTypes[format], body: exposition(families, format) };
    },
  };
}

type OpenIncidents = Awaited<ReturnType<RecordReader["openIncidents"]>>;
type QueueStats = Awaited<ReturnType<WorkQueue["stats"]>>;

/** Reset first: a code whose last incident was resolved is no longer in the answer. */
function showIncidents(
  { incidentsOpen }: Instruments,
  labels: Labels,
  expectedCodes: readonly ExpectedCode[],
  open: OpenIncidents,
): void {
  incidentsOpen.reset();
  for (const { code, severity } of expectedCodes) incidentsOpen.set({ code: labels.codeOfGauge(code), severity }, 0);
  // Added up first: several codes may share the label `other`, and there may be thousands of them.
  for (const [severity, ofOne] of Map.groupBy(open, (each) => each.severity)) {
    const counts = new Map<string, number>();
    for (const { code, count } of ofOne) {
      const shown = labels.codeOfGauge(code);
      counts.set(shown, (counts.get(shown) ?? 0) + count);
    }
    for (const [code, count] of counts) incidentsOpen.set({ code, severity }, count);
  }
}

function showQueues({ queueJobs, queueOldestJobAge }: Instruments, labels: Labels, stats: QueueStats): void {
  queueJobs.reset();
  queueOldestJobAge.reset();
  for (const each of stats) {
    const queue = labels.queue(each.queue);
    for (const [state, jobs] of Object.entries(each.states)) {
      queueJobs.inc({ queue, state: labels.queueState(state) }, jobs);
    }
    queueOldestJobAge.set({ queue }, each.oldestWaitingSeconds);
  }
}

/** The second part of a traceparent; null for none, and for anything that is not one. */
function traceIdOf(parent: string | null): string | null {
  return parent === null ? null : (/^[0-9a-f]{2}-([0-9a-f]{32})-/.exec(parent)?.[1] ?? null);
}
