import { describe, expect, it } from "vitest";
import { rejections } from "../../src/core/outcome.ts";
import type { Ingest } from "../../src/pipeline/ingest.ts";
import { listen } from "../../src/receive/listen.ts";
import { debuggerUrl, formType, head, type PublicPort, publicPort, rawConnection } from "./harness.ts";

const headers = { "X-Twilio-Signature": "x", "Content-Type": formType };
const delivery = `${head("POST", debuggerUrl, { ...headers, "Content-Length": "3" })}a=1`;

function send(port: PublicPort, body = "a=1"): Promise<Response> {
  return fetch(port.url + debuggerUrl, { method: "POST", headers, body });
}

/** An ingest that waits until it is let go. */
function heldIngest(): { ingest: Ingest; letGo: () => void } {
  let letGo: () => void = () => undefined;
  const gate = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  const ingest: Ingest = async () => {
    await gate;
    return { outcome: "accepted" };
  };
  return { ingest, letGo: () => letGo() };
}

describe("what ingest decides", () => {
  const reasons = ["wrong_signature", "unknown_account", "too_many_fields", "body_hash_mismatch"] as const;
  it.each(reasons)("%s becomes its status, on a connection that stays open", async (reason) => {
    const port = await publicPort({ ingest: async () => ({ outcome: "rejected", reason }) });
    const response = await send(port);
    expect([response.status, await response.text()]).toEqual([rejections[reason], ""]);
    expect(response.headers.get("connection")).toBe("keep-alive");
    expect(response.headers.has("retry-after")).toBe(false);
    expect(port.counted).toEqual([["debugger", reason]]);
  });

  it.each(["overloaded", "database_unavailable"] as const)("%s asks the sender to come again", async (reason) => {
    const port = await publicPort({ ingest: async () => ({ outcome: "rejected", reason, retryAfterSeconds: 7 }) });
    const response = await send(port);
    expect([response.status, response.headers.get("retry-after")]).toEqual([503, "7"]);
    expect(port.counted).toEqual([["debugger", reason]]);
  });

  it("that fails in an unforeseen way is a 503, and the log says where but not what", async () => {
    const ingest: Ingest = async ({ body }) => {
      const error = new Error(`cannot insert ${body.toString()}\nDETAIL: row (+15555550100)`);
      throw Object.assign(error, { code: "22P02", detail: body.toString() });
    };
    const port = await publicPort({ ingest });
    const response = await send(port, "Body=meet+me&From=%2B15555550100");
    expect([response.status, response.headers.get("retry-after"), await response.text()]).toEqual([503, "30", ""]);
    expect(port.counted).toEqual([["debugger", "database_unavailable"]]);
    expect(port.logged).toHaveLength(1);
    expect(port.logged[0]).toContain("22P02");
    expect(port.logged[0]).toContain("answer.test.ts");
    expect(port.logged[0]).not.toMatch(/meet|5555550100|DETAIL/);
  });

  it("is waited for: no answer before it", async () => {
    const { ingest, letGo } = heldIngest();
    const port = await publicPort({ ingest });
    const connection = await rawConnection(port.port);
    let answered = false;
    connection.socket.on("data", () => {
      answered = true;
    });
    connection.write(delivery);
    await expect.poll(() => port.delivered.length).toBe(1);
    expect([answered, port.counted]).toEqual([false, []]);
    letGo();
    expect(await connection.received(/\r\n\r\n/)).toMatch(/^HTTP\/1.1 204 /);
  });
});

describe("a connection", () => {
  it("is used again after a 204 and after refusals whose body was read or that had none", async () => {
    const answers = ["accepted", "wrong_signature", "accepted"];
    const ingest: Ingest = async () => {
      const answer = answers.shift();
      return answer === "accepted" ? { outcome: "accepted" } : { outcome: "rejected", reason: "wrong_signature" };
    };
    const port = await publicPort({ ingest });
    const connection = await rawConnection(port.port);
    connection.write(delivery);
    await connection.received(/^HTTP\/1.1 204 [\s\S]*\r\n\r\n/);
    connection.write(delivery);
    await connection.received(/ 204 [\s\S]* 403 [\s\S]*\r\n\r\n/);
    connection.write(head("GET", "/nothing-here", {}));
    await connection.received(/ 204 [\s\S]* 403 [\s\S]* 404 [\s\S]*\r\n\r\n/);
    connection.write(delivery);
    const text = await connection.received(/ 204 [\s\S]* 403 [\s\S]* 404 [\s\S]* 204 [\s\S]*\r\n\r\n/);
    expect(text).not.toMatch(/^connection: close/im);
  });

  it.each([
    ["small", 0, /connection: keep-alive/i],
    ["large", 20_000, /connection: close/i],
  ])("never takes the rest of a refused body for a request, if it is %s", async (_size, padding, fate) => {
    const port = await publicPort();
    const connection = await rawConnection(port.port);
    const smuggled = head("GET", "/smuggled", {}) + "x".repeat(padding);
    connection.write(
      head("POST", debuggerUrl, { "Content-Type": formType, "Content-Length": String(smuggled.length) }),
    );
    expect(await connection.received(/\r\n\r\n/)).toMatch(/^HTTP\/1.1 (401|413) /);
    connection.write(smuggled);
    const text = await connection.received(fate);
    expect(text.match(/HTTP\/1\.1/g)).toHaveLength(1);
    if (padding === 0) {
      connection.write(delivery);
      await connection.received(/HTTP\/1\.1 401 [\s\S]*HTTP\/1\.1 204 /);
      connection.socket.end();
    }
    await connection.ended;
    const next = padding === 0 ? [["debugger", "accepted"]] : [];
    expect(port.counted).toEqual([["debugger", padding === 0 ? "no_signature" : "body_too_large"], ...next]);
  });

  it("stays open after a refusal whose body is small: a new connection costs more than throwing it away", async () => {
    const port = await publicPort();
    const connection = await rawConnection(port.port);
    const body = "x".repeat(1_500);
    const unsigned =
      head("POST", debuggerUrl, { "Content-Type": formType, "Content-Length": String(body.length) }) + body;
    for (let count = 1; count <= 20; count += 1) {
      connection.write(unsigned);
      const text = await connection.received(new RegExp(`^(?:HTTP/1.1 401 [^]*?\r\n\r\n){${count}}$`));
      expect(text).not.toMatch(/^connection: close/im);
    }
    expect(port.counted).toEqual(Array(20).fill(["debugger", "no_signature"]));
  });

  it.each(["keeps silent", "drips", "has gone"])("is ended when the sender of a small refused body %s", async (how) => {
    const port = await publicPort();
    const connection = await rawConnection(port.port);
    connection.write(`${head("POST", debuggerUrl, { "Content-Type": formType, "Content-Length": "1000" })}x`);
    await connection.received(/^HTTP\/1.1 401 /);
    const drip = setInterval(() => how === "drips" && connection.write("x"), 20);
    if (how === "has gone") connection.socket.end();
    const started = performance.now();
    await connection.ended;
    clearInterval(drip);
    expect(performance.now() - started).toBeLessThan(3_000);
    expect(port.counted).toEqual([["debugger", "no_signature"]]);
  });

  it("that sends no HTTP is closed, and the next one is served", async () => {
    const port = await publicPort();
    const connection = await rawConnection(port.port);
    connection.write("\u0016\u0003\u0001 this is no HTTP\r\n\r\n");
    await connection.ended;
    expect((await send(port)).status).toBe(204);
  });
});

it("a connection is kept for longer than proxies keep theirs, so that none of them sends into our close", async () => {
  const port = await publicPort();
  expect((await send(port)).headers.get("keep-alive")).toBe("timeout=75");
});

describe("while stopping", () => {
  it("a delivery is taken and its connection ends with the answer", async () => {
    const port = await publicPort();
    const connection = await rawConnection(port.port);
    connection.write(delivery);
    await connection.received(/^HTTP\/1.1 204 /);
    port.stopping = true;
    connection.write(delivery);
    expect(await connection.received(/ 204 [\s\S]* 204 [\s\S]*\r\n\r\n/)).toMatch(/ 204 [\s\S]*connection: close\r\n/i);
    await connection.ended;
    expect(port.counted).toEqual([
      ["debugger", "accepted"],
      ["debugger", "accepted"],
    ]);
  });

  it("whoever is connected when the port closes is answered, accepted or not", async () => {
    const port = await publicPort();
    const waiting = Array.from({ length: 50 }, () => rawConnection(port.port));
    // Now all are connected, and the server, which accepts one a turn, is about to begin.
    const first = await Promise.race(waiting);
    port.stopping = true;
    const closed = port.listener.close(10_000);
    for (const connection of await Promise.all(waiting)) {
      connection.write(delivery);
      expect(await connection.received(/\r\n\r\n/)).toMatch(/^HTTP\/1.1 204 /);
    }
    await closed;
    expect(port.delivered).toHaveLength(waiting.length);
    await first.ended;
  });

  it("what was accepted before is finished and answered, then the port closes", async () => {
    const { ingest, letGo } = heldIngest();
    const port = await publicPort({ ingest });
    const connection = await rawConnection(port.port);
    connection.write(delivery);
    await expect.poll(() => port.delivered.length).toBe(1);
    port.stopping = true;
    const started = performance.now();
    const closed = port.listener.close(10_000);
    letGo();
    expect(await connection.received(/\r\n\r\n/)).toMatch(/^HTTP\/1.1 204 [\s\S]*connection: close/i);
    await closed;
    expect(performance.now() - started).toBeLessThan(3_000);
    await expect(send(port)).rejects.toThrow();
  });

  it("a delivery that does not come to an end is given up", async () => {
    const { ingest } = heldIngest();
    const port = await publicPort({ ingest });
    const connection = await rawConnection(port.port);
    connection.write(delivery);
    await expect.poll(() => port.delivered.length).toBe(1);
    await port.listener.close(50);
    await connection.ended;
    expect(port.counted).toEqual([]);
  });

  it("an idle connection is closed at once", async () => {
    const port = await publicPort();
    const connection = await rawConnection(port.port);
    connection.write(delivery);
    await connection.received(/^HTTP\/1.1 204 /);
    const started = performance.now();
    await port.listener.close(10_000);
    await connection.ended;
    expect(performance.now() - started).toBeLessThan(3_000);
  });
});

it("says with the system's code that a port is taken", async () => {
  const port = await publicPort();
  const options = { host: "127.0.0.1", port: port.port, headersTimeoutMs: 1000, maxConnections: 1 };
  await expect(listen(() => undefined, options)).rejects.toMatchObject({ code: "EADDRINUSE" });
});
