import { once } from "node:events";
import { createServer, get, type RequestListener } from "node:http";
import { expect, onTestFinished, test, vi } from "vitest";
import type { HttpTelemetry } from "../../src/pipeline/ports.ts";
import { measureServed, routeFinder } from "../../src/telemetry/http-served.ts";

const routes = ["/metrics", "/api/v1/incidents", "/api/v1/incidents/{id}", "/api/v1/codes/{code}"];

/** A server on `handler`, and what is measured of it. */
async function serve(handler: RequestListener) {
  const httpServed = vi.fn<HttpTelemetry["httpServed"]>();
  const server = createServer(measureServed(handler, routes, { httpServed }));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("expected a TCP address");
  return { url: `http://127.0.0.1:${address.port}`, httpServed };
}

test.each([
  ["/metrics", "/metrics"],
  ["/metrics?name[]=a", "/metrics"],
  ["/api/v1/incidents?state=open", "/api/v1/incidents"],
  ["/api/v1/incidents/inc-1", "/api/v1/incidents/{id}"],
  ["/api/v1/codes/80604?x=/a/b", "/api/v1/codes/{code}"],
  ["/api/v1/incidents/", null],
  ["/api/v1/incidents/a/b", null],
  ["/API/v1/incidents", null],
  ["/", null],
  ["", null],
  ["*", null],
  [`/${"a/".repeat(10_000)}`, null],
])("a request for %.40s is one for %s", (target, route) => {
  expect(routeFinder(routes)(target)).toBe(route);
});

test("a request is measured when it is answered, by method, declared path and status", async () => {
  const { url, httpServed } = await serve((_request, response) => {
    setTimeout(() => response.writeHead(404).end("no"), 20);
  });
  await (await fetch(`${url}/api/v1/incidents/inc-1?secret=1`, { method: "DELETE" })).text();
  await expect.poll(() => httpServed.mock.calls).toHaveLength(1);
  expect(httpServed).toHaveBeenCalledWith(
    { method: "DELETE", route: "/api/v1/incidents/{id}", status: 404 },
    expect.any(Number),
  );
  expect(httpServed.mock.calls[0]?.[1]).toBeGreaterThan(0.015);
  expect(httpServed.mock.calls[0]?.[1]).toBeLessThan(5);
});

test("a request whose sender leaves before the answer has no status", async () => {
  const { url, httpServed } = await serve((request) => void request.on("error", () => undefined));
  const request = get(`${url}/metrics`).on("error", () => undefined);
  request.once("socket", (socket) => socket.once("connect", () => setTimeout(() => request.destroy(), 50)));
  await expect.poll(() => httpServed.mock.calls).toHaveLength(1);
  expect(httpServed.mock.calls[0]?.[0]).toEqual({ method: "GET", route: "/metrics", status: null });
});
