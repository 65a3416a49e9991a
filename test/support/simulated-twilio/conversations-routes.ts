import type { Conversation, ConversationParticipant, SimulatedConversations } from "./conversations-state.ts";
import { type Exchange, errorReply, notFound, type Reply, replyTo } from "./exchange.ts";
import { listReply } from "./paging.ts";
import type { Route } from "./router.ts";
import { newestFirst, stamp } from "./world.ts";

const host = "conversations.twilio.com";

/** A request within one Conversations Service: the default one, or the one in the path. */
interface Scope {
  readonly state: SimulatedConversations;
  readonly exchange: Exchange;
  readonly params: Record<string, string>;
  readonly service: string;
  /** `https://conversations.twilio.com/v1`, with `/Services/IS…` when the path has it. */
  readonly base: string;
}

type Handler = (scope: Scope) => Reply;

/** The endpoints of https://www.twilio.com/docs/conversations/api, each with and without `/Services/{IS}`. */
export function conversationsRoutes(of: (account: string) => SimulatedConversations): Route[] {
  const endpoints: [Route["method"], string, Handler][] = [
    ["GET", "/ParticipantConversations", listParticipantConversations],
    ["GET", "/Conversations", listConversations],
    ["POST", "/Conversations", createConversation],
    ["GET", "/Conversations/:ch", withConversation((scope, found) => ok(showConversation(scope, found)))],
    ["POST", "/Conversations/:ch", withConversation(updateConversation)],
    ["DELETE", "/Conversations/:ch", withConversation(deleteConversation)],
    ["GET", "/Conversations/:ch/Participants", withConversation(listParticipants)],
    ["POST", "/Conversations/:ch/Participants", withConversation(createParticipant)],
    [
      "GET",
      "/Conversations/:ch/Participants/:mb",
      withParticipant((scope, found) => ok(showParticipant(scope, found))),
    ],
    ["POST", "/Conversations/:ch/Participants/:mb", withParticipant(updateParticipant)],
    ["DELETE", "/Conversations/:ch/Participants/:mb", withParticipant(deleteParticipant)],
  ];
  return endpoints.flatMap(([method, path, handle]) => [
    {
      method,
      host,
      pattern: `/v1${path}`,
      handle: (exchange, params) => {
        const state = of(exchange.account);
        return handle({ state, exchange, params, service: state.defaultService, base: `https://${host}/v1` });
      },
    },
    {
      method,
      host,
      pattern: `/v1/Services/:is${path}`,
      handle: (exchange, params) => {
        const state = of(exchange.account);
        const service = params.is ?? "";
        if (!state.services.has(service)) return notFound(exchange.path);
        return handle({ state, exchange, params, service, base: `https://${host}/v1/Services/${service}` });
      },
    },
  ]);
}

function ok(body: unknown): Reply {
  return { status: 200, body };
}

function withConversation(handle: (scope: Scope, found: Conversation) => Reply): Handler {
  return (scope) => {
    const key = scope.params.ch ?? "";
    const found = [...scope.state.conversations.values()].find(
      (candidate) =>
        candidate.chat_service_sid === scope.service && (candidate.sid === key || candidate.unique_name === key),
    );
    return found === undefined ? notFound(scope.exchange.path) : handle(scope, found);
  };
}

function withParticipant(handle: (scope: Scope, found: ConversationParticipant) => Reply): Handler {
  return withConversation((scope, conversation) => {
    const key = scope.params.mb ?? "";
    const found = scope.state
      .participantsOf(conversation.sid)
      .find((participant) => participant.sid === key || participant.identity === key);
    return found === undefined ? notFound(scope.exchange.path) : handle(scope, found);
  });
}

function listParticipantConversations(scope: Scope): Reply {
  const address = scope.exchange.query.get("Address");
  const identity = scope.exchange.query.get("Identity");
  if ((address === null) === (identity === null)) {
    return errorReply(400, 20001, "Exactly one of Address and Identity is required");
  }
  const rows: unknown[] = [];
  for (const conversation of newestFirst(scope.state.conversations.values())) {
    if (conversation.chat_service_sid !== scope.service) continue;
    for (const participant of scope.state.participantsOf(conversation.sid)) {
      const matches =
        address === null ? participant.identity === identity : participant.messaging_binding?.address === address;
      if (matches) rows.push(showParticipantConversation(scope, conversation, participant));
    }
  }
  return listReply(scope.exchange, rows, { key: "conversations", cap: 50 });
}

function listConversations(scope: Scope): Reply {
  const state = scope.exchange.query.get("State");
  const start = scope.exchange.query.get("StartDate");
  const end = scope.exchange.query.get("EndDate");
  const rows = newestFirst(scope.state.conversations.values()).filter(
    (conversation) =>
      conversation.chat_service_sid === scope.service &&
      (state === null || conversation.state === state) &&
      (start === null || conversation.date_created >= start) &&
      (end === null || conversation.date_created.slice(0, end.length) <= end),
  );
  return listReply(
    scope.exchange,
    rows.map((row) => showConversation(scope, row)),
    { key: "conversations", cap: 100 },
  );
}

function createConversation(scope: Scope): Reply {
  const { form } = scope.exchange;
  const created = scope.state.createConversation({
    chat_service_sid: scope.service,
    friendly_name: form.get("FriendlyName"),
    unique_name: form.get("UniqueName"),
  });
  return { status: 201, body: showConversation(scope, created) };
}

function updateConversation(scope: Scope, found: Conversation): Reply {
  const { form } = scope.exchange;
  const name = form.get("FriendlyName");
  if (name !== null) found.friendly_name = name;
  const now = scope.state.world.now();
  for (const [parameter, timer] of [
    ["Timers.Inactive", "date_inactive"],
    ["Timers.Closed", "date_closed"],
  ] as const) {
    const duration = form.get(parameter);
    const seconds = duration === null ? null : durationSeconds(duration);
    if (duration !== null && seconds === null)
      return errorReply(400, 20001, `${parameter}: expected an ISO 8601 duration`);
    if (seconds !== null) found.timers[timer] = stamp(new Date(now.getTime() + seconds * 1000));
  }
  found.date_updated = stamp(now);
  const state = form.get("State");
  if (state === null) return ok(showConversation(scope, found));
  return replyTo(scope.state.setState(found, state), (changed) => showConversation(scope, changed));
}

function deleteConversation(scope: Scope, found: Conversation): Reply {
  scope.state.deleteConversation(found);
  return { status: 204 };
}

function listParticipants(scope: Scope, found: Conversation): Reply {
  const rows = scope.state.participantsOf(found.sid).map((participant) => showParticipant(scope, participant));
  return listReply(scope.exchange, rows, { key: "participants", cap: 100 });
}

function createParticipant(scope: Scope, found: Conversation): Reply {
  const { form } = scope.exchange;
  const request = {
    identity: form.get("Identity"),
    address: form.get("MessagingBinding.Address"),
    proxyAddress: form.get("MessagingBinding.ProxyAddress"),
  };
  return replyTo(scope.state.addParticipant(found, request), (added) => showParticipant(scope, added), 201);
}

function updateParticipant(scope: Scope, found: ConversationParticipant): Reply {
  const proxyAddress = scope.exchange.form.get("MessagingBinding.ProxyAddress");
  if (
    proxyAddress !== null &&
    found.messaging_binding !== null &&
    proxyAddress !== found.messaging_binding.proxy_address
  ) {
    const holder = scope.state.holderOf(found.messaging_binding.address, proxyAddress);
    if (holder !== null)
      return errorReply(
        409,
        50416,
        `A binding for this participant and proxy address already exists in Conversation ${holder.sid}`,
      );
    found.messaging_binding.proxy_address = proxyAddress;
  }
  found.date_updated = stamp(scope.state.world.now());
  return ok(showParticipant(scope, found));
}

function deleteParticipant(scope: Scope, found: ConversationParticipant): Reply {
  scope.state.removeParticipant(found);
  return { status: 204 };
}

function durationSeconds(text: string): number | null {
  const match = /^P(?:(\d{1,4})D)?(?:T(?:(\d{1,6})H)?(?:(\d{1,6})M)?(?:(\d{1,8})S)?)?$/.exec(text);
  if (match === null) return null;
  const [days, hours, minutes, seconds] = match.slice(1).map((part) => Number(part ?? 0));
  return (((days ?? 0) * 24 + (hours ?? 0)) * 60 + (minutes ?? 0)) * 60 + (seconds ?? 0);
}

function showConversation(scope: Scope, found: Conversation): unknown {
  const url = `${scope.base}/Conversations/${found.sid}`;
  const links = {
    participants: `${url}/Participants`,
    messages: `${url}/Messages`,
    webhooks: `${url}/Webhooks`,
    export: `${url}/Export`,
  };
  return { ...found, url, links };
}

function showParticipant(scope: Scope, found: ConversationParticipant): unknown {
  return { ...found, url: `${scope.base}/Conversations/${found.conversation_sid}/Participants/${found.sid}` };
}

function showParticipantConversation(
  scope: Scope,
  conversation: Conversation,
  participant: ConversationParticipant,
): unknown {
  const url = `${scope.base}/Conversations/${conversation.sid}`;
  const binding = participant.messaging_binding;
  return {
    account_sid: conversation.account_sid,
    chat_service_sid: conversation.chat_service_sid,
    participant_sid: participant.sid,
    participant_user_sid: null,
    participant_identity: participant.identity,
    participant_messaging_binding:
      binding === null ? null : { ...binding, level: null, name: null, projected_address: null },
    conversation_sid: conversation.sid,
    conversation_unique_name: conversation.unique_name,
    conversation_friendly_name: conversation.friendly_name,
    conversation_attributes: conversation.attributes,
    conversation_date_created: conversation.date_created,
    conversation_date_updated: conversation.date_updated,
    conversation_created_by: "system",
    conversation_state: conversation.state,
    conversation_timers: conversation.timers,
    links: { participant: `${url}/Participants/${participant.sid}`, conversation: url },
  };
}
