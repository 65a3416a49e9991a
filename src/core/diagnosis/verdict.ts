/** How sure a diagnosis is of a documented cause. `unknown` is no finding, never a guess. */
export type Verdict = "confirmed" | "likely" | "ruled-out" | "unknown";

/** All verdicts, most certain first; also the values of a metric label. */
export const verdicts = ["confirmed", "likely", "unknown", "ruled-out"] as const satisfies readonly Verdict[];

/** A sentence with the facts in it and the API path or event field that showed it. Addresses in it are masked. */
export interface Evidence {
  readonly text: string;
  /** Where it was seen: an API path such as `GET /v1/Alerts/NO…`, or `event`. */
  readonly source: string;
  /** ISO 8601 UTC. */
  readonly observedAt: string;
}

/** The verdict on one documented cause. */
export interface CauseVerdict {
  readonly id: string;
  readonly verdict: Verdict;
  readonly evidence: readonly Evidence[];
}

/** A resource in the way: the Session or Conversation that holds what the failed action asked for. */
export interface Conflict {
  readonly sid: string;
  readonly kind: "session" | "conversation";
  readonly state: string;
  readonly url: string;
}

/** A documented way out. A command is there only when every SID in it is known. */
export interface Remedy {
  readonly id: string;
  readonly text: string;
  /** For twilio-cli. */
  readonly command?: string;
  /** The same for curl, credentials as shell variables. */
  readonly curl?: string;
}

/** Why a diagnosis could read nothing from Twilio. */
export type DiagnosisFailure =
  | "no_credentials"
  | "not_found"
  | "unauthorized"
  | "rate_limited"
  | "timeout"
  | "network"
  | "server_error"
  | "client_error"
  | "not_an_alert";

/** What failed, from the event itself and Twilio's Alert: the request Twilio made, or was asked to make. Redacted. */
export interface FailedRequest {
  readonly host: string | null;
  readonly path: string | null;
  readonly method: string | null;
  /** HTTP status of the answer, as far as Twilio knows it. */
  readonly status: number | null;
  /** The true reason, from `X-Twilio-WebhookError` or the message. */
  readonly reason: string | null;
}

/** The result of one diagnosis of one event. */
export interface Diagnosis {
  readonly eventSid: string;
  /** ISO 8601 UTC. */
  readonly at: string;
  /** How many requests to Twilio it took. */
  readonly calls: number;
  readonly failedRequest: FailedRequest | null;
  readonly causes: readonly CauseVerdict[];
  readonly conflicts: readonly Conflict[];
  readonly evidence: readonly Evidence[];
  readonly remedies: readonly Remedy[];
  readonly failure?: DiagnosisFailure;
}
