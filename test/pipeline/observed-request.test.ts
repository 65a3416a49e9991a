import { expect, test } from "vitest";
import { observedRequest } from "../../src/pipeline/observed-request.ts";
import { linkedTracing } from "../support/linked-tracing.ts";

const url = new URL(`https://proxy.twilio.com/v1/Services/KS${"a".repeat(32)}?Identifier=%2B15550100`);

test("a request is a CLIENT span that tells of the URL only where it went", async () => {
  const tracing = linkedTracing();
  const seen = await observedRequest("GET", url, { tracing }, async () => ({ status: 200, failure: null, body: "x" }));
  expect(seen.body).toBe("x");
  expect(tracing.recorded).toEqual([
    expect.objectContaining({
      name: "GET",
      kind: "client",
      failed: null,
      ended: true,
      attributes: {
        "http.request.method": "GET",
        "server.address": "proxy.twilio.com",
        "server.port": 443,
        "http.response.status_code": 200,
      },
    }),
  ]);
});

test.each([
  ["an error's status, also where the reason is known", { status: 429, failure: "rate_limited" }, "429"],
  ["why there was no answer", { status: null, failure: "timeout" }, "timeout"],
  ["what was wrong with a good answer", { status: 200, failure: "server_error" }, "server_error"],
])("a span fails with %s", async (_what, seen, errorType) => {
  const tracing = linkedTracing();
  await observedRequest("POST", new URL("http://127.0.0.1:9093/x"), { tracing }, async () => seen);
  expect(tracing.recorded[0]).toMatchObject({ attributes: { "server.port": 9093 }, failed: errorType });
});

test("a request is measured inside its span, by host, method and status", async () => {
  const tracing = linkedTracing();
  const measured: unknown[] = [];
  const telemetry = {
    httpRequested: (of: unknown, seconds: number) => measured.push([of, seconds >= 0, tracing.recorded[0]?.ended]),
  };
  await observedRequest("GET", url, { tracing, telemetry }, async () => ({ status: null, failure: "network" }));
  expect(measured).toEqual([[{ method: "GET", server: "proxy.twilio.com", status: null }, true, false]]);
});

test("nobody has to look", async () => {
  expect(await observedRequest("GET", url, {}, async () => ({ status: 200, failure: null }))).toEqual({
    status: 200,
    failure: null,
  });
});
