/*
 * Phone numbers: the country code and the last two digits stay, every other digit becomes `*`. Nothing that is masked
 * here reads as a number again.
 */

/** What may stand between two groups of digits of one number. */
const separator = /(?:%20|%28|%29|[ ().\-\u00a0\u2010-\u2015]){1,3}/y;
const digitRun = /\d+/y;
const nanp = /[2-9]\d\d(?:\)?(?: |%20)|\)|[-.])\d{3}(?:[-. ]|%20)\d{4}/y;
const nationalAddress = /(?:[a-z]{2,12}:)?(\(?\d[\d ().-]{5,30})/y;
const maxDigits = 15;

/** A masked number and where the original ended. */
export interface MaskedNumber {
  readonly end: number;
  readonly masked: string;
}

/**
 * Masks the international number whose digits begin at `start`, right after its `+`. Null when it is none. Groups of
 * digits are taken while they can belong to the number: what comes after ten digits is no part of it.
 */
export function maskInternational(text: string, start: number): MaskedNumber | null {
  const first = text.charCodeAt(skipSeparator(text, start));
  if (first < 0x31 || first > 0x39) return null;
  let digits = "";
  let end = skipSeparator(text, start);
  for (let next = end; ; next = skipSeparator(text, end)) {
    digitRun.lastIndex = next;
    const group = digitRun.exec(text)?.[0];
    if (group === undefined || (digits !== "" && digits.length + group.length > maxDigits)) break;
    digits += group;
    end = next + group.length;
    if (digits.length >= 10) break;
  }
  return digits.length < 7 ? null : { end, masked: maskDigits(digits, countryCodeLength(digits)) };
}

/**
 * Masks a number that stands in running text without `+`, at `start` where a run of at least three digits begins:
 * ten to fifteen digits in one piece, or three, three and four as in North America. Null for everything else; what
 * stands within a word, a UUID or a decimal, and what reads as an epoch or a compact timestamp, is none.
 */
export function maskBare(text: string, start: number): MaskedNumber | null {
  if (isWithinWord(text, start)) return null;
  digitRun.lastIndex = start;
  const run = digitRun.exec(text)?.[0] ?? "";
  let end = start + run.length;
  if (run.length === 3) {
    nanp.lastIndex = start;
    const grouped = nanp.exec(text)?.[0];
    if (grouped === undefined) return null;
    end = start + grouped.length;
    return isWordCharacter(text.charCodeAt(end)) ? null : { end, masked: maskDigits(onlyDigits(grouped), 0) };
  }
  if (run.length < 10 || run.length > maxDigits || isWordCharacter(text.charCodeAt(end))) return null;
  // An area code never begins with 1 and a number with country code 1 has eleven digits: the rest are epochs.
  if (run.startsWith("1") && run.length !== 11) return null;
  if (/^20\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?:[01]\d|2[0-3])[0-5]\d[0-5]\d$/.test(run)) return null;
  return { end, masked: maskDigits(run, 0) };
}

/** Masks the value of an address key that begins at `start`, when it is a national number of at least seven digits. */
export function maskNational(text: string, start: number): MaskedNumber | null {
  nationalAddress.lastIndex = start;
  const match = nationalAddress.exec(text);
  const number = match?.[1]?.trimEnd();
  if (match === null || number === undefined) return null;
  const from = start + match[0].length - (match[1] ?? "").length;
  const end = from + number.length;
  const digits = onlyDigits(number);
  const next = text.charCodeAt(end);
  if (digits.length < 7 || isWordCharacter(next) || next === 0x3a) return null;
  if (/^\d{4}-\d\d-\d\d$/.test(number)) return null;
  return { end, masked: text.slice(start, from) + maskDigits(digits, 0) };
}

function maskDigits(digits: string, kept: number): string {
  return digits.slice(0, kept) + "*".repeat(Math.max(3, digits.length - kept - 2)) + digits.slice(-2);
}

function onlyDigits(text: string): string {
  return text.replace(/\D/g, "");
}

function skipSeparator(text: string, at: number): number {
  separator.lastIndex = at;
  return at + (separator.exec(text)?.[0].length ?? 0);
}

/** Letters, digits, `_` and `*`, the last because a masked number is no start of another. */
function isWordCharacter(code: number): boolean {
  return (
    (code >= 0x30 && code <= 0x39) ||
    (code >= 0x41 && code <= 0x5a) ||
    (code >= 0x61 && code <= 0x7a) ||
    code === 0x5f ||
    code === 0x2a
  );
}

function isWithinWord(text: string, start: number): boolean {
  if (start === 0) return false;
  const before = text.charCodeAt(start - 1);
  // The end of an escape such as `\n`, in JSON that is broken off.
  if (isWordCharacter(before)) return !(/[bfnrt]/.test(text.charAt(start - 1)) && text.charCodeAt(start - 2) === 0x5c);
  // A decimal, the last group of a UUID, or what a masked number is still joined to.
  if (before === 0x2e) return isWordCharacter(text.charCodeAt(start - 2));
  return before === 0x2d && /(?:-[0-9a-f]{4}|\*\d\d)-$/i.test(text.slice(Math.max(0, start - 6), start));
}

/**
 * How many digits the country code has. Source: ITU-T E.164, list of assigned country codes
 * (https://www.itu.int/pub/T-SP-E.164D).
 */
function countryCodeLength(digits: string): number {
  if (/^[17]/.test(digits)) return 1;
  return /^(?:20|27|3[0-469]|4[013-9]|5[1-8]|6[0-6]|8[1246]|9[0-58])/.test(digits) ? 2 : 3;
}
