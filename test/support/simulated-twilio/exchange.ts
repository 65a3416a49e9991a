/** One request as the simulated products see it: authenticated, decoded. */
export interface Exchange {
  /** Sid of the account that authenticated. */
  readonly account: string;
  readonly method: string;
  /** `proxy.twilio.com`. */
  readonly host: string;
  /** `/v1/Services/KS…`, decoded segment by segment when matched. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly form: URLSearchParams;
}

/** What goes back. A 204 has no body. */
export interface Reply {
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
}

/** An action's refusal, in the words of Twilio's error body. */
export interface Refusal {
  readonly ok: false;
  readonly status: number;
  readonly code: number;
  readonly message: string;
}

/** What an action on the simulated state returns. */
export type Done<T> = { readonly ok: true; readonly value: T } | Refusal;

export function done<T>(value: T): Done<T> {
  return { ok: true, value };
}

export function refuse(status: number, code: number, message: string): Refusal {
  return { ok: false, status, code, message };
}

/** Twilio's error body. Source: https://www.twilio.com/docs/usage/twilios-response#response-formats-exceptions */
export function errorReply(status: number, code: number, message: string): Reply {
  return { status, body: { code, message, more_info: `https://www.twilio.com/docs/errors/${code}`, status } };
}

export function notFound(path: string): Reply {
  return errorReply(404, 20404, `The requested resource ${path} was not found`);
}

/** The reply to an action: its resource, or Twilio's error body. */
export function replyTo<T>(outcome: Done<T>, render: (value: T) => unknown, status = 200): Reply {
  if (!outcome.ok) return errorReply(outcome.status, outcome.code, outcome.message);
  return status === 204 ? { status } : { status, body: render(outcome.value) };
}
