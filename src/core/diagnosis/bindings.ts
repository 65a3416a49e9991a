/*
 * Which Conversations hold an (address, proxy address) pair, and whether they are in use. A pair is bound in at most one
 * Conversation that is not closed. Source: https://www.twilio.com/docs/conversations/api/participant-conversation-resource
 */
import { type Read, shownBy } from "./facts.ts";
import { maskAddress } from "./mask-address.ts";
import type { Sids } from "./remedy.ts";
import type { ConversationParticipant, ParticipantConversation } from "./resources.ts";
import type { Subject } from "./subject.ts";
import { cameAfter, timeOf } from "./time.ts";
import type { CauseVerdict, Conflict, Evidence } from "./verdict.ts";

/** The pair that could not be bound. */
export interface WantedBinding {
  readonly address: string;
  readonly proxyAddress: string;
}

/**
 * The pair a request asked for; none when it does not say. An inbound or outgoing message names sender and receiver
 * only, and either may be the person: both readings are returned, since at most one of them is bound.
 */
export function wantedBindings({ address, proxyAddress, bindings, from, to }: Subject): WantedBinding[] {
  if (bindings !== undefined) return bindings;
  if (address !== null && proxyAddress !== null) return [{ address, proxyAddress }];
  if (from === null || to === null) return [];
  const readings = [
    { address: from, proxyAddress: to },
    { address: to, proxyAddress: from },
  ];
  return readings.filter((pair) => address === null || pair.address === address);
}

/** Participants of Conversations, by CH sid. */
export type ParticipantsByConversation = Readonly<Record<string, Read<readonly ConversationParticipant[]>>>;

/** The holders of a pair that may have been in the way of the event. */
export interface Holders {
  readonly rows: readonly ParticipantConversation[];
  /** Whether all of them took the pair only after the event: they are in the way of the next try, not of this one. */
  readonly areLate: boolean;
  /** A sentence on the Conversations that took the pair only after the event. */
  readonly note: Evidence | null;
}

/**
 * Who holds the pair, and since when: by its Participant, else by the Conversation. The Conversation that wanted it is
 * no holder when it got it after the event: a second try has worked. `wanting` tells that one.
 */
export function holdersAt(
  occurredAt: string | null,
  all: readonly ParticipantConversation[],
  participants: ParticipantsByConversation,
  bindings: Read<unknown>,
  wanting: (row: ParticipantConversation) => boolean,
): Holders {
  const isLate = ({ conversationSid, participantSid, conversationDateCreated }: ParticipantConversation): boolean => {
    const read = Object.hasOwn(participants, conversationSid) ? participants[conversationSid] : undefined;
    const own = read?.ok === true ? read.value.find(({ sid }) => sid === participantSid) : undefined;
    return cameAfter(own?.dateCreated ?? null, occurredAt) || cameAfter(conversationDateCreated, occurredAt);
  };
  const late = all.filter(isLate);
  const before = all.filter((row) => !isLate(row));
  const sids = late.map(({ conversationSid }) => conversationSid).join(", ");
  const note = shownBy(bindings, `The pair is bound in ${sids} now, but only since after the event.`);
  return {
    rows: before.length > 0 ? before : late.filter((row) => !wanting(row)),
    areLate: before.length === 0,
    note: late.length === 0 ? null : note,
  };
}

/** What rests on holders that came after the event is not proven. */
export function inDoubtIfLate(causes: readonly CauseVerdict[], { areLate, rows, note }: Holders): CauseVerdict[] {
  if (!areLate || rows.length === 0) return [...causes];
  const notes = note === null ? [] : [note];
  return causes.map((cause) =>
    cause.verdict === "confirmed" ? { ...cause, verdict: "likely", evidence: [...cause.evidence, ...notes] } : cause,
  );
}

/** Conversations, not closed, in which the pair is bound; each once. */
export function holdersOf(
  wanted: readonly WantedBinding[],
  bindings: Read<readonly ParticipantConversation[]>,
): ParticipantConversation[] {
  if (!bindings.ok) return [];
  const held = bindings.value.filter(
    ({ conversationState, participantMessagingBinding: binding }) =>
      conversationState !== null &&
      conversationState !== "closed" &&
      wanted.some(({ address, proxyAddress }) => binding?.address === address && binding.proxyAddress === proxyAddress),
  );
  return [...new Map(held.map((row) => [row.conversationSid, row])).values()];
}

/**
 * `recent`: updated within a day. `stale`: inactive, or not updated for 3 days. `quiet`: in between. `later`: updated
 * after the event, so that what it was like before cannot be seen.
 */
export type Use = "recent" | "later" | "resting" | "quiet" | "stale" | "unknown";

const dayMs = 24 * 60 * 60 * 1000;

/**
 * How much a Conversation is in use, seen from the event. `resting` is inactive although updated within a day: becoming
 * inactive is itself an update.
 */
export function useOf(
  row: Pick<ParticipantConversation, "conversationState" | "conversationDateUpdated">,
  seenFrom: string,
): Use {
  const updated = timeOf(row.conversationDateUpdated);
  const from = timeOf(seenFrom);
  const isInactive = row.conversationState === "inactive";
  if (updated === null || from === null) return isInactive ? "stale" : "unknown";
  const age = from - updated;
  if (!isInactive && cameAfter(row.conversationDateUpdated, seenFrom)) return "later";
  if (age <= dayMs) return isInactive ? "resting" : "recent";
  return isInactive || age >= 3 * dayMs ? "stale" : "quiet";
}

/** One sentence on a Conversation that holds the pair. */
export function describeHolder(row: ParticipantConversation, read: Read<unknown>): Evidence {
  const { conversationSid, chatServiceSid, participantSid, conversationState, conversationDateUpdated } = row;
  const binding = row.participantMessagingBinding;
  const pair = `${maskAddress(binding?.address ?? "")} and ${maskAddress(binding?.proxyAddress ?? "")}`;
  const updated = conversationDateUpdated === null ? "" : `, last updated at ${conversationDateUpdated}`;
  return shownBy(
    read,
    `${pair} are bound as Participant ${participantSid ?? "unknown"} of Conversation ${conversationSid} ` +
      `(Service ${chatServiceSid ?? "unknown"}, ${conversationState}${updated}).`,
  );
}

export function conversationConflict({
  conversationSid,
  chatServiceSid,
  conversationState,
}: ParticipantConversation): Conflict {
  const base = chatServiceSid === null ? "" : `/Services/${chatServiceSid}`;
  const url = `https://conversations.twilio.com/v1${base}/Conversations/${conversationSid}`;
  return { sid: conversationSid, kind: "conversation", state: conversationState ?? "unknown", url };
}

/** What commands about this Conversation need; always with its own Service, since the default one is only one of many. */
export function holderSids({ conversationSid, chatServiceSid, participantSid }: ParticipantConversation): Sids {
  return {
    ...(chatServiceSid === null ? {} : { service: chatServiceSid }),
    conversation: conversationSid,
    ...(participantSid === null ? {} : { participant: participantSid }),
  };
}

/** Says that a list ended early, null when it did not. */
export function unseenBindings(read: Read<readonly unknown[]>): Evidence | null {
  if (!read.ok || read.cutShort !== true) return null;
  return shownBy(read, `The list was cut short after ${read.value.length} Conversations; there may be more.`);
}
