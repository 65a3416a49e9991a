/*
 * What Proxy Sessions mean for routing: which are active, when and why others ended, who holds a pair.
 * Source: https://www.twilio.com/docs/proxy/api/session
 */
import type { ProxyParticipant, ProxySession } from "./resources.ts";
import { timeOf } from "./time.ts";
import type { Conflict } from "./verdict.ts";

export interface SessionWithParticipants {
  readonly session: ProxySession;
  readonly participants: readonly ProxyParticipant[];
}

/** Open or in progress, as Twilio says. */
export function isActive(session: ProxySession): boolean {
  return session.status === "open" || session.status === "in-progress";
}

/** Carries the marks of an end, whatever its status is now. */
export function wasClosed(session: ProxySession): boolean {
  return session.status === "closed" || session.dateEnded !== null || (session.closedReason ?? "") !== "";
}

/** When its time was or will be over by dateExpiry, else by ttl; null without an end. ISO 8601 UTC. */
export function expiryOf(session: ProxySession): { at: string; by: "dateExpiry" | "ttl" } | null {
  if (timeOf(session.dateExpiry) !== null && session.dateExpiry !== null)
    return { at: session.dateExpiry, by: "dateExpiry" };
  const from = timeOf(session.dateLastInteraction) ?? timeOf(session.dateCreated);
  const ttl = session.ttl ?? 0;
  if (ttl <= 0 || from === null) return null;
  const end = from + ttl * 1000;
  return Math.abs(end) > 8.64e15 ? null : { at: new Date(end).toISOString(), by: "ttl" };
}

/**
 * When and why a Session ended, in words for evidence; null while it can route. One that Twilio still calls open has
 * ended when its time was over at `seenAt`, the time of the event. `at` is null when Twilio does not say.
 */
export function endOf(session: ProxySession, seenAt: string): { at: string | null; why: string } | null {
  const expiry = expiryOf(session);
  if (isActive(session)) {
    // One that was opened again counts its ttl from a moment Twilio does not show.
    const isReopened = session.dateEnded !== null && expiry?.by === "ttl";
    if (expiry === null || isReopened || !isBefore(expiry.at, seenAt)) return null;
    return { at: expiry.at, why: `its ${expiry.by} has passed` };
  }
  if (session.status !== "closed" && session.status !== "failed") return null;
  const expired = expiry !== null && isBefore(expiry.at, session.dateEnded ?? seenAt);
  const reason = (session.closedReason ?? "").slice(0, 80);
  const passed = expired ? `its ${expiry.by} had passed` : "Twilio gives no reason";
  return {
    at: session.dateEnded ?? (expired ? expiry.at : null),
    why: reason === "" ? passed : `closed reason: ${reason}`,
  };
}

function isBefore(text: string, other: string): boolean {
  const at = timeOf(text);
  const limit = timeOf(other);
  return at !== null && limit !== null && at <= limit;
}

/** Participants that were not removed. */
export function present(participants: readonly ProxyParticipant[]): ProxyParticipant[] {
  return participants.filter(({ dateDeleted }) => dateDeleted === null);
}

/**
 * Since when a Participant has held its number in an active Session: both are there, and the Session was not closed in
 * between, as far as times tell. One that was opened again is active since it started anew.
 */
export function heldSince(session: ProxySession, { dateCreated }: ProxyParticipant): string | null {
  const reopened = session.dateEnded === null ? null : session.dateStarted;
  const times = [session.dateCreated, dateCreated, reopened].filter((time) => timeOf(time) !== null);
  return times.toSorted((a, b) => (timeOf(b) ?? 0) - (timeOf(a) ?? 0))[0] ?? null;
}

/** Whether a Participant has this Proxy number, given by number or by sid. */
export function hasNumber(
  participant: ProxyParticipant,
  number: { number: string | null; sid: string | null },
): boolean {
  return (
    (number.number !== null && participant.proxyIdentifier === number.number) ||
    (number.sid !== null && participant.proxyIdentifierSid === number.sid)
  );
}

/** A Session in the way. `service` is the one that was scanned, for an answer that does not name its own. */
export function sessionConflict({ sid, serviceSid, status }: ProxySession, service: string | null): Conflict {
  const url = `https://proxy.twilio.com/v1/Services/${serviceSid ?? service ?? "unknown"}/Sessions/${sid}`;
  return { sid, kind: "session", state: status ?? "unknown", url };
}
