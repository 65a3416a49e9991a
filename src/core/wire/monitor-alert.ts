import type { FailedRequest } from "../diagnosis/verdict.ts";
import { messageOf } from "../event.ts";
import { field, isJsonObject, type Json, type JsonObject, textField } from "../json.ts";
import { redactText } from "../redact.ts";
import { type FormFields, formValue, maxFormFields, parseFormText } from "./form.ts";

/** What is read of a Monitor Alert. Source: https://www.twilio.com/docs/usage/monitor-alert */
export interface AlertText {
  /** Url-encoded pairs such as `Msg=…&httpResponse=404`, or a plain sentence. */
  readonly alertText: string | null;
  readonly requestMethod: string | null;
  readonly requestUrl: string | null;
  /** Url-encoded pairs. */
  readonly responseHeaders: string | null;
}

const maxPathLength = 512;
const maxReasonLength = 500;

/**
 * The request that failed, from an event's payload and, when it could be fetched, its Alert; null when neither says
 * anything. Redacted: of the URL host and path, no user info, no query; of a SIP address the host.
 */
export function readFailedRequest(payload: JsonObject, alert: AlertText | null): FailedRequest | null {
  const info = field(payload, "more_info");
  const webhook = field(payload, "webhook");
  const request = field(webhook, "request");
  const response = field(webhook, "response");
  const said = alert?.alertText ?? null;
  const pairs = said === null ? null : alertPairs(said);

  const url =
    textField(request, "url") ?? (alert?.requestUrl || null) ?? textField(info, "url") ?? pairValue(pairs, "url");
  const failed: FailedRequest = {
    ...readUrl(url),
    method: readMethod(textField(request, "method") ?? alert?.requestMethod ?? null),
    status:
      readStatus(field(response, "status_code")) ??
      readStatus(field(info, "httpResponse")) ??
      readStatus(pairValue(pairs, "httpResponse") ?? undefined),
    reason: readReason(
      webhookError(field(response, "headers"), alert?.responseHeaders ?? null) ??
        pairValue(pairs, "Msg") ??
        pairValue(pairs, "parserMessage") ??
        (pairs === null ? said : null) ??
        messageOf(payload),
    ),
  };
  return Object.values(failed).every((value) => value === null) ? null : failed;
}

/** The pairs of an alert text, null when it is a plain sentence. */
function alertPairs(text: string): FormFields | null {
  const pairs = parseFormText(text, maxFormFields) ?? [];
  const isPairs = pairs.some(([key]) =>
    /^(?:ErrorCode|LogLevel|sourceComponent|httpResponse|Msg|parserMessage)$/.test(key),
  );
  return isPairs ? pairs : null;
}

function pairValue(pairs: FormFields | null, key: string): string | null {
  return (pairs === null ? null : formValue(pairs, key)) || null;
}

/** Twilio's own word on why a webhook failed, e.g. `11203 HTTP communication total time out triggered`. */
function webhookError(headers: Json | undefined, encoded: string | null): string | null {
  const wanted = "x-twilio-webhookerror";
  if (isJsonObject(headers)) {
    for (const [name, value] of Object.entries(headers)) {
      const text = Array.isArray(value) ? value[0] : value;
      if (name.toLowerCase() === wanted && typeof text === "string" && text !== "") return text;
    }
  }
  const pairs = encoded === null ? [] : (parseFormText(encoded, maxFormFields) ?? []);
  return pairs.find(([name, value]) => name.toLowerCase() === wanted && value !== "")?.[1] ?? null;
}

function readUrl(text: string | null): { host: string | null; path: string | null } {
  if (text === null) return { host: null, path: null };
  const sip = /^sips?:(?:[^@]*@)?([A-Za-z0-9.-]{1,253})(?::\d{1,5})?(?:[;?].*)?$/i.exec(text.slice(0, 2048));
  if (sip !== null) return { host: sip[1] ?? null, path: null };
  const url = URL.parse(text);
  if (url === null || url.host === "") return { host: null, path: null };
  return { host: url.host, path: redactText(url.pathname.slice(0, maxPathLength)) };
}

function readMethod(text: string | null): string | null {
  return text !== null && /^[A-Za-z]{1,16}$/.test(text) ? text.toUpperCase() : null;
}

function readStatus(value: Json | undefined): number | null {
  const text = typeof value === "number" ? String(value) : value;
  return typeof text === "string" && /^[1-5]\d\d$/.test(text) ? Number(text) : null;
}

function readReason(text: string | null): string | null {
  const sentence = text === null ? "" : redactText(text).trim();
  if (sentence === "") return null;
  return sentence.length <= maxReasonLength ? sentence : `${sentence.slice(0, maxReasonLength - 1).toWellFormed()}…`;
}
