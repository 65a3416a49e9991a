import { describe, expect, it } from "vitest";
import { Secret } from "../../src/core/secret.ts";
import { createLog, type LogLevel } from "../../src/telemetry/log.ts";

function capture(level: LogLevel = "debug", pretty = false) {
  const written: string[] = [];
  const log = createLog({ level, pretty, destination: { write: (line: string) => written.push(line) } });
  return { log, text: () => written.join("") };
}

/** Logs one entry and gives it back parsed. */
function entry(fields: Record<string, unknown>): Record<string, unknown> {
  const { log, text } = capture();
  log.info(fields, "A sentence");
  const parsed: unknown = JSON.parse(text());
  return { ...(parsed as Record<string, unknown>) };
}

describe("the log", () => {
  it("writes one JSON object a line, with level, time and sentence", () => {
    const { log, text } = capture();
    log.warn({ account: "ACx", count: 3 }, "Something is odd");
    log.error({}, "Something is wrong");
    const lines = text()
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines[0]).toMatchObject({ level: "warn", account: "ACx", count: 3, msg: "Something is odd" });
    expect(lines[0]?.time).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
    expect(lines[1]).toMatchObject({ level: "error", msg: "Something is wrong" });
  });

  it("names the span that each line was written in, and none outside", () => {
    const written: string[] = [];
    let span: string | null = `00-${"a".repeat(32)}-${"b".repeat(16)}-01`;
    const log = createLog({
      level: "info",
      pretty: false,
      destination: { write: (line: string) => written.push(line) },
      currentSpan: () => span,
    });
    log.info({ count: 3 }, "Inside");
    span = null;
    log.info({ count: 3 }, "Outside");
    const [inside, outside] = written.map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(inside).toMatchObject({ count: 3, trace_id: "a".repeat(32), span_id: "b".repeat(16), msg: "Inside" });
    expect(Object.keys(outside ?? {})).toEqual(["level", "time", "count", "msg"]);
  });

  it("says nothing below its level", () => {
    const { log, text } = capture("warn");
    log.debug({}, "No");
    log.info({}, "No");
    log.warn({}, "Yes");
    expect(text()).toContain("Yes");
    expect(text()).not.toContain("No");
  });

  it("is readable on a terminal, and redacts there too", () => {
    const { log, text } = capture("info", true);
    log.info({ count: 3, password: "hunter2" }, "Readable sentence");
    expect(text()).toContain("Readable sentence");
    expect(text()).toContain("INFO");
    expect(text()).toContain('"count":3');
    expect(text()).not.toContain("hunter2");
  });

  it.each([
    "token",
    "authToken",
    "TWILIO_AUTH_TOKEN",
    "authorization",
    "Authorization",
    "secret",
    "FAULTLINE_SECRET",
    "clientSecret",
    "password",
    "passwd",
    "cookie",
    "set-cookie",
    "apiKey",
    "api_key",
    "PAGERDUTY_ROUTING_KEY",
    "SLACK_WEBHOOK_URL",
    "x-twilio-signature",
    "credentials",
  ])("never writes a field named %s, at any depth", (name) => {
    const value = "s3cr3t-value";
    const fields = { [name]: value, deep: { list: [{ [name]: { inner: value } }] }, kept: "visible" };
    const { log, text } = capture();
    log.info(fields, "A sentence");
    expect(text()).not.toContain(value);
    expect(text()).toContain("[secret]");
    expect(text()).toContain("visible");
  });

  it("never writes a payload", () => {
    expect(entry({ payload: { From: "+15551234567" }, raw: "x", request: { body: "y" } })).toMatchObject({
      payload: "[payload]",
      raw: "[payload]",
      request: { body: "[payload]" },
    });
  });

  it("prints a Secret as [secret] under any name", () => {
    expect(entry({ admin: new Secret("s3cr3t"), list: [new Secret("s3cr3t")] })).toMatchObject({
      admin: "[secret]",
      list: ["[secret]"],
    });
  });

  it("says whether a secret is set", () => {
    expect(entry({ adminToken: true, slackToken: null })).toMatchObject({ adminToken: true, slackToken: null });
  });

  it("keeps of an error what helps, and drops what clients hang on it", () => {
    const error = Object.assign(new Error("refused by postgres://user:hunter2@db.example/faultline"), {
      code: "ECONNREFUSED",
      config: { headers: { Authorization: "Basic abc" } },
      cause: new TypeError("inner, redis://:hunter2@cache.example"),
    });
    const { log, text } = capture();
    log.error({ err: error, other: error }, "A failure");
    expect(text()).not.toMatch(/hunter2|Basic abc/);
    const parsed = JSON.parse(text()) as Record<string, unknown>;
    for (const name of ["err", "other"]) {
      expect(parsed[name]).toMatchObject({
        type: "Error",
        code: "ECONNREFUSED",
        message: "refused by postgres://[secret]@db.example/faultline",
        cause: { type: "TypeError", message: "inner, redis://[secret]@cache.example" },
      });
    }
  });

  it("survives values that are circular, huge, or no JSON", () => {
    const circular: Record<string, unknown> = { name: "loop" };
    circular.self = circular;
    const seen = entry({
      circular,
      big: 12n,
      long: "x".repeat(100_000),
      many: Array.from({ length: 10_000 }, (_, nth) => nth),
      bytes: Buffer.from("abc"),
      when: new Date(Number.NaN),
      map: new Map([["token", "s3cr3t"]]),
    });
    expect(seen.big).toBe("12");
    expect(String(seen.long).length).toBeLessThan(5_000);
    expect(seen.many).toHaveLength(200);
    expect(seen.bytes).toBe("[3 bytes]");
    expect(seen.when).toBe("invalid date");
    expect(seen.map).toBe("[1 entries]");
    expect(JSON.stringify(seen.circular)).toContain("[deep]");
  });
});
