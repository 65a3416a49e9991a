import type { Span, SpanAttributes, SpanSpec, TraceParent, Tracing } from "../../src/pipeline/trace-ports.ts";

/** A span that was begun. */
export interface LinkedSpan extends SpanSpec {
  readonly context: TraceParent;
  attributes: SpanAttributes;
  failed: string | null;
  ended: boolean;
}

/** The context of the n-th span of a test, counting from 1. */
export function traceParent(nth: number): TraceParent {
  return `00-${"a".repeat(32)}-${nth.toString(16).padStart(16, "0")}-01`;
}

/** Tracing whose spans keep how they hang together. It knows no current one: whoever relies on that needs the real one. */
export function linkedTracing(): Tracing & { readonly recorded: readonly LinkedSpan[] } {
  const begun: LinkedSpan[] = [];

  async function during<T>(specs: readonly SpanSpec[], work: (spans: readonly Span[]) => Promise<T>): Promise<T> {
    const spans = specs.map((spec): LinkedSpan => {
      const attributes = spec.attributes ?? {};
      const span = { ...spec, attributes, context: traceParent(1_000 + begun.length), failed: null, ended: false };
      begun.push(span);
      return span;
    });
    try {
      return await work(spans.map(handleOf));
    } catch (error) {
      for (const span of spans) span.failed ??= "rejected";
      throw error;
    } finally {
      for (const span of spans) span.ended = true;
    }
  }

  return {
    recorded: begun,
    span: (spec, work) => during([spec], ([span]) => (span === undefined ? Promise.reject(new Error()) : work(span))),
    spans: during,
    current: () => null,
  };
}

function handleOf(span: LinkedSpan): Span {
  return {
    context: span.context,
    set(attributes) {
      span.attributes = { ...span.attributes, ...attributes };
    },
    fail(word) {
      span.failed ??= word;
    },
  };
}
