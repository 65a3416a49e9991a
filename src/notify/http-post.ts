import type { SendResult } from "../pipeline/notice-ports.ts";
import { observedRequest, type RequestObservers, type SeenRequest } from "../pipeline/observed-request.ts";
import type { Clock } from "../pipeline/ports.ts";

/** For one request, its answer included, in milliseconds. */
const defaultTimeoutMs = 10_000;

/** More of an answer is not read, in bytes. Receivers answer a line or two. */
export const maxAnswerBytes = 64 * 1024;

/** The longest Retry-After that is believed, in milliseconds. */
const maxRetryAfterMs = 60 * 60 * 1000;

/** What a failed attempt tells: a reason of the closed list, and nothing of the request or the answer. */
export type SendFailure = Extract<SendResult, { ok: false }>;

/** What every sender needs besides its destination. */
export interface SenderOptions extends RequestObservers {
  readonly clock: Clock;
  /** For one request, in milliseconds. Default 10,000. */
  readonly timeoutMs?: number;
}

/** What to send, and where to. */
export interface Post {
  /** May be a secret itself (Slack's webhooks) or hold one as user info, which is sent as Basic credentials. */
  readonly url: string;
  /** JSON text. */
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** An answer with any status. */
export interface Answered {
  readonly status: number;
  readonly retryAfter: string | null;
  /** Null when it broke off or is longer than anybody reads. */
  readonly body: string | null;
}

/** An answer, or why there was none. */
export type PostResult = { readonly answer: Answered } | { readonly failure: SendFailure };

/**
 * Posts JSON once. Follows no redirect, bounds time and size, never rejects, and tells of what went wrong only the reason:
 * URL and headers hold secrets, and an error of fetch() may quote them.
 */
export async function postJson(post: Post, options: SenderOptions): Promise<PostResult> {
  const target = splitCredentials(post.url);
  if (target === null) return { failure: failure("clientError", false) };
  const { result } = await observedRequest("POST", target.url, options, async () => {
    const result = await attempt(target, post, options.timeoutMs ?? defaultTimeoutMs);
    return { ...seen(result), result };
  });
  return result;
}

async function attempt(target: Target, post: Post, timeoutMs: number): Promise<PostResult> {
  try {
    const response = await fetch(target.url, {
      method: "POST",
      redirect: "manual",
      signal: AbortSignal.timeout(timeoutMs),
      headers: {
        ...target.headers,
        "content-type": "application/json; charset=utf-8",
        "accept-encoding": "identity",
        "user-agent": "Faultline",
        ...post.headers,
      },
      body: post.body,
    });
    return {
      answer: {
        status: response.status,
        retryAfter: response.headers.get("retry-after"),
        body: await readBounded(response),
      },
    };
  } catch (error) {
    return { failure: failureOfError(error) };
  }
}

function seen(result: PostResult): SeenRequest {
  if ("answer" in result) return { status: result.answer.status, failure: null };
  return { status: null, failure: result.failure.reason };
}

/** A failure without more to say. */
export function failure(reason: SendFailure["reason"], retry: boolean): SendFailure {
  return { ok: false, reason, retry };
}

/**
 * What a status means, null for 2xx. A redirect is a mistake in the URL: the notice would go elsewhere.
 * https://www.rfc-editor.org/rfc/rfc9110#name-status-codes
 */
export function failureOfStatus({ status, retryAfter }: Answered, now: Date): SendFailure | null {
  if (status >= 200 && status < 300) return null;
  if (status === 401 || status === 403) return failure("authError", false);
  if (status === 429) return { ...failure("rateLimited", true), ...waitAsked(retryAfter, now) };
  if (status === 408 || status >= 500) return { ...failure("serverError", true), ...waitAsked(retryAfter, now) };
  return failure("clientError", false);
}

/** Seconds as a wait in milliseconds, within reason. */
export function waitOfSeconds(seconds: number): { readonly retryAfterMs?: number } {
  if (!Number.isFinite(seconds)) return {};
  return { retryAfterMs: Math.min(Math.max(0, Math.ceil(seconds * 1000)), maxRetryAfterMs) };
}

// Date.parse takes all kinds of text for a date.
const httpDate = /^[A-Za-z]{3}, \d{2} [A-Za-z]{3} \d{4} \d{2}:\d{2}:\d{2} GMT$/;

/** Retry-After in seconds or as a date. https://www.rfc-editor.org/rfc/rfc9110#field.retry-after */
function waitAsked(retryAfter: string | null, now: Date): { readonly retryAfterMs?: number } {
  const text = retryAfter?.trim() ?? "";
  if (/^\d{1,9}$/.test(text)) return waitOfSeconds(Number(text));
  return httpDate.test(text) ? waitOfSeconds((Date.parse(text) - now.getTime()) / 1000) : {};
}

/** Where a request goes. */
interface Target {
  readonly url: URL;
  readonly headers: Record<string, string>;
}

/** fetch() refuses a URL with user info; such a URL means Basic credentials. Null for what is no HTTP URL. */
function splitCredentials(text: string): Target | null {
  const url = URL.parse(text);
  if (url === null || (url.protocol !== "http:" && url.protocol !== "https:")) return null;
  if (url.username === "" && url.password === "") return { url, headers: {} };
  const credentials = decoded(`${url.username}:${url.password}`);
  url.username = "";
  url.password = "";
  return { url, headers: { authorization: `Basic ${Buffer.from(credentials).toString("base64")}` } };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // A lone percent sign: meant as it stands.
    return text;
  }
}

/** The body as text. The status has said what became of the notice, so a body that breaks off is no failure. */
async function readBounded(response: Response): Promise<string | null> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    // Leaving the loop cancels the rest.
    for await (const chunk of response.body ?? []) {
      size += chunk.byteLength;
      if (size > maxAnswerBytes) return null;
      chunks.push(chunk);
    }
  } catch {
    return null;
  }
  return Buffer.concat(chunks).toString("utf8");
}

/** What an error of fetch() means, by name and code of it and its causes. */
function failureOfError(error: unknown): SendFailure {
  let at = error;
  for (let depth = 0; at instanceof Error && depth < 5; depth += 1) {
    const code = "code" in at ? at.code : undefined;
    const isTimeout = at.name === "TimeoutError" || code === "ETIMEDOUT" || code === "UND_ERR_CONNECT_TIMEOUT";
    if (isTimeout) return failure("timeout", true);
    at = at.cause;
  }
  return failure("network", true);
}
