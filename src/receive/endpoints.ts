import type { Source } from "../core/event.ts";
import type { Delivery } from "../pipeline/ports.ts";

/** A path Twilio may call. */
export interface Endpoint {
  readonly source: Source;
  readonly bodyTypes: readonly Delivery["bodyType"][];
}

/** The public port: these three paths, and nothing else answers there. */
export const endpoints: ReadonlyMap<string, Endpoint> = new Map([
  ["/twilio/debugger", { source: "debugger", bodyTypes: ["form"] }],
  ["/twilio/events", { source: "event_streams", bodyTypes: ["json"] }],
  ["/twilio/alarms", { source: "alarm", bodyTypes: ["form", "json"] }],
] as const);

/** The kind of body a Content-Type announces, null for any other. Parameters such as charset do not matter. */
export function bodyTypeOf(contentType: string | undefined): Delivery["bodyType"] | null {
  const mediaType = (contentType ?? "").split(";", 1)[0]?.trim().toLowerCase() ?? "";
  if (mediaType === "application/x-www-form-urlencoded") return "form";
  if (mediaType === "application/json" || /^application\/[\w.-]+\+json$/.test(mediaType)) return "json";
  return null;
}
