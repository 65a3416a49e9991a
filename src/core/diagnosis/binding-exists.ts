/*
 * 50416 A binding for this participant and proxy address already exists.
 * Source: https://www.twilio.com/docs/api/errors/50416
 */
import type { RemedyTemplate } from "../rules/rule.ts";
import {
  conversationConflict,
  describeHolder,
  holderSids,
  holdersOf,
  unseenBindings,
  useOf,
  wantedBindings,
} from "./bindings.ts";
import { knownRequest, notRead, type Read, type Reasoned, shownBy } from "./facts.ts";
import { gatherEvidence, rankCauses, verdict } from "./ranking.ts";
import { fillRemedies } from "./remedy.ts";
import type { ParticipantConversation } from "./resources.ts";
import type { Subject } from "./subject.ts";
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
type Holders = readonly ParticipantConversation[];

/** Verdicts on the causes of 50416, in the words of the rule whose remedies are given. */
export function reasonBindingExists(given: BindingExistsFacts, remedies: readonly RemedyTemplate[]): Reasoned {
  const facts = { ...given, request: knownRequest(given.request) };
  const wanted = facts.request.ok ? wantedBindings(facts.request.value) : [];
  const holders = wanted.length === 0 ? null : holdersOf(wanted, facts.bindings);
  const causes = rankCauses([addedTwice(facts, holders), noLookup(facts, holders), staleBinding(facts, holders)]);
  const rows = holders ?? [];
  const conflicts = rows.map(conversationConflict);
  const shown = rows.map((row) => describeHolder(row, facts.bindings));
  return {
    causes,
    evidence: gatherEvidence(
      causes,
      [...shown, unseenBindings(facts.bindings)].filter((note) => note !== null),
    ),
    conflicts: conflicts.length > 0 ? conflicts : namedConflict(facts),
    remedies: fillRemedies(remedies, causes, {
      targets: rows.length > 0 ? rows.map(holderSids) : [namedSids(facts)],
      answers,
    }),
  };
}

/** Why nothing is known about the holders, null when something is. */
function ignorance(facts: BindingExistsFacts, holders: Holders | null): Evidence | null {
  if (!facts.request.ok) return notRead(facts.request, "The pair of addresses");
  if (holders === null) return shownBy(facts.request, "The request does not name an address and a proxy address.");
  if (!facts.bindings.ok) return notRead(facts.bindings, "The Conversations of this address");
  if (holders.length > 0) return null;
  const text = "No Conversation that was looked at, other than closed ones, holds this pair now.";
  return shownBy(facts.bindings, text);
}

function addedTwice(facts: BindingExistsFacts, holders: Holders | null): CauseVerdict {
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

function noLookup(facts: BindingExistsFacts, holders: Holders | null): CauseVerdict {
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
  if (inUse !== undefined) {
    const shown = describeHolder(inUse, bindings);
    const text = `Conversation ${inUse.conversationSid} is in use, and a lookup would have found it.`;
    return verdict(ids.noLookup, conversation === null ? "likely" : "confirmed", shown, shownBy(bindings, text));
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

function staleBinding(facts: BindingExistsFacts, holders: Holders | null): CauseVerdict {
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

function namedConflict({ namedInMessage, service }: BindingExistsFacts): Conflict[] {
  if (namedInMessage === null) return [];
  const base = service === null ? "" : `/Services/${service}`;
  const url = `https://conversations.twilio.com/v1${base}/Conversations/${namedInMessage}`;
  return [{ sid: namedInMessage, kind: "conversation", state: "unknown", url }];
}

function namedSids({ namedInMessage, service }: BindingExistsFacts): { service?: string; conversation?: string } {
  return {
    ...(service === null ? {} : { service }),
    ...(service === null || namedInMessage === null ? {} : { conversation: namedInMessage }),
  };
}
