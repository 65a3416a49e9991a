/*
 * Facts for the codes about bound pairs of addresses: 50416, 48031.
 */

import type { BindingExistsFacts } from "../../core/diagnosis/binding-exists.ts";
import { holdersOf, type WantedBinding, wantedBindings } from "../../core/diagnosis/bindings.ts";
import type { Read } from "../../core/diagnosis/facts.ts";
import type { FrontlineConversationExistsFacts } from "../../core/diagnosis/frontline-conversation-exists.ts";
import type {
  Conversation,
  ConversationParticipant,
  FrontlineUser,
  ParticipantConversation,
} from "../../core/diagnosis/resources.ts";
import { sidsIn } from "../../core/diagnosis/subject.ts";
import type { Asking } from "./asking.ts";
import type { Case } from "./case.ts";

/** Conversations that hold the pair whose Participants are read. A pair is bound in one, unless things changed meanwhile. */
const maxHolders = 3;
const maxUsers = 4;

/** Facts for 50416: where the pair is bound, since when, and what the Conversation is like that the message names. */
export async function gatherBindingExists(asking: Asking, of: Case): Promise<BindingExistsFacts> {
  const url = of.request.ok ? of.request.value.requestUrl : null;
  const [conversation = null] = sidsIn("CH", [url, of.event.resource, of.parameters]);
  const namedInMessage = sidsIn("CH", [of.message])[0] ?? null;
  const known = await boundOf(asking, of);
  const isKnown = known.wanted.length > 0;
  return {
    occurredAt: of.event.occurredAt,
    service: serviceOf(of),
    conversation,
    namedInMessage,
    request: of.request,
    bindings: known.bindings,
    participants: known.participants,
    ...(isKnown || namedInMessage === null ? {} : { named: await conversationOf(asking, of, namedInMessage) }),
    failedBefore: of.failedBefore,
  };
}

/** Facts for 48031: where the pair is bound, and which Frontline users are in there. */
export async function gatherFrontlineConversationExists(
  asking: Asking,
  of: Case,
): Promise<FrontlineConversationExistsFacts> {
  const { bindings, participants } = await boundOf(asking, of);

  const identities = Object.values(participants).flatMap((read) =>
    read.ok ? read.value.map(({ identity }) => identity) : [],
  );
  const worker = of.request.ok ? of.request.value.worker : null;
  const users: Record<string, Read<FrontlineUser | null>> = {};
  for (const identity of new Set([...identities, worker].filter((name) => name !== null))) {
    if (Object.keys(users).length === maxUsers) break;
    // The path is shown as evidence: an identity may be a person's address.
    users[identity] = await asking.one("/v1/Users/{identity}", (owner) =>
      asking.resources.frontlineUser(owner, identity),
    );
  }
  return { occurredAt: of.event.occurredAt, request: of.request, bindings, participants, users };
}

function serviceOf({ event, request, parameters }: Case): string | null {
  return sidsIn("IS", [event.service, request.ok ? request.value.requestUrl : null, parameters])[0] ?? null;
}

interface BoundPairs {
  readonly wanted: readonly WantedBinding[];
  readonly bindings: Read<readonly ParticipantConversation[]>;
  /** Of the Conversations that hold a wanted pair. */
  readonly participants: Record<string, Read<readonly ConversationParticipant[]>>;
}

/** Where the wanted pairs are bound: as the lists show, else in the Conversation that the message names. */
async function boundOf(asking: Asking, of: Case): Promise<BoundPairs> {
  const wanted = of.request.ok ? wantedBindings(of.request.value) : [];
  const listed = await bindingsOf(asking, of, wanted);
  const holders = holdersOf(wanted, listed).slice(0, maxHolders);
  const participants: BoundPairs["participants"] = {};
  for (const { conversationSid, chatServiceSid } of holders) {
    participants[conversationSid] = await participantsOf(asking, chatServiceSid, conversationSid);
  }

  const [named] = sidsIn("CH", [of.message]);
  const isWhole = listed.ok && listed.cutShort !== true;
  if (wanted.length === 0 || holders.length > 0 || named === undefined || isWhole) {
    return { wanted, bindings: listed, participants };
  }
  const found = await conversationOf(asking, of, named);
  if (!found.ok || found.value === null) return { wanted, bindings: listed, participants };
  const inside = await participantsOf(asking, found.value.chatServiceSid, named);
  participants[named] = inside;
  const rows = inside.ok ? inside.value.map((participant) => rowOf(found.value, participant)) : [];
  const bindings: BoundPairs["bindings"] = {
    ...(inside.ok ? inside : found),
    value: [...(listed.ok ? listed.value : []), ...rows.filter((row) => row !== null)],
    cutShort: true,
  };
  return { wanted, bindings: rows.length > 0 ? bindings : listed, participants };
}

/** A Participant of a Conversation in the form in which the list of an address has it. */
function rowOf(
  conversation: Conversation | null,
  { sid, identity, messagingBinding }: ConversationParticipant,
): ParticipantConversation | null {
  if (conversation === null) return null;
  return {
    conversationSid: conversation.sid,
    participantSid: sid,
    chatServiceSid: conversation.chatServiceSid,
    participantIdentity: identity,
    participantUserSid: null,
    participantMessagingBinding: messagingBinding,
    conversationUniqueName: conversation.uniqueName,
    conversationFriendlyName: conversation.friendlyName,
    conversationState: conversation.state,
    conversationTimers: conversation.timers,
    conversationDateCreated: conversation.dateCreated,
    conversationDateUpdated: conversation.dateUpdated,
  };
}

/** A Conversation, wherever it is: a sid says nothing about its Service. */
async function conversationOf(asking: Asking, of: Case, sid: string): Promise<Read<Conversation | null>> {
  const reads: Read<Conversation | null>[] = [];
  for (const place of placesOf(of)) {
    const path = `/v1${place === null ? "" : `/Services/${place}`}/Conversations/${sid}`;
    const read = await asking.one(path, (owner) => asking.resources.conversation(owner, place, sid));
    if (read.ok && read.value !== null) return read;
    reads.push(read);
  }
  return reads.find(({ ok }) => !ok) ?? reads[0] ?? asking.unread("the Conversation", "not_asked");
}

function participantsOf(asking: Asking, service: string, conversation: string) {
  const path = `/v1/Services/${service}/Conversations/${conversation}/Participants`;
  return asking.list(path, (owner, limit) =>
    asking.resources.conversationParticipants(owner, service, conversation, limit),
  );
}

/** Where to look: the event's Service and the account's default one, since paths without a Service reach only that. */
function placesOf(of: Case): readonly (string | null)[] {
  const service = serviceOf(of);
  return service === null ? [null] : [service, null];
}

async function bindingsOf(
  asking: Asking,
  of: Case,
  wanted: readonly WantedBinding[],
): Promise<Read<readonly ParticipantConversation[]>> {
  if (wanted.length === 0) return asking.unread("ParticipantConversations", "not_asked");
  const addresses = [...new Set(wanted.map(({ address }) => address))];
  const reads = await Promise.all(
    placesOf(of).flatMap((place) =>
      addresses.map((address) =>
        asking.list(
          place === null ? "/v1/ParticipantConversations" : `/v1/Services/${place}/ParticipantConversations`,
          (owner, limit) => asking.resources.participantConversations(owner, place, { address }, limit),
        ),
      ),
    ),
  );
  return together(reads);
}

/** Several lists as one. One that could not be read makes the whole incomplete, and the whole unread if none could. */
function together<T>(reads: readonly Read<readonly T[]>[]): Read<readonly T[]> {
  const seen = reads.filter((read) => read.ok);
  const [first] = seen;
  if (first === undefined)
    return reads[0] ?? { ok: false, reason: "not_asked", source: "ParticipantConversations", at: "" };
  const complete = seen.length === reads.length && seen.every(({ cutShort }) => cutShort !== true);
  const sources = [...new Set(seen.map(({ source }) => source))].join(" and ");
  return {
    ok: true,
    value: seen.flatMap(({ value }) => value),
    source: sources,
    at: first.at,
    ...(complete ? {} : { cutShort: true }),
  };
}
