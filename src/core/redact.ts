/*
 * Redaction: what may be stored, logged or queued of what Twilio sent.
 *
 * Phone numbers keep their country code and last two digits (`+1********53`), e-mail and SIP addresses their host, URLs
 * lose user info and parameter values. Message bodies, media, speech, cities, postcodes, cookies, authorization headers
 * and everything that smells of a credential become `[dropped]`. Twilio's own sentence stays, numbers in it masked. It
 * goes by keys where there are keys, also in JSON, forms and percent-encoding nested in text, and by the look of the
 * text everywhere. Redacting twice changes nothing; the time it takes is linear in the input.
 */
import type { JsonObject } from "./json.ts";
import { cut, redactStart, redactTree, redactWhole } from "./redact/tree.ts";

const maxPayloadCharacters = 64 * 1024;
const maxTextCharacters = 16 * 1024;

/**
 * A redacted copy of a payload, at most 64 KiB of text and 64 levels deep; what is cut ends in `[truncated]`. NUL,
 * halves of surrogate pairs and the keys `__proto__`, `constructor` and `prototype` are gone.
 */
export function redactPayload(payload: JsonObject): JsonObject {
  return redactTree(payload, maxPayloadCharacters);
}

/** A redacted text of at most 16 KiB; what is cut ends in `[truncated]`. */
export function redactText(text: string): string {
  return cut(redactStart(text, maxTextCharacters, redactWhole), maxTextCharacters);
}
