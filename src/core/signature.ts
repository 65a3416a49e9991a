/*
 * X-Twilio-Signature: base64(HMAC-SHA1(auth token, URL + every form parameter as key and value, sorted by key)). For
 * any other body Twilio adds `bodySHA256`, the hash of the body, to the URL and signs the URL alone.
 * Source: https://www.twilio.com/docs/usage/webhooks/webhooks-security
 */
import { createHmac, hash, timingSafeEqual } from "node:crypto";
import { type FormFields, formValue, parseFormText } from "./wire/form.ts";

/** A request as it has to be signed. */
export interface SignedRequest {
  /** What Twilio was told, without path or with the prefix a proxy strips, e.g. `https://hooks.example.com/prefix`. */
  readonly publicUrl: string;
  /** Path and query exactly as received. */
  readonly target: string;
  /** The value of X-Twilio-Signature. */
  readonly signature: string;
  /** Auth tokens any of which may have signed: several while they are rotated. */
  readonly tokens: readonly string[];
}

/** What a JSON body's signature is worth. Only `ok` says that Twilio sent these bytes. */
export type JsonSignature = "ok" | "no_body_hash" | "body_hash_mismatch" | "wrong_signature";

/** Whether one of the tokens signed this form. */
export function verifyFormSignature(request: SignedRequest & { readonly fields: FormFields }): boolean {
  return isSigned(request, signedParameters(request.fields));
}

/**
 * Whether one of the tokens signed this URL, and the URL's `bodySHA256` is the hash of these bytes. Both are needed: a
 * signature without the hash would hold for any body.
 */
export function verifyJsonSignature(request: SignedRequest & { readonly body: Buffer }): JsonSignature {
  const query = queryOf(request.target);
  const bodyHash = formValue(parseFormText(query, Number.POSITIVE_INFINITY) ?? [], "bodySHA256");
  if (bodyHash === null || bodyHash === "") return "no_body_hash";
  if (!isSigned(request, "")) return "wrong_signature";
  return isHashOf(bodyHash, request.body) ? "ok" : "body_hash_mismatch";
}

/** The signature Twilio would send for this URL and form, in base64. */
export function signatureOf(token: string, url: string, fields: FormFields = []): string {
  return hmac(token, url + signedParameters(fields)).toString("base64");
}

/** Every parameter as key and value, sorted by key; of a key that came more than once each different value, sorted. */
function signedParameters(fields: FormFields): string {
  const sorted = fields.toSorted((a, b) => compare(a[0], b[0]) || compare(a[1], b[1]));
  let text = "";
  let before: readonly [string, string] | null = null;
  for (const field of sorted) {
    if (before === null || before[0] !== field[0] || before[1] !== field[1]) text += field[0] + field[1];
    before = field;
  }
  return text;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function isSigned(request: SignedRequest, parameters: string): boolean {
  const given = Buffer.from(request.signature, "base64");
  // Strictly base64: Node would read past characters that are none.
  if (given.length !== 20 || given.toString("base64") !== request.signature) return false;
  const tokens = request.tokens.filter((token) => token !== "");
  const tried = new Set<string>();
  for (const url of urlVariants(request)) {
    if (tried.has(url)) continue;
    tried.add(url);
    for (const token of tokens) if (timingSafeEqual(hmac(token, url + parameters), given)) return true;
  }
  return false;
}

function hmac(token: string, text: string): Buffer {
  return createHmac("sha1", token).update(text, "utf8").digest();
}

function isHashOf(given: string, body: Buffer): boolean {
  const lowered = Buffer.from(given.toLowerCase(), "utf8");
  const actual = Buffer.from(hash("sha256", body, "hex"), "utf8");
  return lowered.length === actual.length && timingSafeEqual(lowered, actual);
}

/**
 * The spellings of the URL that Twilio's products sign, the likeliest first, at most six: as received, without and
 * with port; as the WHATWG URL parser writes it; and that with its query re-encoded by older back ends. Lazy, since the
 * first one nearly always is the one. The same set as Twilio's own validator tries:
 * https://github.com/twilio/twilio-node/blob/main/src/webhooks/webhooks.ts
 */
function* urlVariants({ publicUrl, target }: SignedRequest): Generator<string> {
  const received = joinUrl(publicUrl, target);
  yield received;
  yield* portVariants(received);
  const normalized = URL.parse(received)?.href;
  if (normalized === undefined) return;
  for (const url of portVariants(normalized)) yield url;
  for (const url of portVariants(normalized)) yield withLegacyQuery(url);
}

/** The URL Twilio was told; user info of the public URL stays, a fragment is never sent. */
function joinUrl(publicUrl: string, target: string): string {
  const base = /^[^?#]*?(?=\/?(?:[?#]|$))/.exec(publicUrl)?.[0] ?? publicUrl;
  const fragment = target.indexOf("#");
  return base + (fragment === -1 ? target : target.slice(0, fragment));
}

function portVariants(url: string): [string, string] | [string] {
  const parts = /^([a-z][a-z0-9+.-]*:\/\/)([^/?#]*)/i.exec(url);
  if (parts === null) return [url];
  const [prefix, scheme = "", authority = ""] = parts;
  const portless = authority.replace(/:[^:\]@]*$/, "");
  const rest = url.slice(prefix.length);
  const without = scheme + portless + rest;
  if (portless !== authority) return [url, without];
  return [without, `${scheme}${authority}:${scheme.toLowerCase() === "https://" ? "443" : "80"}${rest}`];
}

/** The query as Node's legacy `querystring` would parse and write it again, its order (numbers first) included. */
function withLegacyQuery(url: string): string {
  const query = queryOf(url);
  if (query === "") return url;
  const grouped: Record<string, string[]> = Object.create(null);
  for (const [key, value] of parseFormText(query, Number.POSITIVE_INFINITY) ?? []) {
    grouped[key] ??= [];
    grouped[key].push(value);
  }
  const pairs = Object.entries(grouped).flatMap(([key, values]) =>
    values.map((value) => `${encodeURIComponent(key)}=${encodeURIComponent(value)}`),
  );
  return `${url.slice(0, url.length - query.length)}${pairs.join("&")}`;
}

function queryOf(url: string): string {
  const start = url.indexOf("?");
  const end = url.indexOf("#");
  return start === -1 ? "" : url.slice(start + 1, end === -1 ? url.length : end);
}
