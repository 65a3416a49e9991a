import { createHash, createHmac } from "node:crypto";
import { patternedSid } from "./simulated-twilio/world.ts";

/*
 * Twilio's side of a delivery: signatures and bodies as https://www.twilio.com/docs/usage/webhooks/webhooks-security and
 * https://www.twilio.com/docs/usage/troubleshooting/debugging-event-webhooks have them. Written apart from the product's
 * own check, so that the two can disagree.
 */

/** Form parameters; a list is a parameter that occurs several times. */
export type FormParams = Readonly<Record<string, string | readonly string[]>>;

/** X-Twilio-Signature of a form POST: HMAC-SHA1 over the URL and the sorted parameters, each name followed by its value. */
export function signForm(token: string, url: string, params: FormParams): string {
  let text = url;
  for (const name of Object.keys(params).sort()) {
    const value = params[name] ?? "";
    const values = typeof value === "string" ? [value] : [...new Set(value)].sort();
    for (const one of values) text += name + one;
  }
  return hmac(token, text);
}

/** The URL Twilio posts a JSON body to, with `bodySHA256` appended, and the signature, which covers the URL only. */
export function signJson(token: string, url: string, body: string | Buffer): { url: string; signature: string } {
  const hash = createHash("sha256").update(body).digest("hex");
  const signed = `${url}${url.includes("?") ? "&" : "?"}bodySHA256=${hash}`;
  return { url: signed, signature: hmac(token, signed) };
}

function hmac(token: string, text: string): string {
  return createHmac("sha1", token).update(text, "utf8").digest("base64");
}

/** A form body as Twilio sends it. */
export function encodeForm(params: FormParams): string {
  const body = new URLSearchParams();
  for (const [name, value] of Object.entries(params)) {
    for (const one of typeof value === "string" ? [value] : value) body.append(name, one);
  }
  return body.toString();
}

/** What an error event is made from. Everything has a patterned default. */
export interface ErrorEvent {
  readonly code: number;
  readonly sid: string;
  readonly account: string;
  /** `""` for a main account, as Twilio sends it. */
  readonly parentAccount: string;
  readonly level: string;
  readonly at: Date;
  readonly resource: string | null;
  readonly service: string | null;
  readonly message: string;
  /** `webhook` of the payload: the request Twilio made and the answer it got. */
  readonly webhook: ErrorWebhook | null;
}

export interface ErrorWebhook {
  readonly type: string;
  readonly request: {
    readonly url?: string | null;
    readonly method?: string;
    readonly headers?: Readonly<Record<string, string>>;
    /** Texts as a rule; a parameter that came several times is a list. */
    readonly parameters?: Readonly<Record<string, unknown>>;
  };
  readonly response?: {
    readonly status_code: number | null;
    readonly headers: Readonly<Record<string, string>>;
    readonly body: string | null;
  };
}

const known: Record<
  number,
  { level: string; product: string; resource: string; service: string | null; message: string }
> = {
  80604: {
    level: "WARNING",
    product: "Proxy",
    resource: "KC",
    service: "KS",
    message: "Proxy identifier already in use with requested identifier.",
  },
  80903: { level: "WARNING", product: "Proxy", resource: "KC", service: "KS", message: "Unknown Participant" },
  80905: {
    level: "WARNING",
    product: "Proxy",
    resource: "SM",
    service: "KS",
    message: "No valid proxy scenario for handling inbound call or message",
  },
  50416: {
    level: "ERROR",
    product: "Conversations",
    resource: "CH",
    service: "IS",
    message: "The requested participant and proxy address pair is already registered in the system.",
  },
  48031: {
    level: "ERROR",
    product: "Frontline",
    resource: "CH",
    service: "IS",
    message: "Outgoing conversation: Conversation with this contact and proxy address already exists",
  },
};

const other = {
  level: "ERROR",
  product: "Programmable Voice",
  resource: "CA",
  service: null,
  message: "Something failed",
};

/** An error event with patterned sids; `count` makes the NO sid and the resource distinct. */
export function errorEvent(fields: { code: number } & Partial<ErrorEvent>, count = 1): ErrorEvent {
  const { level, resource, service, message } = known[fields.code] ?? other;
  return {
    sid: patternedSid("NO", count),
    account: `AC${"a".repeat(32)}`,
    parentAccount: "",
    level,
    at: new Date("2026-01-15T10:00:00.000Z"),
    resource: patternedSid(resource, count),
    service: service === null ? null : patternedSid(service, 1),
    message,
    webhook: null,
    ...fields,
  };
}

/** The form parameters of a Debugger webhook for an event. */
export function debuggerForm(event: ErrorEvent): Record<string, string> {
  const payload = {
    resource_sid: event.resource,
    service_sid: event.service,
    error_code: String(event.code),
    more_info: { Msg: event.message, ErrorCode: String(event.code), LogLevel: event.level },
    ...(event.webhook === null ? {} : { webhook: event.webhook }),
  };
  return {
    AccountSid: event.account,
    Level: event.level,
    ParentAccountSid: event.parentAccount,
    Payload: JSON.stringify(payload),
    PayloadType: "application/json",
    Sid: event.sid,
    Timestamp: event.at.toISOString(),
  };
}

/** The CloudEvent of an error-log event. Source: https://www.twilio.com/docs/events/event-types/errors/error-logs */
export function streamEvent(event: ErrorEvent): Record<string, unknown> {
  const at = event.at.toISOString();
  return {
    specversion: "1.0",
    type: "com.twilio.error-logs.error.logged",
    source: event.account,
    id: event.sid,
    dataschema: "https://events-schemas.twilio.com/ErrorLogs.Error/2",
    datacontenttype: "application/json",
    time: at,
    data: {
      sid: event.sid,
      account_sid: event.account,
      master_account_sid: event.parentAccount === "" ? event.account : event.parentAccount,
      date_created: at,
      level: event.level,
      request_sid: patternedSid("RQ", 1),
      service_sid: event.service,
      correlation_sid: event.resource,
      product_name: (known[event.code] ?? other).product,
      error_code: String(event.code),
      payload: JSON.stringify({ error_code: event.code, message: event.message }),
    },
  };
}

/** The body of an Event Streams delivery: a JSON array of CloudEvents. */
export function streamBatch(events: readonly ErrorEvent[]): string {
  return JSON.stringify(events.map(streamEvent));
}
