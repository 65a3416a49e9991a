import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { afterEach, expect, test } from "vitest";
import { deliver, formParcel, jsonParcel, rawExchange, webhookParcel } from "../support/deliver.ts";
import { account, useFaultlines } from "../support/faultline.ts";
import { type Everyone, startEveryone } from "../support/receivers/everyone.ts";
import { debuggerForm, type ErrorEvent, errorEvent, streamEvent } from "../support/sign.ts";
import { type SimulatedTwilio, startSimulatedTwilio } from "../support/simulated-twilio/server.ts";
import { until } from "../support/until.ts";

const faultlines = useFaultlines();
let twilio: SimulatedTwilio | null = null;
let everyone: Everyone | null = null;
const closing: (() => void)[] = [];

afterEach(async () => {
  await Promise.all([twilio?.stop(), everyone?.stop()]);
  for (const close of closing.splice(0)) close();
  twilio = null;
  everyone = null;
});

const publicPaths = ["/twilio/debugger", "/twilio/events", "/twilio/alarms"];
const privatePaths = [
  "/metrics",
  "/livez",
  "/readyz",
  "/api/v1/openapi.json",
  "/api/v1/incidents",
  "/api/v1/incidents/inc_1",
  "/api/v1/events",
  "/api/v1/quarantine",
  "/api/v1/rules",
  "/api/v1/codes/80604",
  "/api/v1/receivers",
  "/api/v1/silences",
  "/api/v1/requeue",
];

/** An answer as text, from a server that is asked as rudely as can be. */
async function ask(port: number, method: string, target: string, headers = ""): Promise<string> {
  const head = `${method} ${target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n${headers}\r\n`;
  return await rawExchange(port, head, "keep open", 5_000);
}

test("nothing of the private port answers on the public one, and nothing of the public on the private", async () => {
  const faultline = await faultlines.start({ RATE_LIMIT_REFUSED: "1000000/s" });
  const { publicPort, adminPort } = faultline;
  const spellings = ["", "/", "?token=x", "/..", "%2f"];
  const schemes = [`http://localhost:${adminPort}`, `http://127.0.0.1:${adminPort}`, "//localhost"];
  const targets = privatePaths.flatMap((path) => [
    ...spellings.map((spelling) => path + spelling),
    ...schemes.map((scheme) => scheme + path),
    `/twilio/debugger/..${path}`,
    `/twilio/debugger%2f..${path}`,
    path.toUpperCase(),
  ]);
  for (const target of targets) {
    for (const method of ["GET", "POST"]) {
      const [head = "", body] = (await ask(publicPort, method, target)).split("\r\n\r\n");
      expect([method, target, head.split("\r\n")[0], body]).toEqual([method, target, "HTTP/1.1 404 Not Found", ""]);
    }
  }
  for (const path of publicPaths) {
    for (const method of ["GET", "POST", "PUT"]) {
      expect(await ask(adminPort, method, path), `${method} ${path}`).toMatch(/^HTTP\/1\.1 404 /);
    }
  }
  // Signed as it should be, at the wrong door.
  const signed = webhookParcel(errorEvent({ code: 80604 }));
  expect((await deliver(adminPort, signed)).status).toBe(404);
  expect(await faultline.events()).toEqual([]);
  await faultline.stop();
});

test("answers on both ports carry careful headers, and nothing that tells what runs here", async () => {
  const faultline = await faultlines.start();
  const header = (text: string, name: string) => new RegExp(`^${name}: (.*)$`, "im").exec(text)?.[1]?.trim();
  for (const [method, target] of [
    ["GET", "/"],
    ["POST", "/twilio/debugger"],
    ["GET", "/twilio/events"],
    ["TRACE", "/twilio/alarms"],
    ["GET", "/%"],
  ] as const) {
    const text = await ask(faultline.publicPort, method, target, "Content-Length: 0\r\n");
    expect([target, header(text, "x-content-type-options"), header(text, "cache-control")]).toEqual([
      target,
      "nosniff",
      "no-store",
    ]);
    expect(text).not.toMatch(/^(x-powered-by|server|etag):/im);
    expect(text.split("\r\n\r\n")[1]).toBe("");
  }
  for (const path of [...privatePaths, "/", "/%", "/api/v1/events?limit=x"]) {
    const text = await ask(faultline.adminPort, "GET", path);
    expect([path, header(text, "x-content-type-options"), header(text, "cache-control")]).toEqual([
      path,
      "nosniff",
      "no-store",
    ]);
    expect(header(text, "content-security-policy")).toContain("default-src 'none'");
    expect(header(text, "referrer-policy")).toBe("no-referrer");
    expect(text).not.toMatch(/^(x-powered-by|server|etag|access-control-allow-origin):/im);
    expect(text).not.toMatch(/\n\s+at |node_modules|\.ts:\d/);
  }
  await faultline.stop();
});

test("no URL taken from an event is ever fetched", async () => {
  // Whoever connects at all has been lured, even if he only meant to look.
  let connections = 0;
  const canary = createServer((socket) => {
    connections += 1;
    socket.destroy();
  });
  await new Promise<void>((resolve) => canary.listen(0, "127.0.0.1", resolve));
  closing.push(() => canary.close());
  const lure = `http://127.0.0.1:${(canary.address() as AddressInfo).port}/latest/meta-data`;
  twilio = await startSimulatedTwilio();
  everyone = await startEveryone();
  const faultline = await faultlines.start({ ...everyone.env, TWILIO_API_BASE_URL: twilio.baseUrl });

  const webhook = {
    type: lure,
    request: {
      url: lure,
      method: "GET",
      headers: { Referer: lure, Host: lure },
      parameters: { Url: lure, From: lure, To: lure, MediaUrl0: lure },
    },
    response: {
      status_code: 307,
      headers: { Location: lure, Link: `<${lure}>; rel=preload`, "Content-Type": "text/xml" },
      body: `<?xml version="1.0"?><!DOCTYPE r SYSTEM "${lure}" [<!ENTITY x SYSTEM "${lure}">]><Response><Play>${lure}</Play>&x;</Response>`,
    },
  };
  const codes = [11200, 11750, 12100, 48031, 50416, 80604, 80903, 80905, 99_999];
  const events = codes.flatMap((code, nth): ErrorEvent[] => [
    errorEvent({ code, message: `see ${lure}`, webhook }, nth * 2 + 1),
    errorEvent({ code, message: lure, resource: lure, service: lure, webhook }, nth * 2 + 2),
  ]);
  for (const event of events) {
    twilio.state.account().monitor.addAlert({
      sid: event.sid,
      code: event.code,
      method: "POST",
      url: lure,
      text: { Msg: lure, url: lure, more_info: lure },
      variables: { Url: lure, From: lure },
      responseHeaders: { Location: lure },
      responseBody: webhook.response.body,
    });
    const form = { ...debuggerForm(event), PayloadUrl: lure, Url: lure, StatusCallback: lure };
    expect((await deliver(faultline.publicPort, formParcel("/twilio/debugger", form))).status).toBe(204);
  }
  // The same in an envelope whose every text is the lure; and an alarm.
  const streamed = codes.map((code, nth) => {
    const envelope = streamEvent(errorEvent({ code, webhook }, 1_000 + nth));
    const payload = JSON.stringify({ error_code: code, message: lure, more_info: lure, webhook, resource_sid: lure });
    const data = { ...Object(envelope.data), payload, dataref: lure, schema_url: lure, correlation_sid: lure };
    return { ...envelope, dataschema: lure, dataref: lure, source: lure, subject: lure, data };
  });
  expect((await deliver(faultline.publicPort, jsonParcel("/twilio/events", JSON.stringify(streamed)))).status).toBe(
    204,
  );
  const alarm = {
    AccountSid: account.sid,
    ErrorCode: "11200",
    Description: lure,
    TriggerValue: lure,
    Url: lure,
    CallbackUrl: lure,
  };
  expect((await deliver(faultline.publicPort, formParcel("/twilio/alarms", alarm))).status).toBe(204);

  // All that is to be done about them is done: diagnosed, and told.
  await until("every job to be done", 60_000, async () => {
    const samples = await faultline.samples();
    const waiting = samples.filter(
      ({ name, labels }) =>
        name === "faultline_queue_jobs" && labels.state !== "completed" && labels.state !== "failed",
    );
    const diagnosed = samples
      .filter(({ name }) => name === "twilio_diagnoses_total")
      .reduce((sum, { value }) => sum + value, 0);
    return diagnosed > codes.length && waiting.every(({ value }) => value === 0);
  });
  const { slack, pagerduty, alertmanager, webhook: told } = everyone;
  await until("a message at each receiver", 20_000, () =>
    [slack, pagerduty, alertmanager, told].every(({ received }) => received.length > 0),
  );
  expect(twilio.calls.count("/v1/Alerts/")).toBeGreaterThan(0);
  await faultline.stop();
  expect(connections).toBe(0);
  // It would have been noticed.
  await fetch(lure).catch(() => undefined);
  expect(connections).toBeGreaterThan(0);
});
