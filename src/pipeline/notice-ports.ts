/*
 * The ways in which notices touch the world: the senders (notify/), the log of notices and the silences (store/), the
 * queues of receivers (queue/), and what is measured.
 */
import type { IncidentView } from "../core/incident-view.ts";
import type {
  CountedReason,
  Notice,
  NoticeOutcome,
  NoticeReason,
  NoticeTransition,
  SendFailureReason,
  SuppressReason,
} from "../core/notice/notice.ts";
import type { TraceParent } from "./trace-ports.ts";

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
  /** For a notice about Faultline itself (a receiver that fails) what it says, in the shape of an incident. */
  readonly about: IncidentView | null;
  readonly decidedAt: Date;
  /** The span that brought it about, of a delivery or a diagnosis; null or absent when time did, or nothing is traced. */
  readonly trace?: TraceParent | null;
  /** Of one that time brought about: the span behind the last change of its incident. */
  readonly follows?: TraceParent | null;
}

/** A notice in the API. */
export interface StoredNotice {
  readonly receiver: string;
  readonly transition: NoticeTransition;
  readonly outcome: NoticeOutcome | "pending";
  readonly reason: NoticeReason | SuppressReason | SendFailureReason;
  readonly at: string;
}

/** One condition of a silence, as Alertmanager's users know it. */
export interface SilenceMatcher {
  /** `severity`, `product`, `code`, `account`, `service`, `incident`, or a label. */
  readonly name: string;
  readonly value: string;
  readonly isRegex: boolean;
  /** False turns the condition round. */
  readonly isEqual: boolean;
}

/** Keeps quiet about the incidents that match every one of its matchers, from `startsAt` to `endsAt` (ISO 8601 UTC). */
export interface StoredSilence {
  readonly id: string;
  readonly matchers: readonly SilenceMatcher[];
  readonly comment: string;
  readonly createdBy: string;
  readonly startsAt: string;
  readonly endsAt: string;
}

/** The silences on record. */
export interface SilenceStore {
  /** Keeps a new one under an id of its own. */
  create(silence: Omit<StoredSilence, "id">): Promise<StoredSilence>;
  /** Null for an id that is none of ours. */
  get(id: string): Promise<StoredSilence | null>;
  /** Those that have not ended at the given time (the ones to come too), or all; the latest first. */
  list(query: { at: Date; ended: boolean; limit: number }): Promise<readonly StoredSilence[]>;
  /** Ends one now and has the open incidents looked at again. False when it is unknown or has ended before. */
  expire(id: string, at: Date): Promise<boolean>;
}

/** How a receiver does, from the log of notices. */
export interface ReceiverState {
  readonly name: string;
  readonly kind: Notifier["kind"];
  /** `failing`: three notices in a row given up, or one tried in vain for a quarter of an hour. `unused`: nothing sent yet. */
  readonly state: "ok" | "failing" | "unused";
  readonly lastDeliveredAt: string | null;
  readonly lastFailureAt: string | null;
  readonly lastFailureReason: SendFailureReason | null;
  /** Given up since the last delivery. */
  readonly givenUpInARow: number;
  /** Notices on their way. */
  readonly pending: number;
}

/** What the API asks of the log of notices. */
export interface NoticeReader {
  /** By incident, the oldest first, at most so many of the latest each; an incident without any has no entry. */
  noticesOf(incidentIds: readonly string[], limit: number): Promise<ReadonlyMap<string, readonly StoredNotice[]>>;
  /** Takes up again the notices given up that nothing newer has overtaken, the latest first. For `faultline requeue`. */
  requeueNotices(limit: number, at: Date): Promise<readonly PendingNotice[]>;
}

/** The queues of the receivers: one each, so that a slow one delays no other. */
export interface NoticeQueue {
  /** The same notice twice is one job while the first is there. Notices to receivers nobody has configured are left. */
  add(notices: readonly PendingNotice[]): Promise<void>;
}

/** What the handler of a notice tells its queue: done, again later, or leave this receiver alone for a while. */
export type SendOutcome =
  | { readonly kind: "done" }
  | { readonly kind: "later"; readonly afterMs: number }
  | { readonly kind: "pause"; readonly forMs: number };

/** What is measured of notices. */
export interface NoticeTelemetry {
  notice(receiver: string, outcome: NoticeOutcome, reason: CountedReason): void;
  /** From the transition to its delivery. */
  noticeDelay(receiver: string, seconds: number): void;
}
