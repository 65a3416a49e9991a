import { describe, expect, it } from "vitest";
import type { Parsed } from "../../../src/core/event.ts";
import { parseAlarm, parseAlarmJson } from "../../../src/core/wire/alarm.ts";

const account = `AC${"a".repeat(32)}`;
const trigger = `AK${"b".repeat(32)}`;
const alarm = {
  AccountSid: account,
  AppMonitorTriggerSid: trigger,
  CurrentValue: "55",
  DateFired: "Tue, 09 Aug 2022 16:51:20 +0000",
  Description: "More than ten failures a day",
  ErrorCode: "11200",
  IdempotencyToken: `${account}-FIRES-${trigger}-2022-08-09`,
  Log: "error",
  TimePeriod: "ONE_DAY",
  TriggerValue: "1.000000",
};

function eventOf(parsed: Parsed) {
  if (parsed.kind !== "event") throw new Error(`expected an event, got ${JSON.stringify(parsed)}`);
  return parsed.event;
}

function form(changes: Record<string, string> = {}) {
  return parseAlarm(Object.entries({ ...alarm, ...changes }));
}

function json(value: unknown) {
  return parseAlarmJson(Buffer.from(typeof value === "string" ? value : JSON.stringify(value)));
}

describe("an Alarm webhook", () => {
  it("becomes an event about its trigger", () => {
    expect(eventOf(form())).toEqual({
      sid: expect.stringMatching(/^alarm:[0-9a-f]{64}$/),
      source: "alarm",
      account,
      parentAccount: null,
      code: 11200,
      level: "ERROR",
      productName: null,
      occurredAt: "2022-08-09T16:51:20.000Z",
      resource: trigger,
      service: null,
      payload: { ...alarm, message: "More than ten failures a day" },
    });
  });

  it("is the same event as a form, as JSON and in another spelling of the keys", () => {
    const snake = { account_sid: account, app_monitor_trigger_sid: trigger, error_code: 11200 };
    const { sid } = eventOf(form());
    expect(eventOf(json(alarm))).toEqual(eventOf(form()));
    expect(eventOf(json({ ...snake, idempotency_token: alarm.IdempotencyToken, log: "error" })).sid).toBe(sid);
  });

  it.each([
    ["error", "ERROR"],
    ["warning", "WARNING"],
    ["0", "ERROR"],
    ["1", "WARNING"],
    ["", "ERROR"],
  ])("reads Log %j", (log, level) => {
    expect(eventOf(form({ Log: log })).level).toBe(level);
  });

  it("reads Log as a number in JSON", () => {
    expect(eventOf(json({ ...alarm, Log: 1 })).level).toBe("WARNING");
  });

  it("tells firings apart by token, and by everything without one", () => {
    const sids = [
      form(),
      form({ IdempotencyToken: "other" }),
      form({ AppMonitorTriggerSid: "AK1" }),
      form({ IdempotencyToken: "" }),
      form({ IdempotencyToken: "", CurrentValue: "56" }),
    ].map((parsed) => eventOf(parsed).sid);
    expect(new Set(sids).size).toBe(5);
    expect(eventOf(form({ CurrentValue: "56" })).sid).toBe(sids[0]);
  });

  it("is quarantined when it names no code: an alarm on any error", () => {
    expect(form({ ErrorCode: "" })).toMatchObject({ kind: "quarantined", reason: "no_error_code", account });
    expect(form({ ErrorCode: "any" })).toMatchObject({ kind: "quarantined", reason: "error_code_not_a_number" });
  });

  it.each([
    ["words", "not_json"],
    ["[]", "not_an_object"],
    ["{}", "no_account"],
    [`${"[".repeat(5000)}${"]".repeat(5000)}`, "too_deep"],
  ])("is quarantined when it is %.20s", (body, reason) => {
    expect(json(body)).toEqual({ kind: "quarantined", reason, account: null, raw: body });
  });
});
