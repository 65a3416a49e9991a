import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createBodyBudget } from "../../src/receive/body-budget.ts";
import { debuggerUrl, expectCounted, formType, head, publicPort, rawConnection } from "./harness.ts";

const signed = { "X-Twilio-Signature": "x", "Content-Type": formType };
const begun = (size: number) =>
  `${head("POST", debuggerUrl, { ...signed, "Content-Length": "16000" })}${"x".repeat(size)}`;
const delivery = `${head("POST", debuggerUrl, { ...signed, "Content-Length": "3" })}a=1`;

describe("all bodies together", () => {
  it("hold no more than the budget: the largest of those that have not ended is refused, and may be tried again", async () => {
    const port = await publicPort({ heldBodyBytes: 20_000 });
    const large = await rawConnection(port.port);
    large.write(begun(12_000));
    const larger = await rawConnection(port.port);
    larger.write(begun(14_000));
    expect(await larger.received(/\r\n\r\n/)).toMatch(/^HTTP\/1.1 503 [\s\S]*retry-after: 5\r\n/i);
    const small = await rawConnection(port.port);
    small.write(delivery);
    await small.received(/^HTTP\/1.1 204 /);
    large.write("x".repeat(4_000));
    await large.received(/^HTTP\/1.1 204 /);
    await expectCounted(port, [
      ["debugger", "overloaded"],
      ["debugger", "accepted"],
      ["debugger", "accepted"],
    ]);
  });

  it("leave the budget when they are answered, cut off or too slow", async () => {
    const port = await publicPort({ heldBodyBytes: 20_000, requestTimeoutMs: 200 });
    for (let round = 0; round < 2; round += 1) {
      const cutOff = await rawConnection(port.port);
      cutOff.write(begun(15_000));
      cutOff.socket.end();
      const slow = await rawConnection(port.port);
      await cutOff.ended;
      slow.write(begun(15_000));
      await slow.received(/^HTTP\/1.1 408 /);
      const whole = await rawConnection(port.port);
      whole.write(begun(16_000));
      await whole.received(/^HTTP\/1.1 204 /);
    }
    expect(port.counted.filter(([, outcome]) => outcome === "overloaded")).toEqual([]);
  });

  it("are counted until their delivery is answered", async () => {
    const held = Promise.withResolvers<void>();
    const port = await publicPort({
      heldBodyBytes: 20_000,
      ingest: async () => {
        await held.promise;
        return { outcome: "accepted" };
      },
    });
    const first = await rawConnection(port.port);
    first.write(begun(16_000));
    await expect.poll(() => port.delivered.length).toBe(1);
    const second = await rawConnection(port.port);
    second.write(begun(16_000));
    await second.received(/^HTTP\/1.1 503 /);
    held.resolve();
    await first.received(/^HTTP\/1.1 204 /);
    const third = await rawConnection(port.port);
    third.write(begun(16_000));
    await third.received(/^HTTP\/1.1 204 /);
  });
});

it("a body in many small pieces is put together as it was sent", async () => {
  const port = await publicPort();
  const connection = await rawConnection(port.port);
  connection.write(head("POST", debuggerUrl, { ...signed, "Transfer-Encoding": "chunked" }));
  const text = Array.from({ length: 15_000 }, (_, index) => String.fromCharCode(97 + (index % 26))).join("");
  for (const char of text.slice(0, 5_000).split("")) connection.write(`1\r\n${char}\r\n`);
  connection.write(`${(10_000).toString(16)}\r\n${text.slice(5_000)}\r\n0\r\n\r\n`);
  await connection.received(/^HTTP\/1.1 204 /);
  expect(port.delivered[0]?.body.toString()).toBe(text);
});

describe("a budget", () => {
  it("is never exceeded, forgets nothing and pushes out only what has not ended", () => {
    const step = fc.record({
      body: fc.nat(9),
      what: fc.constantFrom("take", "take", "take", "complete", "release"),
      bytes: fc.nat(60),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const budget = createBodyBudget(100);
        const bytes = new Map<number, number>();
        const ended = new Set<number>();
        const open = (body: number) =>
          budget.open(() => {
            expect(ended.has(body)).toBe(false);
            bytes.set(body, 0);
          });
        const bodies = Array.from({ length: 10 }, (_, body) => open(body));
        for (const { body, what, bytes: more } of steps) {
          const held = bodies[body];
          if (held === undefined) continue;
          if (what === "release") {
            held.release();
            bodies[body] = open(body);
            ended.delete(body);
            bytes.set(body, 0);
          } else if (what === "complete") {
            held.complete();
            ended.add(body);
          } else if (!ended.has(body)) {
            const before = bytes.get(body) ?? 0;
            bytes.set(body, before + more);
            if (!held.take(more)) {
              bytes.set(body, 0);
              bodies[body] = open(body);
            }
          }
          expect([...bytes.values()].reduce((sum, each) => sum + each, 0)).toBeLessThanOrEqual(100);
        }
      }),
    );
  });
});
