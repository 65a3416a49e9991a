/*
 * 80604 Proxy Identifier In Use: the same (identifier, proxy number) pair would be active in two Sessions of a Service.
 * Source: https://www.twilio.com/docs/api/errors/80604
 */
import type { RemedyTemplate } from "../rules/rule.ts";
import { knownRequest, notRead, type Reasoned, shownBy } from "./facts.ts";
import type { IdentifierInUseFacts } from "./identifier-in-use-facts.ts";
import { closeTogether } from "./identifier-timing.ts";
import { maskAddress } from "./mask-address.ts";
import { type FullPool, poolOf, poolVerdict } from "./number-pool.ts";
import { type HeldPair, heldPairs, type InUse, unseenNote } from "./pairs.ts";
import { gatherEvidence, rankCauses, verdict } from "./ranking.ts";
import { fillRemedies, type Sids } from "./remedy.ts";
import type { ProxySession } from "./resources.ts";
import { isActive, present, type SessionWithParticipants, sessionConflict, wasClosed } from "./sessions.ts";
import { cameAfter, timeOf } from "./time.ts";
import type { CauseVerdict } from "./verdict.ts";

const ids = {
  reopened: "reopened-session",
  given: "proxy-identifier-given",
  pool: "pool-too-small",
  concurrent: "concurrent-requests",
} as const;

const answers = {
  [ids.reopened]: ["reopen-when-free"],
  [ids.given]: ["let-proxy-choose", "give-another-number"],
  [ids.pool]: ["add-numbers"],
  [ids.concurrent]: ["fail-on-conflict", "drop-conflict-flag"],
};

/** Verdicts on the causes of 80604, in the words of the rule whose remedies are given. */
export function reasonIdentifierInUse(given: IdentifierInUseFacts, remedies: readonly RemedyTemplate[]): Reasoned {
  const facts = { ...given, request: knownRequest(given.request) };
  const situation = understand(facts);
  const pool = poolOf(situation);
  const blocking = blockingPools(situation, pool.full);
  const holders = [...situation.held, ...blocking.flatMap((each) => each.holders.map((holder) => ({ holder })))].map(
    ({ holder }) => holder,
  );
  const causes = rankCauses([
    reopened(facts, situation),
    numberGiven(facts, situation, pool.freeNumber !== null),
    poolVerdict(ids.pool, situation, pool),
    closeTogether(ids.concurrent, facts, holders, situation.identifiers),
  ]);
  const free = pool.freeNumber;
  return {
    causes,
    evidence: gatherEvidence(
      causes,
      [unseenNote(facts.others)].filter((note) => note !== null),
    ),
    conflicts: distinctSessions(holders)
      .slice(0, 20)
      .map((session) => sessionConflict(session, facts.service)),
    remedies: fillRemedies(remedies, causes, {
      targets: targetsOf(facts, toClose(situation, blocking)),
      values: free === null ? {} : { "give-another-number": { PHONE_NUMBER_SID: free.sid } },
      answers,
    }),
  };
}

function understand(facts: IdentifierInUseFacts): InUse {
  const asked = facts.request.ok ? facts.request.value.participants : [];
  const own = facts.participants.ok
    ? present(facts.participants.value).flatMap(({ identifier, proxyIdentifier, proxyIdentifierSid }) =>
        identifier === null ? [] : [{ identifier, proxyIdentifier, proxyIdentifierSid }],
      )
    : [];
  const askedIdentifiers = asked.flatMap(({ identifier }) => identifier ?? []);
  const others = facts.others.ok
    ? facts.others.value.filter(({ session }) => isActive(session) && session.sid !== facts.sessionSid)
    : [];
  const wanted = [
    ...own
      .filter(({ identifier }) => askedIdentifiers.length === 0 || askedIdentifiers.includes(identifier))
      .map((participant) => ({
        identifier: participant.identifier,
        number: participant.proxyIdentifier,
        numberSid: participant.proxyIdentifierSid,
        isOwn: true,
      })),
    ...asked.flatMap(({ identifier, proxyIdentifier: number, proxyIdentifierSid: numberSid }) => {
      if (number === null && numberSid === null) return [];
      const of = identifier === null ? own.map((participant) => participant.identifier) : [identifier];
      return of.map((one) => ({ identifier: one, number, numberSid, isOwn: false }));
    }),
  ];
  const held = heldPairs(wanted, others);
  const contested = held.filter(({ isOwn }) => isOwn).map(({ identifier }) => identifier);
  const inSession = contested.length > 0 ? contested : own.map(({ identifier }) => identifier);
  return {
    facts,
    asked,
    identifiers: [...new Set(askedIdentifiers.length > 0 ? askedIdentifiers : inSession)],
    isContested: askedIdentifiers.length > 0 || contested.length > 0,
    isWhole: facts.request.ok || isClosed(facts),
    others,
    held,
  };
}

/** Closed when the event occurred: then the action was to reopen it, with the Participants it has. */
function isClosed({ session, occurredAt }: IdentifierInUseFacts): boolean {
  return session.ok && session.value?.status === "closed" && !cameAfter(session.value.dateEnded, occurredAt);
}

function reopened(facts: IdentifierInUseFacts, situation: InUse): CauseVerdict {
  const { session, participants, others, occurredAt } = facts;
  if (!session.ok) return verdict(ids.reopened, "unknown", notRead(session, "The Session"));
  const found = session.value;
  if (found === null) {
    return verdict(
      ids.reopened,
      "unknown",
      shownBy(
        session,
        "The Session of the event does not exist: a refused create leaves none, and a deleted one cannot be looked at.",
      ),
    );
  }
  if (!wasClosed(found)) {
    const text = `Session ${found.sid} is ${found.status} and was never closed.`;
    return verdict(ids.reopened, isActive(found) ? "ruled-out" : "unknown", shownBy(session, text));
  }
  const ended = `Session ${found.sid} was closed${found.dateEnded === null ? "" : ` at ${found.dateEnded}`} and is ${found.status} now.`;
  if (!participants.ok)
    return verdict(ids.reopened, "unknown", shownBy(session, ended), notRead(participants, "Its Participants"));
  if (!others.ok)
    return verdict(
      ids.reopened,
      "unknown",
      shownBy(session, ended),
      notRead(others, "The other Sessions of the Service"),
    );
  const held = situation.held.filter(({ isOwn }) => isOwn);
  if (held.length === 0) {
    const none = shownBy(others, `No other active Session that was looked at holds a pair of its Participants.`);
    return verdict(ids.reopened, "unknown", shownBy(session, ended), none, unseenNote(others));
  }
  const evidence = [shownBy(session, ended), ...held.map((pair) => shownBy(others, describe(pair)))];
  if (situation.asked.length > 0) {
    const request = shownBy(facts.request, "The request created a Participant or a Session, it did not reopen one.");
    return verdict(ids.reopened, "unknown", ...evidence, request);
  }
  const inDoubt = cameAfter(found.dateEnded, occurredAt) || held.every(({ since }) => cameAfter(since, occurredAt));
  return verdict(ids.reopened, inDoubt ? "likely" : "confirmed", ...evidence, inDoubt ? lateNote(facts) : null);
}

function numberGiven(facts: IdentifierInUseFacts, situation: InUse, isNumberFree: boolean): CauseVerdict {
  const { request, others, session, occurredAt } = facts;
  if (!request.ok) {
    const held = situation.held;
    const isNew = session.ok && session.value !== null && !wasClosed(session.value);
    if (!others.ok || held.length === 0 || !isNumberFree || !isNew)
      return verdict(ids.given, "unknown", notRead(request, "The request"));
    const text =
      "The pair is held elsewhere although another number is free, and the Session is new: the request probably named the number.";
    return verdict(ids.given, "likely", shownBy(others, text), ...held.map((pair) => shownBy(others, describe(pair))));
  }
  const named = situation.asked.flatMap(
    ({ proxyIdentifier, proxyIdentifierSid }) => numberName(proxyIdentifier, proxyIdentifierSid) ?? [],
  );
  if (named.length === 0)
    return verdict(ids.given, "ruled-out", shownBy(request, "The request names no Proxy number."));
  const shown = shownBy(request, `The request names the Proxy number ${named.join(" and ")}.`);
  if (!others.ok) return verdict(ids.given, "likely", shown, notRead(others, "The other Sessions of the Service"));
  const held = situation.held.filter(({ isOwn }) => !isOwn);
  if (held.length === 0) {
    const none = shownBy(others, "No other active Session that was looked at holds this pair.");
    return verdict(ids.given, "likely", shown, none, unseenNote(others));
  }
  const inDoubt = held.every(({ since }) => cameAfter(since, occurredAt));
  const evidence = held.map((pair) => shownBy(others, describe(pair)));
  return verdict(ids.given, inDoubt ? "likely" : "confirmed", shown, ...evidence, inDoubt ? lateNote(facts) : null);
}

/** How evidence names a Proxy number; null when the request named none. */
function numberName(number: string | null, sid: string | null): string | null {
  if (sid !== null && /^PN[0-9a-f]{32}$/i.test(sid)) return sid;
  const address = number ?? sid;
  return address === null ? null : maskAddress(address);
}

function describe({ identifier, number, holder }: HeldPair): string {
  const { sid, status, dateCreated } = holder.session;
  const since = dateCreated === null ? "" : `, created at ${dateCreated}`;
  const proxy = number === null ? "the same Proxy number" : maskAddress(number);
  return `${maskAddress(identifier)} holds ${proxy} in Session ${sid} (${status}${since}).`;
}

function lateNote(facts: IdentifierInUseFacts): ReturnType<typeof shownBy> {
  return shownBy(facts.others, `This came about after the event, which is dated ${facts.occurredAt}.`);
}

function targetsOf(facts: IdentifierInUseFacts, holders: readonly ProxySession[]): Sids[] {
  const service = facts.service ?? holders[0]?.serviceSid ?? undefined;
  const session = facts.session.ok ? facts.session.value?.sid : (facts.sessionSid ?? undefined);
  const base: Sids = { ...(service === undefined ? {} : { service }), ...(session === undefined ? {} : { session }) };
  return holders.length === 0 ? [base] : holders.map(({ sid }) => ({ ...base, conflictingSession: sid }));
}

/**
 * The people whose used-up pool is in the way: those for whom the request left the choice to Proxy; without a request, or
 * with nobody's pair taken, all.
 */
function blockingPools({ asked, held }: InUse, full: readonly FullPool[]): readonly FullPool[] {
  if (held.length === 0) return full;
  const choosing = asked.filter(({ proxyIdentifier, proxyIdentifierSid }) => !proxyIdentifier && !proxyIdentifierSid);
  return full.filter(({ identifier }) => choosing.some((person) => person.identifier === identifier));
}

/**
 * The Sessions to close: all that hold a pair that was asked for. With a pool used up one of its Sessions is enough, the
 * one that has been silent longest.
 */
function toClose({ held }: InUse, blocking: readonly FullPool[]): ProxySession[] {
  const chosen = held.map(({ holder }) => holder);
  for (const { holders } of blocking) {
    if (holders.some(({ session }) => chosen.some((other) => other.session.sid === session.sid))) continue;
    const [silent] = holders.toSorted((a, b) => lastUse(a.session) - lastUse(b.session));
    if (silent !== undefined) chosen.push(silent);
  }
  return distinctSessions(chosen);
}

function lastUse(session: ProxySession): number {
  return timeOf(session.dateLastInteraction ?? session.dateCreated) ?? 0;
}

function distinctSessions(holders: readonly SessionWithParticipants[]): ProxySession[] {
  return [...new Map(holders.map(({ session }) => [session.sid, session])).values()];
}
