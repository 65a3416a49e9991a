/*
 * The spans of what goes through a queue. A message continues the trace of what gave rise to it, and the span that handles it
 * is linked to the one that put it into the queue; so a trace holds together whatever happens to the job in between.
 * https://opentelemetry.io/docs/specs/semconv/messaging/messaging-spans/
 */
import { messaging } from "../pipeline/trace-attributes.ts";
import type { Span, SpanSpec, TraceParent, Tracing } from "../pipeline/trace-ports.ts";

/** A message about to be put into a queue. */
export interface Outgoing {
  readonly queue: string;
  /** Of its job. */
  readonly id: string;
  /** What gave rise to it; null when nothing is known of it. */
  readonly trace: TraceParent | null;
}

/** What a job carries for its traces. */
export interface Carried {
  /** What it continues. */
  readonly trace?: TraceParent | null;
  /** The span that put it into the queue. */
  readonly sentBy?: TraceParent | null;
}

/** A job being handled. */
export interface Incoming extends Carried {
  readonly queue: string;
  readonly id: string;
}

/** Puts messages into queues, beside a span for each queue and trace; `send` gets what each job carries, in their order. */
export async function sending<M extends Outgoing, T>(
  tracing: Tracing,
  messages: readonly M[],
  send: (carried: ReadonlyMap<M, Carried>) => Promise<T>,
): Promise<T> {
  const groups = [...Map.groupBy(messages, ({ queue, trace }) => `${queue} ${trace ?? ""}`).values()];
  const specs = groups.flatMap((group) => sendingSpec(group) ?? []);
  return await tracing.spans(specs, (spans) => {
    const carried = groups.flatMap((group, index) =>
      group.map((message) => [message, carriedBy(message, spans[index])] as const),
    );
    return send(new Map(carried));
  });
}

function sendingSpec([first, ...others]: readonly Outgoing[]): SpanSpec | null {
  if (first === undefined) return null;
  const one = others.length === 0;
  return {
    name: `send ${first.queue}`,
    kind: "producer",
    parent: first.trace,
    attributes: {
      ...attributesOf(first.queue, "send"),
      ...(one ? { [messaging.messageId]: first.id } : { [messaging.batchSize]: others.length + 1 }),
    },
  };
}

function carriedBy({ trace }: Outgoing, span: Span | undefined): Carried {
  const sentBy = span?.context ?? null;
  // What continues nothing continues what put it there, so that its parts stay together.
  return sentBy === null ? {} : { trace: trace ?? sentBy, sentBy };
}

/** The span of a job being handled. One that carries nothing begins a trace. */
export function processingSpec({ queue, id, trace, sentBy }: Incoming): SpanSpec {
  return {
    name: `process ${queue}`,
    kind: "consumer",
    parent: trace ?? null,
    links: sentBy == null ? [] : [sentBy],
    attributes: { ...attributesOf(queue, "process"), [messaging.messageId]: id },
  };
}

function attributesOf(queue: string, operation: "send" | "process") {
  return {
    [messaging.system]: "bullmq",
    [messaging.operationName]: operation,
    [messaging.operationType]: operation,
    [messaging.destination]: queue,
  };
}
