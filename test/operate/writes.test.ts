import { connect } from "node:net";
import { describe, expect, it } from "vitest";
import { Secret } from "../../src/core/secret.ts";
import { foreignOrigin } from "../../src/operate/same-origin.ts";
import { components } from "../../src/operate/schemas.ts";
import { StoreUnavailable } from "../../src/pipeline/ports.ts";
import { bodyOf, serve } from "./fakes.ts";

const token = "a-long-admin-token";
const json = { "content-type": "application/json" };

/** The private port with a requeue that remembers what it was asked. */
async function serveRequeue(options: Parameters<typeof serve>[0] = {}) {
  const asked: number[] = [];
  const requeue = async (limit: number) => {
    asked.push(limit);
    return 7;
  };
  const server = await serve({ requeue, ...options });
  const post = (body: string, headers: Record<string, string> = json) =>
    server.get("/api/v1/requeue", { method: "POST", body, headers });
  return { ...server, asked, post };
}

async function refused(response: Response, status: number): Promise<{ expected: string; got: string; fix: string }> {
  const text = await response.text();
  expect([response.status, text]).toEqual([status, expect.stringContaining('"fix"')]);
  return components.Problem.parse(JSON.parse(text)).error;
}

describe("requeue", () => {
  it.each([
    ["{}", 10_000],
    ['{"limit": 1}', 1],
    ['{"limit": 10000}', 10_000],
  ])("with the body %s takes up at most %i", async (body, limit) => {
    await using server = await serveRequeue();
    const response = await server.post(body);
    expect([response.status, await bodyOf(response)]).toEqual([200, { requeued: 7 }]);
    expect(server.asked).toEqual([limit]);
    expect(server.log.said).toEqual([]);
  });

  it.each([
    ['{"limit": 0}', "limit: at least 1", "0"],
    ['{"limit": 10001}', "limit: at most 10000", "10001"],
    ['{"limit": 1.5}', "limit: an integer", "1.5"],
    ['{"limit": "5"}', "limit: a value of the type number", '"5"'],
    ['{"limit": null}', "limit: a value of the type number", "null"],
    ['{"limit": [1, 2]}', "limit: a value of the type number", "a list of 2"],
    ['{"limit": {"__proto__": 1}}', "limit: a value of the type number", "an object"],
    ['{"limits": 5}', "only the fields limit", "limits"],
    ['{"__proto__": {"limit": 1}}', "only the fields limit", "__proto__"],
    ['{"constructor": 1}', "only the fields limit", "constructor"],
    ["[]", "a JSON object with the fields limit", "a list of 0"],
    ["null", "a JSON object with the fields limit", "null"],
    ['"text"', "a JSON object with the fields limit", '"text"'],
    ["{", "a body in JSON", "something else"],
    ["limit=5", "a body in JSON", "something else"],
    ["\u0000", "a body in JSON", "something else"],
    [`${"[".repeat(30_000)}${"]".repeat(30_000)}`, "a JSON object with the fields limit", "a list of 1"],
  ])("refuses the body %s", async (body, expected, got) => {
    await using server = await serveRequeue();
    expect(await refused(await server.post(body), 400)).toMatchObject({ expected, got });
    expect([server.asked, server.log.said]).toEqual([[], []]);
  });

  it("refuses a query: what it takes stands in the body", async () => {
    await using server = await serveRequeue();
    const response = await server.get("/api/v1/requeue?limit=5", { method: "POST", body: "{}", headers: json });
    expect(await refused(response, 400)).toMatchObject({ expected: "no parameters", got: "limit" });
  });

  it("takes JSON with a charset, in any case", async () => {
    await using server = await serveRequeue();
    expect((await server.post("{}", { "content-type": "Application/JSON; charset=utf-8" })).status).toBe(200);
  });

  it("takes an empty body of JSON for an empty object", async () => {
    await using server = await serveRequeue();
    expect((await server.post("")).status).toBe(200);
    expect(server.asked).toEqual([10_000]);
  });

  it("answers other methods 405 and names its own", async () => {
    await using server = await serveRequeue();
    for (const method of ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"]) {
      const response = await server.get("/api/v1/requeue", { method });
      expect([method, response.status, response.headers.get("allow")]).toEqual([method, 405, "POST"]);
    }
    expect(server.asked).toEqual([]);
  });

  it("says 503 while the database is away, and 500 without a trace for anything else", async () => {
    const failing = (error: Error) => async () => {
      throw error;
    };
    await using away = await serve({ requeue: failing(new StoreUnavailable("database_unavailable")) });
    await using broken = await serve({ requeue: failing(new Error("password hunter2 in /srv/secret.ts")) });
    const init = { method: "POST", body: "{}", headers: json };
    await refused(await away.get("/api/v1/requeue", init), 503);
    const response = await broken.get("/api/v1/requeue", init);
    const text = await response.clone().text();
    await refused(response, 500);
    expect(text).not.toMatch(/hunter2|secret\.ts|at /);
  });
});

describe("a body", () => {
  it("is read up to 64 KiB and no further", async () => {
    await using server = await serveRequeue();
    const padded = (bytes: number) => `{}${" ".repeat(bytes - 2)}`;
    expect((await server.post(padded(64 * 1024))).status).toBe(200);
    const problem = await refused(await server.post(padded(64 * 1024 + 1)), 413);
    expect(problem.expected).toContain("65536 bytes");
    expect(server.log.said).toEqual([]);
  });

  it.each([
    ["gzip", { ...json, "content-encoding": "gzip" }],
    ["another charset", { "content-type": "application/json; charset=ebcdic-cp-us" }],
  ])("in %s is refused", async (_name, headers) => {
    await using server = await serveRequeue();
    await refused(await server.post("{}", headers), 415);
    expect([server.asked, server.log.said]).toEqual([[], []]);
  });
});

describe("a write without the token", () => {
  it.each([
    ["no credentials", {}],
    ["another token", { authorization: "Bearer wrong" }],
  ])("is refused with %s, before its body is looked at", async (_name, headers) => {
    await using server = await serveRequeue({ adminToken: new Secret(token) });
    await refused(await server.post("{", { ...json, ...headers }), 401);
    expect(server.asked).toEqual([]);
  });

  it("is taken with it", async () => {
    await using server = await serveRequeue({ adminToken: new Secret(token) });
    expect((await server.post("{}", { ...json, authorization: `Bearer ${token}` })).status).toBe(200);
    expect(server.asked).toEqual([10_000]);
  });
});

describe("a page of another site", () => {
  it.each([
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "text/plain",
    "text/plain; application/json",
    "application/json-patch+json",
    "application/jsonp",
    "",
  ])("cannot write with a form of the type %s", async (type) => {
    await using server = await serveRequeue();
    const problem = await refused(await server.post('{"limit": 1}', { "content-type": type }), 415);
    expect(problem.expected).toBe("Content-Type: application/json");
    expect(server.asked).toEqual([]);
  });

  it("cannot write without a Content-Type", async () => {
    await using server = await serveRequeue();
    const response = await server.get("/api/v1/requeue", { method: "POST", body: new Blob(["{}"]) });
    expect(await refused(response, 415)).toMatchObject({ got: "no Content-Type" });
    expect((await server.get("/api/v1/requeue", { method: "POST" })).status).toBe(415);
    expect(server.asked).toEqual([]);
  });

  it("gets no leave to send JSON: the preflight is not answered", async () => {
    await using server = await serveRequeue();
    const response = await server.get("/api/v1/requeue", {
      method: "OPTIONS",
      headers: { origin: "https://evil.example", "access-control-request-method": "POST" },
    });
    expect(response.status).toBe(405);
    expect([...response.headers.keys()].filter((name) => name.startsWith("access-control"))).toEqual([]);
  });

  it("cannot write even in JSON, were it let", async () => {
    await using server = await serveRequeue();
    for (const origin of ["https://evil.example", "null", "http://localhost:1", "nonsense"]) {
      await refused(await server.post("{}", { ...json, origin }), 403);
    }
    expect(server.asked).toEqual([]);
  });

  it("cannot write by having its own name point here, unless there is a token it cannot know", async () => {
    const host = "rebound.example:9464";
    await using open = await serveRequeue();
    expect(await rawStatus(open.port, { Host: host, Origin: `http://${host}` })).toBe(403);
    await using guarded = await serveRequeue({ adminToken: new Secret(token) });
    const authorized = { Host: host, Origin: `http://${host}`, Authorization: `Bearer ${token}` };
    expect(await rawStatus(guarded.port, authorized)).toBe(200);
    expect([open.asked, guarded.asked]).toEqual([[], [10_000]]);
  });

  it.each([
    ["a program", undefined, "localhost:9464"],
    ["this machine by name", "http://localhost:9464", "localhost:9464"],
    ["this machine by address", "http://127.0.0.1:9464", "127.0.0.1:9464"],
    ["this machine by IPv6", "http://[::1]:9464", "[::1]:9464"],
  ])("is not %s", (_name, origin, host) => {
    expect(foreignOrigin(origin, host, false)).toBeNull();
  });
});

describe("the OpenAPI document", () => {
  it("says what a write takes and how it can be refused", async () => {
    await using server = await serve();
    const document = await bodyOf(await server.get("/api/v1/openapi.json"));
    const paths = document.paths as Record<string, Record<string, { responses: object; requestBody?: unknown }>>;
    const post = paths["/api/v1/requeue"]?.post;
    expect(post?.requestBody).toMatchObject({
      required: true,
      content: {
        "application/json": {
          schema: {
            type: "object",
            additionalProperties: false,
            properties: { limit: { type: "integer", minimum: 1, maximum: 10_000, default: 10_000 } },
          },
        },
      },
    });
    expect(Object.keys(post?.responses ?? {})).toEqual(["200", "400", "401", "403", "404", "413", "415", "500", "503"]);
    expect(paths["/api/v1/requeue"]?.get).toBeUndefined();
    expect(paths["/api/v1/rules"]?.get?.requestBody).toBeUndefined();
  });
});

/** The status of a POST with exactly these headers; fetch() would set Host itself. */
async function rawStatus(port: number, headers: Record<string, string>): Promise<number> {
  const answer = Promise.withResolvers<string>();
  const lines = Object.entries({ ...headers, "Content-Type": "application/json", "Content-Length": "2" });
  const head = lines.map(([name, value]) => `${name}: ${value}\r\n`).join("");
  const socket = connect(port, "127.0.0.1", () => {
    socket.write(`POST /api/v1/requeue HTTP/1.1\r\n${head}Connection: close\r\n\r\n{}`);
  });
  socket.once("data", (data) => answer.resolve(data.toString("latin1")));
  socket.once("error", answer.reject);
  const text = await answer.promise;
  socket.destroy();
  return Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1]);
}
