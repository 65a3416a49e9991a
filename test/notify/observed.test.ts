import { expect, onTestFinished, test, vi } from "vitest";
import { Secret } from "../../src/core/secret.ts";
import { createNotifier } from "../../src/notify/create-notifier.ts";
import { postJson } from "../../src/notify/http-post.ts";
import { serverAddresses } from "../../src/notify/server-addresses.ts";
import type { HttpTelemetry } from "../../src/pipeline/ports.ts";
import { linkedTracing } from "../support/linked-tracing.ts";
import { startReceiver } from "../support/receivers/server.ts";
import { incidentNotice } from "./notices.ts";

const clock = { now: () => new Date("2026-01-02T03:04:30.000Z") };

function observers() {
  const tracing = linkedTracing();
  const httpRequested = vi.fn<HttpTelemetry["httpRequested"]>();
  return { tracing, httpRequested, telemetry: { httpRequested } };
}

test("a notice is measured and traced by host and status; its URL, which may be a secret, is not told", async () => {
  const receiver = await startReceiver(() => ({ status: 500, body: "no" }));
  onTestFinished(() => receiver.stop());
  const { httpRequested, ...options } = observers();
  const url = receiver.url.replace("http://", "http://user:hunter2@");
  await postJson({ url: `${url}/services/s3cr3t?token=s3cr3t`, body: "{}" }, { clock, ...options });

  expect(httpRequested.mock.calls).toEqual([
    [{ method: "POST", server: "127.0.0.1", status: 500 }, expect.any(Number)],
  ]);
  expect(options.tracing.recorded).toEqual([
    expect.objectContaining({
      name: "POST",
      kind: "client",
      failed: "500",
      attributes: {
        "http.request.method": "POST",
        "server.address": "127.0.0.1",
        "server.port": Number(new URL(receiver.url).port),
        "http.response.status_code": 500,
      },
    }),
  ]);
});

test("a receiver that is not there is measured without a status, with the reason on the span", async () => {
  const { httpRequested, ...options } = observers();
  await postJson({ url: "http://127.0.0.1:9/", body: "{}" }, { clock, ...options });
  expect(httpRequested.mock.calls[0]?.[0]).toEqual({ method: "POST", server: "127.0.0.1", status: null });
  expect(options.tracing.recorded[0]?.failed).toBe("network");
});

const url = (host: string) => new Secret(`https://user:pass@${host}:8443/path?token=x`);
const receivers: Parameters<typeof serverAddresses>[0][] = [
  { kind: "slack", name: "hook", webhookUrl: url("hooks.slack.example.com") },
  {
    kind: "slack",
    name: "bot",
    botToken: new Secret("xoxb"),
    channel: "C1",
    apiUrl: "https://slack.example.com/api/",
  },
  { kind: "pagerduty", name: "pager", routingKey: new Secret("r"), url: "https://events.example.com/v2/enqueue" },
  { kind: "alertmanager", name: "am", urls: [url("am-1.example.com"), url("am-2.example.com")] },
  { kind: "webhook", name: "web", url: url("web.example.com"), secret: null },
];

test("of every kind of receiver the hosts are known, and nothing else of its URLs", () => {
  expect(receivers.map(serverAddresses)).toEqual([
    ["hooks.slack.example.com"],
    ["slack.example.com"],
    ["events.example.com"],
    ["am-1.example.com", "am-2.example.com"],
    ["web.example.com"],
  ]);
});

test.each(receivers)("requests of receiver $name go where it is said to go", async (settings) => {
  const { httpRequested, tracing, telemetry } = observers();
  vi.stubGlobal("fetch", async () => new Response("{}", { status: 503 }));
  onTestFinished(() => void vi.unstubAllGlobals());
  const notifier = createNotifier(settings, { clock, tracing, telemetry });
  await notifier.send(incidentNotice(), null);
  expect(httpRequested).toHaveBeenCalled();
  for (const [{ server }] of httpRequested.mock.calls) expect(serverAddresses(settings)).toContain(server);
});
