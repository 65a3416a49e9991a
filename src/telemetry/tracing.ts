import type { Log } from "../pipeline/ports.ts";
import { noTracing, type Tracing } from "../pipeline/trace-ports.ts";

/** How to trace. Everything else is said by the OTEL_* variables, which OpenTelemetry's SDK reads itself. */
export interface TracingSettings {
  /** Null: the OTEL_* variables name the service. */
  readonly serviceName: string | null;
  readonly version: string;
}

/** Tracing, and how it ends. */
export interface RunningTracing extends Tracing {
  /**
   * Sends what is left, for at most so many milliseconds; false when the collector has not taken it by then and its
   * connection may still be open. Never rejects.
   */
  stop(timeoutMs: number): Promise<boolean>;
}

/** Tracing that is off. */
const off: RunningTracing = { ...noTracing, stop: async () => true };

/**
 * Starts tracing, or does nothing when there are no settings: then nothing of OpenTelemetry is loaded. Traces must stop
 * nobody from working: when the SDK does not start, that is logged and there are none.
 */
export async function startTracing(settings: TracingSettings | null, log: Log): Promise<RunningTracing> {
  if (settings === null) return off;
  try {
    const { startOpenTelemetry } = await import("./open-telemetry.ts");
    return startOpenTelemetry(settings, log);
  } catch (error) {
    log.error({ err: error }, "Tracing could not be started; going on without");
    return off;
  }
}
