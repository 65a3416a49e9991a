/*
 * The calls we make. Their names are the `api` label of faultline_twilio_requests_total, so all of them can start at zero.
 */

/** Every call of a running Faultline by name, with the host it goes to. */
export const twilioApis = {
  "api.accounts.fetch": "api.twilio.com",
  "conversations.conversations.fetch": "conversations.twilio.com",
  "conversations.participant_conversations.list": "conversations.twilio.com",
  "conversations.participants.list": "conversations.twilio.com",
  "frontline.users.fetch": "frontline-api.twilio.com",
  "monitor.alerts.fetch": "monitor.twilio.com",
  "proxy.participants.fetch": "proxy.twilio.com",
  "proxy.participants.list": "proxy.twilio.com",
  "proxy.phone_numbers.list": "proxy.twilio.com",
  "proxy.services.fetch": "proxy.twilio.com",
  "proxy.services.list": "proxy.twilio.com",
  "proxy.sessions.fetch": "proxy.twilio.com",
  "proxy.sessions.list": "proxy.twilio.com",
} as const;

/** A call; the last is made by `faultline check` alone, which counts nothing. */
export type TwilioApi = keyof typeof twilioApis | "monitor.alerts.list";

/** A host of Twilio's that we ask. */
export type TwilioHost = (typeof twilioApis)[keyof typeof twilioApis];

/** The names of all calls. */
export const twilioApiNames: readonly string[] = Object.keys(twilioApis);

/** The hosts that requests to Twilio go to; `baseUrl` is TWILIO_API_BASE_URL. */
export function twilioAddresses(baseUrl: string | null): readonly string[] {
  if (baseUrl === null) return [...new Set(Object.values(twilioApis))];
  const url = URL.parse(baseUrl);
  return url === null ? [] : [url.hostname];
}
