/*
 * Who is told of an incident that is due a look, and when to look again. Pure: it asks the decision and the routes for every
 * receiver, and puts the answers together.
 */
import type { Incident } from "../../core/incident.ts";
import { type Advice, type IncidentView, incidentView } from "../../core/incident-view.ts";
import { type Decision, decide, defaultPolicy, type Situation } from "../../core/notice/decide.ts";
import type { Labels } from "../../core/notice/labels.ts";
import { labelsOf } from "../../core/notice/labels.ts";
import type { LastNotice } from "../../core/notice/last.ts";
import { leadingCauseOf } from "../../core/notice/leading.ts";
import { type LinkBases, linksForDigest } from "../../core/notice/links.ts";
import { type Routed, type Routing, routesFor } from "../../core/notice/route.ts";
import { silencedBy } from "../../core/notice/silence.ts";
import { digestOf, splitStorm } from "../../core/notice/storm.ts";
import type { Notifier } from "../notice-ports.ts";
import type { DueIncident, HeldNotice, Judgement, LookContext, NewNotice, Verdict } from "../notice-record-ports.ts";

/** What a look goes by besides the record. */
export interface Policy {
  readonly receivers: readonly Pick<Notifier, "name" | "kind">[];
  readonly routing: Routing;
  /** New incidents a minute that are told one by one. */
  readonly stormThreshold: number;
  readonly links: LinkBases;
  readonly advice: (incident: Incident) => Advice | null;
}

/** A digest waits this long for what comes with the first it tells of, in milliseconds. */
const digestWaitsMs = 10_000;

/** At most one digest in so many milliseconds, a receiver and group. */
const digestEveryMs = 60_000;

/** Judges a look. */
export function judge(due: readonly DueIncident[], context: LookContext, policy: Policy): Judgement {
  const inDigest = new Set(splitStorm(context.openings, policy.stormThreshold).inDigest);
  const told = new Map(context.openingsTold);
  return {
    verdicts: due.map((each) => judgeIncident(each, inDigest.has(each.incident.id), told, context, policy)),
    digests: digestsDue(context, policy),
  };
}

function judgeIncident(
  due: DueIncident,
  opensInStorm: boolean,
  told: Map<string, number>,
  context: LookContext,
  policy: Policy,
): Verdict {
  const { now } = context;
  const view = incidentView(due.incident, due.diagnoses, policy.advice(due.incident));
  const labels = labelsOf(view);
  const routes = new Map(routesFor(labels, policy.routing, now).map((route) => [route.receiver, route]));
  const last = new Map(due.last.map((each) => [each.receiver, each]));
  const silenced = silencedBy(labels, context.silences, now);
  const leadingCause = leadingCauseOf(view)?.id ?? null;
  const seen = { count: view.count, severity: view.severity, leadingCause };

  const tell: NewNotice[] = [];
  const hold: HeldNotice[] = [];
  const looks: (Date | null)[] = [];
  const growths: number[] = [];
  for (const { name: receiver, kind } of policy.receivers) {
    const route = routes.get(receiver) ?? null;
    const before = last.get(receiver) ?? null;
    // Who is no longer on the way is told the end of what was begun, nothing else.
    if (route === null && (before === null || view.state === "open")) continue;
    const situation: Situation = {
      incident: view,
      last: before,
      policy: { ...defaultPolicy, ...(route !== null && { repeatMs: route.repeatMs }) },
      openedAt: due.openedAt,
      quietAt: due.quietAt,
      diagnosed: due.diagnosed,
      silenced,
      // Alertmanager groups by itself, and a digest is no alert.
      storm: kind !== "alertmanager" && (opensInStorm || (told.get(receiver) ?? 0) >= 2 * policy.stormThreshold),
      muted: mutedOf(route, now),
      now,
    };
    const decision = decide(situation);
    const after = decision.send ? lastAfter(receiver, decision, seen, before, now) : before;
    if (decision.send) {
      const { transition, reason } = decision;
      tell.push({ receiver, transition, reason, since: sinceOf(decision, due, now), ...seen });
      if (reason === "first" || reason === "reopened") told.set(receiver, (told.get(receiver) ?? 0) + 1);
      const next = decide({ ...situation, last: after });
      if (!next.send) looks.push(next.nextCheckAt);
    } else {
      looks.push(decision.nextCheckAt);
      if (isWorthNoting(decision) && due.suppressed.get(receiver) !== decision.reason) {
        const { reason } = decision;
        hold.push({ receiver, transition: heldTransition(situation), reason, ...seen, group: groupKey(route) });
      }
    }
    if (after !== null) growths.push(Math.max(1, after.count) * defaultPolicy.growFactor);
  }
  const times = looks.flatMap((at) => at?.getTime() ?? []);
  return {
    incidentId: due.incident.id,
    tell,
    hold,
    lookAt: times.length === 0 ? null : new Date(Math.min(...times)),
    growAt: growths.length === 0 ? null : Math.min(...growths),
  };
}

/** Silences, storms and mutes are; that nothing is new, or that the diagnosis is waited for, is not. */
function isWorthNoting({ reason }: Extract<Decision, { send: false }>): boolean {
  return reason === "suppressed_silence" || reason === "suppressed_storm" || reason === "suppressed_muted";
}

/** What would have been told if nothing had held it back. */
function heldTransition(situation: Situation): NewNotice["transition"] {
  const free = decide({ ...situation, silenced: null, muted: null, storm: false, diagnosed: true });
  return free.send ? free.transition : "opened";
}

function mutedOf(route: Routed | null, now: Date): { readonly until: Date } | null {
  if (route === null || !route.muted) return null;
  return { until: route.mutedUntil ?? now };
}

function lastAfter(
  receiver: string,
  { transition }: Extract<Decision, { send: true }>,
  seen: { readonly count: number; readonly severity: IncidentView["severity"]; readonly leadingCause: string | null },
  before: LastNotice | null,
  now: Date,
): LastNotice {
  const at = now.toISOString();
  return { receiver, transition, at, ...seen, grewAt: transition === "grew" ? at : (before?.grewAt ?? null) };
}

/** When what is told happened; the delay of its delivery is counted from there. */
function sinceOf({ reason }: Extract<Decision, { send: true }>, due: DueIncident, now: Date): Date {
  const { incident, diagnoses, openedAt } = due;
  switch (reason) {
    case "first":
    case "reopened":
      return earlier(openedAt, now);
    case "resolved":
      return earlier(new Date(incident.resolvedAt ?? now), now);
    case "diagnosed":
    case "cause_changed":
      return earlier(new Date(diagnoses[0]?.at ?? now), now);
    case "severity_raised":
    case "grew":
      return earlier(new Date(incident.lastSeen), now);
    case "repeat_interval":
    case "digest":
      return now;
  }
}

function earlier(a: Date, b: Date): Date {
  return a < b ? a : b;
}

function groupKey(route: Routed | null): string | null {
  const group: Labels | null = route?.group ?? null;
  return group === null ? null : JSON.stringify(Object.entries(group).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/** The digests whose time has come: soon after the first incident they tell of, then one a minute. */
function digestsDue({ now, undigested, lastDigests }: LookContext, { receivers, links }: Policy): Judgement["digests"] {
  const keyOf = (of: { receiver: string; group: string | null }) => JSON.stringify([of.receiver, of.group]);
  const sentAt = new Map(lastDigests.map((each) => [keyOf(each), each.at.getTime()]));
  const configured = new Set(receivers.map(({ name }) => name));
  return [...Map.groupBy(undigested, keyOf)].flatMap(([key, rows]) => {
    const [first] = rows;
    const since = Math.min(...rows.map((row) => row.since.getTime()));
    const tooSoon = now.getTime() < Math.max(since + digestWaitsMs, (sentAt.get(key) ?? 0) + digestEveryMs);
    if (first === undefined || tooSoon || !configured.has(first.receiver)) return [];
    const incidents = rows.flatMap((row) => Array.from({ length: row.count }, () => row));
    const { id: _id, ...digest } = digestOf(incidents, new Date(since), "", now, linksForDigest(links));
    return [{ receiver: first.receiver, group: first.group, digest }];
  });
}
