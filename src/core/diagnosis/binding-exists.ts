/*
 * 50416 A binding for this participant and proxy address already exists.
 * Source: https://www.twilio.com/docs/api/errors/50416
 */
import type { RemedyTemplate } from "../rules/rule.ts";
import {
  conversationConflict,
  describeHolder,
  type Holders,
  holderSids,
  holdersAt,
  holdersOf,
  inDoubtIfLate,
  type ParticipantsByConversation,
  unseenBindings,
  useOf,
  wantedBindings,
} from "./bindings.ts";
import { knownRequest, notRead, type Read, type Reasoned, shownBy } from "./facts.ts";
import { gatherEvidence, rankCauses, verdict } from "./ranking.ts";
import { fillRemedies } from "./remedy.ts";
import type { Conversation, ParticipantConversation } from "./resources.ts";
import type { Subject } from "./subject.ts";
import { cameAfter } from "./time.ts";
import type { CauseVerdict, Conflict, Evidence } from "./verdict.ts";

/** What is looked at for 50416. */
export interface BindingExistsFacts {
  /** ISO 8601 UTC. */
  readonly occurredAt: string | null;
  /** IS sid of the event or of its request URL. */
  readonly service: string | null;
  /** CH sid to which the Participant was to be added: of the request URL, else the resource of the event. */
  readonly conversation: string | null;
  /** CH sid that the message of the event names as the one with the binding. */
  readonly namedInMessage: string | null;
  /** The failed request. */
  readonly request: Read<Subject>;
  /** ParticipantConversations of the address, of the event's Service and of the default one together. */
  readonly bindings: Read<readonly ParticipantConversation[]>;
  /** Participants of the Conversations that hold the pair, for when it was bound. */
  readonly participants?: ParticipantsByConversation;
  /** The Conversation that the message names, when the pair is not known and so cannot be looked up. */
  readonly named?: Read<Conversation | null>;
  /** When the same pair failed before within this incident, ISO 8601 UTC; null when it did not. */
  readonly failedBefore: Read<string | null>;
}

const ids = { twice: "added-twice", noLookup: "no-lookup-before-create", stale: "stale-binding" } as const;

const answers = {
  [ids.twice]: ["look-up-first", "reuse-binding", "review-duplicate-adds"],
  [ids.noLookup]: ["look-up-first", "reuse-binding"],
  [ids.stale]: ["update-participant", "remove-participant", "close-conversation", "delete-conversation"],
};

/** The rows that hold the pair; null when the pair is not known. */
type Rows = readonly ParticipantConversation[];

/** Verdicts on the causes of 50416, in the words of the rule whose remedies are given. */
export function reasonBindingExists(given: BindingExistsFacts, remedies: readonly RemedyTemplate[]): Reasoned {
  const facts = { ...given, request: knownRequest(given.request) };
  const wanted = facts.request.ok ? wantedBindings(facts.request.value) : [];
  const held = holdersAt(
    facts.occurredAt,
    holdersOf(wanted, facts.bindings),
    facts.participants ?? {},
    facts.bindings,
    ({ conversationSid }) => conversationSid === facts.conversation,
  );
  const holders = wanted.length === 0 ? null : held.rows;
  const named = holders === null ? namedRow(facts) : null;
  const causes = rankCauses(
    named === null
      ? [
          ...inDoubtIfLate([addedTwice(facts, holders)], held),
          noLookup(facts, holders, held),
          ...inDoubtIfLate([staleBinding(facts, holders)], held),
        ]
      : verdictsOfNamed(facts, named),
  );
  const rows = holders ?? [];
  const conflicts = rows.map(conversationConflict);
  const shown = [...rows.map((row) => describeHolder(row, facts.bindings)), held.note];
  return {
    causes,
    evidence: gatherEvidence(
      causes,
      [...shown, unseenBindings(facts.bindings)].filter((note) => note !== null),
    ),
    conflicts: conflicts.length > 0 || held.note !== null ? conflicts : namedConflict(facts, holders),
    remedies: fillRemedies(remedies, causes, {
      targets: rows.length > 0 ? rows.map(holderSids) : [namedSids(facts, holders)],
      answers,
    }),
  };
}

/** Why nothing is known about the holders, null when something is. */
function ignorance(facts: BindingExistsFacts, holders: Rows | null): Evidence | null {
  if (!facts.request.ok) return notRead(facts.request, "The pair of addresses");
  if (holders === null) return shownBy(facts.request, "The request does not name an address and a proxy address.");
  if (!facts.bindings.ok) return notRead(facts.bindings, "The Conversations of this address");
  if (holders.length > 0) return null;
  const text = "No Conversation that was looked at, other than closed ones, holds this pair now.";
  return shownBy(facts.bindings, text);
}

function addedTwice(facts: BindingExistsFacts, holders: Rows | null): CauseVerdict {
  const { conversation, namedInMessage, request } = facts;
  const unclear = ignorance(facts, holders);
  if (unclear !== null || holders === null) {
    if (conversation !== null && conversation === namedInMessage) {
      const text = `The message names Conversation ${conversation}, to which the Participant was to be added.`;
      return verdict(ids.twice, "likely", shownBy({ ...request, source: "event" }, text), unclear);
    }
    return verdict(ids.twice, "unknown", unclear, unseenBindings(facts.bindings));
  }
  if (conversation === null) {
    return verdict(
      ids.twice,
      "unknown",
      shownBy(request, "The event does not say to which Conversation the Participant was to be added."),
    );
  }
  const same = holders.find(({ conversationSid }) => conversationSid === conversation);
  if (same !== undefined) {
    const text = `The pair was already bound in ${conversation}, the very Conversation of the request.`;
    return verdict(ids.twice, "confirmed", shownBy(facts.bindings, text), describeHolder(same, facts.bindings));
  }
  const sids = holders.map(({ conversationSid }) => conversationSid).join(", ");
  const other = shownBy(
    facts.bindings,
    `The pair is bound in ${sids}, not in ${conversation}, the Conversation of the request.`,
  );
  const isComplete = facts.bindings.ok && facts.bindings.cutShort !== true;
  return verdict(ids.twice, isComplete ? "ruled-out" : "unknown", other, unseenBindings(facts.bindings));
}

function noLookup(facts: BindingExistsFacts, holders: Rows | null, { areLate }: Holders): CauseVerdict {
  const { failedBefore, bindings, conversation } = facts;
  if (failedBefore.ok && failedBefore.value !== null) {
    return verdict(
      ids.noLookup,
      "confirmed",
      shownBy(failedBefore, `The same pair failed before in this incident, at ${failedBefore.value}.`),
    );
  }
  const unclear = ignorance(facts, holders);
  if (unclear !== null || holders === null) return verdict(ids.noLookup, "unknown", unclear, unseenBindings(bindings));
  const others = holders.filter(({ conversationSid }) => conversationSid !== conversation);
  const inUse = others.find((row) => useOf(row, seenFrom(facts)) === "recent");
  const usedLater = others.find((row) => useOf(row, seenFrom(facts)) === "later");
  if (inUse === undefined && usedLater !== undefined) {
    const text = `Conversation ${usedLater.conversationSid} was updated after the event: it is in use now.`;
    return verdict(ids.noLookup, "likely", describeHolder(usedLater, bindings), shownBy(bindings, text));
  }
  if (inUse !== undefined) {
    const shown = describeHolder(inUse, bindings);
    const text = `Conversation ${inUse.conversationSid} is in use, and a lookup would have found it.`;
    return verdict(
      ids.noLookup,
      conversation === null || areLate ? "likely" : "confirmed",
      shown,
      shownBy(bindings, text),
    );
  }
  const isSettled = others.every((row) => ["quiet", "stale"].includes(useOf(row, seenFrom(facts))));
  const isComplete = bindings.ok && bindings.cutShort !== true && failedBefore.ok;
  const text = "No other Conversation that holds this pair was updated within a day.";
  const missing = failedBefore.ok ? null : notRead(failedBefore, "Whether the same pair failed before");
  return verdict(
    ids.noLookup,
    isSettled && isComplete ? "ruled-out" : "unknown",
    shownBy(bindings, text),
    missing,
    unseenBindings(bindings),
  );
}

function staleBinding(facts: BindingExistsFacts, holders: Rows | null): CauseVerdict {
  const { bindings, conversation } = facts;
  const unclear = ignorance(facts, holders);
  if (unclear !== null || holders === null) return verdict(ids.stale, "unknown", unclear, unseenBindings(bindings));
  const judged = holders.map((row) => ({ row, use: useOf(row, seenFrom(facts)) }));
  const stale = judged.find(({ use }) => use === "stale");
  if (stale !== undefined) {
    const isOwn = stale.row.conversationSid === conversation;
    const text = `Conversation ${stale.row.conversationSid} is out of use.`;
    const shown = describeHolder(stale.row, bindings);
    return verdict(ids.stale, isOwn ? "likely" : "confirmed", shown, shownBy(bindings, text));
  }
  const quiet = judged.find(({ use }) => use === "quiet" || use === "resting");
  if (quiet !== undefined) return verdict(ids.stale, "likely", describeHolder(quiet.row, bindings));
  const [first] = judged;
  const isRecent = judged.every(({ use }) => use === "recent") && bindings.ok && bindings.cutShort !== true;
  const shown = first === undefined ? null : describeHolder(first.row, bindings);
  return verdict(ids.stale, isRecent ? "ruled-out" : "unknown", shown, unseenBindings(bindings));
}

/** In use or not is judged from the time of the event, else from the time of reading. */
function seenFrom({ occurredAt, bindings }: BindingExistsFacts): string {
  return occurredAt ?? bindings.at;
}

/**
 * What the Conversation that the message names looks like, as far as it can be read without knowing the pair. One that is
 * closed, or was made after the event, is not in the way any more.
 */
function namedRow({ named, occurredAt }: BindingExistsFacts): Conversation | null {
  const found = named?.ok === true ? named.value : null;
  if (found === null || found.state === "closed" || cameAfter(found.dateCreated, occurredAt)) return null;
  return found;
}

/** Verdicts where Twilio names the Conversation and nothing names the pair: nobody can look whether it is bound there. */
function verdictsOfNamed(facts: BindingExistsFacts, found: Conversation): CauseVerdict[] {
  const read = facts.named ?? facts.bindings;
  const updated = found.dateUpdated === null ? "" : `, last updated at ${found.dateUpdated}`;
  const shown = shownBy(
    read,
    `The message names Conversation ${found.sid} (Service ${found.chatServiceSid}, ${found.state}${updated}).`,
  );
  const use = useOf(
    { conversationState: found.state, conversationDateUpdated: found.dateUpdated },
    facts.occurredAt ?? read.at,
  );
  const isOwn = facts.conversation === found.sid;
  const isInUse = use === "recent" || use === "later";
  const judged = (id: string, isLikely: boolean) => verdict(id, isLikely ? "likely" : "unknown", shown);
  return [
    judged(ids.twice, isOwn),
    judged(ids.noLookup, !isOwn && isInUse),
    judged(ids.stale, !isOwn && !isInUse && use !== "unknown"),
  ];
}

/** The Conversation that the message names, unless the pair was looked up and is not in it. */
function namedConflict(
  { namedInMessage, named, service, bindings }: BindingExistsFacts,
  holders: Rows | null,
): Conflict[] {
  if (namedInMessage === null || (holders !== null && bindings.ok && bindings.cutShort !== true)) return [];
  if (named?.ok === true && (named.value === null || named.value.state === "closed")) return [];
  const found = named?.ok === true ? named.value : null;
  const of = found?.chatServiceSid ?? service;
  const base = of === null ? "" : `/Services/${of}`;
  const url = `https://conversations.twilio.com/v1${base}/Conversations/${namedInMessage}`;
  return [{ sid: namedInMessage, kind: "conversation", state: found?.state ?? "unknown", url }];
}

function namedSids(facts: BindingExistsFacts, holders: Rows | null): { service?: string; conversation?: string } {
  const [conflict] = namedConflict(facts, holders);
  const found = facts.named?.ok === true ? facts.named.value : null;
  const service = found?.chatServiceSid ?? facts.service;
  if (service === null) return {};
  return conflict === undefined ? { service } : { service, conversation: conflict.sid };
}
