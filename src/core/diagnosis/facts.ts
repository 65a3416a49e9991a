/*
 * Facts are what gathering hands to reasoning: plain objects, each source either read or not. A 404 to a single resource
 * is an answer (`value: null`), not a failure; an answer that never came is no fact about the resource at all.
 */
import type { Subject } from "./subject.ts";
import type { CauseVerdict, Conflict, DiagnosisFailure, Evidence, Remedy } from "./verdict.ts";

/** Why a source says nothing. `absent`: the event does not carry it; `not_asked`: what to ask for was not known. */
export type UnreadReason = DiagnosisFailure | "absent" | "not_asked" | "budget_used_up";

/** A source that was read. */
export interface Seen<T> {
  readonly ok: true;
  readonly value: T;
  /** `event`, or an API path such as `GET /v1/Services/KS…/Sessions`. */
  readonly source: string;
  /** When it was read, ISO 8601 UTC. */
  readonly at: string;
  /** A list that goes on beyond what was read. What is missing in it may exist. */
  readonly cutShort?: boolean;
}

/** A source that was not read. */
export interface Unread {
  readonly ok: false;
  readonly reason: UnreadReason;
  readonly source: string;
  readonly at: string;
}

export type Read<T> = Seen<T> | Unread;

/** What every reasoner returns. Causes are ordered: the leading one first. */
export interface Reasoned {
  readonly causes: readonly CauseVerdict[];
  readonly evidence: readonly Evidence[];
  readonly conflicts: readonly Conflict[];
  readonly remedies: readonly Remedy[];
}

/** The request behind an event: not read when the event does not carry it, whatever else the subject says. */
export function knownRequest(read: Read<Subject>): Read<Subject> {
  if (!read.ok || read.value.requestKnown) return read;
  return { ok: false, reason: "absent", source: read.source, at: read.at };
}

/** A sentence that this source showed. */
export function shownBy(read: Read<unknown>, text: string): Evidence {
  return { text, source: read.source, observedAt: read.at };
}

const reasons: Record<UnreadReason, string> = {
  no_credentials: "there are no credentials for this account",
  not_found: "Twilio answered 404",
  unauthorized: "Twilio refused the credentials",
  rate_limited: "Twilio answered 429, too many requests",
  timeout: "Twilio did not answer in time",
  network: "the connection to Twilio failed",
  server_error: "Twilio failed itself",
  client_error: "Twilio refused the request",
  not_an_alert: "the event has no Alert",
  absent: "the event does not carry it",
  not_asked: "nothing says which one to ask for",
  budget_used_up: "the calls for one event were used up",
};

/** Says what is missing and why: the evidence of an `unknown`. */
export function notRead(read: Unread, what: string): Evidence {
  return shownBy(read, `${what} could not be read: ${reasons[read.reason]}.`);
}
