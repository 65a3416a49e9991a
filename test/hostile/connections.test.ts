import type { Socket } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { courier, deliver, head, jsonParcel, webhookParcel } from "../support/deliver.ts";
import { type Faultline, useFaultlines } from "../support/faultline.ts";
import { errorEvent } from "../support/sign.ts";
import { allClosed, connectionsPossible, drip, openConnections } from "./connections.ts";

const faultlines = useFaultlines();
const sockets: Socket[] = [];
const many = 10_000;
const possible = connectionsPossible();
const hook = "/twilio/debugger";
/** Nobody's signature, though it looks like one. */
const signature = "RSOYDt4T1cUTdK1PDd93/VVr8B8=";
const formType = "application/x-www-form-urlencoded";
let made = 0;

afterEach(leave);

/** The strangers go. */
function leave(): void {
  for (const socket of sockets.splice(0)) socket.destroy();
}

async function strangers(port: number, count: number, bytes: string): Promise<Socket[]> {
  const opened = await openConnections(port, count, bytes);
  sockets.push(...opened);
  return opened;
}

function bodyOf(size: number, start = ""): string {
  const headers = { "content-type": formType, "x-twilio-signature": signature, "content-length": String(size) };
  return head({ target: hook, headers, body: "" }) + start;
}

/** Signed deliveries, each on a connection of its own, twenty at a time; every one must be taken within 5 s, as long as Twilio waits. */
async function expectServed(faultline: Faultline, count: number): Promise<void> {
  const before = await faultline.metric("twilio_debugger_events_total");
  const met: [status: number, inTime: boolean][] = [];
  const one = async () => {
    made += 1;
    const started = performance.now();
    const { status } = await deliver(faultline.publicPort, webhookParcel(errorEvent({ code: 80903 }, made)));
    met.push([status, performance.now() - started < 5_000]);
  };
  for (let sent = 0; sent < count; sent += 20) await Promise.all(Array.from({ length: 20 }, one));
  expect(met).toEqual(Array<[number, boolean]>(count).fill([204, true]));
  expect((await faultline.metric("twilio_debugger_events_total")) - before).toBe(count);
}

describe("connections that are held open", () => {
  test("by dripping headers or a body are cut off within the bounds, and others are served meanwhile", async () => {
    const faultline = await faultlines.start({ REQUEST_TIMEOUT: "2s", RATE_LIMIT_REFUSED: "1000000/s" });
    const headers = await strangers(faultline.publicPort, 200, `POST ${hook} HTTP/1.1\r\nHost: x\r\nX-A: `);
    const bodies = await strangers(faultline.publicPort, 200, bodyOf(100_000));
    const stop = drip([...headers, ...bodies], 100);
    const cutOff = Promise.all([allClosed(bodies, 10_000), allClosed(headers, 20_000)]);
    await expectServed(faultline, 100);
    const [body, header] = await cutOff;
    stop();
    // Two seconds to read and one to say so; ten seconds, looked at every second.
    expect(body).toMatchObject({ open: 0 });
    expect(body.tookMs).toBeLessThan(6_000);
    expect(header).toMatchObject({ open: 0 });
    expect(header.tookMs).toBeLessThan(14_000);
    const refused = { outcome: "rejected", reason: "request_timeout" };
    expect(await faultline.metric("faultline_deliveries_total", { ...refused, source: "debugger" })).toBe(200);
    expect(await faultline.metric("faultline_deliveries_total", { ...refused, source: "none" })).toBe(200);
    await expectServed(faultline, 20);
    leave();
    await faultline.stop();
  });

  test.skipIf(possible < many)(
    "by ten thousand strangers, as many as there may be, keep nobody out (needs a limit of 10,500 open files)",
    async () => {
      const faultline = await faultlines.start({ MAX_CONNECTIONS: String(many), RATE_LIMIT_REFUSED: "1000000/s" });
      const { publicPort: port } = faultline;
      const silent = await strangers(port, 2_500, "");
      await strangers(port, 2_500, `POST ${hook} HTTP/1.1\r\nHost: x\r\nX-A: `);
      await strangers(port, 2_500, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
      await strangers(port, 2_500, bodyOf(100_000, "Payload="));
      await expectServed(faultline, 100);
      // The ones who gave way are those who had said nothing.
      expect(silent.filter(({ closed, readableEnded }) => closed || readableEnded).length).toBeGreaterThanOrEqual(20);
      // The kept-alive connection of somebody who uses it is not touched.
      const used = courier(port, 1);
      const statuses: number[] = [];
      for (let round = 0; round < 10; round += 1) {
        made += 1;
        statuses.push((await used.send(webhookParcel(errorEvent({ code: 80903 }, made)))).status);
        await strangers(port, 100, "");
      }
      used.close();
      expect(statuses).toEqual(Array<number>(10).fill(204));
      expect((await faultline.get("/readyz")).status).toBe(200);
      leave();
      await faultline.stop();
    },
  );
});

describe("bodies that do not end", () => {
  test("hold a bounded amount of memory together, and keep no delivery out", async () => {
    const faultline = await faultlines.start({ REQUEST_TIMEOUT: "15s", RATE_LIMIT_REFUSED: "1000000/s" });
    const { publicPort: port } = faultline;
    await expectServed(faultline, 20);
    const before = await faultline.metric("process_resident_memory_bytes");
    // 880 MiB, of which 64 MiB may be held.
    const large = "x".repeat(900 * 1024);
    await strangers(port, 1_000, bodyOf(1024 * 1024, large));
    await expectServed(faultline, 60);
    const overloaded = { source: "debugger", outcome: "rejected", reason: "overloaded" };
    expect(await faultline.metric("faultline_deliveries_total", overloaded)).toBeGreaterThanOrEqual(900);
    // A large delivery as well: it is not here to stay.
    const events = Array.from({ length: 1_000 }, (_, index) => ({
      type: "com.example.other",
      index,
      text: "x".repeat(900),
    }));
    expect((await deliver(port, jsonParcel("/twilio/events", JSON.stringify(events)))).status).toBe(204);
    const grown = (await faultline.metric("process_resident_memory_bytes")) - before;
    // Some 240 MiB with what is read and not yet collected, however many come; all of it is more than three times that.
    expect(grown / 2 ** 20).toBeLessThan(400);
    leave();
    await faultline.stop();
  });

  test("in a million pieces of one byte take no more than their bytes", async () => {
    const faultline = await faultlines.start({ REQUEST_TIMEOUT: "60s", RATE_LIMIT_REFUSED: "1000000/s" });
    const { publicPort: port } = faultline;
    await expectServed(faultline, 20);
    const before = await faultline.metric("process_resident_memory_bytes");
    const chunked = bodyOf(0).replace("content-length: 0", "transfer-encoding: chunked");
    const pieces = await strangers(port, 10, chunked + "1\r\nx\r\n".repeat(200_000));
    await expect.poll(() => pieces.every(({ writableLength }) => writableLength === 0), { timeout: 30_000 }).toBe(true);
    await expectServed(faultline, 20);
    const grown = (await faultline.metric("process_resident_memory_bytes")) - before;
    // Kept one by one they would take some 200 MiB.
    expect(grown / 2 ** 20).toBeLessThan(100);
    leave();
    await faultline.stop();
  });
});
