import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { DebuggerEvent } from "../../../src/core/event.ts";
import { parseDebuggerWebhook } from "../../../src/core/wire/debugger-webhook.ts";
import { type FormFields, parseForm } from "../../../src/core/wire/form.ts";

const account = `AC${"a".repeat(32)}`;
const eventSid = `NO${"1".repeat(32)}`;

function form(changes: Record<string, string | null> = {}): FormFields {
  const fields: Record<string, string | null> = {
    AccountSid: account,
    Level: "ERROR",
    ParentAccountSid: "",
    Payload: '{"resource_sid":null,"service_sid":null,"error_code":"11200"}',
    PayloadType: "application/json",
    Sid: eventSid,
    Timestamp: "2026-01-15T10:00:00Z",
    ...changes,
  };
  return Object.entries(fields).flatMap(([key, value]) => (value === null ? [] : [[key, value] as const]));
}

function eventOf(changes: Record<string, string | null>): DebuggerEvent {
  const parsed = parseDebuggerWebhook(form(changes));
  if (parsed.kind !== "event") throw new Error(`expected an event, got ${JSON.stringify(parsed)}`);
  return parsed.event;
}

function quarantineOf(changes: Record<string, string | null>) {
  const parsed = parseDebuggerWebhook(form(changes));
  if (parsed.kind !== "quarantined") throw new Error(`expected quarantine, got ${JSON.stringify(parsed)}`);
  return parsed;
}

describe("a Debugger webhook", () => {
  it("becomes an event with all it says", () => {
    const body = readFileSync(new URL("../../fixtures/debugger-80903.form", import.meta.url));
    const fields = parseForm(body);
    if (!fields.ok) throw new Error(fields.reason);
    expect(parseDebuggerWebhook(fields.fields)).toEqual({
      kind: "event",
      event: {
        sid: `NO${"1".repeat(32)}`,
        source: "debugger",
        account: `AC${"a".repeat(32)}`,
        parentAccount: `AC${"b".repeat(32)}`,
        code: 80903,
        level: "WARNING",
        productName: null,
        occurredAt: "2026-01-15T10:00:00.250Z",
        resource: `KC${"c".repeat(32)}`,
        service: `KS${"d".repeat(32)}`,
        payload: {
          resource_sid: `KC${"c".repeat(32)}`,
          service_sid: `KS${"d".repeat(32)}`,
          error_code: "80903",
          more_info: { Msg: "Unknown Participant", ErrorCode: "80903", LogLevel: "WARNING" },
          webhook: {
            type: "application/json",
            request: {
              url: "https://app.example.com/proxy?key=value",
              method: "POST",
              headers: {},
              parameters: {
                From: "+15555550101",
                To: "+15555550199",
                Body: "meet me at noon",
                FromCity: "SPRINGFIELD",
              },
            },
            response: { status_code: null, headers: {}, body: null },
          },
        },
      },
    });
  });

  it("takes an empty ParentAccountSid for none", () => {
    expect(eventOf({ ParentAccountSid: "" }).parentAccount).toBeNull();
    expect(eventOf({ ParentAccountSid: null }).parentAccount).toBeNull();
  });

  it.each([
    ["error", "ERROR"],
    ["Warning", "WARNING"],
    ["WARN", "WARNING"],
    ["info", "INFO"],
    ["notice", "NOTICE"],
    ["a very long level name indeed, with 123 and <b>", "AVERYLONGLEVELNAMEIN"],
  ])("reads the level %s", (level, expected) => {
    expect(eventOf({ Level: level }).level).toBe(expected);
  });

  it("falls back to the level in more_info, then to ERROR", () => {
    const payload = '{"error_code":"11200","more_info":{"LogLevel":"WARN"}}';
    expect(eventOf({ Level: null, Payload: payload }).level).toBe("WARNING");
    expect(eventOf({ Level: "", Payload: payload }).level).toBe("WARNING");
    expect(eventOf({ Level: null }).level).toBe("ERROR");
    expect(eventOf({ Level: "123" }).level).toBe("ERROR");
  });

  it.each([
    ["1697000000", "2023-10-11T04:53:20.000Z"],
    ["1697000000123", "2023-10-11T04:53:20.123Z"],
    ["nonsense", null],
    [null, null],
  ])("reads the timestamp %s", (timestamp, expected) => {
    expect(eventOf({ Timestamp: timestamp }).occurredAt).toBe(expected);
  });

  it("reads the code from a number or from digits, at the top only", () => {
    expect(eventOf({ Payload: '{"error_code":11200}' }).code).toBe(11200);
    expect(eventOf({ Payload: '{"error_code":"32009","more_info":{"ErrorCode":"32009,Your TwiML tried"}}' }).code).toBe(
      32009,
    );
    expect(quarantineOf({ Payload: '{"more_info":{"ErrorCode":"32009"}}' }).reason).toBe("no_error_code");
  });

  it.each([
    ['{"hello":"there"}', "no_error_code"],
    ['{"error_code":null}', "no_error_code"],
    ['{"error_code":""}', "no_error_code"],
    ['{"error_code":"0"}', "no_error_code"],
    ['{"error_code":"E11200"}', "error_code_not_a_number"],
    ['{"error_code":"11200 "}', "error_code_not_a_number"],
    ['{"error_code":"1e4"}', "error_code_not_a_number"],
    ['{"error_code":-5}', "error_code_not_a_number"],
    ['{"error_code":11200.5}', "error_code_not_a_number"],
    ['{"error_code":1e30}', "error_code_not_a_number"],
    ['{"error_code":"99999999999"}', "error_code_not_a_number"],
    ['{"error_code":["11200"]}', "error_code_not_a_number"],
    ['{"error_code":{}}', "error_code_not_a_number"],
    ["test payload", "not_json"],
    ['{"error_code":"112', "not_json"],
    ["", "no_payload"],
    [null, "no_payload"],
    ["[]", "not_an_object"],
    ['"text"', "not_an_object"],
    ["null", "not_an_object"],
    ["11200", "not_an_object"],
    [`{"error_code":"11200","a":${"[".repeat(64)}${"]".repeat(64)}}`, "too_deep"],
    [`${"[".repeat(200_000)}${"]".repeat(200_000)}`, "too_deep"],
    [`${'{"a":'.repeat(100_000)}1${"}".repeat(100_000)}`, "too_deep"],
  ])("quarantines the payload %.60s", (payload, reason) => {
    const parsed = quarantineOf({ Payload: payload });
    expect(parsed.reason).toBe(reason);
    expect(parsed.account).toBe(account);
    expect(JSON.parse(parsed.raw)).toMatchObject({ AccountSid: account, Sid: eventSid });
  });

  it("takes a payload nested 64 levels deep", () => {
    expect(eventOf({ Payload: `{"error_code":"11200","a":${"[".repeat(63)}${"]".repeat(63)}}` }).code).toBe(11200);
  });

  it.each([null, "", "+15555550101", "a b", "AC\0", `AC${"a".repeat(100)}`])(
    "quarantines the account %j as none",
    (accountSid) => {
      expect(quarantineOf({ AccountSid: accountSid })).toMatchObject({ reason: "no_account", account: null });
    },
  );

  it("keeps inherited names out: __proto__ in the payload is nobody's field", () => {
    const parsed = quarantineOf({ Payload: '{"__proto__":{"error_code":"11200"}}' });
    expect(parsed.reason).toBe("no_error_code");
    expect(eventOf({ Payload: '{"error_code":"11200","__proto__":{"polluted":1}}' }).code).toBe(11200);
    expect(Object.hasOwn(Object.prototype, "polluted")).toBe(false);
  });

  it("takes SIDs only where they read like SIDs", () => {
    const event = eventOf({ Payload: '{"error_code":1,"resource_sid":"+15555550101","service_sid":{"a":1}}' });
    expect(event.resource).toBeNull();
    expect(event.service).toBeNull();
  });

  it("gives an event without a NO sid an identity that tells it from others", () => {
    const hashed = eventOf({ Sid: "someSid" }).sid;
    expect(hashed).toMatch(/^hash:[0-9a-f]{64}$/);
    expect(eventOf({ Sid: null }).sid).toBe(hashed);
    const others = [
      { AccountSid: `AC${"9".repeat(32)}` },
      { Timestamp: "2026-01-15T10:00:01Z" },
      { Payload: '{"error_code":"11201"}' },
      { Payload: '{"error_code":"11200","resource_sid":"CA1"}' },
      { Payload: '{"error_code":"11200","more_info":{}}' },
    ].map((change) => eventOf({ Sid: null, ...change }).sid);
    expect(new Set([hashed, ...others]).size).toBe(6);
    expect(eventOf({ Sid: "NOxxxxx" }).sid).toBe("NOxxxxx");
  });
});
