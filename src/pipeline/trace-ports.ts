/*
 * Tracing as the pipeline knows it. A trace begins with the delivery, goes through the commit and the queue by way of the
 * record, and ends with the last notice; the context travels as text beside the work it belongs to.
 */

/** W3C `traceparent`: `00-<trace id, 32 hex>-<span id, 16 hex>-<flags, 2 hex>`. https://www.w3.org/TR/trace-context/ */
export type TraceParent = string;

/** Values of attributes, named as in trace-attributes.ts. Never a payload, a number or a resource's SID. */
export type SpanAttributes = Readonly<Record<string, string | number | boolean>>;

/** What a span is begun with. */
export interface SpanSpec {
  readonly name: string;
  readonly kind: "server" | "client" | "producer" | "consumer" | "internal";
  readonly attributes?: SpanAttributes;
  /**
   * The span it continues, perhaps of another process. Absent: the current one. Null, or text that is no context: none, a
   * trace of its own begins.
   */
  readonly parent?: TraceParent | null;
  /** Others it has to do with; text that is no context is left out. */
  readonly links?: readonly TraceParent[];
}

/** A span under way. */
export interface Span {
  /**
   * To be handed on to whoever continues, also of a trace that is not sampled, so that its other parts are not either. Null
   * when tracing is off.
   */
  readonly context: TraceParent | null;
  set(attributes: SpanAttributes): void;
  /** It did not succeed; `errorType` is a word of a closed set, never a message. The first word counts. */
  fail(errorType: string): void;
}

/** Makes spans; without an endpoint to send them to, only calls what it is given. */
export interface Tracing {
  /** Runs `work` inside a span, which ends when it settles. A rejection fails the span and is passed on. */
  span<T>(spec: SpanSpec, work: (span: Span) => Promise<T>): Promise<T>;
  /**
   * Runs `work`, which serves several causes at once, beside a span for each; none of them becomes the current one. Gives
   * the spans in the order of their specs. A rejection fails them all and is passed on.
   */
  spans<T>(specs: readonly SpanSpec[], work: (spans: readonly Span[]) => Promise<T>): Promise<T>;
  /** The span we are in, null when tracing is off, this trace is not sampled, or the span has ended. */
  current(): TraceParent | null;
}

const noSpan: Span = { context: null, set: () => undefined, fail: () => undefined };

/** No traces, at the cost of a call. */
export const noTracing: Tracing = {
  span: (_spec, work) => work(noSpan),
  spans: (specs, work) => work(specs.map(() => noSpan)),
  current: () => null,
};
