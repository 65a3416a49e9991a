/*
 * Terminology
 *
 * delivery   one HTTP request from Twilio. A Debugger webhook carries one event, an Event Streams delivery one or many.
 * event      one entry of Twilio's error log, identified by its `NO…` sid whichever way it came.
 * source     the way it came: `debugger` (webhook), `event_streams`, `alarm`.
 * outcome    the single fate of an event, see outcome.ts.
 * rule       what we know about a code, see rules/rule.ts.
 * incident   all events with one fingerprint between opening and resolving, see incident.ts.
 * subject    what the event is about (a Session, a Conversation, a call): diagnosis samples distinct subjects.
 */
import { field, type Json, type JsonObject, textField } from "./json.ts";

/** The way an event came in. The value is a metric label. */
export type Source = "debugger" | "event_streams" | "alarm";

/** All sources, for metrics that start at zero. */
export const sources = ["debugger", "event_streams", "alarm"] as const satisfies readonly Source[];

/** One entry of Twilio's error log: the one shape the three wire formats are parsed into. */
export interface DebuggerEvent {
  /** Identity and duplicate key: the `NO…` sid, else the CloudEvent's source and id, else `hash:…` over what identifies it. */
  readonly sid: string;
  readonly source: Source;
  /** Sid of the account that generated the event. */
  readonly account: string;
  /** Sid of its parent, when the account is a subaccount. An empty form field means none. */
  readonly parentAccount: string | null;
  /** Twilio's error number. Unknown numbers are fine. */
  readonly code: number;
  /** Upper case: `ERROR`, `WARNING`, `INFO`; any other word Twilio may send is kept. */
  readonly level: string;
  /** The product as Twilio named it in the event, if it did. */
  readonly productName: string | null;
  /** ISO 8601 UTC, null when the event carries no time that can be read. */
  readonly occurredAt: string | null;
  /** Sid of the resource concerned (`resource_sid`, in a stream `correlation_sid`). */
  readonly resource: string | null;
  /** Sid of the Service concerned. */
  readonly service: string | null;
  /** The decoded payload. Everything downstream of redact() sees it redacted. */
  readonly payload: JsonObject;
}

/** What an Event Streams delivery may hold besides errors. */
export type IgnoreReason = "test_event" | "other_event_type";

/** Why something signed could not be understood. */
export type QuarantineReason =
  | "not_json"
  | "not_an_object"
  | "no_event_type"
  | "no_account"
  | "no_error_code"
  | "error_code_not_a_number"
  | "no_payload"
  | "too_deep"
  | "too_many_entries";

/** What a wire parser makes of one entry. `raw` is unredacted text: it goes through redactText() before it goes anywhere. */
export type Parsed =
  | { readonly kind: "event"; readonly event: DebuggerEvent }
  | { readonly kind: "ignored"; readonly reason: IgnoreReason }
  | {
      readonly kind: "quarantined";
      readonly reason: QuarantineReason;
      readonly account: string | null;
      readonly raw: string;
    };

/**
 * The human sentence of an event, or null. Twilio spells the key `Msg`, `msg`, `parserMessage` or `message`, inside
 * `more_info` (webhook) or at the top (streams).
 */
export function messageOf(payload: Json): string | null {
  const info = field(payload, "more_info");
  for (const holder of [info, payload]) {
    for (const key of ["Msg", "msg", "parserMessage", "message"]) {
      const text = textField(holder, key);
      if (text !== null) return text;
    }
  }
  return null;
}
