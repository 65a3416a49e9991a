/*
 * The ways in which notices touch the world: the senders (notify/), and the log of notices (store/).
 */
import type { IncidentView } from "../core/incident-view.ts";
import type {
  Notice,
  NoticeOutcome,
  NoticeReason,
  NoticeTransition,
  SendFailureReason,
  SuppressReason,
} from "../core/notice/notice.ts";

/** What a receiver gave back to find a message again, e.g. `{channel: "C…", ts: "1700000000.000100"}`. */
export type MessageReference = Readonly<Record<string, string>>;

/** What came of one attempt to send. */
export type SendResult =
  | { readonly ok: true; readonly reference: MessageReference | null }
  | {
      readonly ok: false;
      readonly reason: SendFailureReason;
      /** Whether another attempt may succeed. */
      readonly retry: boolean;
      /** What the receiver asked for, in milliseconds. */
      readonly retryAfterMs?: number;
    };

/** A destination. One attempt a call, bounded in time; never rejects, never follows redirects, never shows a secret. */
export interface Notifier {
  /** Name of the receiver, a metric label: `slack`, `pagerduty`, `alertmanager`, `webhook` when made from the environment. */
  readonly name: string;
  readonly kind: "slack" | "pagerduty" | "alertmanager" | "webhook";
  /** At most so many requests in so many milliseconds, over all processes. */
  readonly rate: { readonly max: number; readonly perMs: number };
  /** `earlier` is what the first message about this incident gave back, when there was one. */
  send(notice: Notice, earlier: MessageReference | null): Promise<SendResult>;
}

/** A notice on its way to one receiver. */
export interface PendingNotice {
  readonly id: string;
  readonly receiver: string;
  /** Null for a digest. */
  readonly incidentId: string | null;
  readonly transition: NoticeTransition;
  readonly reason: NoticeReason;
  /** For a digest what it says; an incident is read afresh when it is sent. */
  readonly digest: Extract<Notice, { kind: "digest" }> | null;
  readonly decidedAt: Date;
}

/** What was told to one receiver about one incident last; decide() goes by it. */
export interface LastNotice {
  readonly receiver: string;
  readonly transition: NoticeTransition;
  readonly at: string;
  /** As they were then. */
  readonly count: number;
  readonly severity: IncidentView["severity"];
  readonly leadingCause: string | null;
}

/** A notice in the API. */
export interface StoredNotice {
  readonly receiver: string;
  readonly transition: NoticeTransition;
  readonly outcome: NoticeOutcome | "pending";
  readonly reason: NoticeReason | SuppressReason | SendFailureReason;
  readonly at: string;
}
