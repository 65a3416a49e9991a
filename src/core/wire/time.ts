import type { Json } from "../json.ts";

/** As Twilio writes it and we do, on a day that every month has: there is nothing to read and to write anew. */
const canonical =
  /^(?:19[7-9]\d|[2-9]\d{3})-(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])T(?:[01]\d|2[0-3])(?::[0-5]\d){2}\.\d{3}Z$/;
const iso = /^(\d{4})-(\d{2})-(\d{2})[T ](\d{2}:\d{2}:\d{2})(\.\d{1,9})?(Z|[+-]\d{2}:?\d{2})?$/;
const rfc1123 = /^(?:[A-Za-z]{3}, )?(\d{1,2}) ([A-Za-z]{3}) (\d{4}) \d{2}:\d{2}:\d{2} (?:GMT|UTC|Z|[+-]\d{4})$/;
const months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

/**
 * A time as ISO 8601 UTC with milliseconds. Takes what Twilio sends: ISO 8601 with or without milliseconds, RFC 1123,
 * epoch seconds and milliseconds. Null for anything else, impossible dates and years outside 1970–9999 included (the
 * database could not store them).
 */
export function readTime(value: Json | undefined): string | null {
  if (typeof value === "number") return Number.isInteger(value) ? fromEpoch(String(value)) : null;
  if (typeof value !== "string" || value.length > 40) return null;
  // An event is parsed in 3.0 instead of 4.6 µs.
  if (canonical.test(value)) return value;
  const text = value.trim();
  if (/^\d+$/.test(text)) return fromEpoch(text);
  const isoParts = iso.exec(text);
  if (isoParts !== null) {
    const [, year, month, day, clock, fraction = "", zone = "Z"] = isoParts;
    if (!isDate(Number(year), Number(month), Number(day))) return null;
    const offset = zone === "Z" || zone.includes(":") ? zone : `${zone.slice(0, 3)}:${zone.slice(3)}`;
    return fromMilliseconds(Date.parse(`${year}-${month}-${day}T${clock}${fraction.slice(0, 4)}${offset}`));
  }
  const rfcParts = rfc1123.exec(text);
  if (rfcParts === null) return null;
  const month = months.indexOf((rfcParts[2] ?? "").toLowerCase()) + 1;
  return isDate(Number(rfcParts[3]), month, Number(rfcParts[1])) ? fromMilliseconds(Date.parse(text)) : null;
}

/** Nine or ten digits are seconds (1973–2286), twelve or thirteen are milliseconds. */
function fromEpoch(digits: string): string | null {
  if (digits.length === 9 || digits.length === 10) return fromMilliseconds(Number(digits) * 1000);
  if (digits.length === 12 || digits.length === 13) return fromMilliseconds(Number(digits));
  return null;
}

function fromMilliseconds(time: number): string | null {
  if (!Number.isFinite(time) || time < 0 || time >= Date.UTC(10_000, 0)) return null;
  return new Date(time).toISOString();
}

function isDate(year: number, month: number, day: number): boolean {
  return month >= 1 && month <= 12 && day >= 1 && day <= new Date(Date.UTC(year, month, 0)).getUTCDate();
}
