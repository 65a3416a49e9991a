import { type Answer, statusOf } from "../core/outcome.ts";
import { errorType, http } from "../pipeline/trace-attributes.ts";
import type { Span, SpanSpec } from "../pipeline/trace-ports.ts";

/** Methods by their names; what a sender makes up is not copied into an attribute. */
const knownMethods: ReadonlySet<string> = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]);

/**
 * The span of a request to one of our paths. A trace begins here: what a sender writes into `traceparent` is not looked at,
 * since whoever reaches the public port could join any trace of ours, or have us keep or drop what they like.
 */
export function serverSpan(method: string, route: string): SpanSpec {
  const known = knownMethods.has(method);
  return {
    name: `${known ? method : "HTTP"} ${route}`,
    kind: "server",
    parent: null,
    // The connection we see: TLS ends at the proxy before us.
    attributes: { [http.method]: known ? method : "_OTHER", [http.route]: route, [http.scheme]: "http" },
  };
}

/** Notes how it was answered. A refusal is the sender's failure, not ours: only a 5xx fails the span. */
export function answered(span: Span, answer: Answer): void {
  const status = statusOf(answer);
  span.set({ [http.status]: status });
  if (answer.outcome === "accepted") return;
  if (status >= 500) span.fail(answer.reason);
  else span.set({ [errorType]: answer.reason });
}
