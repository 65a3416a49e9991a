import { isJsonObject, type Json, type JsonObject } from "../json.ts";

/** Fields of an `application/x-www-form-urlencoded` body, decoded, in the order they came, duplicates and empty values kept. */
export type FormFields = readonly (readonly [key: string, value: string])[];

/** What became of a form body. */
export type FormResult =
  | { readonly ok: true; readonly fields: FormFields }
  | { readonly ok: false; readonly reason: "too_many_fields" };

/** No real webhook comes near this number of fields. */
export const maxFormFields = 2000;

/**
 * Parses a form body from its raw bytes, by the rules of https://url.spec.whatwg.org/#urlencoded-parsing. Keys are never
 * reshaped (`Foo[bar]` stays), since Twilio signs them as they are. Never throws: what is no valid percent-encoding
 * stays as it stands.
 */
export function parseForm(body: Buffer): FormResult {
  const fields = parseFormText(body.toString("utf8"), maxFormFields);
  return fields === null ? { ok: false, reason: "too_many_fields" } : { ok: true, fields };
}

/** The same for text; null when there are more fields than `limit`. */
export function parseFormText(text: string, limit: number): FormFields | null {
  const fields: [string, string][] = [];
  let start = 0;
  while (start < text.length) {
    const ampersand = text.indexOf("&", start);
    const end = ampersand === -1 ? text.length : ampersand;
    if (end > start) {
      if (fields.length === limit) return null;
      const pair = text.slice(start, end);
      const equals = pair.indexOf("=");
      fields.push(equals === -1 ? [decode(pair), ""] : [decode(pair.slice(0, equals)), decode(pair.slice(equals + 1))]);
    }
    start = end + 1;
  }
  return fields;
}

/** The first value of a key, or null when the key is absent. */
export function formValue(fields: FormFields, key: string): string | null {
  for (const [name, value] of fields) if (name === key) return value;
  return null;
}

/** The fields as one JSON object: a key that came more than once has an array. `__proto__` is a key like any other. */
export function formObject(fields: FormFields): JsonObject {
  const values = new Map<string, Json>();
  for (const [key, value] of fields) {
    const before = values.get(key);
    if (before === undefined) values.set(key, value);
    else if (Array.isArray(before)) before.push(value);
    else values.set(key, [before, value]);
  }
  const object: unknown = Object.fromEntries(values);
  return isJsonObject(object) ? object : {};
}

/** Text without NUL characters, which PostgreSQL cannot store. */
export function stripNul(text: string): string {
  return text.includes("\0") ? text.replaceAll("\0", "") : text;
}

function decode(component: string): string {
  return percentDecoded(component.includes("+") ? component.replaceAll("+", " ") : component);
}

/** Percent-decoded text, `+` left alone; what is no valid encoding stays, bytes that are no UTF-8 become U+FFFD. */
export function percentDecoded(text: string): string {
  if (!text.includes("%")) return text;
  // JavaScript's own decoder throws at the first byte it does not like, and a thousand throws take milliseconds.
  return /%(?![0-7][0-9a-f])/i.test(text) ? decodeBytes(text) : decodeURIComponent(text);
}

/** Percent-decoding byte by byte; bytes that are no UTF-8 become U+FFFD. */
function decodeBytes(text: string): string {
  const bytes = Buffer.from(text, "utf8");
  let length = 0;
  for (let index = 0; index < bytes.length; index++) {
    const byte = bytes[index] ?? 0;
    const high = byte === 0x25 ? hexDigit(bytes[index + 1]) : -1;
    const low = high === -1 ? -1 : hexDigit(bytes[index + 2]);
    if (low === -1) {
      bytes[length++] = byte;
    } else {
      bytes[length++] = high * 16 + low;
      index += 2;
    }
  }
  return bytes.toString("utf8", 0, length);
}

function hexDigit(byte: number | undefined): number {
  if (byte === undefined) return -1;
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const letter = byte | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
}
