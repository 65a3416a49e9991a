import type { IncidentView } from "../core/incident-view.ts";
import type {
  DigestNotice,
  NoticeReason,
  NoticeTransition,
  SendFailureReason,
  SuppressReason,
} from "../core/notice/notice.ts";
import type { MessageReference, PendingNotice, StoredNotice } from "../pipeline/notice-ports.ts";
import { incidentIdOf } from "./incident-id.ts";

/*
 * Rows of faultline.notices as `pg` gives them (bigint as text, timestamptz as Date), and what they mean.
 */

/** What becomes of a notice. */
export type NoticeState = "pending" | "claimed" | StoredNotice["outcome"];

/** A row of faultline.notices. */
export interface NoticeRow {
  readonly id: string;
  readonly incident_id: string | null;
  readonly receiver: string;
  readonly transition: NoticeTransition;
  readonly reason: NoticeReason;
  readonly state: NoticeState;
  readonly decided_at: Date;
  readonly since: Date;
  readonly digest: DigestNotice | null;
  readonly about: IncidentView | null;
  readonly retry_at: Date | null;
  readonly claimed_at: Date | null;
  readonly taken_over: boolean;
  readonly attempts: number;
  readonly finished_at: Date | null;
  readonly failure: SendFailureReason | null;
  readonly reference: MessageReference | null;
  readonly trace: string | null;
}

/** A notice on its way. */
export function pendingNoticeOf(row: NoticeRow): PendingNotice {
  return {
    id: row.id,
    receiver: row.receiver,
    incidentId: row.incident_id === null ? null : incidentIdOf(row.incident_id),
    transition: row.transition,
    reason: row.reason,
    digest: row.digest,
    about: row.about,
    decidedAt: row.decided_at,
    ...(row.trace !== null && (byTime.has(row.transition) ? { follows: row.trace } : { trace: row.trace })),
  };
}

/** What no delivery and no diagnosis brings about: time has passed. */
const byTime: ReadonlySet<NoticeTransition> = new Set(["resolved", "repeated", "digest"]);

/** A notice as the API shows it: with the reason it was sent for, or why it could not be, or why none was. */
export function storedNoticeOf(row: NoticeRow): StoredNotice {
  const reason: NoticeReason | SuppressReason | SendFailureReason =
    row.state === "given_up" ? (row.failure ?? "timeout") : row.reason;
  return {
    receiver: row.receiver,
    transition: row.transition,
    outcome: row.state === "claimed" ? "pending" : row.state,
    reason,
    at: (row.finished_at ?? row.decided_at).toISOString(),
  };
}
