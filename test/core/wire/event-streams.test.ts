import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { DebuggerEvent } from "../../../src/core/event.ts";
import { parseEventStreams } from "../../../src/core/wire/event-streams.ts";

const account = `AC${"a".repeat(32)}`;
const parent = `AC${"b".repeat(32)}`;
const eventSid = `NO${"1".repeat(32)}`;

type Changes = Record<string, unknown>;

function entry(data: Changes | string | null = {}, envelope: Changes = {}) {
  const full = {
    sid: eventSid,
    account_sid: account,
    date_created: "2026-01-15T10:00:00.000Z",
    level: "ERROR",
    error_code: "11200",
    payload: '{"error_code":11200,"message":"HTTP retrieval failure"}',
  };
  return {
    specversion: "1.0",
    type: "com.twilio.error-logs.error.logged",
    source: "Sink",
    id: "id-1",
    time: "2026-01-15T11:00:00.000Z",
    data: typeof data === "object" && data !== null ? { ...full, ...data } : data,
    ...envelope,
  };
}

function parse(value: unknown) {
  return parseEventStreams(Buffer.from(typeof value === "string" ? value : JSON.stringify(value)));
}

function eventOf(data: Changes = {}, envelope: Changes = {}): DebuggerEvent {
  const [parsed] = parse([entry(data, envelope)]);
  if (parsed?.kind !== "event") throw new Error(`expected an event, got ${JSON.stringify(parsed)}`);
  return parsed.event;
}

describe("an Event Streams delivery", () => {
  it("gives one result an entry, in order", () => {
    const body = readFileSync(new URL("../../fixtures/event-streams-batch.json", import.meta.url));
    const parsed = parseEventStreams(body);
    expect(parsed.map((one) => (one.kind === "event" ? one.event.code : one.reason))).toEqual([
      80903,
      11200,
      "test_event",
      "other_event_type",
    ]);
    expect(parsed[0]).toEqual({
      kind: "event",
      event: {
        sid: eventSid,
        source: "event_streams",
        account,
        parentAccount: parent,
        code: 80903,
        level: "WARNING",
        productName: "Proxy",
        occurredAt: "2026-01-15T10:00:01.000Z",
        resource: `KC${"c".repeat(32)}`,
        service: `KS${"d".repeat(32)}`,
        payload: { error_code: 80903, message: "Unknown Participant", request_sid: `RQ${"e".repeat(32)}` },
      },
    });
  });

  it("may be a single object, with data as JSON text", () => {
    const single = entry();
    expect(parse(single)).toEqual(parse([single]));
    expect(parse({ ...single, data: JSON.stringify(single.data) })).toEqual(parse([single]));
    expect(parse(`\ufeff${JSON.stringify(single)}`)).toEqual(parse([single]));
  });

  it("may be empty", () => {
    expect(parse([])).toEqual([]);
  });

  it("knows errors by the prefix of their type", () => {
    expect(eventOf({}, { type: "com.twilio.error-logs.error-log.logged" }).code).toBe(11200);
    expect(parse([entry({}, { type: "com.twilio.error-logsx.error" })])).toEqual([
      { kind: "ignored", reason: "other_event_type" },
    ]);
  });

  it("ignores a test event each time it comes", () => {
    const test = entry({}, { type: "com.twilio.eventstreams.test-event" });
    const ignored = { kind: "ignored", reason: "test_event" };
    expect(parse([test, test])).toEqual([ignored, ignored]);
  });

  it("takes a master account equal to the account for no parent", () => {
    expect(eventOf({ master_account_sid: account }).parentAccount).toBeNull();
    expect(eventOf({ master_account_sid: parent }).parentAccount).toBe(parent);
    expect(eventOf().parentAccount).toBeNull();
  });

  it("falls back to the envelope for time and account", () => {
    expect(eventOf({ date_created: undefined }).occurredAt).toBe("2026-01-15T11:00:00.000Z");
    expect(eventOf({ date_created: "nonsense" }, { time: "nonsense too" }).occurredAt).toBeNull();
    expect(eventOf({ account_sid: undefined }, { source: account }).account).toBe(account);
  });

  it("reads the code from the payload when data has none", () => {
    expect(eventOf({ error_code: undefined }).code).toBe(11200);
    expect(eventOf({ error_code: 30007 }).code).toBe(30007);
  });

  it.each([
    ["plain words", { message: "plain words" }],
    ['"a JSON text"', { message: '"a JSON text"' }],
    ["[1]", { message: "[1]" }],
    ["", {}],
    [null, {}],
    [5, { message: "5" }],
    [{ message: "an object" }, { message: "an object" }],
  ])("keeps the payload %j", (payload, expected) => {
    expect(eventOf({ payload }).payload).toEqual(expected);
  });

  it("takes ERROR when no level is given", () => {
    expect(eventOf({ level: undefined }).level).toBe("ERROR");
    expect(eventOf({ level: undefined, payload: '{"LogLevel":"WARN"}' }).level).toBe("WARNING");
    expect(eventOf({ level: "info" }).level).toBe("INFO");
  });

  it("keeps only a product name that reads like one", () => {
    expect(eventOf({ product_name: "Programmable Messaging" }).productName).toBe("Programmable Messaging");
    expect(eventOf({ product_name: "call 15555550101" }).productName).toBeNull();
    expect(eventOf({ product_name: "x\0y" }).productName).toBeNull();
    expect(eventOf({ product_name: "x".repeat(500) }).productName).toBeNull();
  });

  it("keeps an array of more entries than could be events as one thing", () => {
    const body = Buffer.from(`[${Array.from({ length: 5_000 }, () => "1").join(",")}]`);
    expect(parseEventStreams(body)).toEqual([
      { kind: "quarantined", reason: "too_many_entries", account: null, raw: body.toString() },
    ]);
    expect(parseEventStreams(Buffer.from("[1,2]"))).toHaveLength(2);
  });

  describe("identity", () => {
    it("is the NO sid, in data or as the id of the CloudEvent", () => {
      expect(eventOf().sid).toBe(eventSid);
      expect(eventOf({ sid: undefined }, { id: eventSid }).sid).toBe(eventSid);
    });

    it("else is source and id", () => {
      expect(eventOf({ sid: "EZ1" }, { source: "AC1", id: "EZ1" }).sid).toBe("AC1/EZ1");
    });

    it("is hashed when it is long or personal", () => {
      for (const id of ["x".repeat(5000), "+15555550101", "15555550101", "a b", "me@example.com"]) {
        expect(eventOf({ sid: undefined }, { id }).sid).toMatch(/^hash:[0-9a-f]{64}$/);
      }
    });

    it("else is a hash of what the event says", () => {
      const one = eventOf({ sid: undefined }, { id: undefined }).sid;
      expect(one).toMatch(/^hash:[0-9a-f]{64}$/);
      expect(eventOf({ sid: undefined }, { id: undefined }).sid).toBe(one);
      expect(eventOf({ sid: undefined, payload: "other" }, { id: undefined }).sid).not.toBe(one);
    });
  });

  it.each([
    ["not JSON", "not_json"],
    ["", "not_json"],
    ["5", "not_an_object"],
    ["null", "not_an_object"],
    [[5], "not_an_object"],
    [[[]], "not_an_object"],
    [[null], "not_an_object"],
    [[{}], "no_event_type"],
    [[entry({}, { type: 5 })], "no_event_type"],
    [[entry(null)], "no_payload"],
    [[entry({}, { data: [] })], "not_an_object"],
    [[entry("not JSON")], "not_json"],
    [[entry("[]")], "not_an_object"],
    [[entry({ account_sid: undefined })], "no_account"],
    [[entry({ account_sid: "+15555550101" })], "no_account"],
    [[entry({ error_code: undefined, payload: "words" })], "no_error_code"],
    [[entry({ error_code: "E1" })], "error_code_not_a_number"],
    [[entry({ error_code: undefined, payload: '{"error_code":"E1"}' })], "error_code_not_a_number"],
    [[entry({ payload: `${"[".repeat(5000)}${"]".repeat(5000)}` })], "too_deep"],
    [[entry(`${"[".repeat(5000)}${"]".repeat(5000)}`)], "too_deep"],
    [`[{"data":${"[".repeat(100_000)}${"]".repeat(100_000)}}]`, "too_deep"],
    [`${"[".repeat(100_000)}${"]".repeat(100_000)}`, "too_deep"],
  ])("quarantines %.60j", (body, reason) => {
    const parsed = parse(body);
    expect(parsed).toHaveLength(1);
    expect(parsed[0]).toMatchObject({ kind: "quarantined", reason });
  });

  it("takes the good entries of a batch with bad ones in it", () => {
    const kinds = parse([entry(), 5, entry({ error_code: "x" }), entry()]).map((one) => one.kind);
    expect(kinds).toEqual(["event", "quarantined", "quarantined", "event"]);
  });

  it("keeps inherited names out", () => {
    const [parsed] = parse(
      '[{"type":"com.twilio.error-logs.error.logged","data":{"__proto__":{"account_sid":"AC1","error_code":1}}}]',
    );
    expect(parsed).toMatchObject({ kind: "quarantined", reason: "no_account" });
  });
});
