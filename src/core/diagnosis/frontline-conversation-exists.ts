/*
 * 48031 Outgoing conversation already exists for this contact and proxy address.
 * Source: https://www.twilio.com/docs/api/errors/48031
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
  type WantedBinding,
  wantedBindings,
} from "./bindings.ts";
import { knownRequest, notRead, type Read, type Reasoned, shownBy } from "./facts.ts";
import { looksLikeNumber, showIdentity } from "./mask-address.ts";
import { gatherEvidence, rankCauses, verdict } from "./ranking.ts";
import { fillRemedies } from "./remedy.ts";
import type { ConversationParticipant, FrontlineUser, ParticipantConversation } from "./resources.ts";
import type { Subject } from "./subject.ts";
import { cameAfter } from "./time.ts";
import type { CauseVerdict, Evidence } from "./verdict.ts";

/** What is looked at for 48031. */
export interface FrontlineConversationExistsFacts {
  /** ISO 8601 UTC. */
  readonly occurredAt: string | null;
  /** The failed request: the addresses, and the worker who asks. */
  readonly request: Read<Subject>;
  /** ParticipantConversations of the contact's address, of the event's Service and of the default one together. */
  readonly bindings: Read<readonly ParticipantConversation[]>;
  /** Participants of the Conversations that hold the pair, by CH sid. */
  readonly participants: ParticipantsByConversation;
  /** Frontline users by identity; null when Frontline does not know one. */
  readonly users: Readonly<Record<string, Read<FrontlineUser | null>>>;
}

const ids = { otherUser: "other-user-engaged", neverRouted: "never-routed", notClosed: "not-closed" } as const;

const answers = {
  [ids.otherUser]: ["transfer-conversation", "user-closes-conversation"],
  [ids.neverRouted]: ["add-asking-user", "close-conversation", "review-inbound-routing"],
  [ids.notClosed]: ["remove-participant", "close-conversation", "delete-conversation", "set-closing-timer"],
};

interface Holder {
  readonly row: ParticipantConversation;
  readonly read: Read<readonly ConversationParticipant[]>;
  /** In it when the event occurred, as far as times tell. */
  readonly identities: readonly string[];
  /** Came into it only after the event. */
  readonly later: readonly string[];
}

/** Verdicts on the causes of 48031, in the words of the rule whose remedies are given. */
export function reasonFrontlineConversationExists(
  given: FrontlineConversationExistsFacts,
  remedies: readonly RemedyTemplate[],
): Reasoned {
  const facts = { ...given, request: knownRequest(given.request) };
  const { request, bindings } = facts;
  const wanted = request.ok ? wantedBindings(request.value) : [];
  const worker = request.ok ? request.value.worker : null;
  const held = holdersAt(facts.occurredAt, holdersOf(wanted, bindings), facts.participants, bindings, (row) =>
    hasWorker(facts, row, worker),
  );
  const { rows } = held;
  const holders = rows.map((row) => holderOf(row, facts, held.areLate));
  const unclear = ignorance(facts, wanted, held);
  const notClosed = notClosedVerdict(facts, wanted, rows, unclear);
  const rest = rankCauses([otherUser(facts, holders, worker, unclear), neverRouted(facts, holders, unclear)]);
  const isIdle = rows.some((row) =>
    ["stale", "quiet", "resting"].includes(useOf(row, facts.occurredAt ?? bindings.at)),
  );
  const causes = inDoubtIfLate(placed(notClosed, rest, isIdle), held);
  const canNameWorker = worker !== null && !looksLikeNumber(worker) && worker.length <= 200;
  return {
    causes,
    evidence: gatherEvidence(
      causes,
      [unseenBindings(bindings)].filter((note) => note !== null),
    ),
    conflicts: rows.map(conversationConflict),
    remedies: fillRemedies(remedies, causes, {
      targets: rows.map(holderSids),
      values: canNameWorker ? { "add-asking-user": { FRONTLINE_IDENTITY: worker } } : {},
      answers,
    }),
  };
}

/** Not being closed is true of every conflict, so it leads only when nobody is using the Conversation. */
function placed(notClosed: CauseVerdict, rest: readonly CauseVerdict[], isIdle: boolean): CauseVerdict[] {
  if (notClosed.verdict !== "confirmed") return rankCauses([...rest, notClosed]);
  if (isIdle) return [notClosed, ...rest];
  const supported = rest.filter((cause) => cause.verdict === "confirmed" || cause.verdict === "likely");
  return [...supported, notClosed, ...rest.filter((cause) => !supported.includes(cause))];
}

function holderOf(
  row: ParticipantConversation,
  { participants, bindings, occurredAt }: FrontlineConversationExistsFacts,
  isLate: boolean,
): Holder {
  const missing = { ok: false, reason: "not_asked", source: "event", at: bindings.at } as const;
  const found = Object.hasOwn(participants, row.conversationSid) ? participants[row.conversationSid] : undefined;
  const read = found ?? missing;
  const staff = read.ok ? read.value.filter(({ identity }) => identity !== null && identity !== "") : [];
  const named = (some: readonly ConversationParticipant[]) => some.flatMap(({ identity }) => identity ?? []);
  const cameLater = ({ dateCreated }: ConversationParticipant): boolean =>
    !isLate && cameAfter(dateCreated, occurredAt);
  return {
    row,
    read,
    identities: named(staff.filter((participant) => !cameLater(participant))),
    later: named(staff.filter(cameLater)),
  };
}

/** Whether the user who asked is in this Conversation: then a second try of theirs has worked. */
function hasWorker(
  { participants }: FrontlineConversationExistsFacts,
  { conversationSid }: ParticipantConversation,
  worker: string | null,
): boolean {
  const read = Object.hasOwn(participants, conversationSid) ? participants[conversationSid] : undefined;
  return worker !== null && read?.ok === true && read.value.some(({ identity }) => identity === worker);
}

/** Why nothing is known about the Conversation in the way, null when something is. */
function ignorance(
  { request, bindings }: FrontlineConversationExistsFacts,
  wanted: readonly WantedBinding[],
  holders: Holders,
): Evidence | null {
  if (!request.ok) return notRead(request, "The pair of addresses");
  if (wanted.length === 0)
    return shownBy(request, "The request does not name the contact's address and the proxy address.");
  if (!bindings.ok) return notRead(bindings, "The Conversations of this contact");
  if (holders.rows.length > 0) return null;
  const text = "No Conversation that was looked at, other than closed ones, holds this pair now.";
  return holders.note ?? shownBy(bindings, text);
}

function otherUser(
  facts: FrontlineConversationExistsFacts,
  holders: readonly Holder[],
  worker: string | null,
  unclear: Evidence | null,
): CauseVerdict {
  if (unclear !== null) return verdict(ids.otherUser, "unknown", unclear);
  const engaged = holders.find(({ identities }) => identities.some((identity) => identity !== worker));
  if (engaged !== undefined) {
    const others = engaged.identities.filter((identity) => identity !== worker);
    const names = others.slice(0, 3).map(showIdentity).join(", ");
    const asking = worker === null ? "" : `; ${showIdentity(worker)} is asking`;
    const shown = shownBy(
      engaged.read,
      `${names} ${others.length === 1 ? "is" : "are"} in Conversation ${engaged.row.conversationSid}${asking}.`,
    );
    const who = worker === null ? notNamed(facts) : null;
    return verdict(
      ids.otherUser,
      worker === null ? "likely" : "confirmed",
      shown,
      ...others.slice(0, 3).map((other) => userNote(facts, other)),
      who,
    );
  }
  const isLater = holders.some(({ later }) => later.some((identity) => identity !== worker));
  return absence(
    ids.otherUser,
    isLater ? "unknown" : "ruled-out",
    holders,
    facts,
    isLater
      ? "got a Participant with another identity only after the event"
      : "has no Participant with an identity other than that of the user asking",
  );
}

function neverRouted(
  facts: FrontlineConversationExistsFacts,
  holders: readonly Holder[],
  unclear: Evidence | null,
): CauseVerdict {
  if (unclear !== null) return verdict(ids.neverRouted, "unknown", unclear);
  const unassigned = holders.find(
    ({ read, identities }) => read.ok && read.cutShort !== true && identities.length === 0,
  );
  if (unassigned !== undefined) {
    const isLater = unassigned.later.length > 0;
    const text = isLater
      ? "got its first Participant with an identity only after the event"
      : "has no Participant with an identity: nobody was assigned to it";
    const shown = shownBy(unassigned.read, `Conversation ${unassigned.row.conversationSid} ${text}.`);
    return verdict(ids.neverRouted, isLater ? "likely" : "confirmed", shown);
  }
  const unread = holders.find(({ identities }) => identities.length === 0);
  if (unread !== undefined) return absence(ids.neverRouted, "unknown", holders, facts, "could not be read whole");
  const [first] = holders;
  if (first === undefined || (facts.bindings.ok && facts.bindings.cutShort === true)) {
    return verdict(ids.neverRouted, "unknown", unseenBindings(facts.bindings));
  }
  const text = `Conversation ${first.row.conversationSid} has a Participant with an identity.`;
  return verdict(ids.neverRouted, "ruled-out", shownBy(first.read, text));
}

/** What follows from not finding somebody: only what the lists that were read whole can bear. */
function absence(
  id: string,
  whenWhole: "ruled-out" | "unknown",
  holders: readonly Holder[],
  { bindings }: FrontlineConversationExistsFacts,
  words: string,
): CauseVerdict {
  const partial = holders.find(({ read }) => !read.ok || read.cutShort === true);
  if (partial !== undefined) {
    const what = `The Participants of Conversation ${partial.row.conversationSid}`;
    const note = partial.read.ok
      ? shownBy(partial.read, `${what} were read in part only.`)
      : notRead(partial.read, what);
    return verdict(id, "unknown", note);
  }
  const isWhole = bindings.ok && bindings.cutShort !== true;
  const notes = holders.map(({ row, read }) => shownBy(read, `Conversation ${row.conversationSid} ${words}.`));
  return verdict(id, isWhole ? whenWhole : "unknown", ...notes, unseenBindings(bindings));
}

function notClosedVerdict(
  { request, bindings }: FrontlineConversationExistsFacts,
  wanted: readonly WantedBinding[],
  rows: readonly ParticipantConversation[],
  unclear: Evidence | null,
): CauseVerdict {
  if (rows.length > 0) {
    return verdict(ids.notClosed, "confirmed", ...rows.map((row) => describeHolder(row, bindings)));
  }
  const isWhole = request.ok && wanted.length > 0 && bindings.ok && bindings.cutShort !== true;
  return verdict(ids.notClosed, isWhole ? "ruled-out" : "unknown", unclear, unseenBindings(bindings));
}

function notNamed({ request }: FrontlineConversationExistsFacts): Evidence {
  return shownBy(request, "The event does not name the user who asked.");
}

function userNote({ users }: FrontlineConversationExistsFacts, identity: string): Evidence | null {
  const read = Object.hasOwn(users, identity) ? users[identity] : undefined;
  if (read === undefined) return null;
  const name = showIdentity(identity);
  if (!read.ok) return notRead(read, `Frontline user ${name}`);
  if (read.value === null) return shownBy(read, `Frontline knows no user ${name} (404).`);
  return shownBy(read, `Frontline user ${name} is ${read.value.sid}, ${read.value.state}.`);
}
