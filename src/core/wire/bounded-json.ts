import type { Json } from "../json.ts";

/** Deeper nesting than this is no payload of Twilio's, and later walks are recursive. */
export const maxJsonDepth = 64;

/** Parses JSON text and bounds its depth. Never throws. */
export function parseJson(
  text: string,
): { readonly ok: true; readonly value: Json } | { readonly ok: false; readonly reason: "not_json" | "too_deep" } {
  const value = parseUnbounded(text);
  if (value === undefined) return { ok: false, reason: "not_json" };
  return isDeeperThan(value, maxJsonDepth) ? { ok: false, reason: "too_deep" } : { ok: true, value };
}

/** Parses JSON text of any depth (V8's parser does not recurse), undefined when it is none. */
export function parseUnbounded(text: string): Json | undefined {
  try {
    const value: Json = JSON.parse(text.charCodeAt(0) === 0xfeff ? text.slice(1) : text);
    return value;
  } catch {
    return undefined;
  }
}

/** Whether arrays and objects nest deeper than `depth`. Recurses no further than that. */
export function isDeeperThan(value: Json, depth: number): boolean {
  if (typeof value !== "object" || value === null) return false;
  if (depth === 0) return true;
  for (const child of Array.isArray(value) ? value : Object.values(value)) {
    if (isDeeperThan(child, depth - 1)) return true;
  }
  return false;
}

/** JSON text of a value, whatever its depth: what nests deeper than `depth` is left out. */
export function shallowText(value: Json, depth: number): string {
  return JSON.stringify(pruned(value, depth));
}

function pruned(value: Json, depth: number): Json {
  if (typeof value !== "object" || value === null) return value;
  if (depth === 0) return "[too deep]";
  if (Array.isArray(value)) return value.map((child) => pruned(child, depth - 1));
  return Object.fromEntries(Object.entries(value).map(([key, child]) => [key, pruned(child, depth - 1)]));
}
