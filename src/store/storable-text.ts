import type { Json } from "../core/json.ts";

/*
 * PostgreSQL text holds no NUL character, and jsonb no half of a surrogate pair; payloads may hold both. Each becomes
 * U+FFFD, the replacement character.
 */

/** The text with what PostgreSQL cannot hold replaced. */
export function storableText(text: string): string {
  return text.replaceAll("\0", "\uFFFD").toWellFormed();
}

/** How JSON.stringify writes NUL and halves of surrogate pairs. */
const unstorableEscape = /\\u(?:0000|d[89a-f])/;

/** JSON text of a value, safe for jsonb. */
export function storableJson(value: unknown): string {
  // Hardly any text holds what must be replaced, and its escapes are found in the whole in less than half the time it takes
  // to ask for every value.
  const text = JSON.stringify(value);
  if (!text.includes("\\u") || !unstorableEscape.test(text)) return text;
  return JSON.stringify(value, (_key, found: Json) => {
    if (typeof found === "string") return storableText(found);
    if (typeof found !== "object" || found === null || Array.isArray(found)) return found;
    const keys = Object.keys(found);
    if (keys.every((key) => storableText(key) === key)) return found;
    return Object.fromEntries(keys.map((key) => [storableText(key), found[key]]));
  });
}
