import type { Json, JsonObject } from "../json.ts";
import { parseUnbounded } from "../wire/bounded-json.ts";
import { parseFormText, percentDecoded, stripNul } from "../wire/form.ts";
import { dropped, redactFlat } from "./flat-text.ts";
import { type KeyKind, keyKind } from "./key-kind.ts";
import { maskNational } from "./phone.ts";

/** What stands where a text was cut. */
export const cutMark = "[truncated]";
const depthLimit = 64;
/** JSON in JSON text in JSON text…: deeper, text is only looked at as it stands. */
const nestingLimit = 4;
const maxKeyLength = 256;
const formShape = /^[\w.%+[\]$*-]+=[^\s]*$/;
const plainKey = /^[A-Za-z_][A-Za-z_.-]{0,63}$/;
const namingValue = /^[A-Za-z_][\w.-]{0,63}$/;
/** Words, short numbers and SIDs: nothing below would change them, wherever they stand but in place of a phone number. */
const harmless = /^(?:[A-Za-z_.-]{1,64}|\d{1,9}|[A-Z]{2}[0-9a-f]{32})$/;
const percentEncoded = /%[0-9a-f]{2}/i;

/** What a value stands under. */
interface Place {
  readonly kind: KeyKind;
  readonly inParameters: boolean;
  readonly depth: number;
  readonly nesting: number;
}

/** What goes through a whole tree: the characters still allowed in it, and whether anything was changed. */
interface Walk {
  left: number;
  changed: boolean;
}

/** Redacts a JSON object into a new one of at most `limit` characters. */
export function redactTree(object: JsonObject, limit: number): JsonObject {
  const walk: Walk = { left: limit, changed: false };
  return redactObject(object, { kind: "plain", inParameters: false, depth: 0, nesting: 0 }, walk);
}

/** Redacts a text of its own, whatever is written in it: JSON, a form, percent-encoding, plain words. */
export function redactWhole(text: string): string {
  return redactString(text, { kind: "plain", inParameters: false, depth: 0, nesting: 0 });
}

/**
 * Redacts as much of a text as can be of use where `limit` characters may be kept, so that the time it takes goes by what is
 * kept. Redaction leaves less than there was: twice as much is looked at. The end of that, where half a number could stand, is
 * left out.
 */
export function redactStart(text: string, limit: number, redact: (text: string) => string): string {
  const looked = 2 * limit + 1024;
  if (text.length <= looked) return redact(text);
  const start = redact(text.slice(0, looked));
  return redact(start.slice(0, Math.max(0, start.length - 256)) + cutMark);
}

/** Cuts a redacted text down to `limit` characters, mark included, so that redacting it again changes nothing. */
export function cut(text: string, limit: number): string {
  if (text.length <= limit) return text;
  if (limit <= cutMark.length) return "";
  const cutOff = redactWhole(text.slice(0, limit - cutMark.length) + cutMark);
  return cutOff.length <= limit ? cutOff : cutMark;
}

function redactObject(object: JsonObject, place: Place, walk: Walk): JsonObject {
  const result: JsonObject = {};
  const named = nameOf(object);
  for (const key of Object.keys(object)) {
    const value = object[key];
    if (value === undefined) continue;
    const known = plainKeyOf(key);
    const cleanKey = known === null ? redactKey(key) : key;
    if (cleanKey === "__proto__" || cleanKey === "constructor" || cleanKey === "prototype") {
      walk.changed = true;
      continue;
    }
    if (cleanKey !== key) walk.changed = true;
    walk.left -= cleanKey.length + 2;
    if (walk.left <= 0) {
      walk.changed = true;
      break;
    }
    const inParameters = place.inParameters || cleanKey === "parameters" || cleanKey === "request_variables";
    const kind = cleanKey === "value" && named !== null ? keyKind(named, true) : kindOf(cleanKey, known, place);
    result[cleanKey] = redactValue(value, { kind, inParameters, depth: place.depth + 1, nesting: place.nesting }, walk);
  }
  return result;
}

/** In lists of { name, value } one field says what the other one is. */
function nameOf(object: JsonObject): string | null {
  for (const key of ["name", "key"]) {
    const name = Object.hasOwn(object, key) ? object[key] : undefined;
    if (typeof name === "string" && namingValue.test(name)) return name;
  }
  return null;
}

function redactValue(value: Json, place: Place, walk: Walk): Json {
  if (value === null || typeof value === "boolean") {
    walk.left -= 2;
    return value;
  }
  if (place.kind !== "plain" && place.kind !== "address" && place.kind !== "url" && value !== "") {
    return spend(value === dropped ? value : dropped, value, walk);
  }
  if (typeof value === "string") {
    if (place.kind !== "address" && harmless.test(value)) return spend(value, value, walk);
    const start = redactStart(value, walk.left, (text) => redactString(text, place));
    return spend(start, value, walk);
  }
  if (typeof value === "number") {
    const digits = String(value);
    const masked = redactString(digits, place);
    return spend(masked === digits ? value : masked, value, walk);
  }
  if (place.depth >= depthLimit) return spend("[too deep]", value, walk);
  walk.left -= 2;
  if (!Array.isArray(value)) return redactObject(value, place, walk);
  const items: Json[] = [];
  for (const item of value) {
    walk.left -= 2;
    if (walk.left <= 0) {
      walk.changed = true;
      break;
    }
    items.push(redactValue(item, { ...place, depth: place.depth + 1 }, walk));
  }
  return items;
}

/** Counts what is kept, and cuts it to what is left. */
function spend(kept: string | number, original: Json, walk: Walk): Json {
  const result = typeof kept === "string" ? cut(kept, Math.max(0, walk.left - 2)) : kept;
  walk.left -= String(result).length + 2;
  if (result !== original) walk.changed = true;
  return result;
}

/** What a key says, outside of parameters and in them. */
interface PlainKey {
  readonly kind: KeyKind;
  readonly kindOfParameter: KeyKind;
}

/** Bounded, since keys come from the network. */
const plainKeys = new Map<string, PlainKey>();
const plainKeysLimit = 1000;

/** What is known of a key that redaction leaves as it is; null for any other. Remembered: a sixth of what a payload takes. */
function plainKeyOf(key: string): PlainKey | null {
  const known = plainKeys.get(key);
  if (known !== undefined) return known;
  if (!plainKey.test(key)) return null;
  const made = { kind: keyKind(key, false), kindOfParameter: keyKind(key, true) };
  if (plainKeys.size < plainKeysLimit) plainKeys.set(key, made);
  return made;
}

function kindOf(key: string, known: PlainKey | null, { inParameters }: Place): KeyKind {
  if (known === null) return keyKind(key, inParameters);
  return inParameters ? known.kindOfParameter : known.kind;
}

function redactKey(key: string): string {
  if (plainKey.test(key)) return key;
  return settled(key, (text) => redactFlat(clean(text).slice(0, maxKeyLength)).slice(0, maxKeyLength).toWellFormed());
}

function redactString(text: string, place: Place): string {
  if (place.nesting > 0) return redactOnce(text, place);
  return settled(text, (so) => redactOnce(so, place));
}

/**
 * Redacts until nothing changes any more: what was dropped can turn a sentence into a form, or into JSON. One look
 * more, and only at what was changed; text that does not come to rest was written for that, and is dropped.
 */
function settled(text: string, redact: (text: string) => string): string {
  let before = text;
  for (let round = 0; round < 8; round++) {
    const after = redact(before);
    if (after === before) return after;
    before = after;
  }
  return dropped;
}

function redactOnce(text: string, place: Place): string {
  const cleaned = clean(text);
  if (cleaned.length > 2 && place.nesting < nestingLimit) {
    const nested = redactNested(cleaned, { ...place, nesting: place.nesting + 1 });
    if (nested !== null) return nested;
  }
  const flat = redactFlat(cleaned, { inParameters: place.inParameters, isUrl: place.kind === "url" });
  if (place.kind !== "address") return flat;
  const national = maskNational(flat, 0);
  return national === null ? flat : national.masked + flat.slice(national.end);
}

/** Redacts JSON, a form or percent-encoded text by what it says, or null when it is none of these. */
function redactNested(text: string, place: Place): string | null {
  const first = text.charCodeAt(0);
  const start = first > 0x20 && first !== 0xfeff ? first : text.trimStart().charCodeAt(0);
  if (start === 0x7b || start === 0x5b || start === 0x22) {
    const value = parseUnbounded(text);
    if (value !== undefined) return redactJsonText(text, value, place);
  }
  if (!text.includes("%") && !text.includes("&")) return null;
  if (/\s/.test(text) || text.includes("://")) return null;
  if (formShape.test(text)) return redactForm(text, place);
  if (!percentEncoded.test(text)) return null;
  // A path is encoded piece by piece.
  return text
    .split("/")
    .map((piece) => redactEncoded(piece, place))
    .join("/");
}

function redactJsonText(text: string, value: Json, place: Place): string {
  const walk: Walk = { left: Number.POSITIVE_INFINITY, changed: false };
  const redacted = redactValue(value, { ...place, kind: "plain", depth: 0 }, walk);
  // Of a key that comes twice one value was never looked at. Unchanged means that nothing nests too deep to be counted.
  return walk.changed || membersOf(value) !== membersIn(text) ? JSON.stringify(redacted) : text;
}

/** How many keys the objects of a value have. */
function membersOf(value: Json): number {
  if (typeof value !== "object" || value === null) return 0;
  const children = Array.isArray(value) ? value : Object.values(value);
  return children.reduce<number>((sum, child) => sum + membersOf(child), Array.isArray(value) ? 0 : children.length);
}

/** How many keys JSON text has: the colons outside of its strings. */
function membersIn(text: string): number {
  let count = 0;
  let inString = false;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 0x22) inString = !inString;
    else if (code === 0x5c) at++;
    else if (code === 0x3a && !inString) count++;
  }
  return count;
}

function redactForm(text: string, place: Place): string | null {
  // `From=+1555…` is a number whose plus was not encoded, as often as it is a space.
  const literal = text.replace(/\+(?=[1-9]\d{6})/g, "%2B");
  const fields = parseFormText(literal, Number.POSITIVE_INFINITY) ?? [];
  let changed = false;
  const pairs = fields.map(([key, value]) => {
    const cleanKey = redactKey(key);
    const kind = keyKind(key, true);
    const isKept = value === "" || kind === "plain" || kind === "address" || kind === "url";
    const cleanValue = isKept ? redactString(value, { ...place, kind, inParameters: true }) : dropped;
    if (cleanKey !== key || cleanValue !== value) changed = true;
    return `${encodeURIComponent(cleanKey)}=${encodeURIComponent(cleanValue)}`;
  });
  return changed ? pairs.join("&") : text;
}

function redactEncoded(text: string, place: Place): string {
  const decoded = percentEncoded.test(text) ? percentDecoded(text) : text;
  const redacted = redactString(decoded, place);
  if (redacted === decoded) return text;
  return decoded === text ? redacted : encodeURIComponent(redacted);
}

/** Text that PostgreSQL takes, in a column and in jsonb: no NUL, no half of a surrogate pair. */
function clean(text: string): string {
  return stripNul(text).toWellFormed();
}
