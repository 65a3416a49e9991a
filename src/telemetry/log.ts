import { createRequire } from "node:module";
import pino, { type DestinationStream, type Logger } from "pino";
import type * as Pretty from "pino-pretty";
import type { Log } from "../pipeline/ports.ts";
import type { TraceParent } from "../pipeline/trace-ports.ts";
import { redactFields } from "./log-redaction.ts";

export type LogLevel = "debug" | "info" | "warn" | "error" | "silent";

export interface LogOptions {
  readonly level: LogLevel;
  /** One readable line an entry, for a terminal; else JSON lines. */
  readonly pretty: boolean;
  /** Where lines go; stdout unless given. */
  readonly destination?: DestinationStream;
  /** The span we are in, asked with every line; left out where nothing is traced. */
  readonly currentSpan?: () => TraceParent | null;
}

/**
 * The log: a static sentence with data in fields, a JSON object a line. Every field passes redactFields() on its way,
 * so what is named like a secret or a payload is not written, whoever logs it.
 */
export function createLog({ level, pretty: readable, destination, currentSpan }: LogOptions): Log {
  const out = destination ?? pino.destination({ fd: 1, sync: true });
  const stream = readable ? prettyStream(out, destination === undefined) : out;
  const logger: Logger = pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }), log: redactFields },
      // The fields are plain and safe by then; pino's own serializer would bring an error's extra properties back.
      serializers: { err: (value: unknown) => value },
      ...(currentSpan !== undefined && { mixin: () => traceFields(currentSpan()) }),
    },
    stream,
  );
  return logger;
}

/**
 * Which trace a line belongs to, under the names that collectors know.
 * https://opentelemetry.io/docs/specs/otel/compatibility/logging_trace_context/
 */
function traceFields(span: TraceParent | null): Record<string, string> {
  const [, traceId, spanId] = span?.split("-") ?? [];
  return traceId === undefined || spanId === undefined ? {} : { trace_id: traceId, span_id: spanId };
}

/** Formats line by line and at once, so that the last lines before an exit are not lost in a stream. */
function prettyStream(out: DestinationStream, terminal: boolean): DestinationStream {
  // Loaded for a terminal only, at once, since a log must not be waited for: 2 MiB of heap.
  const pretty: typeof Pretty = createRequire(import.meta.url)("pino-pretty");
  const format = pretty.prettyFactory({
    colorize: terminal && pretty.isColorSupported,
    translateTime: "UTC:HH:MM:ss.l",
    singleLine: true,
  });
  return { write: (line) => out.write(format(line)) };
}
