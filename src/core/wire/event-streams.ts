import { hash } from "node:crypto";
import type { Parsed, QuarantineReason } from "../event.ts";
import { field, isJsonObject, type Json, type JsonObject, textField } from "../json.ts";
import { redactText } from "../redact.ts";
import { isDeeperThan, maxJsonDepth, parseJson, parseUnbounded, shallowText } from "./bounded-json.ts";
import { hashIdentity, readCode, readEventSid, readLevel, readProduct, readSid } from "./scalars.ts";
import { readTime } from "./time.ts";

const errorLogPrefix = "com.twilio.error-logs.";
const testEventType = "com.twilio.eventstreams.test-event";

/** No CloudEvent is shorter, in bytes. An array of more entries than fit is none of events, and is kept as one thing. */
const smallestEntry = 16;
const manyEntries = 1_000;

/**
 * Reads an Event Streams delivery: a JSON array of CloudEvents, or a single one, each with `data` as an object or as
 * JSON text. One result an entry, in order; an empty array gives none.
 * Sources: https://www.twilio.com/docs/events/webhook-quickstart,
 * https://www.twilio.com/docs/events/event-types/errors/error-logs
 */
export function parseEventStreams(body: Buffer): Parsed[] {
  const text = body.toString("utf8");
  const entries = parseUnbounded(text);
  if (entries === undefined) return [{ kind: "quarantined", reason: "not_json", account: null, raw: text }];
  if (!Array.isArray(entries)) return [parseEntry(entries)];
  if (entries.length > manyEntries && entries.length * smallestEntry > body.length) {
    return [{ kind: "quarantined", reason: "too_many_entries", account: null, raw: text }];
  }
  return entries.map(parseEntry);
}

function parseEntry(entry: Json): Parsed {
  if (isDeeperThan(entry, maxJsonDepth)) return quarantine("too_deep", entry, null);
  if (!isJsonObject(entry)) return quarantine("not_an_object", entry, null);
  const type = field(entry, "type");
  if (typeof type !== "string") return quarantine("no_event_type", entry, null);
  if (type === testEventType) return { kind: "ignored", reason: "test_event" };
  if (!type.startsWith(errorLogPrefix)) return { kind: "ignored", reason: "other_event_type" };

  let data = field(entry, "data");
  if (typeof data === "string") {
    const parsed = parseJson(data);
    if (!parsed.ok) return quarantine(parsed.reason, entry, accountOfSource(entry));
    data = parsed.value;
  }
  if (data === undefined || data === null) return quarantine("no_payload", entry, accountOfSource(entry));
  if (!isJsonObject(data)) return quarantine("not_an_object", entry, accountOfSource(entry));
  return parseErrorLog(entry, data);
}

function parseErrorLog(entry: JsonObject, data: JsonObject): Parsed {
  const account = readSid(field(data, "account_sid")) ?? accountOfSource(entry);
  if (account === null) return quarantine("no_account", entry, null);
  const payload = readPayload(field(data, "payload"));
  if (payload === "too_deep") return quarantine("too_deep", entry, account);
  let code = readCode(field(data, "error_code"));
  if (code === "no_error_code") code = readCode(field(payload, "error_code"));
  if (typeof code === "string") return quarantine(code, entry, account);

  const requestSid = readSid(field(data, "request_sid"));
  if (requestSid !== null && field(payload, "request_sid") === undefined) payload.request_sid = requestSid;
  const occurredAt = readTime(field(data, "date_created")) ?? readTime(field(entry, "time"));
  const resource = readSid(field(data, "correlation_sid")) ?? readSid(field(data, "resource_sid"));
  const parent = readSid(field(data, "master_account_sid"));
  return {
    kind: "event",
    event: {
      sid:
        readEventSid(field(data, "sid")) ??
        cloudEventIdentity(entry) ??
        hashIdentity({ account, code, occurredAt, resource, payload: JSON.stringify(payload) }),
      source: "event_streams",
      account,
      parentAccount: parent === account ? null : parent,
      code,
      level:
        readLevel(field(data, "level")) ??
        readLevel(field(field(payload, "more_info"), "LogLevel")) ??
        readLevel(field(payload, "LogLevel")) ??
        "ERROR",
      productName: readProduct(field(data, "product_name")),
      occurredAt,
      resource,
      service: readSid(field(data, "service_sid")),
      payload,
    },
  };
}

/** The payload is documented as JSON text; text that is no JSON object is kept as the message it then is. */
function readPayload(value: Json | undefined): JsonObject | "too_deep" {
  if (isJsonObject(value)) return value;
  if (value === undefined || value === null || value === "") return {};
  if (typeof value !== "string") return { message: JSON.stringify(value) };
  const parsed = parseJson(value);
  if (!parsed.ok) return parsed.reason === "too_deep" ? "too_deep" : { message: value };
  return isJsonObject(parsed.value) ? parsed.value : { message: value };
}

/**
 * `source/id`, which CloudEvents make unique, or null without an id. Hashed when it is long or holds what redaction
 * would change: an identity is stored as it is.
 * Source: https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md#id
 */
function cloudEventIdentity(entry: JsonObject): string | null {
  const id = textField(entry, "id");
  if (id === null) return null;
  const eventSid = readEventSid(id);
  if (eventSid !== null) return eventSid;
  const identity = `${textField(entry, "source") ?? ""}/${id}`;
  const isPlain = identity.length <= 200 && /^[\w./:-]+$/.test(identity) && redactText(identity) === identity;
  return isPlain ? identity : `hash:${hash("sha256", identity, "hex")}`;
}

function accountOfSource(entry: JsonObject): string | null {
  const source = readSid(field(entry, "source"));
  return source?.startsWith("AC") === true ? source : null;
}

function quarantine(reason: QuarantineReason, entry: Json, account: string | null): Parsed {
  return { kind: "quarantined", reason, account, raw: shallowText(entry, maxJsonDepth) };
}
