import { Registry } from "prom-client";
import type { NoticeTelemetry } from "../pipeline/notice-ports.ts";
import type { Log, RecordReader, Telemetry, WorkQueue } from "../pipeline/ports.ts";
import { type Bounds, defaultBounds } from "./bounds.ts";
import { createTelemetry } from "./count.ts";
import { addProcessMetrics, createInstruments, type Instruments } from "./instruments.ts";
import { createLabels, type Labels } from "./labels.ts";
import { toOpenMetrics } from "./open-metrics.ts";
import { sharedGauges } from "./shared-gauges.ts";
import { type ExpectedCode, startAtZero } from "./start-at-zero.ts";

/** What the metrics of a process need to know beforehand. */
export interface MetricsOptions {
  readonly version: string;
  /** Codes with a rule: always labels of their own. */
  readonly knownCodes: Iterable<number>;
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
  readonly bounds?: Partial<Bounds>;
  /** Metrics of the Node process too; true unless said otherwise. */
  readonly processMetrics?: boolean;
  readonly log: Log;
}

/** Where the gauges of shared state read it. */
export interface SharedState {
  readonly openIncidents?: RecordReader["openIncidents"];
  readonly queueStats?: WorkQueue["stats"];
}

export type MetricsFormat = "prometheus" | "openmetrics";

export interface Metrics {
  readonly telemetry: Telemetry & NoticeTelemetry;
  readonly registry: Registry;
  /** The answer to a scrape. Waits at most a second for shared state and never fails because of it. */
  render(format?: MetricsFormat): Promise<{ contentType: string; body: string }>;
  /** Makes every render read these. Apart from creation, since store and queue are made after the metrics. */
  collectFrom(shared: SharedState): void;
}

/**
 * All metrics of one process, on a registry of their own, with every closed label set at zero from the start.
 * The gauges of shared state have no series until they have been read once: a zero there would be a claim.
 */
export function createMetrics(options: MetricsOptions): Metrics {
  const { accounts, expectedCodes = [], queues = [], receivers = [], twilioApis = [], log } = options;
  const registry = new Registry();
  const instruments = createInstruments(registry);
  const known = {
    codes: [...options.knownCodes, ...expectedCodes.map((each) => each.code)],
    accounts,
    products: [...options.products, ...expectedCodes.map((each) => each.product)],
    causes: expectedCodes.flatMap((each) => each.causes),
    twilioApis,
    queues,
    receivers,
  };
  const labels = createLabels(known, { ...defaultBounds, ...options.bounds });
  startAtZero(instruments, labels, { codes: expectedCodes, accounts, queues, receivers, twilioApis });
  instruments.buildInfo.set({ version: options.version, node: process.version }, 1);
  if (options.processMetrics ?? true) addProcessMetrics(registry);

  let refreshers: (() => Promise<void>)[] = [];
  return {
    telemetry: createTelemetry(instruments, labels),
    registry,
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
      const text = await registry.metrics();
      return format === "openmetrics"
        ? { contentType: Registry.OPENMETRICS_CONTENT_TYPE, body: toOpenMetrics(text) }
        : { contentType: Registry.PROMETHEUS_CONTENT_TYPE, body: text };
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
  for (const { code, severity } of expectedCodes) incidentsOpen.set({ code: labels.code(code), severity }, 0);
  // Added, not set: several codes may share the label `other`.
  for (const { code, severity, count } of open) incidentsOpen.inc({ code: labels.code(code), severity }, count);
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
