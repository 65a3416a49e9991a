import { field, type Json, textField } from "../core/json.ts";

/** An own field that is a finite number, or null. */
export function numberField(value: Json | undefined, key: string): number | null {
  const found = field(value, key);
  return typeof found === "number" && Number.isFinite(found) ? found : null;
}

/** An own field that is true or false, or null. */
export function flagField(value: Json | undefined, key: string): boolean | null {
  const found = field(value, key);
  return typeof found === "boolean" ? found : null;
}

/** An own field that is a time, as ISO 8601 UTC, or null. The twilio package takes a missing time for the present one. */
export function timeField(value: Json | undefined, key: string): string | null {
  const found = field(value, key);
  if (typeof found !== "string") return null;
  const at = Date.parse(found);
  return Number.isNaN(at) ? null : new Date(at).toISOString();
}

/** Own fields that must all be non-empty strings, under the names they get here; null when one is not. */
export function textFields<Name extends string>(
  value: Json | undefined,
  keys: Readonly<Record<Name, string>>,
): Record<Name, string> | null {
  const found: Partial<Record<Name, string>> = {};
  for (const name in keys) {
    const text = textField(value, keys[name]);
    if (text === null) return null;
    found[name] = text;
  }
  return found as Record<Name, string>;
}
