import { hash } from "node:crypto";
import type { DebuggerEvent } from "./event.ts";
import { type GroupField, groupFields } from "./rules/rule.ts";

/**
 * Identity of the incident an event belongs to: 32 hex digits. Events that agree in all fields of `groupBy` share it;
 * the order and repetition of the fields do not matter. A missing value (null) is not the same as an empty one.
 *
 * @param product the product of the event's classification, which is what `product` groups by
 */
export function fingerprint(event: DebuggerEvent, groupBy: readonly GroupField[], product: string): string {
  const parts: [string, string | number | null][] = [];
  for (const name of groupFields) {
    if (groupBy.includes(name)) parts.push([name, name === "product" ? product : event[name]]);
  }
  return digest(parts);
}

/**
 * What the event is about, for sampling diagnoses: 32 hex digits over its resource, else its Service, else the event
 * itself. Hashed so that it says nothing about the resource.
 */
export function subjectOf(event: DebuggerEvent): string {
  if (event.resource !== null) return digest(["resource", event.resource]);
  if (event.service !== null) return digest(["service", event.service]);
  return digest(["event", event.sid]);
}

/** JSON keeps names, values and null apart without ambiguity, and escapes what is not valid Unicode. */
function digest(value: unknown): string {
  return hash("sha256", JSON.stringify(value), "hex").slice(0, 32);
}
