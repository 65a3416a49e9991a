/*
 * Every event meets exactly one outcome, every delivery exactly one answer; both are counted.
 */

/** The single fate of an event. The value is a metric label. */
export type EventOutcome = "recorded" | "duplicate" | "ignored" | "quarantined";

/** All event outcomes, for metrics that start at zero. */
export const eventOutcomes = [
  "recorded",
  "duplicate",
  "ignored",
  "quarantined",
] as const satisfies readonly EventOutcome[];

/** Why a delivery was refused, with the status its sender gets. The key is a metric label. */
export const rejections = {
  /** Signed deliveries are required and this one carries no X-Twilio-Signature. */
  no_signature: 401,
  /** No token of the account made this signature. */
  wrong_signature: 403,
  /** A JSON body came without bodySHA256 in the URL, so the signature says nothing about the body. */
  no_body_hash: 403,
  /** bodySHA256 is not the hash of the bytes that came: another body behind a captured signature. */
  body_hash_mismatch: 403,
  /** Neither AccountSid nor ParentAccountSid is configured. */
  unknown_account: 403,
  /** No HTTP request that could be taken: what it says can be understood in more than one way, or not at all. */
  malformed: 400,
  not_found: 404,
  method_not_allowed: 405,
  /** The body did not arrive in time. */
  request_timeout: 408,
  /** The connection ended before the body did; nobody is there to read the answer. */
  aborted: 400,
  body_too_large: 413,
  /** More form fields than any real webhook has (2,000). */
  too_many_fields: 413,
  /** More than 16 KiB of request line and headers. */
  headers_too_large: 431,
  unsupported_media_type: 415,
  /** Compressed bodies are not taken: Twilio sends none, and they hide their size. */
  unsupported_encoding: 415,
  /** Too many refused deliveries from this address; or, where that is configured, too many signed ones. */
  rate_limited: 429,
  /** More deliveries are waiting for the database than we are willing to hold in memory. */
  overloaded: 503,
  database_unavailable: 503,
} as const satisfies Record<string, number>;

/** Why a delivery was refused. */
export type RejectReason = keyof typeof rejections;

/** What a delivery is answered. Twilio's Event Streams retries 429 and 5xx for 4 h and drops every other refusal. */
export type Answer =
  | { readonly outcome: "accepted" }
  | { readonly outcome: "rejected"; readonly reason: RejectReason; readonly retryAfterSeconds?: number };

/** The HTTP status of an answer: 204, or the one of its reason. */
export function statusOf(answer: Answer): number {
  return answer.outcome === "accepted" ? 204 : rejections[answer.reason];
}
