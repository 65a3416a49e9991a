/*
 * What the renderings for people have in common: the words for what happened, how bad, how often, since when and why.
 * Everything here is plain text of unlimited length; each rendering cleans, cuts and escapes what it takes.
 */
import type { CauseView, IncidentView } from "../../incident-view.ts";
import type { Severity } from "../../rules/rule.ts";
import { leadingCauseOf } from "../leading.ts";
import type { DigestNotice, IncidentNotice, Notice } from "../notice.ts";

/** What is known of the cause, in the order of what helps most. */
export type CauseStory =
  | { readonly kind: "leading"; readonly cause: CauseView; readonly certainty: string }
  | { readonly kind: "possible"; readonly causes: readonly CauseView[]; readonly ruledOut: number }
  | { readonly kind: "all-ruled-out"; readonly ruledOut: number }
  | { readonly kind: "undocumented" };

/** The leading cause; while none leads, the documented ones that are not ruled out. */
export function causeStory(incident: IncidentView): CauseStory {
  const leading = leadingCauseOf(incident);
  if (leading !== null) return { kind: "leading", cause: leading, certainty: certaintyOf(leading) };
  const possible = incident.causes.filter(({ verdict }) => verdict !== "ruled-out");
  const ruledOut = incident.causes.length - possible.length;
  if (possible.length > 0) return { kind: "possible", causes: possible, ruledOut };
  return ruledOut > 0 ? { kind: "all-ruled-out", ruledOut } : { kind: "undocumented" };
}

/** `confirmed`, or `confirmed in 34 of 36 sampled events`. */
function certaintyOf({ verdict, confirmed, likely, ruledOut, unknown }: CauseView): string {
  const sampled = confirmed + likely + ruledOut + unknown;
  const held = verdict === "confirmed" ? confirmed : likely;
  return sampled > 1 ? `${verdict} in ${number(held)} of ${number(sampled)} sampled events` : verdict;
}

/** What introduces the causes when none leads. */
export function possibleHeading(story: Extract<CauseStory, { kind: "possible" }>): string {
  const [count, ruledOut] = [story.causes.length, story.ruledOut];
  const but = ruledOut === 0 ? "" : ` (${number(ruledOut)} more ruled out)`;
  return count === 1
    ? `Cause not confirmed; one documented cause is possible${but}:`
    : `Cause not known yet; the documented causes are${but}:`;
}

/** Code and title: what an incident is called everywhere. What is about Faultline itself has code 0, which is not shown. */
export function nameOf({ code, title }: Pick<IncidentView, "code" | "title">): string {
  return code === 0 ? title : `${code} ${title}`;
}

/** The first line: what happened, to what. */
export function headlineOf(notice: Notice): string {
  if (notice.kind === "digest") return digestHeadline(notice);
  const what = newsOf(notice);
  const name = `${nameOf(notice.incident)} · ${notice.incident.product}`;
  return `${notice.test ? "[TEST] " : ""}${what === null ? name : `${what}: ${name}`}`;
}

/** What happened to it in a few words, null for an opening: there the name says it. */
export function newsOf(notice: IncidentNotice): string | null {
  const { incident, at, previous } = notice;
  switch (notice.transition) {
    case "opened":
      return null;
    case "diagnosed":
      return "Cause found";
    case "cause_changed":
      return "Cause changed";
    case "severity_raised":
      return `Now ${incident.severity}`;
    case "grew":
      return previous == null || previous.count < 1
        ? `Grew to ${events(incident.count)}`
        : `Grew ×${number(Math.floor(incident.count / previous.count))}`;
    case "repeated":
      return `Still open after ${lasted(incident.firstSeen, at)}`;
    case "resolved":
      return `Resolved after ${lasted(incident.firstSeen, incident.resolvedAt ?? at)}`;
    case "reopened":
      return "Back again";
  }
}

/** The same as a sentence for somebody who knows the incident: what changed against what was told before. */
export function changeOf(notice: IncidentNotice): string {
  const { incident, at, previous } = notice;
  const count = events(incident.count);
  switch (notice.transition) {
    case "opened":
      return `New: ${nameOf(incident)}, ${count}.`;
    case "diagnosed":
      return "The cause is known now.";
    case "cause_changed": {
      const before = incident.causes.find(({ id }) => id === previous?.leadingCause);
      return before === undefined ? "Another cause leads now." : `Another cause leads now. Before: ${before.text}`;
    }
    case "severity_raised":
      return previous == null
        ? `The severity is ${incident.severity} now.`
        : `The severity was raised from ${previous.severity} to ${incident.severity}.`;
    case "grew":
      return previous == null ? `It grew to ${count}.` : `It grew from ${number(previous.count)} to ${count}.`;
    case "repeated":
      return `Still open after ${lasted(incident.firstSeen, at)}: ${count}.`;
    case "resolved":
      return `Resolved after ${lasted(incident.firstSeen, incident.resolvedAt ?? at)}: ${count} in all, and nothing new for its quiet period.`;
    case "reopened":
      return `It was resolved and is back: ${count} in all.`;
  }
}

function digestHeadline({ total, since, at }: DigestNotice): string {
  return `${number(total)} new ${total === 1 ? "incident" : "incidents"} in ${lasted(since, at)}`;
}

/** `Warning`. */
export function severityWord(severity: Severity): string {
  return severity.charAt(0).toUpperCase() + severity.slice(1);
}

/** `1 event`, `1,234 events`. */
export function events(count: number): string {
  return `${number(count)} ${count === 1 ? "event" : "events"}`;
}

/** With thousands separated. */
export function number(value: number): string {
  return value.toLocaleString("en-US", { maximumFractionDigits: 0 });
}

/** `2026-01-02 03:04 UTC`; what is no time is given back as it is. */
export function timeText(iso: string): string {
  const ms = Date.parse(iso);
  if (Number.isNaN(ms)) return iso;
  const text = new Date(ms).toISOString();
  return `${text.slice(0, text.indexOf("T"))} ${text.slice(text.indexOf("T") + 1, -8)} UTC`;
}

/** The time between two ISO 8601 times, in its two largest units: `42 s`, `42 min`, `4 h 10 min`, `3 d 2 h`. */
export function lasted(from: string, to: string): string {
  const ms = Date.parse(to) - Date.parse(from);
  const seconds = Number.isNaN(ms) ? 0 : Math.max(0, Math.round(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return two(hours, "h", minutes % 60, "min");
  return two(Math.floor(hours / 24), "d", hours % 24, "h");
}

function two(large: number, unit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${number(large)} ${unit}` : `${number(large)} ${unit} ${small} ${smallUnit}`;
}

/** Where the rest of something that was cut can be read. */
export function restOf(notice: Notice): string {
  if (notice.kind === "digest") return "/api/v1/incidents";
  return `/api/v1/incidents/${encodeURIComponent(notice.incident.id.slice(0, 80).toWellFormed()).slice(0, 80)}`;
}
