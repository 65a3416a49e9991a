import { readFileSync } from "node:fs";
import { expect } from "vitest";
import type { Reasoned, Seen, Unread, UnreadReason } from "../../../src/core/diagnosis/facts.ts";
import type {
  ConversationParticipant,
  FrontlineUser,
  ParticipantConversation,
  ProxyParticipant,
  ProxyPhoneNumber,
  ProxyService,
  ProxySession,
} from "../../../src/core/diagnosis/resources.ts";
import type { SessionWithParticipants } from "../../../src/core/diagnosis/sessions.ts";
import type { Subject } from "../../../src/core/diagnosis/subject.ts";
import type { Verdict } from "../../../src/core/diagnosis/verdict.ts";
import { parseRulePack } from "../../../src/core/rules/parse.ts";
import type { RemedyTemplate, Rule } from "../../../src/core/rules/rule.ts";

/** When the events of these tests occur. */
export const occurredAt = "2026-01-15T10:00:00Z";
export const alice = "+15550100001";
export const bob = "+15550100002";
export const first = "+15550190001";
export const second = "+15550190002";

export function sid(prefix: string, count: number): string {
  return prefix + count.toString(16).padStart(32, "0");
}

export const service = sid("KS", 1);

/** So many seconds before the event, as ISO 8601; negative for after. */
export function ago(seconds: number): string {
  return new Date(Date.parse(occurredAt) - seconds * 1000).toISOString();
}

export const day = 24 * 60 * 60;

export function seen<T>(value: T, more: { source?: string; cutShort?: boolean } = {}): Seen<T> {
  return { ok: true, value, source: "GET /v1/test", at: ago(-5), ...more };
}

export function unread(reason: UnreadReason = "timeout"): Unread {
  return { ok: false, reason, source: "GET /v1/test", at: ago(-5) };
}

export function subject(fields: Partial<Subject> = {}): Subject {
  return {
    requestKnown: true,
    requestUrl: null,
    from: null,
    to: null,
    participants: [],
    address: null,
    proxyAddress: null,
    worker: null,
    answer: null,
    ...fields,
  };
}

export function session(count: number, fields: Partial<ProxySession> = {}): ProxySession {
  return {
    sid: sid("KC", count),
    serviceSid: service,
    uniqueName: null,
    status: "open",
    mode: null,
    closedReason: null,
    ttl: null,
    dateCreated: ago(3600),
    dateUpdated: null,
    dateStarted: null,
    dateEnded: null,
    dateLastInteraction: null,
    dateExpiry: null,
    ...fields,
  };
}

export function participant(count: number, fields: Partial<ProxyParticipant> = {}): ProxyParticipant {
  return {
    sid: sid("KP", count),
    sessionSid: sid("KC", 1),
    serviceSid: service,
    identifier: alice,
    proxyIdentifier: first,
    proxyIdentifierSid: null,
    friendlyName: null,
    dateCreated: null,
    dateDeleted: null,
    ...fields,
  };
}

/** A Session with one Participant. */
export function holding(
  count: number,
  identifier: string,
  proxyIdentifier: string,
  fields: Partial<ProxySession> = {},
): SessionWithParticipants {
  const own = participant(count * 10, { sessionSid: sid("KC", count), identifier, proxyIdentifier });
  return { session: session(count, fields), participants: [own] };
}

export function number(count: number, phoneNumber: string, isReserved = false): ProxyPhoneNumber {
  return { sid: sid("PN", count), phoneNumber, isoCountry: "US", isReserved, inUse: null };
}

export function proxyService(outOfSessionCallbackUrl: string | null): ProxyService {
  return {
    sid: service,
    uniqueName: null,
    chatInstanceSid: null,
    defaultTtl: null,
    numberSelectionBehavior: null,
    geoMatchLevel: null,
    callbackUrl: null,
    interceptCallbackUrl: null,
    outOfSessionCallbackUrl,
  };
}

export function binding(count: number, fields: Partial<ParticipantConversation> = {}): ParticipantConversation {
  return {
    conversationSid: sid("CH", count),
    participantSid: sid("MB", count),
    chatServiceSid: sid("IS", 1),
    participantIdentity: null,
    participantUserSid: null,
    participantMessagingBinding: { type: "sms", address: alice, proxyAddress: first, projectedAddress: null },
    conversationUniqueName: null,
    conversationFriendlyName: null,
    conversationState: "active",
    conversationTimers: { dateInactive: null, dateClosed: null },
    conversationDateCreated: ago(10 * day),
    conversationDateUpdated: ago(60),
    ...fields,
  };
}

export function chatParticipant(count: number, identity: string | null): ConversationParticipant {
  return {
    sid: sid("MB", count),
    conversationSid: sid("CH", 1),
    identity,
    roleSid: null,
    messagingBinding: null,
    dateCreated: null,
    dateUpdated: null,
  };
}

export function frontlineUser(count: number, identity: string): FrontlineUser {
  return { sid: sid("US", count), identity, friendlyName: null, state: "active", isAvailable: true };
}

function builtInRule(pack: string, code: number): Rule {
  const text = readFileSync(new URL(`../../../src/core/rules/packs/${pack}.yaml`, import.meta.url), "utf8");
  const rule = parseRulePack(text, pack).rules.find(({ match }) => match.code === code);
  if (rule === undefined) throw new Error(`no rule for ${code} in ${pack}.yaml`);
  return rule;
}

/** The rules of the five codes, as shipped. */
export const rules = {
  80604: builtInRule("proxy", 80604),
  80903: builtInRule("proxy", 80903),
  80905: builtInRule("proxy", 80905),
  50416: builtInRule("conversations", 50416),
  48031: builtInRule("conversations", 48031),
} as const;

export function remediesOf(code: keyof typeof rules): readonly RemedyTemplate[] {
  return rules[code].remedies ?? [];
}

export function verdictOf(reasoned: Reasoned, cause: string): Verdict | undefined {
  return reasoned.causes.find(({ id }) => id === cause)?.verdict;
}

export function textOf(reasoned: Reasoned, cause?: string): string {
  const evidence = cause === undefined ? reasoned.evidence : reasoned.causes.find(({ id }) => id === cause)?.evidence;
  return (evidence ?? []).map(({ text }) => text).join("\n");
}

/** No sentence, conflict or command shows one of the people's numbers. */
export function expectMasked(reasoned: Reasoned): void {
  const text = JSON.stringify(reasoned);
  for (const address of [alice, bob, first, second]) expect(text).not.toContain(address.slice(1));
}
