import type {
  Conversation,
  ConversationParticipant,
  ConversationTimers,
  MessagingBinding,
  ParticipantConversation,
} from "../core/diagnosis/resources.ts";
import { field, isJsonObject, type Json, textField } from "../core/json.ts";
import type { ResourceReader } from "../pipeline/resource-ports.ts";
import { apiUrl } from "./base-url.ts";
import { textFields, timeField } from "./fields.ts";
import { readList } from "./listing.ts";
import type { Rest } from "./rest.ts";
import { readOne } from "./single.ts";

type ConversationsReader = Pick<
  ResourceReader,
  "conversation" | "conversationParticipants" | "participantConversations"
>;

/** Reads Conversations. https://www.twilio.com/docs/conversations/api */
export function createConversationsReader(rest: Rest): ConversationsReader {
  const url = (chatService: string | null, path: readonly string[], query?: Record<string, string>) =>
    apiUrl(
      "conversations.twilio.com",
      ["v1", ...(chatService === null ? [] : ["Services", chatService]), ...path],
      query,
    );
  return {
    conversation: (owner, chatService, sid) =>
      readOne(
        rest,
        owner,
        "conversations.conversations.fetch",
        url(chatService, ["Conversations", sid]),
        toConversation,
      ),
    conversationParticipants: (owner, chatService, sid, { maxPages }) =>
      readList(rest, {
        owner,
        api: "conversations.participants.list",
        url: url(chatService, ["Conversations", sid, "Participants"], { PageSize: "100" }),
        maxPages,
        decode: toParticipant,
      }),
    participantConversations: (owner, chatService, by, { maxPages }) =>
      readList(rest, {
        owner,
        api: "conversations.participant_conversations.list",
        url: url(chatService, ["ParticipantConversations"], {
          ...("address" in by ? { Address: by.address } : { Identity: by.identity }),
          PageSize: "50",
        }),
        maxPages,
        decode: toParticipantConversation,
      }),
  };
}

function toConversation(value: Json): Conversation | null {
  const required = textFields(value, { sid: "sid", chatServiceSid: "chat_service_sid", state: "state" });
  if (required === null) return null;
  return {
    ...required,
    messagingServiceSid: textField(value, "messaging_service_sid"),
    friendlyName: textField(value, "friendly_name"),
    uniqueName: textField(value, "unique_name"),
    timers: toTimers(field(value, "timers")),
    dateCreated: timeField(value, "date_created"),
    dateUpdated: timeField(value, "date_updated"),
  };
}

function toParticipant(value: Json): ConversationParticipant | null {
  const required = textFields(value, { sid: "sid", conversationSid: "conversation_sid" });
  if (required === null) return null;
  return {
    ...required,
    identity: textField(value, "identity"),
    roleSid: textField(value, "role_sid"),
    messagingBinding: toBinding(field(value, "messaging_binding")),
    dateCreated: timeField(value, "date_created"),
    dateUpdated: timeField(value, "date_updated"),
  };
}

function toParticipantConversation(value: Json): ParticipantConversation | null {
  const required = textFields(value, {
    conversationSid: "conversation_sid",
    participantSid: "participant_sid",
    chatServiceSid: "chat_service_sid",
    conversationState: "conversation_state",
  });
  if (required === null) return null;
  return {
    ...required,
    participantIdentity: textField(value, "participant_identity"),
    participantUserSid: textField(value, "participant_user_sid"),
    participantMessagingBinding: toBinding(field(value, "participant_messaging_binding")),
    conversationUniqueName: textField(value, "conversation_unique_name"),
    conversationFriendlyName: textField(value, "conversation_friendly_name"),
    conversationTimers: toTimers(field(value, "conversation_timers")),
    conversationDateCreated: timeField(value, "conversation_date_created"),
    conversationDateUpdated: timeField(value, "conversation_date_updated"),
  };
}

function toTimers(value: Json | undefined): ConversationTimers {
  return { dateInactive: timeField(value, "date_inactive"), dateClosed: timeField(value, "date_closed") };
}

function toBinding(value: Json | undefined): MessagingBinding | null {
  if (!isJsonObject(value)) return null;
  return {
    type: textField(value, "type"),
    address: textField(value, "address"),
    proxyAddress: textField(value, "proxy_address"),
    projectedAddress: textField(value, "projected_address"),
  };
}
