import { describe, expect, it } from "vitest";
import type { Answer } from "../../src/core/outcome.ts";
import { linkedTracing } from "../support/linked-tracing.ts";
import { publicPort } from "./harness.ts";

const headers = {
  "content-type": "application/x-www-form-urlencoded",
  "x-twilio-signature": "c2lnbmVk",
  traceparent: `00-${"f".repeat(32)}-${"f".repeat(16)}-01`,
};

/** What a delivery leaves behind when ingest gives this answer. */
async function spanOf(answer: Answer) {
  const tracing = linkedTracing();
  const here = await publicPort({ tracing, ingest: async () => answer });
  const { status } = await fetch(`${here.url}/twilio/debugger?secret=1`, { method: "POST", headers, body: "a=b" });
  const [span] = tracing.recorded;
  expect(tracing.recorded).toHaveLength(1);
  return { here, status, span };
}

describe("the span of a delivery", () => {
  it("begins a trace whatever the sender says, names the route without the query, and goes on with the delivery", async () => {
    const { here, span } = await spanOf({ outcome: "accepted" });
    expect(span).toMatchObject({
      name: "POST /twilio/debugger",
      kind: "server",
      parent: null,
      failed: null,
      ended: true,
    });
    expect(span?.attributes).toEqual({
      "http.request.method": "POST",
      "http.route": "/twilio/debugger",
      "url.scheme": "http",
      "http.response.status_code": 204,
    });
    expect(here.delivered.map(({ trace }) => trace)).toEqual([span?.context]);
  });

  it("fails when we could not take it, by the reason", async () => {
    const { span } = await spanOf({ outcome: "rejected", reason: "database_unavailable", retryAfterSeconds: 5 });
    expect(span).toMatchObject({ failed: "database_unavailable", attributes: { "http.response.status_code": 503 } });
  });

  it("names the reason and does not fail when the sender was refused", async () => {
    const { span } = await spanOf({ outcome: "rejected", reason: "wrong_signature" });
    expect(span?.failed).toBeNull();
    expect(span?.attributes).toMatchObject({ "http.response.status_code": 403, "error.type": "wrong_signature" });
  });
});

it("what is none of our paths has no span, and a delivery that is not traced carries none", async () => {
  const tracing = linkedTracing();
  const traced = await publicPort({ tracing });
  await fetch(`${traced.url}/elsewhere`, { method: "POST", headers, body: "" });
  expect(tracing.recorded).toEqual([]);

  const plain = await publicPort();
  await fetch(`${plain.url}/twilio/debugger`, { method: "POST", headers, body: "a=b" });
  expect(plain.delivered).toHaveLength(1);
  expect(plain.delivered[0]).not.toHaveProperty("trace");
});
