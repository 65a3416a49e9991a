/*
 * 80905 Unknown Scenario: a call or message reached a Proxy number, and no valid Session could route it.
 * Source: https://www.twilio.com/docs/api/errors/80905
 */
import type { RemedyTemplate } from "../rules/rule.ts";
import { judgeAnswer } from "./callback-answer.ts";
import { knownRequest, notRead, type Read, type Reasoned, shownBy } from "./facts.ts";
import { maskAddress } from "./mask-address.ts";
import { unseenNote } from "./pairs.ts";
import { gatherEvidence, rankCauses, verdict } from "./ranking.ts";
import { fillRemedies } from "./remedy.ts";
import type { ProxyPhoneNumber, ProxyService, ProxySession } from "./resources.ts";
import { type Routing, routing } from "./routing.ts";
import { type SessionWithParticipants, sessionConflict } from "./sessions.ts";
import type { Subject } from "./subject.ts";
import { cameAfter } from "./time.ts";
import type { CauseVerdict, Evidence } from "./verdict.ts";

/** What is looked at for 80905. */
export interface UnknownScenarioFacts {
  /** ISO 8601 UTC. */
  readonly occurredAt: string | null;
  /** KS sid. */
  readonly service: string | null;
  /** The inbound call or message (from, to), and what the out-of-session callback answered to it. */
  readonly request: Read<Subject>;
  /** Null when it does not exist. */
  readonly proxyService: Read<ProxyService | null>;
  /** The numbers of the Service. */
  readonly numbers: Read<readonly ProxyPhoneNumber[]>;
  /** The Service that owns the number called, when that was looked for; null when none does. */
  readonly numberOwner: Read<string | null>;
  /** Sessions of the Service that Twilio calls open or in progress. */
  readonly open: Read<readonly SessionWithParticipants[]>;
  /** Sessions of the Service that ended, the latest first. */
  readonly ended: Read<readonly SessionWithParticipants[]>;
}

const ids = {
  notInOpen: "caller-not-in-open-session",
  ended: "session-ended",
  noCallback: "no-out-of-session-callback",
  badAnswer: "invalid-callback-response",
  mismatch: "pairing-mismatch",
} as const;

const answers = {
  [ids.notInOpen]: ["check-number-service", "check-caller-participant", "create-session"],
  [ids.ended]: ["create-session", "review-lifetime-and-pairing"],
  [ids.noCallback]: ["configure-out-of-session-callback"],
  [ids.badAnswer]: ["fix-callback-response"],
  [ids.mismatch]: ["check-caller-participant", "review-lifetime-and-pairing"],
};

/** Verdicts on the causes of 80905, in the words of the rule whose remedies are given. */
export function reasonUnknownScenario(given: UnknownScenarioFacts, remedies: readonly RemedyTemplate[]): Reasoned {
  const request = knownRequest(given.request);
  const facts = { ...given, request };
  const from = request.ok ? request.value.from : null;
  const to = request.ok ? request.value.to : null;
  const routes = from === null || to === null ? null : routing(facts, from, to);
  const pairing = pairingMismatch(facts, routes);
  const ranked = rankCauses([
    notInOpenSession(facts, routes),
    sessionEnded(facts, routes),
    noCallback(facts),
    invalidAnswer(given),
    pairing,
  ]);
  // A Session on another number explains why none fits on this one, so it leads.
  const causes = pairing.verdict === "confirmed" ? [pairing, ...ranked.filter((cause) => cause !== pairing)] : ranked;
  const service = facts.service ?? (facts.proxyService.ok ? facts.proxyService.value?.sid : undefined);
  const session =
    routes?.elsewhere[0]?.session.sid ?? routes?.ended[0]?.session.sid ?? routes?.matching[0]?.session.sid;
  const callback = callbackOf(facts);
  return {
    causes,
    evidence: gatherEvidence(causes, [...numberNotes(facts, to), ...scanNotes(facts)]),
    conflicts: sessionsConcerned(causes, routes).map((each) => sessionConflict(each, facts.service)),
    remedies: fillRemedies(remedies, causes, {
      targets: [{ ...(service ? { service } : {}), ...(session === undefined ? {} : { session }) }],
      values: callback === null ? {} : { "fix-callback-response": { CALLBACK_URL: callback } },
      answers,
    }),
  };
}

/** The Sessions that the supported causes are about: the caller's on another number, and the one that ended. */
function sessionsConcerned(causes: readonly CauseVerdict[], routes: Routing | null): ProxySession[] {
  if (routes === null) return [];
  const isSupported = (id: string) =>
    causes.some((cause) => cause.id === id && (cause.verdict === "confirmed" || cause.verdict === "likely"));
  return [
    ...(isSupported(ids.mismatch) ? routes.elsewhere.slice(0, 5) : []),
    ...(isSupported(ids.ended) ? routes.ended.slice(0, 1) : []),
  ].map(({ session }) => session);
}

function callerUnknown(id: string, facts: UnknownScenarioFacts): CauseVerdict {
  const { request } = facts;
  if (!request.ok) return verdict(id, "unknown", notRead(request, "Who called which number"));
  return verdict(id, "unknown", shownBy(request, "The event does not say who called which number."));
}

function notInOpenSession(facts: UnknownScenarioFacts, routes: Routing | null): CauseVerdict {
  const { open, occurredAt } = facts;
  if (routes === null) return callerUnknown(ids.notInOpen, facts);
  if (!open.ok) return verdict(ids.notInOpen, "unknown", notRead(open, "The open Sessions of the Service"));
  const match = routes.matching[0];
  if (match !== undefined) {
    const found = shownBy(open, `Session ${match.session.sid} (${match.session.status}) has ${routes.pair}.`);
    const isLater = routes.matching.every(({ isLate }) => isLate);
    const late = shownBy(open, "That has been so only since after the event.");
    return isLater ? verdict(ids.notInOpen, "likely", found, late) : verdict(ids.notInOpen, "ruled-out", found);
  }
  if (open.cutShort === true) return verdict(ids.notInOpen, "unknown", unseenNote(open));
  const removed = routes.removed[0];
  // One that ended, or that the caller left, only after the event could still have routed it.
  const endedSince = routes.ended.find(({ at, isLate }) => !isLate && cameAfter(at, occurredAt));
  const inDoubt = endedSince !== undefined || routes.removed.some(({ at }) => cameAfter(at, occurredAt));
  return verdict(
    ids.notInOpen,
    inDoubt ? "likely" : "confirmed",
    shownBy(open, `None of the ${open.value.length} open Sessions of the Service has ${routes.pair}.`),
    removed === undefined
      ? null
      : shownBy(open, `It was in Session ${removed.sid} until the Participant was removed at ${removed.at}.`),
    endedSince === undefined
      ? null
      : shownBy(endedSince.source, `Session ${endedSince.session.sid} had it until ${endedSince.at}, after the event.`),
  );
}

function sessionEnded(facts: UnknownScenarioFacts, routes: Routing | null): CauseVerdict {
  const { open, ended, occurredAt } = facts;
  if (routes === null) return callerUnknown(ids.ended, facts);
  const match = routes.matching[0];
  if (match !== undefined) {
    const isLater = routes.matching.every(({ isLate }) => isLate);
    const text = `The matching Session ${match.session.sid} is ${match.session.status}.`;
    if (!isLater) return verdict(ids.ended, "ruled-out", shownBy(open, text));
  }
  const last = routes.ended[0];
  if (last === undefined) {
    if (!ended.ok) return verdict(ids.ended, "unknown", notRead(ended, "The ended Sessions of the Service"));
    const text = `No ended Session that was looked at has ${routes.pair}; a deleted one cannot be found by API.`;
    return verdict(ids.ended, "unknown", shownBy(ended, text), unseenNote(ended));
  }
  const { session, at, why, source } = last;
  const text = `Session ${session.sid} had ${routes.pair} and ended${at === null ? "" : ` at ${at}`}: ${why}.`;
  // An open Session that was not read might be the matching one.
  const isCertain = open.ok && open.cutShort !== true && !cameAfter(at, occurredAt);
  const late = cameAfter(at, occurredAt)
    ? shownBy(source, `That was after the event, which is dated ${occurredAt}.`)
    : null;
  const unread = open.ok ? unseenNote(open) : notRead(open, "The open Sessions of the Service");
  return verdict(ids.ended, isCertain ? "confirmed" : "likely", shownBy(source, text), late, unread);
}

function noCallback({ proxyService }: UnknownScenarioFacts): CauseVerdict {
  if (!proxyService.ok) return verdict(ids.noCallback, "unknown", notRead(proxyService, "The Service"));
  const service = proxyService.value;
  if (service === null)
    return verdict(ids.noCallback, "unknown", shownBy(proxyService, "The Service does not exist (404)."));
  const has = (service.outOfSessionCallbackUrl ?? "") !== "";
  const text = `Service ${service.sid} has ${has ? "an" : "no"} out_of_session_callback_url.`;
  return verdict(ids.noCallback, has ? "ruled-out" : "confirmed", shownBy(proxyService, text));
}

function invalidAnswer(facts: UnknownScenarioFacts): CauseVerdict {
  const { request: response, proxyService } = facts;
  if (!response.ok) return verdict(ids.badAnswer, "unknown", notRead(response, "The answer of the callback"));
  const { requestUrl, answer } = response.value;
  if (answer === null) {
    return verdict(ids.badAnswer, "unknown", shownBy(response, "The event does not carry an answer of the callback."));
  }
  const judged = judgeAnswer(answer);
  if (judged.kind === "unknown") {
    return verdict(
      ids.badAnswer,
      "unknown",
      shownBy(response, `The answer of the callback cannot be judged: ${judged.why}.`),
    );
  }
  if (judged.kind === "valid") {
    return verdict(
      ids.badAnswer,
      "ruled-out",
      shownBy(response, "The answer of the callback parses as what it claims to be."),
    );
  }
  const evidence = shownBy(response, `The answer of the callback is not valid: ${judged.why}.`);
  const configured =
    proxyService.ok && proxyService.value !== null ? (proxyService.value.outOfSessionCallbackUrl ?? "") : null;
  const isOther = configured !== null && requestUrl !== null && place(configured) !== place(requestUrl);
  const other = isOther
    ? shownBy(proxyService, "The request went to another URL than the out-of-session callback of the Service.")
    : null;
  return verdict(
    ids.badAnswer,
    judged.kind === "invalid" && configured !== "" && !isOther ? "confirmed" : "likely",
    evidence,
    other,
  );
}

function pairingMismatch(facts: UnknownScenarioFacts, routes: Routing | null): CauseVerdict {
  const { open } = facts;
  if (routes === null) return callerUnknown(ids.mismatch, facts);
  if (!open.ok) return verdict(ids.mismatch, "unknown", notRead(open, "The open Sessions of the Service"));
  const match = routes.matching.find(({ isLate }) => !isLate);
  if (match !== undefined)
    return verdict(ids.mismatch, "ruled-out", shownBy(open, `Session ${match.session.sid} has ${routes.pair}.`));
  const other = routes.elsewhere[0];
  if (other === undefined) {
    const text = "No open Session that was looked at has the caller on another number.";
    return verdict(ids.mismatch, "unknown", shownBy(open, text), unseenNote(open));
  }
  const text =
    `Session ${other.session.sid} (${other.session.status}) has ${routes.caller} on ${maskAddress(other.number)}, ` +
    `but ${routes.called} was called.`;
  const inDoubt = open.cutShort === true || routes.matching.length > 0 || other.isLate;
  return verdict(ids.mismatch, inDoubt ? "likely" : "confirmed", shownBy(open, text), unseenNote(open));
}

function numberNotes({ numbers, numberOwner }: UnknownScenarioFacts, to: string | null): Evidence[] {
  if (to === null) return [];
  if (numberOwner.ok && numberOwner.value !== null) {
    return [shownBy(numberOwner, `The number called, ${maskAddress(to)}, belongs to Service ${numberOwner.value}.`)];
  }
  if (!numbers.ok || numbers.cutShort === true) return [];
  if (numbers.value.some(({ phoneNumber }) => phoneNumber === to)) return [];
  return [
    shownBy(
      numbers,
      `The number called, ${maskAddress(to)}, is none of the ${numbers.value.length} numbers of the Service.`,
    ),
  ];
}

function scanNotes({ open, ended }: UnknownScenarioFacts): Evidence[] {
  return [unseenNote(open), unseenNote(ended)].filter((note) => note !== null);
}

/** The callback, when it can be shown: without user info and query, which may hold secrets. */
function callbackOf({ proxyService }: UnknownScenarioFacts): string | null {
  const url = proxyService.ok ? (proxyService.value?.outOfSessionCallbackUrl ?? null) : null;
  if (url === null || !URL.canParse(url)) return null;
  const { protocol, username, password, search, hash } = new URL(url);
  const isPlain = /^https?:$/.test(protocol) && username === "" && password === "" && search === "" && hash === "";
  return isPlain ? url : null;
}

/** Host and path of a URL, for comparing. */
function place(url: string): string {
  return URL.canParse(url) ? `${new URL(url).host}${new URL(url).pathname.replace(/\/$/, "")}` : url;
}
