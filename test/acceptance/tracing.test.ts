import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { stageFaults } from "../../src/cli/demo/world.ts";
import { type Backend, embedded, postgresAndRedis } from "../support/backends.ts";
import { deliver, type Parcel, webhookParcel } from "../support/deliver.ts";
import { account, type Faultline, useFaultlines } from "../support/faultline.ts";
import { type CollectedSpan, type OtlpCollector, startOtlpCollector } from "../support/otlp-collector.ts";
import { startSlackWebhook } from "../support/receivers/slack-webhook.ts";
import { startWebhook, type WebhookDouble, webhookSecret } from "../support/receivers/webhook.ts";
import { errorEvent } from "../support/sign.ts";
import { type SimulatedTwilio, startSimulatedTwilio } from "../support/simulated-twilio/server.ts";
import { until } from "../support/until.ts";

/*
 * Traces as a collector gets them from real processes: one from the delivery to the last notice.
 */

const faultlines = useFaultlines();
let backend: Backend | null = null;
let twilio: SimulatedTwilio | null = null;
let webhook: WebhookDouble | null = null;
let collector: OtlpCollector | null = null;

afterEach(async () => {
  await Promise.all([backend?.dispose(), twilio?.stop(), webhook?.stop(), collector?.stop()]);
  backend = null;
  twilio = null;
  webhook = null;
  collector = null;
});

/** A collector, a Twilio with a staged 50416, and a receiver. */
async function startWorld() {
  collector = await startOtlpCollector();
  twilio = await startSimulatedTwilio({ latencyMs: 20 });
  webhook = await startWebhook();
  const fault = stageFaults(twilio, new Date()).find(({ code }) => code === 50416);
  if (fault === undefined) throw new Error("expected a staged 50416");
  const env = {
    ...collector.env,
    TWILIO_API_BASE_URL: twilio.baseUrl,
    WEBHOOK_URL: webhook.url,
    WEBHOOK_SECRET: webhookSecret,
  };
  return { collector, webhook, fault, env };
}

const withHeader = (parcel: Parcel, name: string, value: string): Parcel => ({
  ...parcel,
  headers: { ...parcel.headers, [name]: value },
});

/** What a trace must hold, whoever made its spans. */
async function expectOneTrace({ collector, webhook }: { collector: OtlpCollector; webhook: WebhookDouble }) {
  const notified = await collector.span("process notify-webhook");
  await until("the notice", 15_000, () => webhook.deliveries.length === 1);
  const delivery = await collector.span("POST /twilio/debugger");
  const commit = await collector.span("commit events");
  const sent = await collector.span("send diagnose");
  const diagnosed = await collector.span("process diagnose");
  const told = await collector.span("send notify-webhook");
  // The client spans end before those they belong to, so they are here.
  const calls = collector.spans().filter(({ kind, name }) => kind === "client" && name !== "commit events");

  const all = collector.spans();
  expect(new Set(all.map(({ traceId }) => traceId)), "one trace").toEqual(new Set([delivery.traceId]));
  expect(all.filter(({ parentId }) => parentId === null)).toEqual([delivery]);
  const parents = { commit, sent, diagnosed, told, notified };
  expect(Object.fromEntries(Object.entries(parents).map(([name, { parentId }]) => [name, parentId]))).toEqual({
    commit: delivery.spanId,
    sent: delivery.spanId,
    diagnosed: delivery.spanId,
    told: diagnosed.spanId,
    notified: diagnosed.spanId,
  });
  expect(diagnosed.links).toEqual([{ traceId: sent.traceId, spanId: sent.spanId }]);
  expect(notified.links).toEqual([{ traceId: told.traceId, spanId: told.spanId }]);
  expect(calls.filter(({ parentId }) => parentId === diagnosed.spanId).length, "calls to Twilio").toBeGreaterThan(1);
  expect(
    calls.filter(({ parentId }) => parentId === notified.spanId),
    "the post to the receiver",
  ).toHaveLength(1);
  expect(all.filter(({ failed }) => failed)).toEqual([]);
  return { delivery, commit, sent, diagnosed, told, notified, calls };
}

/** Nothing that is private, secret or without bound. */
function expectDiscretion(spans: readonly CollectedSpan[], env: Readonly<Record<string, string>>): void {
  const texts = spans.flatMap(({ name, attributes }) => [name, ...Object.values(attributes).map(String)]);
  expect(texts.length).toBeGreaterThan(20);
  for (const text of texts) {
    expect(text).not.toMatch(/\b[A-Z]{2}[0-9a-f]{32}\b/);
    expect(text).not.toMatch(/\+\d{6,}|%2B\d{6,}/);
    expect(text).not.toContain("?");
    for (const secret of [account.token, webhookSecret, new URL(env.WEBHOOK_URL ?? "http://-/").search]) {
      expect(text).not.toContain(secret);
    }
  }
}

describe.for([embedded, postgresAndRedis])("on $name", (kind) => {
  test.skipIf(!kind.available)("a delivery and all that comes of it are one trace, up to the notice", async () => {
    backend = await kind.open();
    const world = await startWorld();
    const faultline = await faultlines.start({ ...backend.env, ...world.env });
    expect((await deliver(faultline.publicPort, webhookParcel(world.fault))).status).toBe(204);

    const { delivery, commit, sent, diagnosed, told, notified } = await expectOneTrace(world);
    expectDiscretion(world.collector.spans(), world.env);
    expect(delivery).toMatchObject({ kind: "server", resource: { "service.name": "faultline" } });
    expect(delivery.attributes).toEqual({
      "http.request.method": "POST",
      "http.route": "/twilio/debugger",
      "http.response.status_code": 204,
      "url.scheme": "http",
    });
    expect(commit.kind).toBe("client");
    expect(commit.attributes).toEqual({
      "db.system.name": "postgresql",
      "faultline.events.count": 1,
      "faultline.events.recorded": 1,
      "faultline.events.duplicate": 0,
      "faultline.events.quarantined": 0,
    });
    const messages: [CollectedSpan, string, string, string][] = [
      [sent, "producer", "send", "diagnose"],
      [diagnosed, "consumer", "process", "diagnose"],
      [told, "producer", "send", "notify-webhook"],
      [notified, "consumer", "process", "notify-webhook"],
    ];
    for (const [span, spanKind, operation, queue] of messages) {
      expect(span.kind).toBe(spanKind);
      expect(span.attributes).toMatchObject({
        "messaging.system": "bullmq",
        "messaging.operation.name": operation,
        "messaging.operation.type": operation,
        "messaging.destination.name": queue,
      });
    }
    expect(diagnosed.attributes["messaging.message.id"]).toBe(sent.attributes["messaging.message.id"]);
    expect(notified.attributes["messaging.message.id"]).toBe(told.attributes["messaging.message.id"]);
    // Neither metrics nor logs go this way.
    expect(new Set(world.collector.received.map(({ path }) => path))).toEqual(new Set(["/v1/traces"]));
    await faultline.stop();
  });
});

test.skipIf(!postgresAndRedis.available)(
  "it is one trace, too, when one process receives and another works",
  async () => {
    backend = await postgresAndRedis.open();
    const world = await startWorld();
    const env = { ...backend.env, ...world.env };
    const worker = await faultlines.start(env, ["serve", "--role", "worker"]);
    const receiver = await faultlines.start(env, ["serve", "--role", "ingest"]);
    expect((await deliver(receiver.publicPort, webhookParcel(world.fault))).status).toBe(204);
    const { delivery, diagnosed } = await expectOneTrace(world);
    expect(delivery.resource["process.pid"]).toBe(receiver.pid);
    expect(diagnosed.resource["process.pid"]).toBe(worker.pid);
    await Promise.all([receiver.stop(), worker.stop()]);
  },
);

test("what a sender says of traces is not believed", async () => {
  collector = await startOtlpCollector();
  const faultline = await faultlines.start(collector.env);
  const theirs = "4bf92f3577b34da6a3ce929d0e0e4736";
  const parcels = [
    // Not to be sampled, of another trace, and nonsense.
    withHeader(webhookParcel(errorEvent({ code: 99_123 }, 1)), "traceparent", `00-${theirs}-00f067aa0ba902b7-00`),
    withHeader(webhookParcel(errorEvent({ code: 99_123 }, 2)), "traceparent", `00-${theirs}-00f067aa0ba902b7-01`),
    withHeader(webhookParcel(errorEvent({ code: 99_123 }, 3)), "traceparent", "x".repeat(4_000)),
  ];
  for (const parcel of parcels) {
    const told = withHeader(withHeader(parcel, "tracestate", "evil=1"), "baggage", "evil=1");
    expect((await deliver(faultline.publicPort, told)).status).toBe(204);
  }
  await collector.span("POST /twilio/debugger", 2);
  const deliveries = collector.spans().filter(({ kind }) => kind === "server");
  expect(deliveries).toHaveLength(3);
  expect(new Set(deliveries.map(({ traceId }) => traceId)).size).toBe(3);
  for (const span of collector.spans()) {
    expect(span.traceId).not.toBe(theirs);
    expect(JSON.stringify(span)).not.toContain("evil");
  }
  await faultline.stop();
});

test("a refusal says why, and is not taken for a failure of ours", async () => {
  collector = await startOtlpCollector();
  const faultline = await faultlines.start(collector.env);
  const forged = withHeader(webhookParcel(errorEvent({ code: 99_123 })), "x-twilio-signature", "bm90IHNpZ25lZA==");
  expect((await deliver(faultline.publicPort, forged)).status).toBe(403);
  expect(
    (await deliver(faultline.publicPort, { target: "/twilio/debugger", method: "QUERY", headers: {}, body: "" }))
      .status,
  ).toBe(405);
  expect((await deliver(faultline.publicPort, { target: "/elsewhere", headers: {}, body: "" })).status).toBe(404);
  const span = await collector.span("POST /twilio/debugger");
  expect(span).toMatchObject({
    failed: false,
    attributes: { "http.response.status_code": 403, "error.type": "wrong_signature" },
  });
  expect(await collector.span("HTTP /twilio/debugger")).toMatchObject({
    attributes: { "http.request.method": "_OTHER", "http.response.status_code": 405 },
  });
  await faultline.stop();
  expect(collector.spans()).toHaveLength(2);
});

test("what time resolves begins a trace of its own, linked to the one before, the same for all receivers", async () => {
  const world = await startWorld();
  const { collector } = world;
  const slack = await startSlackWebhook();
  try {
    const faultline = await faultlines.start({
      ...world.env,
      SLACK_WEBHOOK_URL: slack.url,
      INCIDENT_QUIET_PERIOD: "4s",
    });
    expect((await deliver(faultline.publicPort, webhookParcel(world.fault))).status).toBe(204);
    const resolved = await collector.span("tell resolved");
    const diagnosed = await collector.span("process diagnose");
    expect(resolved.parentId).toBeNull();
    expect(resolved.traceId).not.toBe(diagnosed.traceId);
    expect(resolved.links).toEqual([{ traceId: diagnosed.traceId, spanId: diagnosed.spanId }]);
    await collector.span("process notify-webhook", 1);
    await collector.span("process notify-slack", 1);
    const after = collector.spans().filter(({ traceId, kind }) => traceId === resolved.traceId && kind !== "client");
    expect(after.map(({ name, parentId }) => `${name} < ${parentId}`).toSorted()).toEqual([
      `process notify-slack < ${resolved.spanId}`,
      `process notify-webhook < ${resolved.spanId}`,
      `send notify-slack < ${resolved.spanId}`,
      `send notify-webhook < ${resolved.spanId}`,
      "tell resolved < null",
    ]);
    await faultline.stop();
  } finally {
    await slack.stop();
  }
});

test("a trace that is not sampled is not sampled anywhere, and the log names none", async () => {
  const world = await startWorld();
  world.webhook.faults.add({ status: 400 });
  const faultline = await faultlines.start({
    ...world.env,
    OTEL_TRACES_SAMPLER: "parentbased_always_off",
    OTEL_BSP_SCHEDULE_DELAY: "10",
  });
  expect((await deliver(faultline.publicPort, webhookParcel(world.fault))).status).toBe(204);
  await until("a refused notice", 10_000, () => refusal(faultline) ?? null);
  expect(refusal(faultline)).not.toHaveProperty("trace_id");
  await faultline.stop();
  expect(world.collector.received).toEqual([]);
});

const refusal = (faultline: Faultline) => faultline.logs().find(({ msg }) => msg === "A notice could not be delivered");

test("lines of the log name the trace they belong to", async () => {
  const world = await startWorld();
  world.webhook.faults.add({ status: 400 });
  const faultline = await faultlines.start(world.env);
  expect((await deliver(faultline.publicPort, webhookParcel(world.fault))).status).toBe(204);
  const line = await until("a refused notice", 10_000, () => refusal(faultline) ?? null);
  const notified = await world.collector.span("process notify-webhook");
  expect(line).toMatchObject({ trace_id: notified.traceId, span_id: notified.spanId });
  expect(faultline.logs().find(({ msg }) => msg === "Faultline is ready")).not.toHaveProperty("trace_id");
  await faultline.stop();
});

describe("of OpenTelemetry's SDK", () => {
  /** The packages of OpenTelemetry that a process has loaded by the time it has answered a delivery and ended. */
  async function packagesLoaded(env: Record<string, string>): Promise<string[]> {
    const list = join(faultlines.folder(), "modules.txt");
    const faultline = await faultlines.start({
      ...env,
      NODE_OPTIONS: `--import=${new URL("../support/watch-modules.ts", import.meta.url).href}`,
      WATCH_MODULES: list,
    });
    expect((await deliver(faultline.publicPort, webhookParcel(errorEvent({ code: 99_123 })))).status).toBe(204);
    await faultline.stop();
    const loaded = readFileSync(list, "utf8");
    expect(loaded).toContain("/src/app.ts");
    expect(loaded).toContain("/node_modules/bullmq/");
    const names = [...loaded.matchAll(/node_modules\/(@opentelemetry\/[^/]+)\//g)].map(([, name = ""]) => name);
    // prom-client loads the API, which by itself does nothing.
    return [...new Set(names)].filter((name) => name !== "@opentelemetry/api");
  }

  test("nothing is loaded unless there is an endpoint", async () => {
    expect(await packagesLoaded({})).toEqual([]);
    expect(await packagesLoaded({ OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:9" })).toContain(
      "@opentelemetry/sdk-node",
    );
  });
});

describe("a collector", () => {
  const deliveries = 200;

  async function deliverAll(faultline: Faultline): Promise<number> {
    const started = performance.now();
    const parcels = Array.from({ length: deliveries }, (_, n) => webhookParcel(errorEvent({ code: 99_123 }, n + 1)));
    const answers = await Promise.all(parcels.map((parcel) => deliver(faultline.publicPort, parcel)));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([204]));
    return performance.now() - started;
  }

  const complaints = (faultline: Faultline) =>
    faultline.logs().filter(({ msg }) => String(msg).startsWith("Trouble with sending traces"));

  test("that is not there is told once, and nobody waits for it", async () => {
    const faultline = await faultlines.start({
      OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:9",
      OTEL_BSP_SCHEDULE_DELAY: "10",
      OTEL_EXPORTER_OTLP_TIMEOUT: "500",
    });
    expect(await deliverAll(faultline)).toBeLessThan(10_000);
    await until("a word about it", 10_000, () => complaints(faultline).length > 0);
    await deliverAll(faultline);
    expect(complaints(faultline)).toHaveLength(1);
    expect(complaints(faultline)[0]).toMatchObject({ level: "warn", code: "ECONNREFUSED" });
    expect(faultline.output()).not.toContain("PeriodicExportingMetricReader");
    const started = performance.now();
    await faultline.stop();
    expect(performance.now() - started).toBeLessThan(8_000);
  });

  test("that never answers holds up neither deliveries nor the end", async () => {
    collector = await startOtlpCollector();
    collector.faults.add({ hang: true });
    const faultline = await faultlines.start(collector.env);
    expect(await deliverAll(faultline)).toBeLessThan(10_000);
    await until("a request to it", 10_000, () => (collector?.received.length ?? 0) > 0);
    const started = performance.now();
    await faultline.stop();
    // Three seconds for the traces, and what the rest takes; the SDK alone would wait ten.
    expect(performance.now() - started).toBeLessThan(8_000);
    expect(faultline.logs().at(-1)).toMatchObject({ msg: "Stopped" });
  });

  test("gets what was left at the end", async () => {
    collector = await startOtlpCollector();
    const faultline = await faultlines.start({ ...collector.env, OTEL_BSP_SCHEDULE_DELAY: "60000" });
    expect((await deliver(faultline.publicPort, webhookParcel(errorEvent({ code: 99_123 })))).status).toBe(204);
    expect(collector.spans()).toEqual([]);
    await faultline.stop();
    expect(collector.spans().map(({ name }) => name)).toContain("POST /twilio/debugger");
  });
});
