/*
 * Twilio's resources as far as a diagnosis looks at them. Addresses in them are real, not masked. Times are ISO 8601 UTC.
 * What an answer may lack, or has in another type, is null; one that lacks what is not null here is no such resource.
 */

/** https://www.twilio.com/docs/proxy/api/service */
export interface ProxyService {
  readonly sid: string;
  readonly uniqueName: string | null;
  readonly chatInstanceSid: string | null;
  /** Seconds; 0 means that Sessions do not expire. */
  readonly defaultTtl: number | null;
  /** `avoid-sticky` or `prefer-sticky`. */
  readonly numberSelectionBehavior: string | null;
  /** `area-code`, `overlay`, `radius` or `country`. */
  readonly geoMatchLevel: string | null;
  readonly callbackUrl: string | null;
  readonly interceptCallbackUrl: string | null;
  readonly outOfSessionCallbackUrl: string | null;
}

/** https://www.twilio.com/docs/proxy/api/session */
export interface ProxySession {
  readonly sid: string;
  readonly serviceSid: string;
  readonly uniqueName: string | null;
  /** `open`, `in-progress`, `closed`, `failed` or `unknown`. */
  readonly status: string;
  /** `message-only`, `voice-only` or `voice-and-message`. */
  readonly mode: string | null;
  /** Free text; null while there is none. */
  readonly closedReason: string | null;
  /** Seconds from the last interaction. `dateExpiry` overrides it. */
  readonly ttl: number | null;
  readonly dateCreated: string | null;
  readonly dateUpdated: string | null;
  readonly dateStarted: string | null;
  readonly dateEnded: string | null;
  readonly dateLastInteraction: string | null;
  readonly dateExpiry: string | null;
}

/** https://www.twilio.com/docs/proxy/api/participant */
export interface ProxyParticipant {
  readonly sid: string;
  readonly sessionSid: string;
  readonly serviceSid: string;
  /** The participant's own address. */
  readonly identifier: string;
  /** The number of the Service that stands for the others. */
  readonly proxyIdentifier: string | null;
  readonly proxyIdentifierSid: string | null;
  readonly friendlyName: string | null;
  readonly dateCreated: string | null;
  readonly dateDeleted: string | null;
}

/** https://www.twilio.com/docs/proxy/api/phone-number */
export interface ProxyPhoneNumber {
  readonly sid: string;
  readonly phoneNumber: string;
  readonly isoCountry: string | null;
  /** A reserved number is given out only when it is asked for. */
  readonly isReserved: boolean | null;
  /** Open Sessions that use it. */
  readonly inUse: number | null;
}

/** When a Conversation changes its state by itself. */
export interface ConversationTimers {
  readonly dateInactive: string | null;
  readonly dateClosed: string | null;
}

/** How a participant without an identity is reached. */
export interface MessagingBinding {
  /** `sms`, `whatsapp`, … */
  readonly type: string | null;
  readonly address: string | null;
  readonly proxyAddress: string | null;
  readonly projectedAddress: string | null;
}

/** https://www.twilio.com/docs/conversations/api/conversation-resource */
export interface Conversation {
  readonly sid: string;
  readonly chatServiceSid: string;
  readonly messagingServiceSid: string | null;
  readonly friendlyName: string | null;
  readonly uniqueName: string | null;
  /** `initializing`, `inactive`, `active` or `closed`. */
  readonly state: string;
  readonly timers: ConversationTimers;
  readonly dateCreated: string | null;
  readonly dateUpdated: string | null;
}

/** https://www.twilio.com/docs/conversations/api/conversation-participant-resource */
export interface ConversationParticipant {
  readonly sid: string;
  readonly conversationSid: string;
  readonly identity: string | null;
  readonly roleSid: string | null;
  readonly messagingBinding: MessagingBinding | null;
  readonly dateCreated: string | null;
  readonly dateUpdated: string | null;
}

/** https://www.twilio.com/docs/conversations/api/participant-conversation-resource */
export interface ParticipantConversation {
  readonly conversationSid: string;
  readonly participantSid: string;
  readonly chatServiceSid: string;
  readonly participantIdentity: string | null;
  readonly participantUserSid: string | null;
  readonly participantMessagingBinding: MessagingBinding | null;
  readonly conversationUniqueName: string | null;
  readonly conversationFriendlyName: string | null;
  /** `inactive`, `active` or `closed`. */
  readonly conversationState: string;
  readonly conversationTimers: ConversationTimers;
  readonly conversationDateCreated: string | null;
  readonly conversationDateUpdated: string | null;
}

/** https://www.twilio.com/docs/frontline/frontline-user-resource */
export interface FrontlineUser {
  readonly sid: string;
  readonly identity: string | null;
  readonly friendlyName: string | null;
  /** `active` or `deactivated`. */
  readonly state: string | null;
  readonly isAvailable: boolean | null;
}
