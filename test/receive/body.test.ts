import { describe, expect, it } from "vitest";
import { debuggerUrl, expectCounted, formType, head, publicPort, rawConnection } from "./harness.ts";

const form = { "X-Twilio-Signature": "x", "Content-Type": formType };
const chunked = { ...form, "Transfer-Encoding": "chunked" };

function chunk(text: string): string {
  return `${text.length.toString(16)}\r\n${text}\r\n`;
}

describe("a body", () => {
  it("may come in pieces", async () => {
    const port = await publicPort();
    const connection = await rawConnection(port.port);
    connection.write(head("POST", debuggerUrl, chunked));
    connection.write(chunk("a=1"));
    connection.write(chunk("&b=2"));
    connection.write("0\r\n\r\n");
    expect(await connection.received(/\r\n\r\n/)).toMatch(/^HTTP\/1.1 204 /);
    expect(port.delivered[0]?.body.toString()).toBe("a=1&b=2");
  });

  it("that says nothing of its length is refused once it is too large", async () => {
    const port = await publicPort({ maxBodyBytes: 1000 });
    const connection = await rawConnection(port.port);
    connection.write(head("POST", debuggerUrl, chunked));
    connection.write(chunk("x".repeat(600)));
    connection.write(chunk("x".repeat(401)));
    expect(await connection.received(/\r\n\r\n/)).toMatch(/^HTTP\/1.1 413 /);
    expect(port.counted).toEqual([["debugger", "body_too_large"]]);
    expect(port.delivered).toEqual([]);
  });

  it("that does not arrive in time is refused, however steadily it drips", async () => {
    const port = await publicPort({ requestTimeoutMs: 150 });
    const connection = await rawConnection(port.port);
    connection.write(head("POST", debuggerUrl, { ...form, "Content-Length": "10000" }));
    const drip = setInterval(() => connection.write("x"), 20);
    try {
      const text = await connection.received(/\r\n\r\n/);
      expect(text).toMatch(/^HTTP\/1.1 408 /);
      expect(text).toMatch(/^connection: close$/im);
    } finally {
      clearInterval(drip);
    }
    await connection.ended;
    expect(port.counted).toEqual([["debugger", "request_timeout"]]);
    expect(port.delivered).toEqual([]);
  });

  it("that is cut off is counted as aborted and goes nowhere", async () => {
    const port = await publicPort();
    const connection = await rawConnection(port.port);
    connection.write(`${head("POST", debuggerUrl, { ...form, "Content-Length": "100" })}a=1`);
    connection.socket.end();
    connection.socket.destroy();
    await expectCounted(port, [["debugger", "aborted"]]);
    expect(port.delivered).toEqual([]);
    expect(port.logged).toEqual([]);
  });
});

describe("an answer to a body that was not read", () => {
  it("can be read by a sender who writes everything first", async () => {
    const port = await publicPort({ maxBodyBytes: 1000 });
    for (const size of [2_000, 100_000, 3_000_000]) {
      const response = await fetch(port.url + debuggerUrl, { method: "POST", headers: form, body: "x".repeat(size) });
      expect([size, response.status]).toEqual([size, 413]);
    }
  });

  it("can be read by a sender who goes on writing after it", async () => {
    const port = await publicPort();
    const connection = await rawConnection(port.port);
    let reset = false;
    connection.socket.on("error", () => {
      reset = true;
    });
    const size = 2_000_000;
    connection.write(head("POST", debuggerUrl, { "Content-Type": formType, "Content-Length": "20" }));
    await connection.received(/^HTTP\/1.1 401 [\s\S]*\r\n\r\n/);
    connection.write("x".repeat(20));
    await connection.ended;

    const large = await rawConnection(port.port);
    large.socket.on("error", () => {
      reset = true;
    });
    large.write(head("POST", debuggerUrl, { ...form, "Content-Length": String(size) }));
    await large.received(/^HTTP\/1.1 413 [\s\S]*connection: close[\s\S]*\r\n\r\n/i);
    for (let sent = 0; sent < size; sent += 100_000) large.write("x".repeat(100_000));
    await large.ended;
    expect(reset).toBe(false);
  });

  it("ends the connection of a sender who never comes to an end", async () => {
    const port = await publicPort();
    const connection = await rawConnection(port.port);
    connection.write(head("POST", debuggerUrl, { ...form, "Content-Length": "1000000" }));
    expect(await connection.received(/\r\n\r\n/)).toMatch(/^HTTP\/1.1 413 /);
    const started = performance.now();
    await connection.ended;
    expect(performance.now() - started).toBeLessThan(3_000);
  });

  it("ends the connection of a sender who floods", async () => {
    const port = await publicPort();
    const connection = await rawConnection(port.port);
    connection.write(head("POST", debuggerUrl, chunked));
    const piece = chunk("x".repeat(1_000_000));
    for (let sent = 0; sent < 8; sent += 1) connection.write(piece);
    expect(await connection.received(/\r\n\r\n/)).toMatch(/^HTTP\/1.1 413 /);
    await connection.ended;
    expect(port.counted).toEqual([["debugger", "body_too_large"]]);
  });
});
