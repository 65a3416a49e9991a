import type { TwilioFailure } from "../pipeline/ports.ts";

/** The longest Retry-After that is believed, in milliseconds. */
const maxRetryAfterMs = 60 * 60 * 1000;

/**
 * A failed request on its way through the twilio package. It carries the closed reason and nothing else: no request, no
 * headers, no body.
 */
export class CallFailed extends Error {
  override readonly name = "CallFailed";
  readonly failure: TwilioFailure;

  constructor(failure: TwilioFailure) {
    super(failure.reason);
    this.failure = failure;
  }
}

/** A failure without more to say. */
export function failure(reason: TwilioFailure["reason"], retry: boolean): TwilioFailure {
  return { ok: false, reason, retry };
}

/**
 * What an HTTP status other than 2xx means. Redirects are not followed: they would carry the credentials elsewhere.
 * https://www.twilio.com/docs/usage/twilios-response#response-formats-exceptions
 */
export function failureOfStatus(status: number, retryAfter: string | null, now: Date): TwilioFailure {
  if (status === 404) return failure("not_found", false);
  if (status === 401 || status === 403) return failure("unauthorized", false);
  if (status === 408) return failure("timeout", true);
  if (status === 429) return { ...failure("rate_limited", true), ...waitAsked(retryAfter, now) };
  if (status >= 500) return { ...failure("server_error", true), ...waitAsked(retryAfter, now) };
  return failure("client_error", false);
}

/** What an error of fetch() means, by name and code of it and its causes. */
export function failureOfError(error: unknown): TwilioFailure {
  let at = error;
  for (let depth = 0; at instanceof Error && depth < 5; depth += 1) {
    const code = "code" in at ? at.code : undefined;
    if (at.name === "TimeoutError" || code === "ETIMEDOUT" || code === "UND_ERR_CONNECT_TIMEOUT")
      return failure("timeout", true);
    at = at.cause;
  }
  return failure("network", true);
}

/** Retry-After in seconds or as a date, in milliseconds from now. https://www.rfc-editor.org/rfc/rfc9110#field.retry-after */
function waitAsked(retryAfter: string | null, now: Date): { retryAfterMs?: number } {
  if (retryAfter === null) return {};
  const text = retryAfter.trim();
  const wait = /^\d{1,9}$/.test(text) ? Number(text) * 1000 : Date.parse(text) - now.getTime();
  return Number.isNaN(wait) ? {} : { retryAfterMs: Math.min(Math.max(0, wait), maxRetryAfterMs) };
}
