import { describe, expect, it } from "vitest";
import { type RejectReason, rejections } from "../../src/core/outcome.ts";
import type { Ingest } from "../../src/pipeline/ingest.ts";
import { createRateLimit } from "../../src/receive/rate-limit.ts";
import { createRefusalLimit } from "../../src/receive/rate-limit-refused.ts";
import { debuggerUrl, formType, head, publicPort, rawConnection } from "./harness.ts";

const rightLooking = `${"A".repeat(27)}=`;
const unsigned = { "Content-Type": formType };
const signed = { ...unsigned, "X-Twilio-Signature": rightLooking };

/** A public port with room for so many refusals an address, and then one every 10 s. */
async function limitedPort(room: number, ingest?: Ingest, signatureRequired = true) {
  let ms = 0;
  let said = 0;
  const refusals = createRefusalLimit(
    createRateLimit({ count: room, periodMs: room * 10_000 }, () => ms),
    () => {
      said += 1;
    },
  );
  const port = await publicPort({ refusals, signatureRequired, ...(ingest !== undefined && { ingest }) });
  return {
    port,
    said: () => said,
    pass: (by: number) => {
      ms += by;
    },
    send: async (headers: Record<string, string>, body = "a=1", path = debuggerUrl) => {
      const response = await fetch(port.url + path, { method: "POST", headers, body });
      return { status: response.status, retryAfter: response.headers.get("retry-after"), body: await response.text() };
    },
  };
}

const wronglySigned: Ingest = async () => ({ outcome: "rejected", reason: "wrong_signature" });

describe("an address with too many refused deliveries", () => {
  it("is answered 429 with Retry-After in place of its refusals, until there is room again", async () => {
    const { port, send, pass, said } = await limitedPort(2);
    expect([(await send(unsigned)).status, (await send(unsigned)).status]).toEqual([401, 401]);
    expect(await send(unsigned)).toEqual({ status: 429, retryAfter: "10", body: "" });
    pass(9_500);
    expect(await send(unsigned)).toMatchObject({ status: 429, retryAfter: "1" });
    pass(500);
    expect([(await send(unsigned)).status, (await send(unsigned)).status]).toEqual([401, 429]);
    expect(said()).toBe(3);
    expect(port.counted.map(([, reason]) => reason)).toEqual([
      "no_signature",
      "no_signature",
      "rate_limited",
      "rate_limited",
      "no_signature",
      "rate_limited",
    ]);
  });

  it("gets everything accepted that is signed right", async () => {
    const { port, send } = await limitedPort(1);
    for (let count = 0; count < 5; count += 1) await send(unsigned);
    for (let count = 0; count < 20; count += 1) expect((await send(signed)).status).toBe(204);
    expect(port.delivered).toHaveLength(20);
  });

  it("is answered 429 in place of 403 once its signature has been found wrong", async () => {
    const { port, send } = await limitedPort(1, wronglySigned);
    expect([(await send(signed)).status, (await send(signed)).status]).toEqual([403, 429]);
    expect(port.delivered, "both were read and checked").toHaveLength(2);
  });

  it("is not read further than the head, when there is no signature or none that can be right", async () => {
    const { port, send } = await limitedPort(1, wronglySigned);
    await send(unsigned);
    for (const signature of [
      null,
      "x",
      `${rightLooking}=`,
      "A".repeat(28),
      `é${"A".repeat(26)}=`,
      "A".repeat(10_000),
    ]) {
      const connection = await rawConnection(port.port);
      const headers = {
        ...unsigned,
        "Content-Length": "5000",
        ...(signature !== null && { "X-Twilio-Signature": signature }),
      };
      connection.write(head("POST", debuggerUrl, headers));
      expect(await connection.received(/\r\n\r\n/)).toMatch(/^HTTP\/1.1 429 /);
    }
    expect(port.delivered).toEqual([]);
  });

  it("is read and checked all the same while there is room, so that the right reason is told", async () => {
    const { port, send } = await limitedPort(1, wronglySigned);
    expect((await send({ ...unsigned, "X-Twilio-Signature": "x" })).status).toBe(403);
    expect(port.delivered).toHaveLength(1);
  });

  it("is refused so on every path, also on those that do not exist", async () => {
    const { send } = await limitedPort(1);
    expect((await send(unsigned, "", "/wp-login.php")).status).toBe(404);
    expect((await send(unsigned, "", "/.env")).status).toBe(429);
    expect((await send(unsigned)).status).toBe(429);
  });

  it("may send unsigned where that is allowed", async () => {
    const { send } = await limitedPort(1, undefined, false);
    await send(unsigned, "", "/nowhere");
    expect([(await send(unsigned, "", "/nowhere")).status, (await send(unsigned)).status]).toEqual([429, 204]);
  });
});

describe("which refusals count", () => {
  const own: readonly RejectReason[] = ["overloaded", "database_unavailable", "rate_limited", "aborted"];
  const reasons = Object.keys(rejections) as RejectReason[];

  it.each(reasons)("%s", (reason) => {
    const limit = createRefusalLimit(
      createRateLimit({ count: 1, periodMs: 60_000 }, () => 0),
      () => undefined,
    );
    const answer = { outcome: "rejected", reason, retryAfterSeconds: 7 } as const;
    expect(limit.judge("a", answer)).toBe(answer);
    const again = limit.judge("a", answer);
    if (own.includes(reason)) expect(again).toBe(answer);
    else expect(again).toEqual({ outcome: "rejected", reason: "rate_limited", retryAfterSeconds: 60 });
    expect(limit.judge("a", { outcome: "accepted" })).toEqual({ outcome: "accepted" });
  });
});
