/*
 * Reading the resources that are in each other's way: what a diagnosis gathers its facts from.
 */
import type {
  Conversation,
  ConversationParticipant,
  FrontlineUser,
  ParticipantConversation,
  ProxyParticipant,
  ProxyPhoneNumber,
  ProxyService,
  ProxySession,
} from "../core/diagnosis/resources.ts";
import type { DiagnosisFailure } from "../core/diagnosis/verdict.ts";
import type { TwilioAnswer } from "./ports.ts";

/** Whose resources: the account of an event, and its parent when it is a subaccount. */
export interface Owner {
  readonly account: string;
  readonly parentAccount: string | null;
  /** Adds up what this diagnosis asks of Twilio, when somebody wants to know. */
  readonly meter?: CallMeter;
}

/** What has been asked of Twilio so far. */
export interface CallMeter {
  /** Requests begun. */
  calls: number;
  /** Requests it may make at most; the next one is answered `rate_limited` without asking Twilio. */
  readonly maxCalls?: number;
  /** Time spent in requests, in milliseconds; waiting for the account's budget does not count. */
  ms: number;
}

/** What was read of a list. */
export interface Listing<T> {
  readonly items: readonly T[];
  /** Requests it took. */
  readonly pages: number;
  /** When it was read, ISO 8601 UTC, when that was not just now. */
  readonly readAt?: string;
  /** Why it is not complete: the bound on pages, or a later page that could not be read. Null when it is. */
  readonly cutShort: "page_limit" | DiagnosisFailure | null;
}

/** The bound on a list. */
export interface ListLimit {
  readonly maxPages: number;
  /** Not from what was read before, even just now. */
  readonly isFresh?: boolean;
}

/**
 * Twilio's REST API, read only. None of these rejects; a sid that cannot be part of a path is `client_error`. `chatService`
 * null means the account's default Conversations Service: paths without a Service reach no other.
 */
export interface ResourceReader {
  /** All Services of the account. */
  proxyServices(owner: Owner, limit: ListLimit): Promise<TwilioAnswer<Listing<ProxyService>>>;
  proxyService(owner: Owner, service: string): Promise<TwilioAnswer<ProxyService>>;
  /** By sid or unique name, as everywhere a Session is named. */
  proxySession(owner: Owner, service: string, session: string): Promise<TwilioAnswer<ProxySession>>;
  /** At most 100 a page, whatever state they are in: the API has no filter. */
  proxySessions(owner: Owner, service: string, limit: ListLimit): Promise<TwilioAnswer<Listing<ProxySession>>>;
  proxyParticipant(
    owner: Owner,
    service: string,
    session: string,
    participant: string,
  ): Promise<TwilioAnswer<ProxyParticipant>>;
  proxyParticipants(
    owner: Owner,
    service: string,
    session: string,
    limit: ListLimit,
  ): Promise<TwilioAnswer<Listing<ProxyParticipant>>>;
  proxyPhoneNumbers(owner: Owner, service: string, limit: ListLimit): Promise<TwilioAnswer<Listing<ProxyPhoneNumber>>>;
  conversation(owner: Owner, chatService: string | null, conversation: string): Promise<TwilioAnswer<Conversation>>;
  conversationParticipants(
    owner: Owner,
    chatService: string | null,
    conversation: string,
    limit: ListLimit,
  ): Promise<TwilioAnswer<Listing<ConversationParticipant>>>;
  /** The Conversations an address, or an identity, takes part in. At most 50 a page. */
  participantConversations(
    owner: Owner,
    chatService: string | null,
    by: { readonly address: string } | { readonly identity: string },
    limit: ListLimit,
  ): Promise<TwilioAnswer<Listing<ParticipantConversation>>>;
  /** By sid or identity. */
  frontlineUser(owner: Owner, user: string): Promise<TwilioAnswer<FrontlineUser>>;
}
