/*
 * Tracing by OpenTelemetry's SDK. Loaded only when traces are sent: see tracing.ts. Metrics stay with Prometheus and logs
 * with stdout, and no library is instrumented: every span is one of ours.
 */
import {
  type Span as ApiSpan,
  type Context,
  context,
  DiagLogLevel,
  diag,
  isSpanContextValid,
  type Link,
  propagation,
  ROOT_CONTEXT,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  TraceFlags,
  type Tracer,
  trace,
} from "@opentelemetry/api";
import { NodeSDK } from "@opentelemetry/sdk-node";
import type { Log } from "../pipeline/ports.ts";
import { errorType } from "../pipeline/trace-attributes.ts";
import type { Span, SpanSpec, TraceParent, Tracing } from "../pipeline/trace-ports.ts";
import { traceTrouble } from "./trace-trouble.ts";
import type { RunningTracing, TracingSettings } from "./tracing.ts";

/** Starts the SDK, by the OTEL_* variables. @throws what the SDK throws */
export function startOpenTelemetry({ serviceName, version }: TracingSettings, log: Log): RunningTracing {
  const sdk = new NodeSDK({
    ...(serviceName !== null && { serviceName }),
    metricReaders: [],
    logRecordProcessors: [],
    // Nobody's context is read from requests, and none is written to them.
    textMapPropagator: null,
  });
  // After the constructor, which may set a logger of its own that writes to the terminal.
  diag.setLogger(traceTrouble(log), { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true });
  sdk.start();
  return {
    ...tracingBy(trace.getTracer("faultline", version)),
    async stop(timeoutMs) {
      const sent = await within(timeoutMs, sdk.shutdown());
      for (const api of [trace, context, propagation, diag]) api.disable();
      return sent;
    },
  };
}

function tracingBy(tracer: Tracer): Tracing {
  function begin(spec: SpanSpec): { readonly span: ApiSpan; readonly parent: Context } {
    const { name, kind, attributes = {}, parent: continued, links = [] } = spec;
    const parent = continued === undefined ? context.active() : contextOf(continued);
    const options = { kind: kinds[kind], attributes: { ...attributes }, links: links.flatMap(linkOf) };
    return { span: tracer.startSpan(name, options, parent), parent };
  }

  return {
    span(spec, work) {
      const { span, parent } = begin(spec);
      const handle = handleOf(span);
      return context.with(trace.setSpan(parent, span), () => during([handle], () => work(handle)));
    },
    spans(specs, work) {
      const handles = specs.map((spec) => handleOf(begin(spec).span));
      return during(handles, () => work(handles));
    },
    current() {
      const span = trace.getActiveSpan();
      if (span?.isRecording() !== true) return null;
      const at = span.spanContext();
      return isSampled(at) ? traceParentOf(at) : null;
    },
  };
}

const kinds = {
  server: SpanKind.SERVER,
  client: SpanKind.CLIENT,
  producer: SpanKind.PRODUCER,
  consumer: SpanKind.CONSUMER,
  internal: SpanKind.INTERNAL,
} as const satisfies Record<SpanSpec["kind"], SpanKind>;

interface Handle extends Span {
  end(): void;
}

async function during<T>(handles: readonly Handle[], work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    for (const handle of handles) handle.fail(typeOf(error));
    throw error;
  } finally {
    for (const handle of handles) handle.end();
  }
}

function handleOf(span: ApiSpan): Handle {
  let failed = false;
  return {
    context: traceParentOf(span.spanContext()),
    set: (attributes) => void span.setAttributes({ ...attributes }),
    fail(type) {
      if (failed) return;
      failed = true;
      span.setAttribute(errorType, type).setStatus({ code: SpanStatusCode.ERROR });
    },
    end: () => span.end(),
  };
}

/** The code of a system's or a driver's error, else the name of its class. */
function typeOf(error: unknown): string {
  if (!(error instanceof Error)) return "unknown";
  const code: unknown = Reflect.get(error, "code");
  return typeof code === "string" && /^\w{1,40}$/.test(code) ? code : error.name.slice(0, 100);
}

function traceParentOf({ traceId, spanId, traceFlags }: SpanContext): TraceParent {
  return `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, "0")}`;
}

const traceParent = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;

/** What a text from the record or a job says; null for what is no context. */
function spanContextOf(text: TraceParent | null): SpanContext | null {
  const [, traceId = "", spanId = "", flags = ""] = traceParent.exec(text ?? "") ?? [];
  const found = { traceId, spanId, traceFlags: Number.parseInt(flags, 16) & TraceFlags.SAMPLED, isRemote: true };
  return isSpanContextValid(found) ? found : null;
}

function contextOf(text: TraceParent | null): Context {
  const found = spanContextOf(text);
  return found === null ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, found);
}

function linkOf(text: TraceParent): Link[] {
  const found = spanContextOf(text);
  return found === null ? [] : [{ context: found }];
}

function isSampled({ traceFlags }: SpanContext): boolean {
  return (traceFlags & TraceFlags.SAMPLED) !== 0;
}

/** Whether it resolves in time. */
async function within(ms: number, done: Promise<unknown>): Promise<boolean> {
  const late = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => late.resolve(false), ms);
  try {
    const ended = done.then(
      () => true,
      () => false,
    );
    return await Promise.race([ended, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
