import type { ReceiverFaults } from "./receivers/faults.ts";
import { type Received, startReceiver } from "./receivers/server.ts";
import { until } from "./until.ts";

/** A span as a collector got it, with its attributes as plain values. */
export interface CollectedSpan {
  readonly traceId: string;
  readonly spanId: string;
  /** Null for the first of a trace. */
  readonly parentId: string | null;
  readonly name: string;
  readonly kind: "internal" | "server" | "client" | "producer" | "consumer";
  readonly attributes: Readonly<Record<string, string | number | boolean>>;
  readonly links: readonly { readonly traceId: string; readonly spanId: string }[];
  readonly failed: boolean;
  /** Attributes of the resource it came from. */
  readonly resource: Readonly<Record<string, string | number | boolean>>;
}

/** A collector of OTLP over HTTP in JSON. */
export interface OtlpCollector {
  readonly url: string;
  /** What makes a process send its traces here, soon. */
  readonly env: Readonly<Record<string, string>>;
  /** All spans so far, in order of arrival. */
  spans(): CollectedSpan[];
  /** Waits for the first span of a name, or for the n-th, counting from 0. */
  span(name: string, nth?: number): Promise<CollectedSpan>;
  /** Every request, to whatever path. */
  readonly received: readonly Received[];
  readonly faults: ReceiverFaults;
  stop(): Promise<void>;
}

const patienceMs = 20_000;

/** Starts a collector on a free port. https://opentelemetry.io/docs/specs/otlp/#otlphttp */
export async function startOtlpCollector(): Promise<OtlpCollector> {
  const server = await startReceiver(({ path }) =>
    path === "/v1/traces" ? { status: 200, body: {} } : { status: 404, body: {} },
  );
  const spans = () =>
    server.received.filter(({ status }) => status === 200).flatMap(({ json }) => spansOf(json as ExportRequest));
  return {
    url: server.url,
    env: {
      OTEL_EXPORTER_OTLP_ENDPOINT: server.url,
      OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
      OTEL_BSP_SCHEDULE_DELAY: "100",
    },
    spans,
    span: (name, nth = 0) =>
      until(`a span ${name}`, patienceMs, () => spans().filter((span) => span.name === name)[nth] ?? null),
    received: server.received,
    faults: server.faults,
    stop: server.stop,
  };
}

interface KeyValue {
  readonly key: string;
  readonly value: { readonly stringValue?: string; readonly intValue?: string | number; readonly boolValue?: boolean };
}

interface ExportRequest {
  readonly resourceSpans?: readonly {
    readonly resource?: { readonly attributes?: readonly KeyValue[] };
    readonly scopeSpans?: readonly {
      readonly spans?: readonly {
        readonly traceId: string;
        readonly spanId: string;
        readonly parentSpanId?: string;
        readonly name: string;
        readonly kind: number;
        readonly attributes?: readonly KeyValue[];
        readonly links?: readonly { readonly traceId: string; readonly spanId: string }[];
        readonly status?: { readonly code?: number };
      }[];
    }[];
  }[];
}

/** By their numbers in the protocol, from 1. */
const kinds = ["internal", "server", "client", "producer", "consumer"] as const;

function spansOf({ resourceSpans = [] }: ExportRequest): CollectedSpan[] {
  return resourceSpans.flatMap(({ resource, scopeSpans = [] }) =>
    scopeSpans.flatMap(({ spans = [] }) =>
      spans.map((span) => ({
        traceId: span.traceId,
        spanId: span.spanId,
        parentId: span.parentSpanId === undefined || span.parentSpanId === "" ? null : span.parentSpanId,
        name: span.name,
        kind: kinds[span.kind - 1] ?? "internal",
        attributes: plain(span.attributes),
        links: (span.links ?? []).map(({ traceId, spanId }) => ({ traceId, spanId })),
        failed: span.status?.code === 2,
        resource: plain(resource?.attributes),
      })),
    ),
  );
}

function plain(attributes: readonly KeyValue[] = []): Record<string, string | number | boolean> {
  return Object.fromEntries(
    attributes.map(({ key, value }) => [
      key,
      value.stringValue ?? value.boolValue ?? (value.intValue === undefined ? "?" : Number(value.intValue)),
    ]),
  );
}
