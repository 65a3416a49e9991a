/*
 * Terminology
 *
 * notice       one message to one receiver about one transition of an incident (or a digest of many incidents).
 * receiver     a configured destination: a Slack channel, a PagerDuty service, Alertmanagers, a webhook.
 * transition   what happened to the incident that people may want to hear of.
 * reason       why it was decided to tell, or not to tell; it reaches log, metric and API.
 * reference    what a receiver gave back to find the message again (Slack's channel and ts).
 */
import type { IncidentView } from "../incident-view.ts";
import type { LastNotice } from "./last.ts";

/** What a notice tells. The value is part of the API. */
export type NoticeTransition =
  | "opened"
  | "diagnosed"
  | "cause_changed"
  | "severity_raised"
  | "grew"
  | "repeated"
  | "resolved"
  | "reopened"
  | "digest";

/** Why a notice is sent. */
export type NoticeReason =
  | "first"
  | "diagnosed"
  | "cause_changed"
  | "severity_raised"
  | "grew"
  | "repeat_interval"
  | "reopened"
  | "resolved"
  | "digest";

/** Why none is sent. */
export type SuppressReason =
  | "suppressed_silence"
  | "suppressed_storm"
  | "suppressed_unchanged"
  | "suppressed_muted"
  | "waiting_for_diagnosis";

/** What became of a notice. The value is a metric label. */
export type NoticeOutcome = "delivered" | "given_up" | "superseded" | "suppressed";

/** Why a receiver did not take a notice; a closed list, never a message. The value is a metric label. */
export type SendFailureReason = "authError" | "rateLimited" | "clientError" | "serverError" | "timeout" | "network";

/** All of them, for metrics that start at zero. */
export const sendFailureReasons = [
  "authError",
  "rateLimited",
  "clientError",
  "serverError",
  "timeout",
  "network",
] as const satisfies readonly SendFailureReason[];

/** What a notice is counted with: why it was told, why it failed, why none was sent, or that a newer one took its place. */
export type CountedReason = NoticeReason | SuppressReason | SendFailureReason | "overtaken";

/** Severity of what a notice is about, and where people can read on. Null where no such page is configured. */
export interface NoticeLinks {
  /** The incident in Faultline's API. */
  readonly incident: string | null;
  /** What to do about this code: our page on it. */
  readonly runbook: string | null;
  readonly grafana: string | null;
  /** Twilio's Console page of the error log. */
  readonly console: string | null;
}

/** What a notice about one incident says, before it is rendered for a receiver. */
export interface IncidentNotice {
  readonly kind: "incident";
  /** Our own id of the notice; the same on every attempt. */
  readonly id: string;
  readonly transition: Exclude<NoticeTransition, "digest">;
  readonly reason: NoticeReason;
  readonly incident: IncidentView;
  readonly links: NoticeLinks;
  /** ISO 8601 UTC, when it was decided. */
  readonly at: string;
  /** Set for a notice that only tests the way: it says so in every rendering. */
  readonly test: boolean;
  /** What the same receiver was told last, for "grew ×12" and "from warning to error"; without it the present state is given. */
  readonly previous?: LastNotice | null;
}

/** What a digest says: many incidents opened at once. */
export interface DigestNotice {
  readonly kind: "digest";
  readonly id: string;
  readonly total: number;
  /** Counts by product and code, the largest first. */
  readonly groups: readonly {
    readonly product: string;
    readonly code: number;
    readonly title: string;
    readonly count: number;
  }[];
  /** ISO 8601 UTC: the minute it is about. */
  readonly since: string;
  readonly at: string;
  readonly links: NoticeLinks;
}

export type Notice = IncidentNotice | DigestNotice;
