import type { HttpTelemetry } from "./ports.ts";
import { http, server } from "./trace-attributes.ts";
import { noTracing, type SpanAttributes, type Tracing } from "./trace-ports.ts";

/** Who sees the requests we make; nobody unless given. */
export interface RequestObservers {
  readonly tracing?: Tracing;
  readonly telemetry?: Partial<Pick<HttpTelemetry, "httpRequested">>;
}

/** What is seen of a request besides its method and its server. */
export interface SeenRequest {
  /** Null when there was no answer. */
  readonly status: number | null;
  /** Why it failed although the status is no error, as a word of a closed set; null when it did not. */
  readonly failure: string | null;
}

/**
 * Makes a request as a CLIENT span and measures it. Of the URL only host and port are told: paths hold sids, queries hold
 * numbers, and a webhook's URL is a secret. `request` must not reject: an error of fetch() may quote the URL.
 * https://opentelemetry.io/docs/specs/semconv/http/http-spans/#http-client-span
 */
export async function observedRequest<T extends SeenRequest>(
  method: "GET" | "POST",
  { protocol, hostname, port }: URL,
  { tracing = noTracing, telemetry }: RequestObservers,
  request: () => Promise<T>,
): Promise<T> {
  const attributes: SpanAttributes = {
    [http.method]: method,
    [server.address]: hostname,
    [server.port]: port === "" ? (protocol === "https:" ? 443 : 80) : Number(port),
  };
  return await tracing.span({ name: method, kind: "client", attributes }, async (span) => {
    const started = performance.now();
    const seen = await request();
    if (seen.status !== null) span.set({ [http.status]: seen.status });
    if (seen.status !== null && seen.status >= 400) span.fail(String(seen.status));
    else if (seen.failure !== null) span.fail(seen.failure);
    // Inside the span, so that the measurement can point to it.
    telemetry?.httpRequested?.({ method, server: hostname, status: seen.status }, (performance.now() - started) / 1000);
    return seen;
  });
}
