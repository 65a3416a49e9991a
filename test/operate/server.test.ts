import { connect } from "node:net";
import { describe, expect, it } from "vitest";
import { Secret } from "../../src/core/secret.ts";
import { prefersOpenMetrics } from "../../src/operate/accept.ts";
import { readinessOf } from "../../src/operate/health.ts";
import { components } from "../../src/operate/schemas.ts";
import { bodyOf, serve } from "./fakes.ts";

const token = "a-long-admin-token:with-a-colon";
const basic = (user: string, password: string) => `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;

describe("with an admin token", () => {
  it.each([
    ["Bearer", `Bearer ${token}`],
    ["bearer in lower case", `bearer ${token}`],
    ["Basic with any user", basic("prometheus", token)],
    ["Basic without a user", basic("", token)],
  ])("lets in %s", async (_name, authorization) => {
    await using server = await serve({ adminToken: new Secret(token) });
    for (const path of ["/metrics", "/api/v1/incidents", "/api/v1/openapi.json"]) {
      expect([path, (await server.get(path, { headers: { authorization } })).status]).toEqual([path, 200]);
    }
  });

  it.each([
    ["nothing", undefined],
    ["another token", "Bearer wrong"],
    ["the token with more behind it", `Bearer ${token}x`],
    ["the token cut short", `Bearer ${token.slice(0, -1)}`],
    ["the token without a scheme", token],
    ["the token under another scheme", `Digest ${token}`],
    ["an empty Bearer", "Bearer "],
    ["the token as Basic user", basic(token, "")],
    ["Basic with another password", basic("admin", "wrong")],
    ["Basic without a colon", `Basic ${Buffer.from("token").toString("base64")}`],
    ["Basic that is no base64", "Basic %%%"],
  ])("refuses %s on everything but health", async (_name, authorization) => {
    await using server = await serve({ adminToken: new Secret(token) });
    const headers: Record<string, string> = authorization === undefined ? {} : { authorization };
    for (const path of ["/metrics", "/api/v1/incidents", "/api/v1/incidents/x", "/api/v1/openapi.json", "/nowhere"]) {
      const response = await server.get(path, { headers });
      expect([path, response.status]).toEqual([path, 401]);
      expect(response.headers.get("www-authenticate")).toBe(
        'Bearer realm="faultline", Basic realm="faultline", charset="UTF-8"',
      );
      const text = await response.text();
      expect(components.Problem.safeParse(JSON.parse(text)).success).toBe(true);
      expect(text).not.toContain("a-long-admin-token");
      expect(text).not.toContain("wrong");
    }
    for (const path of ["/livez", "/readyz"]) {
      expect([path, (await server.get(path, { headers })).status]).toEqual([path, 200]);
    }
  });

  it("is not felt out by method: POST without it is 401 too", async () => {
    await using server = await serve({ adminToken: new Secret(token) });
    expect((await server.get("/api/v1/incidents", { method: "POST" })).status).toBe(401);
  });
});

describe("without an admin token", () => {
  it("everything is open", async () => {
    await using server = await serve();
    expect((await server.get("/metrics")).status).toBe(200);
    expect((await server.get("/api/v1/incidents")).status).toBe(200);
  });
});

describe("health", () => {
  it("says that the process lives", async () => {
    await using server = await serve();
    const response = await server.get("/livez");
    expect([response.status, await bodyOf(response)]).toEqual([200, { status: "ok" }]);
  });

  it("says whether it is ready, and why not", async () => {
    let state = { ready: true, checks: { database: "ok", queue: "ok" } };
    await using server = await serve({ readiness: async () => state });
    const ready = await server.get("/readyz");
    expect([ready.status, await bodyOf(ready)]).toEqual([200, state]);
    state = { ready: false, checks: { database: "no connection", queue: "ok" } };
    const not = await server.get("/readyz");
    expect([not.status, await bodyOf(not)]).toEqual([503, state]);
  });

  it("is not ready when the checks fail or hang", async () => {
    const failing = await readinessOf(async () => {
      throw new Error("postgres://user:hunter2@db");
    });
    expect(failing).toEqual({ ready: false, checks: { readiness: "the checks themselves failed" } });
    const hanging = await readinessOf(() => new Promise(() => {}), 5);
    expect(hanging).toEqual({ ready: false, checks: { readiness: "no answer within 5 ms" } });
  });
});

describe("metrics", () => {
  it("come in the format the scraper asks for", async () => {
    await using server = await serve();
    const plain = await server.get("/metrics");
    expect(plain.headers.get("content-type")).toBe("text/plain; format=prometheus");
    expect(await plain.text()).toBe("up 1\n");
    const open = await server.get("/metrics", { headers: { accept: "application/openmetrics-text;version=1.0.0" } });
    expect(open.headers.get("content-type")).toBe("text/plain; format=openmetrics");
  });

  it.each([
    [undefined, false],
    ["*/*", false],
    ["text/plain", false],
    ["text/html,application/xhtml+xml,*/*;q=0.8", false],
    ["application/openmetrics-text", true],
    ["application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.2,*/*;q=0.1", true],
    ["application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,text/plain;version=1.0.0;q=0.4", true],
    ["text/plain;q=0.9, application/openmetrics-text;q=0.1", false],
    ["application/openmetrics-text;q=0", false],
    ["application/openmetrics-text;q=nonsense", false],
    [",;,;q=,".repeat(10_000), false],
  ])("weigh the Accept header %s", (accept, wanted) => {
    expect(prefersOpenMetrics(accept)).toBe(wanted);
  });

  it("that cannot be rendered are a 500, not a crash", async () => {
    await using server = await serve({
      renderMetrics: async () => {
        throw new Error("broken");
      },
    });
    expect((await server.get("/metrics")).status).toBe(500);
    expect((await server.get("/livez")).status).toBe(200);
    expect(server.log.said).toHaveLength(1);
  });
});

describe("every answer", () => {
  it("carries the same careful headers, also when it refuses", async () => {
    await using server = await serve({ adminToken: new Secret(token) });
    const headers = { authorization: `Bearer ${token}` };
    for (const path of ["/livez", "/metrics", "/api/v1/rules", "/api/v1/events?limit=x", "/nowhere", "/api/v1/%zz"]) {
      const response = await server.get(path, { headers });
      expect([path, response.headers.get("x-content-type-options")]).toEqual([path, "nosniff"]);
      expect(response.headers.get("cache-control")).toBe("no-store");
      expect(response.headers.get("content-security-policy")).toContain("default-src 'none'");
      expect(response.headers.get("x-powered-by")).toBeNull();
      expect(response.headers.get("etag")).toBeNull();
    }
  });

  it.each(["POST", "PUT", "PATCH", "DELETE", "OPTIONS"])("to %s is 405 on every path", async (method) => {
    await using server = await serve();
    for (const path of ["/livez", "/readyz", "/metrics", "/api/v1/incidents", "/api/v1/codes/80604"]) {
      const response = await server.get(path, { method });
      expect([path, response.status, response.headers.get("allow")]).toEqual([path, 405, "GET, HEAD"]);
      expect(components.Problem.safeParse(await response.json()).success).toBe(true);
    }
  });

  it("to HEAD has the headers of GET and no body", async () => {
    await using server = await serve();
    const response = await server.get("/api/v1/rules", { method: "HEAD" });
    expect([response.status, await response.text()]).toEqual([200, ""]);
  });

  it.each(["/", "/nowhere", "/api", "/api/v1", "/api/v2/incidents", "/twilio/debugger", "/__proto__", "/metrics/x"])(
    "to the unknown path %s is a 404 in JSON",
    async (path) => {
      await using server = await serve();
      const response = await server.get(path);
      expect(response.status).toBe(404);
      expect(components.Problem.parse(await response.json()).error.fix).toContain("/api/v1/openapi.json");
    },
  );

  it.each(["/api/v1/codes/%zz", "/api/v1/incidents/%ff%fe", "/api/v1/incidents/%"])(
    "to the broken path %s is a 400",
    async (path) => {
      await using server = await serve();
      const response = await server.get(path);
      expect([response.status, server.log.said]).toEqual([400, []]);
    },
  );

  it("to a path with dots and slashes in disguise stays inside the API", async () => {
    await using server = await serve();
    for (const path of [
      "/api/v1/incidents/..%2f..%2fmetrics",
      "/api/v1/incidents/%2e%2e",
      "/api/v1/codes/..%2frules",
    ]) {
      expect([400, 404]).toContain(await rawStatus(server.port, path));
    }
  });
});

/** The status of a path sent as it is; fetch() would tidy it up. */
async function rawStatus(port: number, path: string): Promise<number> {
  const answer = Promise.withResolvers<string>();
  const socket = connect(port, "127.0.0.1", () => {
    socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
  });
  socket.once("data", (data) => answer.resolve(data.toString("latin1")));
  socket.once("error", answer.reject);
  const text = await answer.promise;
  socket.destroy();
  return Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1]);
}
