import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import type { HttpTelemetry } from "../../src/pipeline/ports.ts";
import { twilioAddresses, twilioApiNames } from "../../src/twilio/apis.ts";
import { linkedTracing } from "../support/linked-tracing.ts";
import { alertSid, createReader, json, owner, startDouble } from "./double.ts";

const folder = join(import.meta.dirname, "../../src/twilio");

test("every call listed is made somewhere; that every call made is listed, the types say", () => {
  const sources = globSync("*.ts", { cwd: folder })
    .filter((file) => file !== "apis.ts")
    .map((file) => readFileSync(join(folder, file), "utf8"));
  expect(twilioApiNames.length).toBeGreaterThan(10);
  for (const api of twilioApiNames) {
    expect(
      sources.some((source) => source.includes(`"${api}"`)),
      api,
    ).toBe(true);
  }
});

test("requests go to Twilio's hosts, or to the one of TWILIO_API_BASE_URL", () => {
  expect(twilioAddresses(null).toSorted()).toEqual([
    "api.twilio.com",
    "conversations.twilio.com",
    "frontline-api.twilio.com",
    "monitor.twilio.com",
    "proxy.twilio.com",
  ]);
  expect(twilioAddresses("http://localhost:3000/sim")).toEqual(["localhost"]);
});

test.each([
  [200, { sid: alertSid, alert_text: "x" }, null],
  [404, { code: 20404 }, "404"],
  [200, [], "server_error"],
])("a request answered %i is measured and traced, without a sid or a query", async (status, body, failed) => {
  const double = await startDouble((_request, response) => json(response, status, body));
  const tracing = linkedTracing();
  const httpRequested = vi.fn<HttpTelemetry["httpRequested"]>();
  const telemetry = { twilioRequest: () => undefined, httpRequested };
  await createReader(double.baseUrl, { tracing, telemetry }).reader.fetchAlert(owner, alertSid);

  expect(httpRequested.mock.calls).toEqual([[{ method: "GET", server: "127.0.0.1", status }, expect.any(Number)]]);
  expect(tracing.recorded).toEqual([
    expect.objectContaining({
      name: "GET",
      kind: "client",
      failed,
      attributes: {
        "http.request.method": "GET",
        "server.address": "127.0.0.1",
        "server.port": Number(new URL(double.baseUrl).port),
        "http.response.status_code": status,
      },
    }),
  ]);
});

test("a request without an answer has no status, but a reason", async () => {
  const double = await startDouble((_request, response) => void response.destroy());
  const tracing = linkedTracing();
  const httpRequested = vi.fn<HttpTelemetry["httpRequested"]>();
  const telemetry = { twilioRequest: () => undefined, httpRequested };
  await createReader(double.baseUrl, { tracing, telemetry }).reader.fetchAlert(owner, alertSid);
  expect(httpRequested.mock.calls[0]?.[0]).toEqual({ method: "GET", server: "127.0.0.1", status: null });
  expect(tracing.recorded[0]?.failed).toBe("network");
  expect(tracing.recorded[0]?.attributes).not.toHaveProperty("http.response.status_code");
});
