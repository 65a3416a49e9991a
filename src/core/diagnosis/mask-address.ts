import { maskInternational } from "../redact/phone.ts";

/**
 * An address as evidence may show it: `+1********01`, `whatsapp:+1********01`, `***@example.com`. Of a number the
 * country code and the last two digits stay, of an opaque name its first letter.
 */
export function maskAddress(address: string): string {
  const channel = /^[a-z][a-z_-]{1,19}:/i.exec(address)?.[0] ?? "";
  const rest = address.slice(channel.length);
  const at = rest.lastIndexOf("@");
  if (at >= 0) return `${channel}***@${printable(rest.slice(at + 1))}`;
  const digits = rest.replace(/\D/g, "");
  if (digits.length < 5) return `${channel}${printable(rest.slice(0, 1))}***`;
  const plus = rest.trimStart().startsWith("+") ? maskInternational(rest, rest.indexOf("+") + 1) : null;
  if (plus !== null) return `${channel}+${plus.masked}`;
  return `${channel}${"*".repeat(Math.min(digits.length - 2, 13))}${digits.slice(-2)}`;
}

/** The identity of a member of staff, who may be named; masked all the same when it is a phone number. */
export function showIdentity(identity: string): string {
  return looksLikeNumber(identity) ? maskAddress(identity) : printable(identity);
}

/** Whether showing this text would show a phone number. */
export function looksLikeNumber(text: string): boolean {
  return text.replace(/\D/g, "").length >= 7 && /^[\w:]{0,20}?\+?[\d\s().-]+$/.test(text.slice(0, 60));
}

/** Text of others on one line, at most 80 characters. */
function printable(text: string): string {
  const line = text.replace(/[\p{Cc}\p{Bidi_Control}\u2028\u2029]+/gu, " ");
  return line.length > 80 ? `${line.slice(0, 79)}…` : line;
}
