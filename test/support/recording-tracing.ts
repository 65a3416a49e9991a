import type { Span, SpanAttributes, SpanSpec, Tracing } from "../../src/pipeline/trace-ports.ts";

/** A span as it ended. */
export interface RecordedSpan {
  readonly name: string;
  readonly kind: SpanSpec["kind"];
  readonly attributes: SpanAttributes;
}

/** Tracing that keeps its spans; the current one is known by its name. For one thing at a time. */
export function recordingTracing(): { readonly tracing: Tracing; readonly spans: RecordedSpan[] } {
  const spans: RecordedSpan[] = [];
  const open: string[] = [];

  function begin({ name, kind, attributes }: SpanSpec): { span: Span; end: () => void } {
    const known: Record<string, string | number | boolean> = { ...attributes };
    const span: Span = {
      context: null,
      set: (more) => void Object.assign(known, more),
      fail: (errorType) => {
        known["error.type"] ??= errorType;
      },
    };
    return { span, end: () => void spans.push({ name, kind, attributes: known }) };
  }

  const tracing: Tracing = {
    async span(spec, work) {
      const { span, end } = begin(spec);
      open.push(spec.name);
      try {
        return await work(span);
      } finally {
        open.pop();
        end();
      }
    },
    async spans(specs, work) {
      const begun = specs.map(begin);
      try {
        return await work(begun.map(({ span }) => span));
      } finally {
        for (const { end } of begun) end();
      }
    },
    current: () => open.at(-1) ?? null,
  };
  return { tracing, spans };
}
