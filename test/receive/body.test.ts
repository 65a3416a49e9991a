import { once } from "node:events";
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
  it("can be read by a sender who writes everything first and reads then", async () => {
    const port = await publicPort();
    for (const size of [20_000, 500_000, 3_000_000]) {
      const { socket } = await rawConnection(port.port);
      socket.pause();
      const failure = once(socket, "error");
      const written = new Promise((resolve) => {
        socket.write(head("POST", debuggerUrl, { ...form, "Content-Length": String(size) }));
        socket.write("x".repeat(size), resolve);
      });
      await Promise.race([written, failure]);
      let text = "";
      socket.on("data", (bytes) => {
        text += bytes.toString();
      });
      socket.resume();
      await once(socket, "close");
      expect([size, text.slice(0, 12), socket.errored]).toEqual([size, "HTTP/1.1 413", null]);
    }
  });

  it("does not break the connection under a sender who goes on writing", async () => {
    const port = await publicPort();
    const size = 2_000_000;
    const connection = await rawConnection(port.port);
    connection.write(head("POST", debuggerUrl, { ...form, "Content-Length": String(size) }));
    await connection.received(/^HTTP\/1.1 413 [\s\S]*connection: close[\s\S]*\r\n\r\n/i);
    const closed = once(connection.socket, "close");
    for (let sent = 0; sent < size; sent += 100_000) connection.write("x".repeat(100_000));
    await closed;
    expect(connection.socket.errored).toBeNull();
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
