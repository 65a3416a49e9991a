import { NodeSDK } from "@opentelemetry/sdk-node";
import { afterEach, describe, expect, it, vi } from "vitest";
import { noTracing, type SpanSpec, type Tracing } from "../../src/pipeline/trace-ports.ts";
import { traceTrouble } from "../../src/telemetry/trace-trouble.ts";
import { type RunningTracing, startTracing } from "../../src/telemetry/tracing.ts";
import { recordingLog } from "../pipeline/fakes.ts";
import { type OtlpCollector, startOtlpCollector } from "../support/otlp-collector.ts";

const internal = (name: string, more: Partial<SpanSpec> = {}): SpanSpec => ({ name, kind: "internal", ...more });
const traceId = "4bf92f3577b34da6a3ce929d0e0e4736";
const spanId = "00f067aa0ba902b7";
const malformed = [
  "",
  "00",
  `00-${traceId}-${spanId}`,
  `01-${traceId}-${spanId}-01`,
  `00-${traceId}-${spanId}-01-more`,
  `00-${traceId.toUpperCase()}-${spanId}-01`,
  `00-${"0".repeat(32)}-${spanId}-01`,
  `00-${traceId}-${"0".repeat(16)}-01`,
  `00-${traceId}-${spanId}-01\n`,
  "x".repeat(100),
];

describe("tracing that is off", () => {
  it("is what there is without settings, and leaves nothing to stop", async () => {
    const tracing = await startTracing(null, recordingLog());
    const seen = await tracing.span(internal("a"), async (span) => [span.context, tracing.current()]);
    expect(seen).toEqual([null, null]);
    expect(await tracing.stop(0)).toBe(true);
  });

  it("passes on what it is given: results, rejections, and a span a spec", async () => {
    expect(await noTracing.span(internal("a"), async () => 7)).toBe(7);
    const wrong = new Error("wrong");
    await expect(noTracing.span(internal("a"), () => Promise.reject(wrong))).rejects.toBe(wrong);
    const contexts = await noTracing.spans([internal("a"), internal("b")], async (spans) =>
      spans.map((span) => {
        span.set({ a: 1 });
        span.fail("word");
        return span.context;
      }),
    );
    expect(contexts).toEqual([null, null]);
    await expect(noTracing.spans([], () => Promise.reject(wrong))).rejects.toBe(wrong);
  });
});

describe("tracing by OpenTelemetry", () => {
  let collector: OtlpCollector;
  let tracing: RunningTracing | null = null;
  afterEach(async () => {
    await tracing?.stop(5_000);
    tracing = null;
    await collector?.stop();
    vi.unstubAllEnvs();
  });

  async function start(env: Record<string, string> = {}): Promise<Tracing> {
    collector = await startOtlpCollector();
    for (const [name, value] of Object.entries({ ...collector.env, ...env })) vi.stubEnv(name, value);
    tracing = await startTracing({ serviceName: "faultline", version: "1.2.3" }, recordingLog());
    return tracing;
  }

  /** Ends tracing, and gives what has arrived by then. */
  async function arrived() {
    expect(await tracing?.stop(5_000)).toBe(true);
    return collector.spans();
  }

  it("continues the span around it, the one it is given, or none", async () => {
    const { span } = await start();
    await span(internal("outer"), async () => {
      await span(internal("inner"), async () => undefined);
      await span(internal("far", { parent: `00-${traceId}-${spanId}-01` }), async () => undefined);
      await span(internal("apart", { parent: null }), async () => undefined);
    });
    const [inner, far, apart, outer] = await arrived();
    expect(inner).toMatchObject({ name: "inner", traceId: outer?.traceId, parentId: outer?.spanId });
    expect(far).toMatchObject({ name: "far", traceId, parentId: spanId });
    expect(apart).toMatchObject({ name: "apart", parentId: null });
    expect(apart?.traceId).not.toBe(outer?.traceId);
    expect(outer).toMatchObject({ name: "outer", parentId: null, resource: { "service.name": "faultline" } });
  });

  it.each(malformed)("begins a trace where the record holds no context: %j", async (text) => {
    const { span } = await start();
    await span(internal("a", { parent: text, links: [text, `00-${traceId}-${spanId}-01`] }), async () => undefined);
    const [only] = await arrived();
    expect(only).toMatchObject({ parentId: null, links: [{ traceId, spanId }] });
    expect(only?.traceId).not.toBe(traceId);
  });

  it("hands on a context that other processes can continue, and tells where we are until the span ends", async () => {
    const { span, current } = await start();
    expect(current()).toBeNull();
    const later = Promise.withResolvers<string | null>();
    const context = await span(internal("a"), async (inside) => {
      expect(current()).toBe(inside.context);
      await span(internal("b"), async (inner) => expect(current()).toBe(inner.context));
      // Something begun inside that goes on after its end, as a connection does.
      setTimeout(() => later.resolve(current()), 20);
      return inside.context;
    });
    expect(context).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
    expect(await later.promise).toBeNull();
    expect(current()).toBeNull();
  });

  it("says nothing of where we are in a trace that is not sampled, and hands on that it is not", async () => {
    const { span, spans, current } = await start({ OTEL_TRACES_SAMPLER: "parentbased_always_off" });
    await span(internal("a"), async (inside) => {
      expect(current()).toBeNull();
      expect(inside.context).toMatch(/-00$/);
      await spans([internal("b", { parent: inside.context })], async ([b]) => expect(b?.context).toMatch(/-00$/));
    });
    // Elsewhere somebody decided otherwise.
    await span(internal("c", { parent: `00-${traceId}-${spanId}-01` }), async () => undefined);
    expect((await arrived()).map(({ name }) => name)).toEqual(["c"]);
  });

  it("fails a span by a word: the one that was said, else the error's code or class, never its message", async () => {
    const { span, spans } = await start();
    const refused = Object.assign(new Error("secret"), { code: "ECONNREFUSED" });
    const odd = Object.assign(new TypeError("secret"), { code: "what it said: secret" });
    await expect(span(internal("code"), () => Promise.reject(refused))).rejects.toBe(refused);
    await expect(span(internal("class"), () => Promise.reject(odd))).rejects.toBe(odd);
    await expect(
      span(internal("said"), async (inside) => {
        inside.fail("wrong_signature");
        throw refused;
      }),
    ).rejects.toBe(refused);
    await expect(spans([internal("x"), internal("y")], () => Promise.reject(refused))).rejects.toBe(refused);
    await span(internal("fine"), async (inside) => inside.set({ "http.response.status_code": 204 }));
    const ended = (await arrived()).map(({ name, failed, attributes }) => [name, failed, attributes["error.type"]]);
    expect(ended).toEqual([
      ["code", true, "ECONNREFUSED"],
      ["class", true, "TypeError"],
      ["said", true, "wrong_signature"],
      ["x", true, "ECONNREFUSED"],
      ["y", true, "ECONNREFUSED"],
      ["fine", false, undefined],
    ]);
    expect(JSON.stringify(collector.received)).not.toContain("secret");
  });

  it("has several spans beside one piece of work, none of them the current one", async () => {
    const { span, spans, current } = await start();
    await span(internal("outer"), async (outer) => {
      const specs = [internal("a"), internal("b", { parent: `00-${traceId}-${spanId}-01` })];
      await spans(specs, async ([a, b]) => {
        expect(current()).toBe(outer.context);
        expect(a?.context).toContain(outer.context?.slice(0, 36));
        expect(b?.context).toContain(traceId);
      });
    });
    const all = await arrived();
    expect(all.map(({ name }) => name)).toEqual(["a", "b", "outer"]);
  });

  it("leaves the name to the OTEL_* variables when they give one", async () => {
    vi.stubEnv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=staging");
    vi.stubEnv("OTEL_SERVICE_NAME", "errors");
    collector = await startOtlpCollector();
    for (const [name, value] of Object.entries(collector.env)) vi.stubEnv(name, value);
    tracing = await startTracing({ serviceName: null, version: "1.2.3" }, recordingLog());
    await tracing.span(internal("a"), async () => undefined);
    expect((await arrived())[0]?.resource).toMatchObject({
      "service.name": "errors",
      "deployment.environment.name": "staging",
    });
  });

  it("does without, and says so, when the SDK cannot start", async () => {
    vi.spyOn(NodeSDK.prototype, "start").mockImplementationOnce(() => {
      throw new Error("odd");
    });
    const log = recordingLog();
    const without = await startTracing({ serviceName: "faultline", version: "1.2.3" }, log);
    expect(await without.span(internal("a"), async (span) => span.context)).toBeNull();
    expect(log.lines).toEqual([expect.stringContaining("Tracing could not be started; going on without")]);
  });
});

describe("trouble with sending traces", () => {
  afterEach(() => vi.useRealTimers());

  it("is one line a minute, with how many were left out", () => {
    vi.useFakeTimers({ toFake: ["performance"] });
    const log = recordingLog();
    const { error, warn, info, debug, verbose } = traceTrouble(log);
    for (let nth = 0; nth < 100; nth += 1) error(JSON.stringify({ message: "refused", code: "ECONNREFUSED" }));
    for (const tell of [info, debug, verbose]) tell("nothing");
    expect(log.lines).toEqual([expect.stringContaining('{"reason":"refused","code":"ECONNREFUSED","suppressed":0}')]);
    vi.advanceTimersByTime(60_001);
    warn("Dropped 12 spans because maxQueueSize reached");
    expect(log.lines).toHaveLength(2);
    expect(log.lines[1]).toMatch(/^warn .*"reason":"Dropped 12 spans.*"suppressed":99/);
  });

  it.each([
    ["the collector's answer and the stack", { message: "Bad Request", code: "400", data: "secret", stack: "secret" }],
    ["an error without a message", { code: "ECONNREFUSED", errors: "secret" }],
    ["an error of nothing", { stack: "secret" }],
    ["no object", "secret".length],
  ])("leaves out %s", (_, said) => {
    const log = recordingLog();
    traceTrouble(log).error(JSON.stringify(said));
    expect(log.lines).toHaveLength(1);
    expect(log.lines[0]).not.toContain("secret");
  });
});
