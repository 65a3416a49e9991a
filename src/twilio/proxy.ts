import type { ProxyParticipant, ProxyPhoneNumber, ProxyService, ProxySession } from "../core/diagnosis/resources.ts";
import { type Json, textField } from "../core/json.ts";
import type { ResourceReader } from "../pipeline/resource-ports.ts";
import { apiUrl } from "./base-url.ts";
import { flagField, numberField, textFields, timeField } from "./fields.ts";
import { readList } from "./listing.ts";
import type { Rest } from "./rest.ts";
import { readOne } from "./single.ts";

type ProxyReader = Pick<
  ResourceReader,
  | "proxyServices"
  | "proxyService"
  | "proxySession"
  | "proxySessions"
  | "proxyParticipant"
  | "proxyParticipants"
  | "proxyPhoneNumbers"
>;

/** Sessions come at most 100 a page, whatever is asked for. */
const page = { PageSize: "100" };

/** Reads Proxy. https://www.twilio.com/docs/proxy/api */
export function createProxyReader(rest: Rest): ProxyReader {
  const url = (path: readonly string[], query?: Record<string, string>) =>
    apiUrl("proxy.twilio.com", ["v1", "Services", ...path], query);
  return {
    proxyServices: (owner, { maxPages }) =>
      readList(rest, { owner, api: "proxy.services.list", url: url([], page), maxPages, decode: toService }),
    proxyService: (owner, service) => readOne(rest, owner, "proxy.services.fetch", url([service]), toService),
    proxySession: (owner, service, session) =>
      readOne(rest, owner, "proxy.sessions.fetch", url([service, "Sessions", session]), sessionOf(service)),
    proxySessions: (owner, service, { maxPages }) =>
      readList(rest, {
        owner,
        api: "proxy.sessions.list",
        url: url([service, "Sessions"], page),
        maxPages,
        decode: sessionOf(service),
      }),
    proxyParticipant: (owner, service, session, participant) =>
      readOne(
        rest,
        owner,
        "proxy.participants.fetch",
        url([service, "Sessions", session, "Participants", participant]),
        participantOf(service, session),
      ),
    proxyParticipants: (owner, service, session, { maxPages }) =>
      readList(rest, {
        owner,
        api: "proxy.participants.list",
        url: url([service, "Sessions", session, "Participants"], page),
        maxPages,
        decode: participantOf(service, session),
      }),
    proxyPhoneNumbers: (owner, service, { maxPages }) =>
      readList(rest, {
        owner,
        api: "proxy.phone_numbers.list",
        url: url([service, "PhoneNumbers"], page),
        maxPages,
        decode: toPhoneNumber,
      }),
  };
}

function toService(value: Json): ProxyService | null {
  const sid = textField(value, "sid");
  if (sid === null) return null;
  return {
    sid,
    uniqueName: textField(value, "unique_name"),
    chatInstanceSid: textField(value, "chat_instance_sid"),
    defaultTtl: numberField(value, "default_ttl"),
    numberSelectionBehavior: textField(value, "number_selection_behavior"),
    geoMatchLevel: textField(value, "geo_match_level"),
    callbackUrl: textField(value, "callback_url"),
    interceptCallbackUrl: textField(value, "intercept_callback_url"),
    outOfSessionCallbackUrl: textField(value, "out_of_session_callback_url"),
  };
}

/** What a resource does not say of its place is what its path says. */
function sessionOf(service: string) {
  return (value: Json): ProxySession | null => toSession(value, service);
}

function participantOf(service: string, session: string) {
  return (value: Json): ProxyParticipant | null => toParticipant(value, service, session);
}

function toSession(value: Json, service: string): ProxySession | null {
  const required = textFields(value, { sid: "sid", status: "status" });
  if (required === null) return null;
  return {
    ...required,
    serviceSid: textField(value, "service_sid") ?? service,
    uniqueName: textField(value, "unique_name"),
    mode: textField(value, "mode"),
    closedReason: textField(value, "closed_reason"),
    ttl: numberField(value, "ttl"),
    dateCreated: timeField(value, "date_created"),
    dateUpdated: timeField(value, "date_updated"),
    dateStarted: timeField(value, "date_started"),
    dateEnded: timeField(value, "date_ended"),
    dateLastInteraction: timeField(value, "date_last_interaction"),
    dateExpiry: timeField(value, "date_expiry"),
  };
}

function toParticipant(value: Json, service: string, session: string): ProxyParticipant | null {
  const required = textFields(value, { sid: "sid", identifier: "identifier" });
  if (required === null) return null;
  return {
    ...required,
    sessionSid: textField(value, "session_sid") ?? session,
    serviceSid: textField(value, "service_sid") ?? service,
    proxyIdentifier: textField(value, "proxy_identifier"),
    proxyIdentifierSid: textField(value, "proxy_identifier_sid"),
    friendlyName: textField(value, "friendly_name"),
    dateCreated: timeField(value, "date_created"),
    dateDeleted: timeField(value, "date_deleted"),
  };
}

function toPhoneNumber(value: Json): ProxyPhoneNumber | null {
  const required = textFields(value, { sid: "sid", phoneNumber: "phone_number" });
  if (required === null) return null;
  return {
    ...required,
    isoCountry: textField(value, "iso_country"),
    isReserved: flagField(value, "is_reserved"),
    inUse: numberField(value, "in_use"),
  };
}
