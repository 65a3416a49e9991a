import { type Done, done, refuse } from "./exchange.ts";
import { stamp, type World } from "./world.ts";

/** Source: https://www.twilio.com/docs/conversations/api/conversation-resource; `url` and `links` are added by routes. */
export interface Conversation {
  sid: string;
  account_sid: string;
  chat_service_sid: string;
  messaging_service_sid: string | null;
  friendly_name: string | null;
  unique_name: string | null;
  attributes: string;
  state: "initializing" | "inactive" | "active" | "closed";
  timers: { date_inactive?: string; date_closed?: string };
  bindings: Record<string, unknown>;
  date_created: string;
  date_updated: string;
}

export interface MessagingBinding {
  type: string;
  address: string;
  proxy_address: string;
}

/** Source: https://www.twilio.com/docs/conversations/api/conversation-participant-resource */
export interface ConversationParticipant {
  sid: string;
  account_sid: string;
  conversation_sid: string;
  identity: string | null;
  attributes: string;
  messaging_binding: MessagingBinding | null;
  role_sid: string;
  date_created: string;
  date_updated: string;
  last_read_message_index: number | null;
  last_read_timestamp: string | null;
}

/**
 * Conversations of one account: a default Service, and others made with {@link createService}. An (address, proxy
 * address) pair may be bound in at most one Conversation of the account that is not closed.
 */
export class SimulatedConversations {
  readonly conversations = new Map<string, Conversation>();
  readonly participants = new Map<string, ConversationParticipant>();
  readonly services = new Set<string>();
  readonly defaultService: string;
  readonly account: string;
  readonly world: World;

  constructor(account: string, world: World) {
    this.account = account;
    this.world = world;
    this.defaultService = this.createService();
  }

  createService(): string {
    const sid = this.world.nextSid("IS");
    this.services.add(sid);
    return sid;
  }

  createConversation(fields: Partial<Conversation> = {}): Conversation {
    const at = stamp(this.world.now());
    const conversation: Conversation = {
      sid: this.world.nextSid("CH"),
      account_sid: this.account,
      chat_service_sid: this.defaultService,
      messaging_service_sid: null,
      friendly_name: null,
      unique_name: null,
      attributes: "{}",
      state: "active",
      timers: {},
      bindings: {},
      date_created: at,
      date_updated: at,
      ...fields,
    };
    this.conversations.set(conversation.sid, conversation);
    return conversation;
  }

  addParticipant(
    conversation: Conversation,
    request: { identity?: string | null; address?: string | null; proxyAddress?: string | null },
  ): Done<ConversationParticipant> {
    if (conversation.state === "closed") return refuse(400, 50377, "Conversation is closed");
    const identity = request.identity ?? null;
    const address = request.address ?? null;
    const proxyAddress = request.proxyAddress ?? null;
    if (identity === null && address === null) return refuse(400, 50411, "Participant address is empty");
    if (identity === null && proxyAddress === null) return refuse(400, 50412, "Participant proxy address is empty");
    const present = this.participantsOf(conversation.sid);
    if (identity !== null && present.some((participant) => participant.identity === identity)) {
      return refuse(409, 50433, "Participant already exists");
    }
    const bound = address !== null && proxyAddress !== null ? this.holderOf(address, proxyAddress) : null;
    if (bound !== null) {
      return refuse(
        409,
        50416,
        `A binding for this participant and proxy address already exists in Conversation ${bound.sid}`,
      );
    }
    const at = stamp(this.world.now());
    const participant: ConversationParticipant = {
      sid: this.world.nextSid("MB"),
      account_sid: this.account,
      conversation_sid: conversation.sid,
      identity,
      attributes: "{}",
      messaging_binding:
        address === null
          ? null
          : { type: address.startsWith("whatsapp:") ? "whatsapp" : "sms", address, proxy_address: proxyAddress ?? "" },
      role_sid: this.world.nextSid("RL"),
      date_created: at,
      date_updated: at,
      last_read_message_index: null,
      last_read_timestamp: null,
    };
    this.participants.set(participant.sid, participant);
    conversation.date_updated = at;
    return done(participant);
  }

  /** The Conversation, not closed, in which the pair is bound. */
  holderOf(address: string, proxyAddress: string): Conversation | null {
    for (const { messaging_binding: binding, conversation_sid: sid } of this.participants.values()) {
      if (binding === null || binding.address !== address || binding.proxy_address !== proxyAddress) continue;
      const conversation = this.conversations.get(sid);
      if (conversation !== undefined && conversation.state !== "closed") return conversation;
    }
    return null;
  }

  participantsOf(conversation: string): ConversationParticipant[] {
    return [...this.participants.values()].filter((participant) => participant.conversation_sid === conversation);
  }

  removeParticipant(participant: ConversationParticipant): void {
    this.participants.delete(participant.sid);
    const conversation = this.conversations.get(participant.conversation_sid);
    if (conversation !== undefined) conversation.date_updated = stamp(this.world.now());
  }

  /** A closed Conversation cannot be opened again. */
  setState(conversation: Conversation, state: string): Done<Conversation> {
    if (conversation.state === "closed" && state !== "closed") {
      return refuse(400, 50377, "A closed Conversation cannot change its state");
    }
    if (state !== "active" && state !== "inactive" && state !== "closed") {
      return refuse(400, 20001, `State must be active, inactive or closed, not ${state}`);
    }
    conversation.state = state;
    conversation.date_updated = stamp(this.world.now());
    return done(conversation);
  }

  deleteConversation(conversation: Conversation): void {
    this.conversations.delete(conversation.sid);
    for (const participant of this.participantsOf(conversation.sid)) this.participants.delete(participant.sid);
  }
}
