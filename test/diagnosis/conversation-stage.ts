import type { SimulatedAccount } from "../support/simulated-twilio/account.ts";
import type { Conversation, ConversationParticipant } from "../support/simulated-twilio/conversations-state.ts";
import { type ApiRequest, must, type Stage } from "./stage.ts";

export const customer = "+15555550104";
export const sender = "+15555550198";
export const otherSender = "+15555550197";

/** A Conversation in which a pair of addresses is bound. */
export interface Bound {
  readonly conversation: Conversation;
  readonly participant: ConversationParticipant;
}

/** Binds a pair in a new Conversation, as of now. */
export function bind(
  stage: Stage,
  { address = customer, proxyAddress = sender, service = "", account = stage.account as SimulatedAccount } = {},
): Bound {
  const { conversations } = account;
  const conversation = conversations.createConversation(service === "" ? {} : { chat_service_sid: service });
  const participant = must(conversations.addParticipant(conversation, { address, proxyAddress }));
  return { conversation, participant };
}

/** `https://conversations.twilio.com/v1[/Services/IS…]/Conversations/CH…/Participants` */
export function participantsUrl({ sid, chat_service_sid: service }: Conversation, isScoped = true): string {
  const base = isScoped ? `/Services/${service}` : "";
  return `https://conversations.twilio.com/v1${base}/Conversations/${sid}/Participants`;
}

/** Adds the pair to a Conversation. */
export function adding(
  to: Conversation,
  pair: { address?: string; proxyAddress?: string } = {},
  isScoped = true,
): ApiRequest {
  return {
    url: participantsUrl(to, isScoped),
    form: {
      "MessagingBinding.Address": pair.address ?? customer,
      "MessagingBinding.ProxyAddress": pair.proxyAddress ?? sender,
    },
  };
}
