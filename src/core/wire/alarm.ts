import { hash } from "node:crypto";
import type { Parsed, QuarantineReason } from "../event.ts";
import { isJsonObject, type Json, type JsonObject } from "../json.ts";
import { parseJson } from "./bounded-json.ts";
import { type FormFields, formObject } from "./form.ts";
import { readCode, readLevel, readSid } from "./scalars.ts";
import { readTime } from "./time.ts";

/**
 * Reads an Alarm webhook that came as a form. The older Alert Triggers send the same fields with `Log` as 0 (error) or 1
 * (warning). An alarm on any error names no code and is quarantined.
 * Sources: https://www.twilio.com/docs/usage/troubleshooting/alarms,
 * https://www.twilio.com/docs/usage/troubleshooting/alert-triggers
 */
export function parseAlarm(fields: FormFields): Parsed {
  const object = formObject(fields);
  return parseFields(object, () => JSON.stringify(object));
}

/** Reads an Alarm webhook that came as JSON. */
export function parseAlarmJson(body: Buffer): Parsed {
  const raw = body.toString("utf8");
  const parsed = parseJson(raw);
  if (!parsed.ok) return { kind: "quarantined", reason: parsed.reason, account: null, raw };
  if (!isJsonObject(parsed.value)) return { kind: "quarantined", reason: "not_an_object", account: null, raw };
  return parseFields(parsed.value, () => raw);
}

function parseFields(fields: JsonObject, raw: () => string): Parsed {
  const read = reader(fields);
  const account = readSid(read("AccountSid"));
  const quarantined = (reason: QuarantineReason): Parsed => ({ kind: "quarantined", reason, account, raw: raw() });
  if (account === null) return quarantined("no_account");
  const code = readCode(read("ErrorCode"));
  if (typeof code === "string") return quarantined(code);

  const trigger = readSid(read("AppMonitorTriggerSid"));
  const token = read("IdempotencyToken");
  const identity = typeof token === "string" && token !== "" ? [token, account, trigger] : raw();
  const description = read("Description");
  return {
    kind: "event",
    event: {
      sid: `alarm:${hash("sha256", JSON.stringify(identity), "hex")}`,
      source: "alarm",
      account,
      parentAccount: null,
      code,
      level: readLog(read("Log")) ?? "ERROR",
      productName: null,
      occurredAt: readTime(read("DateFired")),
      resource: trigger,
      service: null,
      payload: typeof description === "string" ? { ...fields, message: description } : fields,
    },
  };
}

/** Looks a field up whatever its spelling: `AccountSid`, `accountSid`, `account_sid`. */
function reader(fields: JsonObject): (name: string) => Json | undefined {
  const spelled = new Map<string, Json>();
  for (const [key, value] of Object.entries(fields)) {
    const plain = key.toLowerCase().replaceAll("_", "");
    if (!spelled.has(plain)) spelled.set(plain, Array.isArray(value) ? (value[0] ?? null) : value);
  }
  return (name) => spelled.get(name.toLowerCase());
}

function readLog(value: Json | undefined): string | null {
  if (value === 0 || value === "0") return "ERROR";
  if (value === 1 || value === "1") return "WARNING";
  return readLevel(value);
}
