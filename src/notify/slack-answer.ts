import { field, isJsonObject, type Json, textField } from "../core/json.ts";
import type { Clock } from "../pipeline/ports.ts";
import {
  type Answered,
  failure,
  failureOfStatus,
  type PostResult,
  type SendFailure,
  waitOfSeconds,
} from "./http-post.ts";

/** What Slack's Web API said of one call. `error` is Slack's own word for it, null when it came to none. */
export type SlackAnswer =
  | { readonly ok: true; readonly body: Json }
  | { readonly ok: false; readonly error: string | null; readonly failure: SendFailure };

const rateErrors: ReadonlySet<string> = new Set(["rate_limited", "ratelimited"]);
const serverErrors: ReadonlySet<string> = new Set(["internal_error", "fatal_error", "service_unavailable"]);
const authErrors: ReadonlySet<string> = new Set([
  "invalid_auth",
  "not_authed",
  "account_inactive",
  "token_revoked",
  "token_expired",
  "missing_scope",
]);

/**
 * Reads an answer of the Web API, which says what went wrong in a body with status 200.
 * https://docs.slack.dev/reference/methods/chat.postMessage#errors
 */
export function readSlackAnswer(result: PostResult, { clock }: { clock: Clock }): SlackAnswer {
  if ("failure" in result) return { ok: false, error: null, failure: result.failure };
  const body = parsed(result.answer.body);
  const error = textField(body, "error");
  const byStatus = failureOfSlackStatus(result.answer, clock.now());
  if (byStatus !== null) return { ok: false, error, failure: byStatus };
  // Neither true nor false: some proxy's page, or an answer cut off.
  if (typeof field(body, "ok") !== "boolean") return { ok: false, error: null, failure: failure("serverError", true) };
  if (field(body, "ok") === true) return { ok: true, body };
  return { ok: false, error, failure: failureOfError(error ?? "", body) };
}

/**
 * What the status of a Slack answer means, null for 2xx. The wait after 429 may stand in the body instead of the header.
 * https://docs.slack.dev/apis/web-api/rate-limits
 */
export function failureOfSlackStatus(answer: Answered, now: Date): SendFailure | null {
  const failed = failureOfStatus(answer, now);
  if (failed?.reason !== "rateLimited" || failed.retryAfterMs !== undefined) return failed;
  return { ...failed, ...waitIn(parsed(answer.body)) };
}

function failureOfError(error: string, body: Json): SendFailure {
  if (rateErrors.has(error)) return { ...failure("rateLimited", true), ...waitIn(body) };
  if (serverErrors.has(error)) return failure("serverError", true);
  return failure(authErrors.has(error) ? "authError" : "clientError", false);
}

function waitIn(body: Json): { readonly retryAfterMs?: number } {
  const seconds = field(body, "retry_after");
  return typeof seconds === "number" ? waitOfSeconds(seconds) : {};
}

function parsed(text: string | null): Json {
  try {
    const body: unknown = JSON.parse(text ?? "null");
    return isJsonObject(body) ? body : null;
  } catch {
    return null;
  }
}
