import { hash } from "node:crypto";
import type { QuarantineReason } from "../event.ts";
import type { Json } from "../json.ts";

/*
 * The scalar fields every wire shape has. What passes here is stored in columns of its own, outside the redacted
 * payload: each is held to the few characters it can have, so that no number, no address and no NUL gets through.
 */

/** A SID, or null. Tolerant: real ones are two letters and 32 hex digits, documentation has shorter ones. */
export function readSid(value: Json | undefined): string | null {
  return typeof value === "string" && /^[A-Za-z][0-9A-Za-z_-]{0,63}$/.test(value) ? value : null;
}

/** The sid of an error-log entry, or null. */
export function readEventSid(value: Json | undefined): string | null {
  return typeof value === "string" && /^NO[0-9A-Za-z]{1,64}$/.test(value) ? value : null;
}

/** Twilio's error number: a positive integer or its digits, nothing else. */
export function readCode(
  value: Json | undefined,
): number | Extract<QuarantineReason, "no_error_code" | "error_code_not_a_number"> {
  if (value === undefined || value === null || value === "") return "no_error_code";
  const text = typeof value === "number" ? String(value) : value;
  if (typeof text !== "string" || !/^\d{1,9}$/.test(text)) return "error_code_not_a_number";
  const code = Number(text);
  return code === 0 ? "no_error_code" : code;
}

/**
 * The level in upper case, null when absent. `WARN`, as Monitor spells it, is `WARNING`; other words are kept, held to
 * 20 letters.
 */
export function readLevel(value: Json | undefined): string | null {
  if (typeof value !== "string") return null;
  const word = value
    .slice(0, 64)
    .toUpperCase()
    .replace(/[^A-Z_]/g, "")
    .slice(0, 20);
  if (word === "") return null;
  return word === "WARN" ? "WARNING" : word;
}

/** A product name such as `Programmable Messaging`, null for anything that does not read like one. */
export function readProduct(value: Json | undefined): string | null {
  if (typeof value !== "string") return null;
  const name = value.trim();
  return /^[A-Za-z][A-Za-z0-9 .,&/()'_-]{0,63}$/.test(name) && !/\d{5}/.test(name) ? name : null;
}

/** Identity of an event that carries none, from what tells it from others. The payload counts as it came, as text. */
export function hashIdentity(parts: {
  account: string;
  code: number;
  occurredAt: string | null;
  resource: string | null;
  payload: string;
}): string {
  const text = JSON.stringify([parts.account, parts.code, parts.occurredAt, parts.resource, parts.payload]);
  return `hash:${hash("sha256", text, "hex")}`;
}
