import { describe, expect, it } from "vitest";
import { debuggerUrl, expectCounted, formType, head, publicPort, rawConnection, until } from "./harness.ts";

const signed = { "X-Twilio-Signature": "x", "Content-Type": formType };
const delivery = `${head("POST", debuggerUrl, { ...signed, "Content-Length": "3" })}a=1`;
const unfinished = `${head("POST", debuggerUrl, { ...signed, "Content-Length": "100" })}a=1`;

/** A port with room for two connections. */
const small = () => publicPort({ maxConnections: 2 });

describe("when all connections are taken, a new one is let in, and the one goes", () => {
  it("that has never said anything, not the one that is used", async () => {
    const port = await small();
    const used = await rawConnection(port.port);
    used.write(delivery);
    await used.received(/ 204 /);
    const silent = await rawConnection(port.port);
    await new Promise((resolve) => setTimeout(resolve, 1_050));
    const third = await rawConnection(port.port);
    await silent.ended;
    third.write(delivery);
    await third.received(/ 204 /);
    used.write(delivery);
    await used.received(/ 204 [\s\S]* 204 /);
  });

  it("that has only begun to say something", async () => {
    const port = await small();
    const slow = [await rawConnection(port.port), await rawConnection(port.port)];
    for (const each of slow) each.write("POST /twilio/debugger HTTP/1.1\r\nX-A");
    const third = await rawConnection(port.port);
    third.write(delivery);
    await third.received(/ 204 /);
    await slow[0]?.ended;
    // Nothing was asked, so nothing is counted.
    await expectCounted(port, [["debugger", "accepted"]]);
  });

  it("that has waited longest for its next request", async () => {
    const port = await small();
    const first = await rawConnection(port.port);
    const second = await rawConnection(port.port);
    for (const [each, answers] of [
      [first, / 204 /],
      [second, / 204 /],
      [first, / 204 [\s\S]* 204 /],
    ] as const) {
      each.write(delivery);
      await each.received(answers);
    }
    const third = await rawConnection(port.port);
    await second.ended;
    for (const each of [third, first]) each.write(delivery);
    await third.received(/ 204 /);
    await first.received(/(?: 204 [\s\S]*){3}/);
  });

  it("that has been sending its body for longest", async () => {
    const port = await small();
    const first = await rawConnection(port.port);
    first.write(unfinished);
    const second = await rawConnection(port.port);
    second.write(unfinished);
    // Both heads are in before the third comes.
    await new Promise((resolve) => setTimeout(resolve, 100));
    const third = await rawConnection(port.port);
    await first.ended;
    third.write(delivery);
    await third.received(/ 204 /);
    second.write("x".repeat(97));
    await second.received(/ 204 /);
    expect(port.counted).toEqual([
      ["debugger", "aborted"],
      ["debugger", "accepted"],
      ["debugger", "accepted"],
    ]);
  });

  it("that is new, when all others wait for us with a whole delivery", async () => {
    const held = Promise.withResolvers<void>();
    const port = await publicPort({
      maxConnections: 2,
      ingest: async () => {
        await held.promise;
        return { outcome: "accepted" };
      },
    });
    const waiting = [await rawConnection(port.port), await rawConnection(port.port)];
    for (const each of waiting) each.write(delivery);
    await until(
      () => (port.delivered.length === 2 ? true : null),
      () => "two deliveries",
    );
    const third = await rawConnection(port.port);
    await third.ended;
    held.resolve();
    for (const each of waiting) await each.received(/ 204 /);
  });
});

describe("what is no request", () => {
  const garbage = "FROB / HTTP/1.1\r\n\r\n";

  it("is answered after what came before it on the connection, and counted once however much follows", async () => {
    const held = Promise.withResolvers<void>();
    const port = await publicPort({
      ingest: async () => {
        await held.promise;
        return { outcome: "accepted" };
      },
    });
    const connection = await rawConnection(port.port);
    connection.write(delivery + garbage);
    await until(
      () => (port.delivered.length === 1 ? true : null),
      () => "a delivery",
    );
    connection.write(garbage);
    connection.write(delivery);
    held.resolve();
    await connection.received(/^HTTP\/1.1 204 [\s\S]*HTTP\/1.1 400 Bad Request\r\n[\s\S]*connection: close\r\n\r\n$/i);
    connection.write(garbage);
    await connection.ended;
    expect(port.counted).toEqual([
      ["debugger", "accepted"],
      ["none", "malformed"],
    ]);
    expect(port.delivered).toHaveLength(1);
  });

  it("in the middle of a body is the answer to that request", async () => {
    const port = await publicPort();
    const connection = await rawConnection(port.port);
    connection.write(head("POST", debuggerUrl, { ...signed, "Transfer-Encoding": "chunked" }));
    connection.write("3\r\na=1\r\n");
    connection.write("xyz\r\n");
    await connection.received(/^HTTP\/1.1 400 Bad Request\r\n[\s\S]*\r\n\r\n/);
    await connection.ended;
    expect([port.counted, port.delivered]).toEqual([[["debugger", "malformed"]], []]);
  });

  it("is told from a connection that was never used, or broke", async () => {
    const port = await publicPort({ headersTimeoutMs: 100 });
    const never = await rawConnection(port.port);
    const broken = await rawConnection(port.port);
    broken.write("POST /tw");
    broken.socket.resetAndDestroy();
    const slow = await rawConnection(port.port);
    slow.write("POST /tw");
    await slow.received(/^HTTP\/1.1 408 /);
    await never.ended;
    expect(port.counted).toEqual([["none", "request_timeout"]]);
  });
});
