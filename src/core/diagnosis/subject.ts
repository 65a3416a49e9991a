/*
 * The subject of a diagnosis: the few fields of a failed request that redaction takes away and a diagnosis cannot do
 * without, such as the caller's number. It is sealed as soon as the event comes in and opened only in the worker.
 */
import { z } from "zod";
import { field, isJsonObject, type Json, type JsonObject, textField } from "../json.ts";
import { formObject, parseFormText } from "../wire/form.ts";

/** A Participant as a request named it. */
const NamedParticipant = z.object({
  identifier: z.string().nullable(),
  proxyIdentifier: z.string().nullable(),
  proxyIdentifierSid: z.string().nullable(),
});

/** What an out-of-session callback or another webhook answered. The body is kept only to see whether it parses. */
const WebhookAnswer = z.object({
  status: z.number().nullable(),
  contentType: z.string().nullable(),
  body: z.string().nullable(),
});

/** The private part of an event. Unredacted: never stored, logged or queued except sealed. */
export const Subject = z.object({
  /** Whether the parameters of the failed request are known at all: without them nothing follows from an absent one. */
  requestKnown: z.boolean(),
  requestUrl: z.string().nullable(),
  from: z.string().nullable(),
  to: z.string().nullable(),
  /** Proxy: the Participants the request wanted to add. */
  participants: z.array(NamedParticipant),
  /** Conversations: MessagingBinding.Address and MessagingBinding.ProxyAddress. */
  address: z.string().nullable(),
  proxyAddress: z.string().nullable(),
  /** Frontline: the identity of the user who started the outgoing conversation. */
  worker: z.string().nullable(),
  answer: WebhookAnswer.nullable(),
});
export type Subject = z.infer<typeof Subject>;

/** Addresses and bodies longer than this are cut: no real one is, and the sender decides their length. */
const longest = { value: 300, url: 2_000, body: 8_000 } as const;

/** The subject of an event's own payload (unredacted). A stream event carries no request: everything is absent. */
export function subjectOfPayload(payload: JsonObject): Subject {
  const request = field(field(payload, "webhook"), "request");
  const response = field(field(payload, "webhook"), "response");
  const parameters = field(request, "parameters");
  return subjectFrom(textField(request, "url"), isJsonObject(parameters) ? parameters : null, answerOf(response));
}

/** The subject of a Monitor Alert: url-encoded `request_variables` and `response_headers`. */
export function subjectOfAlert(alert: {
  readonly requestUrl: string | null;
  readonly requestVariables: string | null;
  readonly responseBody: string | null;
  readonly responseHeaders: string | null;
}): Subject {
  const headers = decode(alert.responseHeaders);
  const answered = headers !== null || alert.responseBody !== null;
  const answer = {
    status: null,
    contentType: headers === null ? null : lookUp(headers, "contenttype"),
    body: cut(alert.responseBody, longest.body),
  };
  return subjectFrom(alert.requestUrl, decode(alert.requestVariables), answered ? answer : null);
}

/** What both know: the event's own fields first, the Alert's where the event has none. */
export function mergeSubjects(event: Subject, alert: Subject | null): Subject {
  if (alert === null) return event;
  const [first, second] = event.requestKnown || !alert.requestKnown ? [event, alert] : [alert, event];
  return {
    requestKnown: first.requestKnown,
    requestUrl: first.requestUrl ?? second.requestUrl,
    from: first.from ?? second.from,
    to: first.to ?? second.to,
    participants: first.participants.length > 0 ? first.participants : second.participants,
    address: first.address ?? second.address,
    proxyAddress: first.proxyAddress ?? second.proxyAddress,
    worker: first.worker ?? second.worker,
    answer: event.answer ?? alert.answer,
  };
}

/** All sids of one kind in some texts, each once, in order of appearance. `prefix` such as `KC`. */
export function sidsIn(prefix: string, texts: readonly (string | null)[]): string[] {
  const pattern = new RegExp(`(?<![0-9A-Za-z])${prefix}[0-9a-fA-F]{32}(?![0-9A-Za-z])`, "g");
  return [...new Set(texts.flatMap((text) => text?.match(pattern) ?? []))];
}

function subjectFrom(url: string | null, parameters: JsonObject | null, answer: Subject["answer"]): Subject {
  const has = parameters !== null && Object.keys(parameters).length > 0;
  const find = (...names: string[]) =>
    names.map((name) => lookUp(parameters ?? {}, name)).find((value) => value !== null) ?? null;
  return {
    requestKnown: has,
    requestUrl: cut(url, longest.url),
    from: find("from", "caller"),
    to: find("to", "called"),
    participants: participantsOf(parameters ?? {}),
    address: find("messagingbindingaddress", "address", "channelvalue", "contactaddress"),
    proxyAddress: find("messagingbindingproxyaddress", "proxyaddress"),
    worker: find("worker", "workeridentity"),
    answer,
  };
}

function participantsOf(parameters: JsonObject): Subject["participants"] {
  const single = namedParticipant(parameters);
  // Session create carries them as JSON: one object a parameter, or a list.
  const listed = valuesOf(parameters, "participants").flatMap((value) => {
    const parsed = typeof value === "string" ? parseJsonOrNull(value) : value;
    return (Array.isArray(parsed) ? parsed : [parsed]).flatMap((item) =>
      isJsonObject(item) ? (namedParticipant(item) ?? []) : [],
    );
  });
  return [...(single === null ? [] : [single]), ...listed].slice(0, 10);
}

function namedParticipant(holder: JsonObject): Subject["participants"][number] | null {
  const named = {
    identifier: lookUp(holder, "identifier"),
    proxyIdentifier: lookUp(holder, "proxyidentifier"),
    proxyIdentifierSid: lookUp(holder, "proxyidentifiersid"),
  };
  return named.identifier === null && named.proxyIdentifier === null && named.proxyIdentifierSid === null
    ? null
    : named;
}

/** Parameter names are compared by their letters alone: `MessagingBinding.Address`, `messaging_binding_address`. */
function lookUp(holder: JsonObject, name: string): string | null {
  for (const value of valuesOf(holder, name))
    if (typeof value === "string" && value !== "") return cut(value, longest.value);
  return null;
}

function valuesOf(holder: JsonObject, name: string): Json[] {
  return Object.entries(holder)
    .filter(([key]) => key.length < 100 && key.toLowerCase().replaceAll(/[^a-z0-9]/g, "") === name)
    .flatMap(([, value]) => value);
}

function answerOf(response: Json | undefined): Subject["answer"] {
  if (!isJsonObject(response)) return null;
  const status = field(response, "status_code");
  const headers = field(response, "headers");
  const body = textField(response, "body");
  const answer = {
    status:
      typeof status === "number"
        ? status
        : typeof status === "string" && /^\d{3}$/.test(status)
          ? Number(status)
          : null,
    contentType: isJsonObject(headers) ? lookUp(headers, "contenttype") : null,
    body: cut(body, longest.body),
  };
  return answer.status === null && answer.contentType === null && answer.body === null ? null : answer;
}

function decode(text: string | null): JsonObject | null {
  if (text === null || text === "") return null;
  const fields = parseFormText(text, 500);
  return fields === null ? null : formObject(fields);
}

function parseJsonOrNull(text: string): Json {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function cut(text: string | null, length: number): string | null {
  return text === null ? null : text.slice(0, length);
}
