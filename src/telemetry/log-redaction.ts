/*
 * What may be written to the log. Errors keep their type, message, code, stack and causes; the rest of their properties
 * goes, since HTTP clients hang whole requests with their headers on them.
 */
import { Secret } from "../core/secret.ts";

const secretName =
  /token|secret|passw(?:or)?d|passphrase|authorization|cookie|credential|signature|(?:api|routing|private|access)[-_]?key|webhook[-_]?url/i;
const payloadName = /^(?:payload|raw|body|parameters|headers)$/i;
const userInfo = /:\/\/[^\s/@]{1,500}@/g;
const maxDepth = 6;
const maxEntries = 200;
const maxText = 4_000;

/** A copy of the fields that is safe to write: bounded in depth and size, nothing named like a secret or a payload. */
export function redactFields(fields: Record<string, unknown>): Record<string, unknown> {
  return redactEntries(Object.entries(fields), 0);
}

function redactEntries(entries: readonly [string, unknown][], depth: number): Record<string, unknown> {
  return Object.fromEntries(entries.slice(0, maxEntries).map(([key, value]) => [key, redactField(key, value, depth)]));
}

function redactField(key: string, value: unknown, depth: number): unknown {
  // Whether a token is set may be said.
  if (value === null || value === undefined || typeof value === "boolean") return value;
  if (secretName.test(key)) return "[secret]";
  if (payloadName.test(key)) return "[payload]";
  return redactValue(value, depth);
}

function redactValue(value: unknown, depth: number): unknown {
  if (typeof value === "string") return redactText(value);
  if (typeof value !== "object" || value === null) return typeof value === "bigint" ? String(value) : value;
  if (value instanceof Secret) return String(value);
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? "invalid date" : value.toISOString();
  if (depth >= maxDepth) return "[deep]";
  if (value instanceof Error) return redactError(value, depth);
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
  if (Array.isArray(value)) return value.slice(0, maxEntries).map((item) => redactValue(item, depth + 1));
  if (value instanceof Map || value instanceof Set) return `[${value.size} entries]`;
  return redactEntries(Object.entries(value), depth + 1);
}

function redactError(error: Error, depth: number): Record<string, unknown> {
  const code: unknown = Reflect.get(error, "code");
  const reason: unknown = Reflect.get(error, "reason");
  return {
    type: error.name,
    message: redactText(error.message),
    ...((typeof code === "string" || typeof code === "number") && { code }),
    ...(typeof reason === "string" && { reason: redactText(reason) }),
    ...(error.stack !== undefined && { stack: redactText(error.stack) }),
    ...(error.cause !== undefined && { cause: redactValue(error.cause, depth + 1) }),
    ...(error instanceof AggregateError && { errors: redactValue(error.errors, depth + 1) }),
  };
}

/** Text without the user info of URLs (a DATABASE_URL in a driver's message), cut to a bounded length. */
function redactText(text: string): string {
  const cut = text.length > maxText ? `${text.slice(0, maxText)}…` : text;
  return cut.replace(userInfo, "://[secret]@");
}
