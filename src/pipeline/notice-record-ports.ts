/*
 * The log of notices as the flow uses it: what is due a look, what was decided, and what came of sending it.
 */
import type { Diagnosis } from "../core/diagnosis/verdict.ts";
import type { Incident } from "../core/incident.ts";
import type { IncidentView } from "../core/incident-view.ts";
import type { LastNotice } from "../core/notice/last.ts";
import type {
  DigestNotice,
  NoticeReason,
  NoticeTransition,
  SendFailureReason,
  SuppressReason,
} from "../core/notice/notice.ts";
import type { Opening } from "../core/notice/storm.ts";
import type { Severity } from "../core/rules/rule.ts";
import type { MessageReference, NoticeReader, PendingNotice, StoredSilence } from "./notice-ports.ts";

/** An incident that is due a look. */
export interface DueIncident {
  readonly incident: Incident;
  /** Its latest diagnoses. */
  readonly diagnoses: readonly Diagnosis[];
  /** Whether waiting for the diagnosis of its first event is over. */
  readonly diagnosed: boolean;
  /** When it was opened or reopened last. */
  readonly openedAt: Date;
  /** When it is resolved unless something more happens. */
  readonly quietAt: Date;
  /** What each receiver was told last. An incident among too many was told as `digest`. */
  readonly last: readonly LastNotice[];
  /** Why a receiver is not told at present, as far as that is on record. */
  readonly suppressed: ReadonlyMap<string, SuppressReason>;
}

/** Incidents of one code that were not told one by one to a receiver, and wait for its digest. */
export interface Undigested {
  readonly receiver: string;
  /** They share a digest with those that have the same. */
  readonly group: string | null;
  readonly product: string;
  readonly code: number;
  readonly title: string;
  readonly count: number;
  /** When the first of them was held back. */
  readonly since: Date;
}

/** Everything else a look goes by. */
export interface LookContext {
  readonly now: Date;
  /** Those in force. */
  readonly silences: readonly StoredSilence[];
  /** Openings told one by one in the last minute, by receiver. */
  readonly openingsTold: ReadonlyMap<string, number>;
  /** The openings of those that are due, and before each the latest of the minute before it, as many as were asked for. */
  readonly openings: readonly Opening[];
  readonly undigested: readonly Undigested[];
  /** When each was last sent, one a receiver and group. */
  readonly lastDigests: readonly { readonly receiver: string; readonly group: string | null; readonly at: Date }[];
}

/** A notice that was decided. */
export interface NewNotice {
  readonly receiver: string;
  readonly transition: NoticeTransition;
  readonly reason: NoticeReason;
  /** When what it tells happened. */
  readonly since: Date;
  readonly count: number;
  readonly severity: Severity | null;
  readonly leadingCause: string | null;
}

/** A notice that was decided against, for a reason not on record yet. */
export interface HeldNotice {
  readonly receiver: string;
  readonly transition: NoticeTransition;
  readonly reason: SuppressReason;
  readonly count: number;
  readonly severity: Severity;
  readonly leadingCause: string | null;
  /** With which others it shares a digest. */
  readonly group: string | null;
}

/** What a look at one incident came to. */
export interface Verdict {
  readonly incidentId: string;
  readonly tell: readonly NewNotice[];
  readonly hold: readonly HeldNotice[];
  /** When to look again unless something happens before. */
  readonly lookAt: Date | null;
  /** The count that is worth a look. */
  readonly growAt: number | null;
}

/** What a look came to. */
export interface Judgement {
  readonly verdicts: readonly Verdict[];
  /** They tell all that is undigested at their receiver and of their group. */
  readonly digests: readonly {
    readonly receiver: string;
    readonly group: string | null;
    readonly digest: Omit<DigestNotice, "id">;
  }[];
}

/** What one look takes on. */
export interface LookLimits {
  readonly incidents: number;
  /** Before each incident. */
  readonly openings: number;
  /** Whether digests are decided about. Reading what waits for one takes longer the more does. */
  readonly digests: boolean;
}

/** What a look did to the record. */
export interface LookResult {
  readonly notices: readonly PendingNotice[];
  readonly held: readonly HeldNotice[];
  /** Whether as many incidents were due as one look takes. */
  readonly more: boolean;
}

/** What a worker that wants to send a notice is told. */
export type Claim =
  | {
      readonly kind: "send";
      readonly notice: PendingNotice;
      readonly since: Date;
      /** Failed attempts so far. */
      readonly attempts: number;
      /** What this receiver gave back last about this incident. */
      readonly earlier: MessageReference | null;
      /** Older notices that have been overtaken by this one. */
      readonly superseded: number;
    }
  /** Not now: it is being sent, its turn has not come, or the receiver asked to be left alone. */
  | { readonly kind: "wait"; readonly ms: number }
  /** Nothing to do any more: it was finished before, or just now for this reason. */
  | { readonly kind: "over"; readonly now: "superseded" | "given_up" | null; readonly receiver: string | null };

/** A notice that Alertmanager must hear again, for it forgets an alert it has not heard of for five minutes. */
export interface Refresh {
  readonly notice: PendingNotice;
  readonly earlier: MessageReference | null;
}

/** The log of notices. */
export interface NoticeStore extends NoticeReader {
  /** Whether there is anything to look at; cheap. */
  isDue(now: Date): Promise<boolean>;
  /**
   * Takes incidents that are due, has them judged and writes what was decided, in one transaction. Only one look at a time
   * over all processes; while another is under way it comes to nothing.
   */
  look(
    now: Date,
    limits: LookLimits,
    judge: (due: readonly DueIncident[], context: LookContext) => Judgement,
  ): Promise<LookResult>;
  markDispatched(ids: readonly string[], at: Date): Promise<void>;
  /**
   * Notices to these receivers that wait, or whose sender has gone silent, and that were not handed to the queue since
   * `before`.
   */
  overdue(receivers: readonly string[], now: Date, before: Date, limit: number): Promise<readonly PendingNotice[]>;
  /**
   * Lets one worker send a notice. A claim of one that neither confirmed nor released it is taken over after
   * {@link claimMs}, once; the second time the notice is given up. Of the notices of one incident to one receiver only the
   * newest is sent, after the one that is on its way; the others are superseded.
   */
  claim(id: string, now: Date): Promise<Claim>;
  confirm(id: string, reference: MessageReference | null, at: Date): Promise<void>;
  /** The attempt failed; another follows not before `retryAt`. */
  release(id: string, reason: SendFailureReason, at: Date, retryAt: Date): Promise<void>;
  giveUp(id: string, reason: SendFailureReason, at: Date): Promise<void>;
  /** Leaves a receiver alone until then, over all processes. */
  pause(receiver: string, until: Date): Promise<void>;
  /** Of these receivers, the notices to be sent again: incidents that are open or were resolved after `resolvedAfter`. */
  takeRefreshes(
    receivers: readonly string[],
    now: Date,
    bounds: { readonly everyMs: number; readonly resolvedAfter: Date; readonly limit: number },
  ): Promise<readonly Refresh[]>;
  /** Numbers of a receiver, for its state. */
  tallies(receivers: readonly string[]): Promise<ReadonlyMap<string, ReceiverTally>>;
  /** Notes that a receiver fails or does again, and writes the notices about it; null when another process has. */
  noteFailing(
    receiver: string,
    failingSince: Date | null,
    about: { readonly view: IncidentView; readonly notices: readonly NewNotice[] },
    at: Date,
  ): Promise<readonly PendingNotice[] | null>;
}

/** What the log says of a receiver. */
export interface ReceiverTally {
  readonly lastDeliveredAt: Date | null;
  readonly lastFailureAt: Date | null;
  readonly lastFailureReason: SendFailureReason | null;
  readonly givenUpInARow: number;
  readonly pending: number;
  /** When the oldest notice that has been tried in vain and still waits was decided. */
  readonly tryingSince: Date | null;
  /** Since when it is on record as failing. */
  readonly failingSince: Date | null;
}

/** How long a claim holds without a word, in milliseconds: longer than any attempt may take. */
export const claimMs = 35_000;

/** The longest an attempt may take, in milliseconds. */
export const sendMs = 25_000;
