import type { IncomingMessage } from "node:http";
import type { RejectReason } from "../core/outcome.ts";
import { bodyTypeOf, type Endpoint } from "./endpoints.ts";

/** What the guards need to know. */
export interface GuardSettings {
  readonly maxBytes: number;
  /** Whether a delivery without a signature can be refused before its body is read. */
  readonly signatureRequired: boolean;
}

/**
 * The guards that need no secret and no body, in order, one status each: method 405, media type 415, encoding 415, size
 * 413, signature header 401. An unsigned flood therefore costs us its headers and nothing more.
 */
export function guard(request: IncomingMessage, endpoint: Endpoint, settings: GuardSettings): RejectReason | null {
  if (request.method !== "POST") return "method_not_allowed";
  const bodyType = bodyTypeOf(request.headers["content-type"]);
  if (bodyType === null || !endpoint.bodyTypes.includes(bodyType)) return "unsupported_media_type";
  if (isCompressed(request)) return "unsupported_encoding";
  if (Number(request.headers["content-length"] ?? 0) > settings.maxBytes) return "body_too_large";
  if (settings.signatureRequired && signatureOf(request) === null) return "no_signature";
  return null;
}

/** Compression has two places: `Content-Encoding`, and `Transfer-Encoding` before its `chunked`. */
function isCompressed({ headers }: IncomingMessage): boolean {
  const { "content-encoding": content = "identity", "transfer-encoding": transfer = "chunked" } = headers;
  return content.toLowerCase() !== "identity" || transfer.toLowerCase() !== "chunked";
}

/** X-Twilio-Signature, null when absent or empty. */
export function signatureOf(request: IncomingMessage): string | null {
  const header = request.headers["x-twilio-signature"];
  return typeof header === "string" && header !== "" ? header : null;
}
