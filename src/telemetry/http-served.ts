import type { RequestListener } from "node:http";
import type { HttpTelemetry } from "../pipeline/ports.ts";

/**
 * The same handler, with every request measured until its answer is sent or the connection is gone. `routes` are the paths it
 * answers, as they are declared: `/api/v1/incidents/{id}`. A request is known by them, never by the path it names.
 */
export function measureServed(
  handler: RequestListener,
  routes: Iterable<string>,
  telemetry: Pick<HttpTelemetry, "httpServed">,
): RequestListener {
  const routeOf = routeFinder(routes);
  return (request, response) => {
    const started = performance.now();
    const { method = "" } = request;
    // Routers may rewrite it before the end.
    const route = routeOf(request.url ?? "");
    response.once("close", () => {
      const status = response.headersSent ? response.statusCode : null;
      telemetry.httpServed({ method, route, status }, (performance.now() - started) / 1000);
    });
    handler(request, response);
  };
}

/** Finds the declared path that a request's target fits, null when there is none. Exact paths go before ones with parameters. */
export function routeFinder(routes: Iterable<string>): (target: string) => string | null {
  const all = [...routes];
  const exact = new Set(all.filter((route) => !route.includes("{")));
  const parametric = all.filter((route) => !exact.has(route)).map((route) => ({ route, parts: route.split("/") }));
  return (target) => {
    const path = target.split("?", 1)[0] ?? "";
    if (exact.has(path)) return path;
    const parts = path.split("/", 20);
    return parametric.find((each) => fits(parts, each.parts))?.route ?? null;
  };
}

function fits(parts: readonly string[], declared: readonly string[]): boolean {
  return (
    parts.length === declared.length &&
    declared.every((part, index) => (part.startsWith("{") ? parts[index] !== "" : part === parts[index]))
  );
}
