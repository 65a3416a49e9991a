import { type KeyKind, keyKind } from "./key-kind.ts";
import { type MaskedNumber, maskBare, maskInternational, maskNational } from "./phone.ts";

/** What stands in place of something dropped. */
export const dropped = "[dropped]";

/** SIDs and plain words need no look. What this does not find, nothing below would change. */
const suspicious = /[@=:?+#]|%40|%2b|%252b|\\u002b|\d{3}[-. )]|\d{10}|bearer\s|basic\s/i;
const sid = /^[A-Z]{2}[0-9a-f]{32}$/;
const trigger = /:\\?\/\\?\/|[=:?#+]|%(?:25)*2B|\\u002B|\d{3,}|\b(?:bearer|basic)\s+/gi;
const credential = /[A-Za-z0-9._~+/=-]+/y;
const spaces = /[ \t]{0,3}/y;
/** Letters and digits nobody has to escape: in JSON that is broken off they would hide a key or a number. */
const needlessEscape = /\\u00(3[0-9]|[46][1-9a-f]|[57][0-9a])/gi;
const quotedName = /[ \t]{0,3}\\*"([A-Za-z_][\w.-]{0,63})\\*"/y;

/** The part of a text that is replaced; it begins where the trigger asked for it, never before what is already done. */
interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** A text as the scanner goes through it. */
interface Scan {
  readonly text: string;
  readonly inParameters: boolean;
  /** Everything before is settled. */
  done: number;
  /** Whether the scanner is inside a URL, up to the end of its word. */
  inUrl: boolean;
  /** The last `"name":"…"`: it says what the next `"value"` is. */
  named: string | null;
  /** The word the scanner is in, looked at once: words are what URLs end with. */
  word: Word;
}

/** A stretch of text without whitespace and double quotes. */
interface Word {
  readonly end: number;
  readonly lastAt: number;
  readonly lastEquals: number;
}

/**
 * Redacts a text as it stands, without looking for JSON or forms in it: addresses, phone numbers, credentials, user
 * info and parameter values of URLs, and the values of telling keys (`"Body":"…"`, `To=…`, `Cookie: …`). One pass from
 * left to right, in linear time; doing it twice changes nothing.
 */
export function redactFlat(text: string, options: { inParameters?: boolean; isUrl?: boolean } = {}): string {
  const spelled = text.includes("\\u00") ? text.replace(needlessEscape, unescaped) : text;
  if (sid.test(spelled) || !suspicious.test(spelled)) return spelled;
  const scan: Scan = {
    text: maskEmails(spelled),
    inParameters: options.inParameters === true,
    done: 0,
    inUrl: false,
    named: null,
    word: { end: 0, lastAt: -1, lastEquals: -1 },
  };
  if (options.isUrl === true) {
    scan.inUrl = true;
    scan.word = wordTo(scan.text, 0, scan.text.length);
  }
  let out = "";
  trigger.lastIndex = 0;
  for (let match = trigger.exec(scan.text); match !== null; match = trigger.exec(scan.text)) {
    const at = match.index;
    const edit = editAt(scan, match[0], at);
    if (edit !== null) {
      out += scan.text.slice(scan.done, edit.start) + edit.text;
      scan.done = edit.end;
      trigger.lastIndex = edit.end;
    }
    if (trigger.lastIndex <= at) trigger.lastIndex = at + 1;
  }
  return scan.done === 0 ? scan.text : out + scan.text.slice(scan.done);
}

function unescaped(_escape: string, hex: string): string {
  return String.fromCharCode(Number.parseInt(hex, 16));
}

function editAt(scan: Scan, found: string, at: number): Edit | null {
  const after = at + found.length;
  const first = found.charCodeAt(0);
  if (first === 0x2b || first === 0x25 || first === 0x5c) return numberEdit(after, maskInternational(scan.text, after));
  if (first >= 0x30 && first <= 0x39) {
    const opened = at > scan.done && scan.text.charCodeAt(at - 1) === 0x28 ? 1 : 0;
    return numberEdit(at - opened, maskBare(scan.text, at));
  }
  if (first === 0x3f || first === 0x23) return queryEdit(scan, at);
  if (first === 0x3d) return valueEdit(scan, at);
  if (first === 0x3a) return found.length > 1 ? authorityEdit(scan, at, after) : valueEdit(scan, at);
  return credentialEdit(scan, after);
}

function numberEdit(start: number, number: MaskedNumber | null): Edit | null {
  return number === null ? null : { start, end: number.end, text: number.masked };
}

/** `Bearer …` and `Basic …`, unless the word that follows is just a word. */
function credentialEdit(scan: Scan, start: number): Edit | null {
  credential.lastIndex = start;
  const word = credential.exec(scan.text)?.[0];
  if (word === undefined || (word.length < 16 && /^[A-Za-z]?[a-z]*[.,]?$/.test(word))) return null;
  return { start, end: start + word.length, text: dropped };
}

/** Drops the user info of a URL, `scheme://user:password@host`. */
function authorityEdit(scan: Scan, at: number, start: number): Edit | null {
  const { text } = scan;
  if (at === 0 || !/[A-Za-z0-9]/.test(text.charAt(at - 1))) return null;
  const word = wordAt(scan, at);
  scan.inUrl = true;
  let end = start;
  while (end < word.end && !"/?#\\".includes(text.charAt(end))) end++;
  const authority = text.slice(start, end);
  const userInfo = authority.lastIndexOf("@") + 1;
  if (userInfo > 0) return { start, end: start + userInfo, text: "" };
  // No port: a password, with a `/`, `?` or `#` in it or cut off in the middle.
  if (!/:[^\]]*[^\d:\]]/.test(authority.slice(0, 300))) return null;
  if (word.lastAt >= end) return { start, end: word.lastAt + 1, text: "" };
  return { start, end, text: `${redactFlat(authority.slice(0, authority.indexOf(":")))}:***` };
}

/** Drops the parameter values of a URL; its keys stay. */
function queryEdit(scan: Scan, at: number): Edit | null {
  const { text } = scan;
  const start = at + 1;
  const word = wordAt(scan, at);
  if (start >= word.end) return null;
  if (!scan.inUrl && (at === 0 || /\s/.test(text.charAt(at - 1)) || word.lastEquals < start)) return null;
  const pieces = text.slice(start, word.end).split(/([&?#])/);
  const kept = pieces.map((piece, index) => (index % 2 === 1 ? piece : withoutValue(piece)));
  return { start, end: word.end, text: kept.join("") };
}

/** The word around `at`; a new one is outside of any URL. */
function wordAt(scan: Scan, at: number): Word {
  if (at < scan.word.end) return scan.word;
  scan.inUrl = false;
  scan.word = wordTo(scan.text, at, endOfWord(scan.text, at));
  return scan.word;
}

function wordTo(text: string, start: number, end: number): Word {
  const word = text.slice(start, end);
  return { end, lastAt: offset(start, word.lastIndexOf("@")), lastEquals: offset(start, word.lastIndexOf("=")) };
}

function offset(start: number, index: number): number {
  return index === -1 ? -1 : start + index;
}

function withoutValue(pair: string): string {
  const equals = pair.indexOf("=");
  if (equals === -1) return pair === "" ? "" : "*";
  const key = pair.slice(0, equals);
  return `${/^[\w.%[\]$-]{1,64}$/.test(key) && !/\d{5}/.test(key) ? key : "*"}=${equals === pair.length - 1 ? "" : "*"}`;
}

/** Drops or masks what follows the `=` or `:` at `at`, when the key before it says so. */
function valueEdit(scan: Scan, at: number): Edit | null {
  const { text } = scan;
  const { key, isQuoted } = keyBefore(text, at, scan.done);
  const kind = isQuoted ? kindOfQuoted(scan, key, at) : key === "" ? "plain" : keyKind(key, scan.inParameters);
  if (kind === "plain" || kind === "url") return null;
  spaces.lastIndex = at + 1;
  const unescaped = at + 1 + (spaces.exec(text)?.[0].length ?? 0);
  let start = unescaped;
  while (text.charCodeAt(start) === 0x5c && start - unescaped < 16) start++;
  const quote = text.charAt(start);
  if (quote === '"' || quote === "'") {
    const backslashes = start - unescaped;
    start++;
    if (kind === "address") return numberEdit(start, maskNational(text, start));
    return drop(text, start, endOfQuoted(text, start, quote, backslashes));
  }
  start = unescaped;
  if (kind === "address") return numberEdit(start, maskNational(text, start));
  const isColon = text.charCodeAt(at) === 0x3a;
  if (isColon && !isQuoted && (kind === "content" || kind === "place")) return null;
  if (isQuoted && (text.charAt(start) === "{" || text.charAt(start) === "[")) return drop(text, start, text.length);
  return drop(text, start, endOfUnquoted(text, start, kind, isQuoted));
}

/** As in a tree: in lists of { name, value } one says what the other one is. */
function kindOfQuoted(scan: Scan, key: string, at: number): KeyKind {
  if (key === "name" || key === "key") {
    quotedName.lastIndex = at + 1;
    scan.named = quotedName.exec(scan.text)?.[1] ?? null;
  }
  if (key !== "value" || scan.named === null) return key === "" ? "plain" : keyKind(key, scan.inParameters);
  const kind = keyKind(scan.named, true);
  scan.named = null;
  return kind;
}

function drop(text: string, start: number, end: number): Edit | null {
  if (end <= start) return null;
  if (text.startsWith(dropped, start)) return { start, end: start + dropped.length, text: dropped };
  return { start, end, text: dropped };
}

function keyBefore(text: string, at: number, floor: number): { key: string; isQuoted: boolean } {
  let end = at;
  while (end > floor && at - end < 3 && text.charCodeAt(end - 1) === 0x20) end--;
  const mark = text.charAt(end - 1);
  const isQuoted = end > floor && (mark === '"' || mark === "'");
  if (isQuoted) {
    end--;
    while (end > floor && text.charCodeAt(end - 1) === 0x5c) end--;
  }
  let start = end;
  while (start > floor && /[\w.[\]$-]/.test(text.charAt(start - 1))) start--;
  return { key: text.slice(Math.max(start, end - 64), end), isQuoted };
}

/** The closing quote of a string opened behind that many backslashes, or the end of the text. */
function endOfQuoted(text: string, start: number, quote: string, backslashes: number): number {
  for (let at = text.indexOf(quote, start); at !== -1; at = text.indexOf(quote, at + 1)) {
    let before = 0;
    while (at - before > start && text.charCodeAt(at - before - 1) === 0x5c) before++;
    if (before <= backslashes) return at - before;
  }
  return text.length;
}

function endOfUnquoted(text: string, start: number, kind: KeyKind, isJson: boolean): number {
  const stop = isJson ? /[,}\]\s&"]/g : kind === "header" ? /[\r\n"]/g : kind === "secret" ? /[\s&"'<>]/g : /[\r\n&"]/g;
  stop.lastIndex = start;
  return stop.exec(text)?.index ?? text.length;
}

function endOfWord(text: string, start: number): number {
  const stop = /[\s"<>`]/g;
  stop.lastIndex = start;
  return stop.exec(text)?.index ?? text.length;
}

const addressSign = /@|%40/gi;

/** Masks what stands before every `@`: e-mail addresses, SIP users. */
function maskEmails(text: string): string {
  if (!text.includes("@") && !text.includes("%40")) return text;
  let out = "";
  let done = 0;
  addressSign.lastIndex = 0;
  for (let match = addressSign.exec(text); match !== null; match = addressSign.exec(text)) {
    const after = text.charAt(match.index + match[0].length);
    if (after === "" || /\s/.test(after)) continue;
    let start = match.index;
    while (start > done && !/[\s"'`<>()[\]{},;:=&?#/\\|*@]/.test(text.charAt(start - 1))) start--;
    if (start === match.index) continue;
    out += `${text.slice(done, start)}***`;
    done = match.index;
  }
  return done === 0 ? text : out + text.slice(done);
}
