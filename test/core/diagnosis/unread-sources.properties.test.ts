import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { reasonBindingExists } from "../../../src/core/diagnosis/binding-exists.ts";
import type { Read, Reasoned, UnreadReason } from "../../../src/core/diagnosis/facts.ts";
import { reasonFrontlineConversationExists } from "../../../src/core/diagnosis/frontline-conversation-exists.ts";
import { reasonIdentifierInUse } from "../../../src/core/diagnosis/identifier-in-use.ts";
import type { ProxyParticipant } from "../../../src/core/diagnosis/resources.ts";
import { isActive, type SessionWithParticipants } from "../../../src/core/diagnosis/sessions.ts";
import { reasonUnknownParticipant } from "../../../src/core/diagnosis/unknown-participant.ts";
import { reasonUnknownScenario } from "../../../src/core/diagnosis/unknown-scenario.ts";
import {
  ago,
  alice,
  binding,
  bob,
  chatParticipant,
  day,
  expectMasked,
  first,
  number,
  occurredAt,
  participant,
  proxyService,
  remediesOf,
  second,
  seen,
  service,
  session,
  sid,
  subject,
  unread,
  verdictOf,
} from "./facts-at-hand.ts";

/*
 * A random account is known whole; then some sources are hidden and some lists cut. What is said with certainty then
 * needs the sources it names, and is never the opposite of what the whole shows.
 */

const reasonsUnread = ["timeout", "rate_limited", "server_error", "network", "unauthorized", "absent"] as const;
const person = fc.constantFrom(alice, alice, alice, bob, `whatsapp:${alice}`, alice.slice(1));
const proxyNumber = fc.constantFrom(first, second);
const moment = fc.option(fc.constantFrom(5, 30, 3000, 3595, 90_000, 2 * day, 9 * day, -600).map(ago), { nil: null });

/** What happens to one source: shown, hidden, or cut after so many items. */
const fate = fc.oneof(
  { weight: 3, arbitrary: fc.constant("shown" as const) },
  { weight: 2, arbitrary: fc.constantFrom<UnreadReason>(...reasonsUnread) },
  { weight: 1, arbitrary: fc.nat({ max: 2 }) },
);
type Fate = "shown" | UnreadReason | number;

function veil<T>(read: Read<T>, how: Fate): Read<T> {
  if (how === "shown" || !read.ok) return read;
  if (typeof how === "string") return unread(how);
  if (!Array.isArray(read.value)) return read;
  const value: T = JSON.parse(JSON.stringify(read.value.slice(0, how)));
  return { ...read, value, cutShort: true };
}

const pair = fc.record({
  identifier: person,
  proxyIdentifier: proxyNumber,
  dateDeleted: fc.option(moment, { nil: null }),
});
const sessionFields = fc.record({
  status: fc.constantFrom("open", "open", "in-progress", "in-progress", "closed", "failed", "unknown"),
  dateCreated: moment,
  dateStarted: moment,
  dateEnded: moment,
  dateExpiry: moment,
  closedReason: fc.constantFrom(null, "api"),
  ttl: fc.constantFrom(null, 0, 60, 10 ** 9),
});
const sessions = fc
  .array(fc.tuple(sessionFields, fc.array(pair, { maxLength: 2 })), { minLength: 1, maxLength: 4 })
  .map((all) =>
    all.map(([fields, pairs], index) => ({
      session: session(index + 1, fields),
      participants: pairs.map((own, at) => participant(index * 10 + at, { ...own, sessionSid: sid("KC", index + 1) })),
    })),
  );
const named = fc.record({
  identifier: fc.option(person, { nil: null }),
  proxyIdentifier: fc.option(proxyNumber, { nil: null }),
  proxyIdentifierSid: fc.constantFrom(null, sid("PN", 1)),
});
const request = fc.record({
  requestKnown: fc.boolean(),
  requestUrl: fc.constantFrom(null, "https://app.example.com/x"),
  from: fc.option(person, { nil: null }),
  to: fc.option(proxyNumber, { nil: null }),
  participants: fc.array(named, { maxLength: 2 }),
  address: fc.option(person, { nil: null }),
  proxyAddress: fc.option(proxyNumber, { nil: null }),
  worker: fc.constantFrom(null, "carol", "dave", alice),
  answer: fc.option(
    fc.record({
      status: fc.constantFrom(null, 200, 500),
      contentType: fc.constantFrom(null, "application/xml", "application/json", "text/xml", "text/html"),
      body: fc.constantFrom(null, "<Response/>", "{}", "nonsense"),
    }),
    { nil: null },
  ),
});

/**
 * A request that can have met 80604 in this account: a closed Session is reopened, nobody is added to it; and whoever of
 * an active Session is in conflict is whom the request asked for.
 */
function possibleRequest(given: Parameters<typeof subject>[0], [own, ...others]: SessionWithParticipants[]) {
  if (own === undefined || given === undefined) return given;
  const taken = own.participants.filter(({ identifier, proxyIdentifier, dateDeleted }) =>
    others.some(
      (other) =>
        dateDeleted === null &&
        isActive(other.session) &&
        other.participants.some(
          (each) =>
            each.dateDeleted === null && each.identifier === identifier && each.proxyIdentifier === proxyIdentifier,
        ),
    ),
  );
  const isReopened = own.session.status === "closed";
  return isReopened || taken.length > 0 ? { ...given, participants: [] } : given;
}

type Needs = Record<string, { confirmed: readonly string[]; "ruled-out": readonly string[] }>;

/** Checks what is certain with some sources hidden against what the whole shows. */
function expectHonest<T extends object>(whole: T, veiled: T, needs: Needs, reason: (facts: T) => Reasoned): void {
  const full = reason(whole);
  const partial = reason(veiled);
  const isRead = (name: string): boolean => {
    const read: unknown = Object.entries(veiled).find(([key]) => key === name)?.[1];
    return typeof read === "object" && read !== null && "ok" in read && read.ok === true;
  };
  expect(partial.causes).toHaveLength(Object.keys(needs).length);
  for (const { id, verdict, evidence } of partial.causes) {
    expect(evidence.length, `${id} has evidence for ${verdict}`).toBeGreaterThan(0);
    if (verdict !== "confirmed" && verdict !== "ruled-out") continue;
    for (const source of needs[id]?.[verdict] ?? ["no such verdict"])
      expect(isRead(source), `${id} ${verdict} needs ${source}`).toBe(true);
    expect(verdictOf(full, id), `${id} was ${verdict} with less known`).not.toBe(
      verdict === "confirmed" ? "ruled-out" : "confirmed",
    );
  }
  expectMasked(partial);
}

const many = { numRuns: 3000 };

describe("a source that was not read decides nothing", () => {
  it("80604", () => {
    const needs: Needs = {
      "reopened-session": { confirmed: ["session", "participants", "others"], "ruled-out": ["session"] },
      "proxy-identifier-given": { confirmed: ["request", "others"], "ruled-out": ["request"] },
      "pool-too-small": { confirmed: ["numbers", "others"], "ruled-out": ["numbers", "others"] },
      "concurrent-requests": { confirmed: ["session", "others"], "ruled-out": ["session", "others"] },
    };
    const numbers = fc.tuple(fc.boolean(), fc.boolean()).map(([a, b]) => [number(1, first, a), number(2, second, b)]);
    fc.assert(
      fc.property(
        sessions,
        numbers,
        request,
        fc.array(fate, { minLength: 5, maxLength: 5 }),
        (all, pool, given, fates) => {
          const own = all[0];
          const asked = possibleRequest(given, all);
          const whole = {
            occurredAt,
            service,
            sessionSid: sid("KC", 1),
            request: seen(subject(asked)),
            session: seen(own?.session ?? null),
            participants: seen<readonly ProxyParticipant[]>(own?.participants ?? []),
            numbers: seen(pool),
            others: seen(all.slice(1).filter((other) => isActive(other.session))),
          };
          const [f0 = "shown", f1 = "shown", f2 = "shown", f3 = "shown", f4 = "shown"] = fates;
          const veiled = {
            ...whole,
            request: veil(whole.request, f0),
            session: veil(whole.session, f1),
            participants: veil(whole.participants, typeof f2 === "number" ? "shown" : f2),
            numbers: veil(whole.numbers, f3),
            others: veil(whole.others, f4),
          };
          expectHonest<Parameters<typeof reasonIdentifierInUse>[0]>(whole, veiled, needs, (facts) =>
            reasonIdentifierInUse(facts, remediesOf(80604)),
          );
        },
      ),
      many,
    );
  });

  it("80903", () => {
    const needs: Needs = {
      "participant-not-in-session": { confirmed: ["session", "participant"], "ruled-out": [] },
      "identifier-mismatch": { confirmed: ["request", "participants"], "ruled-out": ["request", "participants"] },
      "participant-deleted": { confirmed: [], "ruled-out": [] },
    };
    fc.assert(
      fc.property(
        fc.array(pair, { maxLength: 3 }),
        fc.nat({ max: 4 }),
        fc.boolean(),
        request,
        fc.array(fate, { minLength: 4, maxLength: 4 }),
        (pairs, asked, isGone, parameters, fates) => {
          const all = pairs.map((own, index) => participant(index + 1, own));
          const whole = {
            occurredAt,
            service,
            sessionSid: sid("KC", 1),
            participantSid: asked === 0 ? null : sid("KP", asked),
            request: seen(subject(parameters)),
            session: seen(isGone ? null : session(1)),
            participant:
              asked === 0 || isGone
                ? unread("not_asked")
                : seen(all.find((one) => one.sid === sid("KP", asked)) ?? null),
            participants: isGone ? unread("not_found") : seen(all),
            elsewhere: unread("not_asked"),
          };
          const [f0 = "shown", f1 = "shown", f2 = "shown", f3 = "shown"] = fates;
          const veiled = {
            ...whole,
            request: veil(whole.request, f0),
            session: veil(whole.session, f1),
            participant: veil<ProxyParticipant | null>(whole.participant, f2),
            participants: veil<readonly ProxyParticipant[]>(whole.participants, f3),
          };
          expectHonest<Parameters<typeof reasonUnknownParticipant>[0]>(whole, veiled, needs, (facts) =>
            reasonUnknownParticipant(facts, remediesOf(80903)),
          );
        },
      ),
      many,
    );
  });

  it("80905", () => {
    const needs: Needs = {
      "caller-not-in-open-session": { confirmed: ["request", "open"], "ruled-out": ["request", "open"] },
      "session-ended": { confirmed: ["request", "open"], "ruled-out": ["request", "open"] },
      "no-out-of-session-callback": { confirmed: ["proxyService"], "ruled-out": ["proxyService"] },
      "invalid-callback-response": { confirmed: ["request"], "ruled-out": ["request"] },
      "pairing-mismatch": { confirmed: ["request", "open"], "ruled-out": ["request", "open"] },
    };
    fc.assert(
      fc.property(
        sessions,
        fc.constantFrom(null, "https://app.example.com/x"),
        request,
        fc.array(fate, { minLength: 5, maxLength: 5 }),
        (all, callback, asked, fates) => {
          const whole = {
            occurredAt,
            service,
            request: seen(subject(asked)),
            proxyService: seen(proxyService(callback)),
            numbers: seen([number(1, first)]),
            numberOwner: unread("not_asked"),
            open: seen(all.filter((each) => isActive(each.session))),
            ended: seen(all.filter((each) => !isActive(each.session))),
          };
          const [f0 = "shown", f1 = "shown", f2 = "shown", f3 = "shown", f4 = "shown"] = fates;
          const veiled = {
            ...whole,
            request: veil(whole.request, f0),
            proxyService: veil(whole.proxyService, f1),
            numbers: veil(whole.numbers, f2),
            open: veil(whole.open, f3),
            ended: veil(whole.ended, f4),
          };
          expectHonest<Parameters<typeof reasonUnknownScenario>[0]>(whole, veiled, needs, (facts) =>
            reasonUnknownScenario(facts, remediesOf(80905)),
          );
        },
      ),
      many,
    );
  });

  const rows = fc
    .array(
      fc.record({
        address: person,
        proxyAddress: proxyNumber,
        state: fc.constantFrom("active", "inactive", "closed", "initializing"),
        updated: moment,
      }),
      { maxLength: 3 },
    )
    .map((all) =>
      all.map(({ address, proxyAddress, state, updated }, index) =>
        binding(index + 1, {
          conversationState: state,
          conversationDateUpdated: updated,
          participantMessagingBinding: { type: "sms", address, proxyAddress, projectedAddress: null },
        }),
      ),
    );

  it("50416", () => {
    const needs: Needs = {
      "added-twice": { confirmed: ["request", "bindings"], "ruled-out": ["request", "bindings"] },
      "no-lookup-before-create": { confirmed: [], "ruled-out": ["request", "bindings", "failedBefore"] },
      "stale-binding": { confirmed: ["request", "bindings"], "ruled-out": ["request", "bindings"] },
    };
    const sidOrNull = fc.constantFrom(null, sid("CH", 1), sid("CH", 2));
    fc.assert(
      fc.property(
        rows,
        sidOrNull,
        sidOrNull,
        request,
        fc.option(fc.constant(ago(300)), { nil: null }),
        fc.array(fate, { minLength: 3, maxLength: 3 }),
        (all, conversation, namedInMessage, asked, failed, fates) => {
          const whole = {
            occurredAt,
            service: sid("IS", 1),
            conversation,
            namedInMessage,
            request: seen(subject(asked)),
            bindings: seen(all),
            failedBefore: seen(failed),
          };
          const [f0 = "shown", f1 = "shown", f2 = "shown"] = fates;
          const veiled = {
            ...whole,
            request: veil(whole.request, f0),
            bindings: veil(whole.bindings, f1),
            failedBefore: veil(whole.failedBefore, f2),
          };
          expectHonest<Parameters<typeof reasonBindingExists>[0]>(whole, veiled, needs, (facts) =>
            reasonBindingExists(facts, remediesOf(50416)),
          );
        },
      ),
      many,
    );
  });

  it("48031", () => {
    const needs: Needs = {
      "other-user-engaged": { confirmed: ["request", "bindings"], "ruled-out": ["request", "bindings"] },
      "never-routed": { confirmed: ["request", "bindings"], "ruled-out": ["request", "bindings"] },
      "not-closed": { confirmed: ["request", "bindings"], "ruled-out": ["request", "bindings"] },
    };
    const members = fc.array(fc.array(fc.constantFrom(null, "carol", "dave", alice), { maxLength: 3 }), {
      minLength: 3,
      maxLength: 3,
    });
    fc.assert(
      fc.property(
        rows,
        members,
        request,
        fc.array(fate, { minLength: 5, maxLength: 5 }),
        (all, identities, asked, fates) => {
          const lists = identities.map((each) => seen(each.map((identity, index) => chatParticipant(index, identity))));
          const [f0 = "shown", f1 = "shown", ...rest] = fates;
          const whole = {
            occurredAt,
            request: seen(subject(asked)),
            bindings: seen(all),
            participants: Object.fromEntries(lists.map((list, index) => [sid("CH", index + 1), list])),
            users: {},
          };
          const veiled = {
            ...whole,
            request: veil(whole.request, f0),
            bindings: veil(whole.bindings, f1),
            participants: Object.fromEntries(
              lists.map((list, index) => [sid("CH", index + 1), veil(list, rest[index] ?? "shown")]),
            ),
          };
          expectHonest<Parameters<typeof reasonFrontlineConversationExists>[0]>(whole, veiled, needs, (facts) =>
            reasonFrontlineConversationExists(facts, remediesOf(48031)),
          );
        },
      ),
      many,
    );
  });
});
