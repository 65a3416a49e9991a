import type { Parsed, QuarantineReason } from "../event.ts";
import { field, isJsonObject } from "../json.ts";
import { parseJson } from "./bounded-json.ts";
import { type FormFields, formObject, formValue } from "./form.ts";
import { hashIdentity, readCode, readEventSid, readLevel, readSid } from "./scalars.ts";
import { readTime } from "./time.ts";

/**
 * Reads a Debugger webhook: the form fields Sid, AccountSid, ParentAccountSid, Timestamp, Level and Payload, the last
 * a JSON text with resource_sid, service_sid, error_code, more_info and webhook.
 * Source: https://www.twilio.com/docs/usage/troubleshooting/debugging-event-webhooks
 */
export function parseDebuggerWebhook(fields: FormFields): Parsed {
  const account = readSid(formValue(fields, "AccountSid") ?? undefined);
  const quarantined = (reason: QuarantineReason): Parsed => {
    return { kind: "quarantined", reason, account, raw: JSON.stringify(formObject(fields)) };
  };
  if (account === null) return quarantined("no_account");
  const text = formValue(fields, "Payload");
  if (text === null || text === "") return quarantined("no_payload");
  const parsed = parseJson(text);
  if (!parsed.ok) return quarantined(parsed.reason);
  const payload = parsed.value;
  if (!isJsonObject(payload)) return quarantined("not_an_object");
  // Only the top-level number counts: more_info.ErrorCode can be "32009,Your TwiML tried to …".
  const code = readCode(field(payload, "error_code"));
  if (typeof code === "string") return quarantined(code);

  const resource = readSid(field(payload, "resource_sid"));
  const occurredAt = readTime(formValue(fields, "Timestamp") ?? formValue(fields, "TimeStamp") ?? undefined);
  const sid = readEventSid(formValue(fields, "Sid") ?? undefined);
  return {
    kind: "event",
    event: {
      sid: sid ?? hashIdentity({ account, code, occurredAt, resource, payload: text }),
      source: "debugger",
      account,
      parentAccount: readSid(formValue(fields, "ParentAccountSid") ?? undefined),
      code,
      level:
        readLevel(formValue(fields, "Level") ?? undefined) ??
        readLevel(field(field(payload, "more_info"), "LogLevel")) ??
        "ERROR",
      productName: null,
      occurredAt,
      resource,
      service: readSid(field(payload, "service_sid")),
      payload,
    },
  };
}
