/*
 * Whether one receiver is told of one incident now, and why.
 *
 * A notice shows the whole state, so what counts is the difference between the incident as it is and what this receiver
 * was told last; whatever a silence or a mute held back comes as one notice when it ends.
 *
 * nothing told, open        first, as soon as the diagnosis is there, at the latest 10 s after the opening or half way to its end
 * nothing told, resolved    nothing: nobody has to be told that all is well again
 * told, resolved            resolved, whatever is silenced or muted: who was told that it began is told that it ended
 * told resolved, open       reopened
 * told, open                severity_raised, else diagnosed or cause_changed, else grew, else repeat_interval
 * told in a digest          severity_raised only; one message an incident is what the digest was made to prevent
 *
 * The caller asks for every receiver the routes name, and for those that were told before.
 */
import type { IncidentView } from "../incident-view.ts";
import { type Severity, severities } from "../rules/rule.ts";
import type { LastNotice } from "./last.ts";
import { leadingCauseOf } from "./leading.ts";
import type { NoticeReason, NoticeTransition, SuppressReason } from "./notice.ts";

/** When to tell. Periods in milliseconds. */
export interface NoticePolicy {
  /** An incident that stays open is told again after this long without a notice. */
  readonly repeatMs: number;
  /** It grew when its count is this many times what was told last… */
  readonly growFactor: number;
  /** …and that is told at most this often. */
  readonly growEveryMs: number;
  /** The longest the first notice waits for the diagnosis. */
  readonly firstWaitsMs: number;
}

/** What is used where nothing is configured; the repeat interval is Alertmanager's default. */
export const defaultPolicy = {
  repeatMs: 4 * 60 * 60 * 1000,
  growFactor: 10,
  growEveryMs: 60 * 60 * 1000,
  firstWaitsMs: 10_000,
} as const satisfies NoticePolicy;

/** Everything the decision rests on. */
export interface Situation {
  readonly incident: IncidentView;
  /** What this receiver was told last, null when nothing has gone to it. */
  readonly last: LastNotice | null;
  readonly policy: NoticePolicy;
  /** When it was opened or reopened last; `firstSeen` of the incident when left out. */
  readonly openedAt?: Date;
  /** When it is resolved unless something more happens; far away when left out. */
  readonly quietAt?: Date;
  /** Whether waiting for a diagnosis is over: one is there, it failed for good, or nobody can make one. */
  readonly diagnosed: boolean;
  /** Set while a silence covers the incident. */
  readonly silenced: { readonly until: Date } | null;
  /** Whether its opening falls into a digest. */
  readonly storm: boolean;
  /** Set while every route to this receiver is muted. */
  readonly muted: { readonly until: Date } | null;
  readonly now: Date;
}

/** Tell, or not; with the reason, and when to look again unless something happens before (null: only then). */
export type Decision =
  | {
      readonly send: true;
      readonly reason: NoticeReason;
      readonly transition: Exclude<NoticeTransition, "digest">;
    }
  | { readonly send: false; readonly reason: SuppressReason; readonly nextCheckAt: Date | null };

type Send = Extract<Decision, { send: true }>;

/** Decides on one receiver and one incident. */
export function decide(situation: Situation): Decision {
  const { incident, last, silenced, storm, muted } = situation;
  if (incident.state === "resolved") {
    return wasToldIndividually(last) && last.transition !== "resolved"
      ? tell("resolved")
      : hold("suppressed_unchanged");
  }
  const news = last === null ? tell("first", "opened") : whatIsNew(situation, last);
  if (news === null) return hold("suppressed_unchanged", nextChange(situation));
  // An opening among too many: the digest tells it.
  if (storm && (news.reason === "first" || news.reason === "reopened")) return hold("suppressed_storm");
  if (silenced !== null) return hold("suppressed_silence", silenced.until);
  if (muted !== null) return hold("suppressed_muted", muted.until);
  if (news.reason === "first") {
    const until = waitsUntil(situation);
    if (until !== null) return hold("waiting_for_diagnosis", until);
  }
  return news;
}

function whatIsNew(situation: Situation, last: LastNotice): Send | null {
  const { incident, policy, now } = situation;
  if (last.transition === "resolved") return tell("reopened");
  if (rank(incident.severity) < rank(last.severity)) return tell("severity_raised");
  if (last.transition === "digest") return null;
  const leading = leadingCauseOf(incident)?.id ?? null;
  if (leading !== null && last.leadingCause === null) return tell("diagnosed");
  if (leading !== null && leading !== last.leadingCause) return tell("cause_changed");
  if (hasGrown(situation, last) && now.getTime() >= mayTellGrowthAt(policy, last)) return tell("grew");
  return now.getTime() >= timeOf(last.at) + policy.repeatMs ? tell("repeat_interval", "repeated") : null;
}

/** When something becomes worth telling by the mere passing of time. */
function nextChange(situation: Situation): Date | null {
  const { last, policy } = situation;
  if (!wasToldIndividually(last)) return null;
  const repeat = timeOf(last.at) + policy.repeatMs;
  return new Date(hasGrown(situation, last) ? Math.min(repeat, mayTellGrowthAt(policy, last)) : repeat);
}

/**
 * The end of the wait for a diagnosis, null when it is over. A clock that lags behind the record never makes it longer. It ends
 * well before the incident does: what is resolved before it was told is never told.
 */
function waitsUntil({ incident, openedAt, quietAt, policy, diagnosed, now }: Situation): Date | null {
  if (diagnosed || leadingCauseOf(incident) !== null) return null;
  const opened = Math.min(openedAt?.getTime() ?? timeOf(incident.firstSeen), now.getTime());
  const openMs = quietAt === undefined ? Number.POSITIVE_INFINITY : quietAt.getTime() - opened;
  const end = opened + Math.min(policy.firstWaitsMs, Math.floor(openMs / 2));
  return now.getTime() < end ? new Date(end) : null;
}

function hasGrown({ incident, policy }: Situation, last: LastNotice): boolean {
  return incident.count >= Math.max(1, last.count) * policy.growFactor;
}

function mayTellGrowthAt(policy: NoticePolicy, last: LastNotice): number {
  const grewAt = last.grewAt ?? (last.transition === "grew" ? last.at : null);
  return grewAt === null ? 0 : timeOf(grewAt) + policy.growEveryMs;
}

function wasToldIndividually(last: LastNotice | null): last is LastNotice {
  return last !== null && last.transition !== "digest";
}

/** 0 is worst. */
function rank(severity: Severity): number {
  return severities.indexOf(severity);
}

function timeOf(text: string): number {
  return Date.parse(text);
}

type SameWord = Exclude<NoticeReason, "first" | "repeat_interval" | "digest">;

function tell(reason: SameWord): Send;
function tell(reason: "first", transition: "opened"): Send;
function tell(reason: "repeat_interval", transition: "repeated"): Send;
function tell(reason: Exclude<NoticeReason, "digest">, transition?: "opened" | "repeated"): Send {
  return { send: true, reason, transition: transition ?? (reason as SameWord) };
}

function hold(reason: SuppressReason, nextCheckAt: Date | null = null): Decision {
  return { send: false, reason, nextCheckAt };
}
