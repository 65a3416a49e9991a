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
  /** The same where one request binds several pairs. */
  bindings: z.array(z.object({ address: z.string(), proxyAddress: z.string() })).optional(),
  /** Frontline: the identity of the user who started the outgoing conversation. */
  worker: z.string().nullable(),
  answer: WebhookAnswer.nullable(),
});
export type Subject = z.infer<typeof Subject>;

/** `=+1…` or `=whatsapp:+1…`, a number and nothing else, up to the next parameter. */
const bareInternational = /(=(?:[a-z]{1,20}(?::|%3A))?)\+(?=\d{7,15}(?:&|$))/gi;

/** Addresses and bodies longer than this are cut: no real one is, and the sender decides their length. */
const longest = { value: 300, url: 2_000, body: 8_000 } as const;

/** The subject of an event's own payload (unredacted). A stream event carries no request: everything is absent. */
export function subjectOfPayload(payload: JsonObject): Subject {
  const request = field(field(payload, "webhook"), "request");
  const response = field(field(payload, "webhook"), "response");
  const parameters = field(request, "parameters");
  return subjectFrom(textField(request, "url"), isJsonObject(parameters) ? parameters : null, answerOf(response));
}

/** All text of the parameters of a failed request, for sids that stand in it; null when there are none. */
export function parametersText(payload: JsonObject, requestVariables: string | null): string | null {
  const parameters = field(field(field(payload, "webhook"), "request"), "parameters") ?? decode(requestVariables);
  return isJsonObject(parameters) ? JSON.stringify(parameters) : null;
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
    ...(first.bindings === undefined ? {} : { bindings: first.bindings }),
    worker: first.worker ?? second.worker,
    answer: event.answer ?? alert.answer,
  };
}

/** All sids of one kind in some texts, each once, in order of appearance. `prefix` such as `KC`. */
export function sidsIn(prefix: string, texts: readonly (string | null)[]): string[] {
  const pattern = new RegExp(`(?<![0-9A-Za-z])${prefix}[0-9a-fA-F]{32}(?![0-9A-Za-z])`, "g");
  return [...new Set(texts.flatMap((text) => text?.match(pattern) ?? []))];
}

function subjectFrom(url: string | null, given: JsonObject | null, answer: Subject["answer"]): Subject {
  const isGiven = given !== null && Object.keys(given).length > 0;
  const query = isGiven ? null : queryOf(url);
  const parameters = (isGiven ? given : query) ?? {};
  const find = (...names: string[]) =>
    names.map((name) => lookUp(parameters, name)).find((value) => value !== null) ?? null;
  const bindings = bindingsOf(parameters);
  return {
    requestKnown: isGiven || query !== null,
    requestUrl: cut(url, longest.url),
    from: find("from", "caller", "fromaddress", "channelfromaddress"),
    to: find("to", "called", "toaddress", "channeltoaddress"),
    participants: participantsOf(parameters),
    address: bindings[0]?.address ?? find(...addressNames),
    proxyAddress: bindings[0]?.proxyAddress ?? find(...proxyAddressNames),
    ...(bindings.length > 1 ? { bindings } : {}),
    worker: find("worker", "workeridentity"),
    answer,
  };
}

/** A webhook asked for by GET has its parameters in the query; other queries are the user's own. */
function queryOf(url: string | null): JsonObject | null {
  const parameters = decode(URL.parse(url ?? "")?.search.slice(1) ?? null);
  if (parameters === null) return null;
  return lookUp(parameters, "from") !== null && lookUp(parameters, "to") !== null ? parameters : null;
}

const addressNames = ["messagingbindingaddress", "address", "contactaddress", "channelvalue"];
const proxyAddressNames = ["messagingbindingproxyaddress", "proxyaddress"];

/** The pairs to be bound: of the request itself, and of each participant that it carries as JSON. */
function bindingsOf(parameters: JsonObject): { address: string; proxyAddress: string }[] {
  const carried = ["participant", "participants"].flatMap((name) => objectsOf(parameters, name));
  return [parameters, ...carried]
    .flatMap((holder) => [holder, ...objectsOf(holder, "messagingbinding")])
    .flatMap((holder) => {
      const [address, proxyAddress] = [addressNames, proxyAddressNames].map(
        (names) => names.map((name) => lookUp(holder, name)).find((value) => value !== null) ?? null,
      );
      return address && proxyAddress ? [{ address, proxyAddress }] : [];
    })
    .slice(0, 10);
}

function participantsOf(parameters: JsonObject): Subject["participants"] {
  // Session create carries them as JSON: one object a parameter, or a list.
  const carried = ["participants", "participant"].flatMap((name) => objectsOf(parameters, name));
  return [parameters, ...carried].flatMap((holder) => namedParticipant(holder) ?? []).slice(0, 10);
}

/** The objects that a parameter carries, as they are or as JSON. */
function objectsOf(parameters: JsonObject, name: string): JsonObject[] {
  return valuesOf(parameters, name).flatMap((value) => {
    const parsed = typeof value === "string" ? parseJsonOrNull(value) : value;
    return (Array.isArray(parsed) ? parsed : [parsed]).filter(isJsonObject);
  });
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
  return (byLetters(holder).get(name) ?? []).flatMap(([, value]) => value);
}

/** Entries by the letters of their keys. Kept while the holder is: it is asked for a score of names, 14 µs an event before. */
function byLetters(holder: JsonObject): ReadonlyMap<string, readonly [string, Json][]> {
  const known = lettersOf.get(holder);
  if (known !== undefined) return known;
  const entries = Object.entries(holder).filter(([key]) => key.length < 100);
  const grouped = Map.groupBy(entries, ([key]) => key.toLowerCase().replaceAll(/[^a-z0-9]/g, ""));
  lettersOf.set(holder, grouped);
  return grouped;
}

const lettersOf = new WeakMap<JsonObject, ReadonlyMap<string, readonly [string, Json][]>>();

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
  // An address whose + was not encoded: it would become a space, and the address somebody else's.
  const fields = parseFormText(text.replaceAll(bareInternational, "$1%2B"), 500);
  return fields === null || fields.length === 0 ? null : formObject(fields);
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
