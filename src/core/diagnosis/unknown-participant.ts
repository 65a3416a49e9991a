/*
 * 80903 Unknown Participant: for this action Proxy cannot tell which Participant is meant.
 * Source: https://www.twilio.com/docs/api/errors/80903
 */
import type { RemedyTemplate } from "../rules/rule.ts";
import { knownRequest, notRead, type Read, type Reasoned, shownBy } from "./facts.ts";
import { maskAddress } from "./mask-address.ts";
import { nearness } from "./nearest.ts";
import { gatherEvidence, rankCauses, verdict } from "./ranking.ts";
import { fillRemedies } from "./remedy.ts";
import type { ProxyParticipant, ProxySession } from "./resources.ts";
import { sessionConflict } from "./sessions.ts";
import type { Subject } from "./subject.ts";
import { cameAfter } from "./time.ts";
import type { CauseVerdict, Evidence } from "./verdict.ts";

/** What is looked at for 80903. */
export interface UnknownParticipantFacts {
  /** ISO 8601 UTC. */
  readonly occurredAt: string | null;
  /** KS, KC and KP sids of the event or of its request URL. */
  readonly service: string | null;
  readonly sessionSid: string | null;
  readonly participantSid: string | null;
  /** The failed request. */
  readonly request: Read<Subject>;
  /** Null when it does not exist. */
  readonly session: Read<ProxySession | null>;
  /** The Participant fetched within the Session of the request; null when Twilio answers 404. */
  readonly participant: Read<ProxyParticipant | null>;
  /** All Participants of the Session. */
  readonly participants: Read<readonly ProxyParticipant[]>;
  /** Another Session of the Service that has this KP sid; null when it was looked for and not found. */
  readonly elsewhere: Read<ProxySession | null>;
}

const ids = {
  notInSession: "participant-not-in-session",
  mismatch: "identifier-mismatch",
  deleted: "participant-deleted",
} as const;

const answers = {
  [ids.notInSession]: ["list-participants", "create-participant"],
  [ids.mismatch]: ["correct-identifier", "list-participants"],
  [ids.deleted]: ["new-session-after-removal"],
};

/** Verdicts on the causes of 80903, in the words of the rule whose remedies are given. */
export function reasonUnknownParticipant(
  given: UnknownParticipantFacts,
  remedies: readonly RemedyTemplate[],
): Reasoned {
  const facts = { ...given, request: knownRequest(given.request) };
  const causes = rankCauses([notInSession(facts), mismatch(facts), deleted(facts)]);
  const service = facts.service ?? (facts.session.ok ? facts.session.value?.serviceSid : undefined);
  const right = rightParticipant(facts);
  const other = facts.elsewhere.ok ? facts.elsewhere.value : null;
  return {
    causes,
    evidence: gatherEvidence(causes, right === null ? [] : [right]),
    conflicts: other === null ? [] : [sessionConflict(other, facts.service)],
    remedies: fillRemedies(remedies, causes, {
      targets: [
        { ...(service ? { service } : {}), ...(facts.sessionSid === null ? {} : { session: facts.sessionSid }) },
      ],
      answers,
    }),
  };
}

/** The Participant as far as any source shows it within the Session. */
function ownParticipant({ participant, participants, participantSid }: UnknownParticipantFacts): {
  readonly found: ProxyParticipant | null;
  readonly read: Read<unknown>;
} {
  if (participant.ok && participant.value !== null) return { found: participant.value, read: participant };
  const listed = participants.ok ? participants.value.find(({ sid }) => sid === participantSid) : undefined;
  return listed === undefined ? { found: null, read: participant } : { found: listed, read: participants };
}

function notInSession(facts: UnknownParticipantFacts): CauseVerdict {
  const { participantSid, sessionSid, session, participant, elsewhere } = facts;
  if (participantSid === null) {
    return verdict(ids.notInSession, "unknown", shownBy(facts.request, "The request names no ParticipantSid."));
  }
  const { found, read } = ownParticipant(facts);
  if (found !== null) {
    const text = `Participant ${participantSid} belongs to Session ${found.sessionSid ?? sessionSid ?? "of the request"}.`;
    const isRight = sessionSid === null || (found.sessionSid ?? sessionSid) === sessionSid;
    return verdict(ids.notInSession, isRight ? "ruled-out" : "confirmed", shownBy(read, text));
  }
  if (!participant.ok)
    return verdict(ids.notInSession, "unknown", notRead(participant, `Participant ${participantSid}`));
  if (!session.ok) return verdict(ids.notInSession, "unknown", notRead(session, "The Session"));
  if (session.value === null) {
    const text = `Session ${sessionSid ?? "of the request"} does not exist (404), so nothing can be said about its Participants.`;
    return verdict(ids.notInSession, "unknown", shownBy(session, text));
  }
  const missing = shownBy(participant, `Participant ${participantSid} is not in Session ${session.value.sid} (404).`);
  const other = elsewhere.ok ? elsewhere.value : null;
  const isPartial = elsewhere.ok && elsewhere.cutShort === true;
  const partly = isPartial ? " The search was cut short." : "";
  const where =
    other !== null
      ? shownBy(elsewhere, `Participant ${participantSid} belongs to Session ${other.sid} (${other.status}).`)
      : elsewhere.ok
        ? shownBy(elsewhere, `It was found in no other Session of the Service that was looked at.${partly}`)
        : null;
  return verdict(ids.notInSession, "confirmed", missing, where);
}

/** Participants that were there when the event occurred, as far as times tell. */
function thereAt(
  participants: readonly ProxyParticipant[],
  occurredAt: string | null,
): {
  readonly surely: ProxyParticipant[];
  readonly perhaps: ProxyParticipant[];
} {
  return {
    surely: participants.filter(({ dateDeleted }) => dateDeleted === null),
    perhaps: participants.filter(({ dateDeleted }) => dateDeleted !== null && cameAfter(dateDeleted, occurredAt)),
  };
}

function mismatch(facts: UnknownParticipantFacts): CauseVerdict {
  const { participants, request } = facts;
  const from = senderOf(facts);
  if (from === null) {
    const missing = request.ok
      ? shownBy(request, "The request names no caller or sender.")
      : notRead(request, "The caller or sender");
    return verdict(ids.mismatch, "unknown", missing);
  }
  if (!participants.ok)
    return verdict(ids.mismatch, "unknown", notRead(participants, "The Participants of the Session"));
  const { surely, perhaps } = thereAt(participants.value, facts.occurredAt);
  const equal = surely.find(({ identifier }) => identifier === from);
  if (equal !== undefined) {
    const text = `${maskAddress(from)} is the identifier of Participant ${equal.sid}.`;
    return verdict(ids.mismatch, "ruled-out", shownBy(participants, text));
  }
  if (participants.cutShort === true) {
    const text = `Only ${participants.value.length} Participants of the Session were read; ${maskAddress(from)} is not among them.`;
    return verdict(ids.mismatch, "unknown", shownBy(participants, text));
  }
  const later = perhaps.find(({ identifier }) => identifier === from);
  if (later !== undefined) {
    const text = `${maskAddress(from)} was the identifier of Participant ${later.sid} until ${later.dateDeleted}, after the event.`;
    return verdict(ids.mismatch, "unknown", shownBy(participants, text));
  }
  const text = `${maskAddress(from)} equals the identifier of none of the ${surely.length} active Participants of the Session.`;
  return verdict(ids.mismatch, "confirmed", shownBy(participants, text), nearestNote(facts));
}

function senderOf({ request }: UnknownParticipantFacts): string | null {
  return request.ok ? request.value.from : null;
}

function nearestOf(facts: UnknownParticipantFacts): { participant: ProxyParticipant; how: string } | null {
  const from = senderOf(facts);
  if (from === null || !facts.participants.ok) return null;
  const near = facts.participants.value
    .filter(({ dateDeleted }) => dateDeleted === null)
    .flatMap((participant) => {
      const found = nearness(from, participant.identifier ?? "");
      return found === null ? [] : [{ participant, ...found }];
    })
    .toSorted((a, b) => a.distance - b.distance)[0];
  return near ?? null;
}

function nearestNote(facts: UnknownParticipantFacts): Evidence | null {
  const near = nearestOf(facts);
  if (near === null) return null;
  const { sid, identifier } = near.participant;
  return shownBy(
    facts.participants,
    `The nearest is ${maskAddress(identifier ?? "")} of Participant ${sid}: it differs ${near.how}.`,
  );
}

/** Names the KP sids that could be used instead of the one in the request. */
function rightParticipant(facts: UnknownParticipantFacts): Evidence | null {
  const { participants, participantSid } = facts;
  if (participantSid === null || !participants.ok) return null;
  if (ownParticipant(facts).found !== null) return null;
  const sids = participants.value.filter(({ dateDeleted }) => dateDeleted === null).map(({ sid }) => sid);
  if (sids.length === 0) return shownBy(participants, "The Session has no active Participant.");
  return shownBy(participants, `The Session's active Participants are ${sids.slice(0, 10).join(" and ")}.`);
}

function deleted(facts: UnknownParticipantFacts): CauseVerdict {
  const { participantSid, participant, participants, occurredAt } = facts;
  const own = participantSid === null ? bySender(facts) : ownParticipant(facts);
  if (own.found !== null) {
    const { sid, dateDeleted } = own.found;
    if (dateDeleted === null)
      return verdict(ids.deleted, "ruled-out", shownBy(own.read, `Participant ${sid} was not removed.`));
    const removed = shownBy(own.read, `Participant ${sid} was removed at ${dateDeleted}.`);
    if (!cameAfter(dateDeleted, occurredAt)) {
      // The sender may be active again under another sid that was not read.
      const inDoubt = participantSid === null && participants.ok && participants.cutShort === true;
      return verdict(ids.deleted, inDoubt ? "likely" : "confirmed", removed);
    }
    const late = shownBy(own.read, `That was after the event, which is dated ${occurredAt}.`);
    return verdict(ids.deleted, "likely", removed, late);
  }
  const asked = participantSid === null ? participants : participant;
  if (!asked.ok) return verdict(ids.deleted, "unknown", notRead(asked, "The Participant"));
  const text = "No Participant that fits is to be seen in the Session; one that left no trace cannot be found by API.";
  return verdict(ids.deleted, "unknown", shownBy(asked, text));
}

/** Without a KP sid the Participant meant is the one with the sender's identifier; an active one goes before a removed one. */
function bySender(facts: UnknownParticipantFacts): {
  readonly found: ProxyParticipant | null;
  readonly read: Read<unknown>;
} {
  const from = senderOf(facts);
  const { participants } = facts;
  if (from === null || !participants.ok) return { found: null, read: participants };
  const same = participants.value.filter(({ identifier }) => identifier === from);
  return { found: same.find(({ dateDeleted }) => dateDeleted === null) ?? same.at(-1) ?? null, read: participants };
}
