import { readFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { reasonBindingExists } from "../../src/core/diagnosis/binding-exists.ts";
import type { Reasoned, Seen } from "../../src/core/diagnosis/facts.ts";
import { reasonFrontlineConversationExists } from "../../src/core/diagnosis/frontline-conversation-exists.ts";
import { reasonIdentifierInUse } from "../../src/core/diagnosis/identifier-in-use.ts";
import type { ParticipantConversation, ProxyParticipant, ProxySession } from "../../src/core/diagnosis/resources.ts";
import type { Subject } from "../../src/core/diagnosis/subject.ts";
import { parseRulePack } from "../../src/core/rules/parse.ts";
import type { RemedyTemplate } from "../../src/core/rules/rule.ts";
import type { Conversation, ConversationParticipant } from "../support/simulated-twilio/conversations-state.ts";
import type * as wire from "../support/simulated-twilio/proxy-resources.ts";
import { runCurl } from "../support/simulated-twilio/run-curl.ts";
import { defaultAccount, type SimulatedTwilio, startSimulatedTwilio } from "../support/simulated-twilio/server.ts";

/* The commands of the remedies are carried out against the simulated API: what failed before must succeed after. */

const alice = "+15550100001";
const first = "+15550190001";
const second = "+15550190002";
const env = { TWILIO_ACCOUNT_SID: defaultAccount.sid, TWILIO_AUTH_TOKEN: defaultAccount.tokens[0] };

let server: SimulatedTwilio;
beforeEach(async () => {
  server = await startSimulatedTwilio({ now: () => new Date("2026-01-15T10:00:00Z") });
});
afterEach(async () => {
  await server.stop();
});

function remediesOf(pack: string, code: number): readonly RemedyTemplate[] {
  const text = readFileSync(new URL(`../../src/core/rules/packs/${pack}.yaml`, import.meta.url), "utf8");
  return parseRulePack(text, pack).rules.find(({ match }) => match.code === code)?.remedies ?? [];
}

async function carryOut(reasoned: Reasoned, remedy: string, more: Record<string, string> = {}): Promise<number[]> {
  const curl = reasoned.remedies.find(({ id }) => id === remedy)?.curl;
  if (curl === undefined) throw new Error(`remedy ${remedy} has no curl command`);
  return await runCurl(server.baseUrl, curl, { ...env, ...more });
}

function seen<T>(value: T): Seen<T> {
  return { ok: true, value, source: "test", at: "2026-01-15T10:00:00Z" };
}

function subject(fields: Partial<Subject>): Seen<Subject> {
  const nothing = { requestUrl: null, from: null, to: null, participants: [], address: null, proxyAddress: null };
  return seen({ requestKnown: true, ...nothing, worker: null, answer: null, ...fields });
}

function proxySession(session: wire.ProxySession): ProxySession {
  return {
    sid: session.sid,
    serviceSid: session.service_sid,
    uniqueName: session.unique_name,
    status: session.status,
    mode: session.mode,
    closedReason: session.closed_reason,
    ttl: session.ttl,
    dateCreated: session.date_created,
    dateUpdated: session.date_updated,
    dateStarted: session.date_started,
    dateEnded: session.date_ended,
    dateLastInteraction: session.date_last_interaction,
    dateExpiry: session.date_expiry,
  };
}

function proxyParticipant(participant: wire.ProxyParticipant): ProxyParticipant {
  return {
    sid: participant.sid,
    sessionSid: participant.session_sid,
    serviceSid: participant.service_sid,
    identifier: participant.identifier,
    proxyIdentifier: participant.proxy_identifier,
    proxyIdentifierSid: participant.proxy_identifier_sid,
    friendlyName: participant.friendly_name,
    dateCreated: participant.date_created,
    dateDeleted: participant.date_deleted,
  };
}

function bindingRow(conversation: Conversation, participant: ConversationParticipant): ParticipantConversation {
  const binding = participant.messaging_binding;
  return {
    conversationSid: conversation.sid,
    participantSid: participant.sid,
    chatServiceSid: conversation.chat_service_sid,
    participantIdentity: participant.identity,
    participantUserSid: null,
    participantMessagingBinding:
      binding === null
        ? null
        : { type: binding.type, address: binding.address, proxyAddress: binding.proxy_address, projectedAddress: null },
    conversationUniqueName: null,
    conversationFriendlyName: null,
    conversationState: conversation.state,
    conversationTimers: { dateInactive: null, dateClosed: null },
    conversationDateCreated: conversation.date_created,
    conversationDateUpdated: conversation.date_updated,
  };
}

describe("80604", () => {
  /** A Service with these numbers, and Alice in an active Session on each. */
  function full(...numbers: string[]): { ks: string; holders: wire.ProxySession[] } {
    const { proxy } = server.state.account();
    const ks = proxy.createService().sid;
    const holders = numbers.map((number) => {
      proxy.addPhoneNumber(ks, number);
      const created = proxy.createSession(ks, { participants: [{ identifier: alice }] });
      if (!created.ok) throw new Error(created.message);
      return created.value;
    });
    return { ks, holders };
  }

  function reason(ks: string, own: wire.ProxySession | null, request: Partial<Subject>): Reasoned {
    const { proxy } = server.state.account();
    const others = [...proxy.sessions.values()].filter(({ sid, status }) => sid !== own?.sid && status === "open");
    const numbers = [...proxy.phoneNumbers.values()];
    const facts = {
      occurredAt: "2026-01-15T10:00:00Z",
      service: ks,
      sessionSid: own?.sid ?? null,
      request: subject(request),
      session: seen(own === null ? null : proxySession(own)),
      participants: seen(own === null ? [] : proxy.participantsOf(own.sid).map(proxyParticipant)),
      numbers: seen(
        numbers.map((number) => ({
          sid: number.sid,
          phoneNumber: number.phone_number,
          isoCountry: null,
          isReserved: number.is_reserved,
          inUse: null,
        })),
      ),
      others: seen(
        others.map((each) => ({
          session: proxySession(each),
          participants: proxy.participantsOf(each.sid).map(proxyParticipant),
        })),
      ),
    };
    return reasonIdentifierInUse(facts, remediesOf("proxy", 80604));
  }

  it("closing the Session in the way lets the closed one be reopened", async () => {
    const { proxy } = server.state.account();
    const { ks, holders } = full(first);
    const [old] = holders;
    if (old === undefined) throw new Error("there is no Session");
    proxy.setStatus(old, "closed");
    proxy.createSession(ks, { participants: [{ identifier: alice }] });
    expect(proxy.setStatus(old, "in-progress")).toMatchObject({ ok: false, code: 80604 });
    const reasoned = reason(ks, old, {});
    expect(reasoned.causes[0]).toMatchObject({ id: "reopened-session", verdict: "confirmed" });
    expect(await carryOut(reasoned, "reopen-when-free")).toEqual([200]);
    expect(proxy.setStatus(old, "in-progress").ok).toBe(true);
  });

  const asks = { participants: [{ identifier: alice, proxyIdentifier: null, proxyIdentifierSid: null }] };

  it.each(["add-numbers", "reopen-when-free"])("a pool that is used up: %s makes room", async (remedy) => {
    const { proxy } = server.state.account();
    const { ks } = full(first, second);
    const create = () => proxy.createSession(ks, { participants: [{ identifier: alice }] });
    expect(create()).toMatchObject({ ok: false, code: 80604 });
    const reasoned = reason(ks, null, asks);
    expect(reasoned.causes[0]).toMatchObject({ id: "pool-too-small", verdict: "confirmed" });
    await carryOut(reasoned, remedy, { PHONE_NUMBER_SID: `PN${"9".repeat(32)}` });
    expect(create().ok).toBe(true);
  });

  it.each(["let-proxy-choose", "give-another-number"])(
    "a number that was named and is taken: %s works",
    async (remedy) => {
      const { proxy } = server.state.account();
      const { ks } = full(first);
      proxy.addPhoneNumber(ks, second);
      const created = proxy.createSession(ks);
      if (!created.ok) throw new Error(created.message);
      const request = { participants: [{ identifier: alice, proxyIdentifier: first, proxyIdentifierSid: null }] };
      expect(proxy.addParticipant(created.value, { identifier: alice, proxyIdentifier: first })).toMatchObject({
        code: 80604,
      });
      const reasoned = reason(ks, created.value, request);
      expect(reasoned.causes[0]).toMatchObject({ id: "proxy-identifier-given", verdict: "confirmed" });
      expect(await carryOut(reasoned, remedy, { IDENTIFIER: alice })).toEqual([201]);
      expect(proxy.participantsOf(created.value.sid).map((one) => one.proxy_identifier)).toEqual([second]);
    },
  );
});

describe("50416", () => {
  it.each(["remove-participant", "close-conversation", "delete-conversation", "update-participant"])(
    "%s frees the pair, also in another Service",
    async (remedy) => {
      const { conversations } = server.state.account();
      const holder = conversations.createConversation({
        chat_service_sid: conversations.createService(),
        date_updated: "2026-01-01T00:00:00Z",
      });
      const bound = conversations.addParticipant(holder, { address: alice, proxyAddress: first });
      if (!bound.ok) throw new Error(bound.message);
      const wanted = conversations.createConversation();
      const add = () => conversations.addParticipant(wanted, { address: alice, proxyAddress: first });
      expect(add()).toMatchObject({ ok: false, code: 50416 });
      const facts = {
        occurredAt: "2026-01-15T10:00:00Z",
        service: conversations.defaultService,
        conversation: wanted.sid,
        namedInMessage: null,
        request: subject({ address: alice, proxyAddress: first }),
        bindings: seen([bindingRow(holder, bound.value)]),
        failedBefore: seen(null),
      };
      const reasoned = reasonBindingExists(facts, remediesOf("conversations", 50416));
      const [status = 0] = await carryOut(reasoned, remedy, { NEW_PROXY_ADDRESS: second });
      expect([200, 204]).toContain(status);
      expect(add().ok).toBe(true);
    },
  );
});

describe("48031", () => {
  it.each(["add-asking-user", "remove-participant", "close-conversation", "delete-conversation"])(
    "%s lets the user start",
    async (remedy) => {
      const { conversations, frontline } = server.state.account();
      const holder = conversations.createConversation();
      const bound = conversations.addParticipant(holder, { address: alice, proxyAddress: first });
      if (!bound.ok) throw new Error(bound.message);
      const start = () =>
        frontline.startOutgoingConversation({ worker: "o'hara", contact: alice, proxyAddress: first });
      expect(start()).toMatchObject({ ok: false, code: 48031 });
      const facts = {
        occurredAt: "2026-01-15T10:00:00Z",
        request: subject({ address: alice, proxyAddress: first, worker: "o'hara" }),
        bindings: seen([bindingRow(holder, bound.value)]),
        participants: { [holder.sid]: seen([]) },
        users: {},
      };
      const reasoned = reasonFrontlineConversationExists(facts, remediesOf("conversations", 48031));
      expect(reasoned.causes[0]).toMatchObject({ id: "never-routed", verdict: "confirmed" });
      await carryOut(reasoned, remedy);
      expect(start().ok).toBe(true);
    },
  );
});
