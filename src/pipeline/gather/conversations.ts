/*
 * Facts for the codes about bound pairs of addresses: 50416, 48031.
 */

import type { BindingExistsFacts } from "../../core/diagnosis/binding-exists.ts";
import { holdersOf, wantedBindings } from "../../core/diagnosis/bindings.ts";
import type { Read } from "../../core/diagnosis/facts.ts";
import type { FrontlineConversationExistsFacts } from "../../core/diagnosis/frontline-conversation-exists.ts";
import type {
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

/** Facts for 50416: where the pair is bound. */
export async function gatherBindingExists(asking: Asking, of: Case): Promise<BindingExistsFacts> {
  const url = of.request.ok ? of.request.value.requestUrl : null;
  const [conversation = null] = sidsIn("CH", [url, of.event.resource]);
  return {
    occurredAt: of.event.occurredAt,
    service: serviceOf(of),
    conversation,
    namedInMessage: sidsIn("CH", [of.message])[0] ?? null,
    request: of.request,
    bindings: await bindingsOf(asking, of),
    failedBefore: of.failedBefore,
  };
}

/** Facts for 48031: where the pair is bound, and which Frontline users are in there. */
export async function gatherFrontlineConversationExists(
  asking: Asking,
  of: Case,
): Promise<FrontlineConversationExistsFacts> {
  const bindings = await bindingsOf(asking, of);
  const wanted = of.request.ok ? wantedBindings(of.request.value) : [];
  const holders = holdersOf(wanted, bindings).slice(0, maxHolders);

  const participants: Record<string, Read<readonly ConversationParticipant[]>> = {};
  for (const { conversationSid, chatServiceSid } of holders) {
    const path = `/v1/Services/${chatServiceSid}/Conversations/${conversationSid}/Participants`;
    participants[conversationSid] = await asking.list(path, (owner, limit) =>
      asking.resources.conversationParticipants(owner, chatServiceSid, conversationSid, limit),
    );
  }

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

function serviceOf({ event, request }: Case): string | null {
  return sidsIn("IS", [event.service, request.ok ? request.value.requestUrl : null])[0] ?? null;
}

/**
 * The Conversations of the wanted address in the event's Service and in the account's default one, which are different
 * places: paths without a Service reach only the default.
 */
async function bindingsOf(asking: Asking, of: Case): Promise<Read<readonly ParticipantConversation[]>> {
  const wanted = of.request.ok ? wantedBindings(of.request.value) : [];
  if (wanted.length === 0) return asking.unread("ParticipantConversations", "not_asked");
  const service = serviceOf(of);
  const places = service === null ? [null] : [service, null];
  const addresses = [...new Set(wanted.map(({ address }) => address))];
  const reads = await Promise.all(
    places.flatMap((place) =>
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
