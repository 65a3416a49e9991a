import type { DiagLogger } from "@opentelemetry/api";
import type { Log } from "../pipeline/ports.ts";

/** How often trouble may be logged, in milliseconds. */
const quietMs = 60_000;

/** The longest reason that is logged. */
const maxReason = 300;

/**
 * What OpenTelemetry's SDK complains about, in our log: a collector that is away would otherwise be told with every batch.
 * One line a minute, with how many were not written.
 */
export function traceTrouble(log: Log): DiagLogger {
  let loggedAt = Number.NEGATIVE_INFINITY;
  let suppressed = 0;
  const tell = (message: string) => {
    if (performance.now() - loggedAt < quietMs) {
      suppressed += 1;
      return;
    }
    loggedAt = performance.now();
    log.warn({ ...describe(message), suppressed }, "Trouble with sending traces; what cannot be sent is dropped");
    suppressed = 0;
  };
  return { error: tell, warn: tell, info: () => undefined, debug: () => undefined, verbose: () => undefined };
}

/**
 * The SDK gives an error as the JSON of all its properties. The collector's whole answer and the stack may be among them;
 * message and code are kept.
 */
function describe(text: string): { readonly reason: string; readonly code?: string } {
  let said: unknown;
  try {
    said = JSON.parse(text);
  } catch {
    return { reason: text.slice(0, maxReason) };
  }
  if (typeof said !== "object" || said === null) return { reason: text.slice(0, maxReason) };
  const code = property(said, "code");
  // Refused on every address of a name: Node gives an AggregateError with an empty message.
  const reason = property(said, "message") ?? code ?? property(said, "name") ?? "unknown";
  return { reason, ...(code !== null && { code }) };
}

function property(of: object, name: string): string | null {
  const value: unknown = Object.hasOwn(of, name) ? Reflect.get(of, name) : undefined;
  return typeof value === "string" && value !== "" ? value.slice(0, maxReason) : null;
}
