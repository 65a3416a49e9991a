/*
 * Resources of Proxy as its API shows them, minus `url` and `links`, which routes add.
 * Source: https://www.twilio.com/docs/proxy/api
 */
export interface ProxyService {
  sid: string;
  account_sid: string;
  chat_instance_sid: string | null;
  unique_name: string;
  /** Seconds; 0 means no end. */
  default_ttl: number;
  callback_url: string | null;
  geo_match_level: string;
  number_selection_behavior: string;
  intercept_callback_url: string | null;
  out_of_session_callback_url: string | null;
  date_created: string;
  date_updated: string;
}

export interface ProxySession {
  sid: string;
  service_sid: string;
  account_sid: string;
  status: "open" | "in-progress" | "closed" | "failed" | "unknown";
  unique_name: string | null;
  date_started: string | null;
  date_ended: string | null;
  date_last_interaction: string | null;
  date_expiry: string | null;
  ttl: number;
  mode: string;
  closed_reason: string;
  date_created: string;
  date_updated: string;
}

export interface ProxyParticipant {
  sid: string;
  session_sid: string;
  service_sid: string;
  account_sid: string;
  identifier: string;
  proxy_identifier: string;
  proxy_identifier_sid: string;
  friendly_name: string;
  date_deleted: string | null;
  date_created: string;
  date_updated: string;
}

export interface ProxyPhoneNumber {
  sid: string;
  account_sid: string;
  service_sid: string;
  phone_number: string;
  friendly_name: string;
  iso_country: string;
  capabilities: Record<string, boolean>;
  is_reserved: boolean;
  date_created: string;
  date_updated: string;
}

export interface ProxyInteraction {
  sid: string;
  session_sid: string;
  service_sid: string;
  account_sid: string;
  data: string;
  type: "message" | "voice" | "unknown";
  inbound_participant_sid: string | null;
  inbound_resource_sid: string | null;
  inbound_resource_status: string | null;
  inbound_resource_type: string | null;
  inbound_resource_url: string | null;
  outbound_participant_sid: string | null;
  outbound_resource_sid: string | null;
  outbound_resource_status: string | null;
  outbound_resource_type: string | null;
  outbound_resource_url: string | null;
  date_created: string;
  date_updated: string;
}

/** A participant to be created, in the names of the create form. */
export interface ParticipantRequest {
  readonly identifier: string;
  readonly proxyIdentifier?: string | undefined;
  readonly proxyIdentifierSid?: string | undefined;
  readonly friendlyName?: string | undefined;
}
