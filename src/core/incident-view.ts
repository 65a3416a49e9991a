/*
 * What people are shown of an incident: its row, the verdicts of the sampled events added up by cause, the evidence for
 * the leading cause, the resources in the way, and what to do.
 */
import type { CauseVerdict, Conflict, Diagnosis, Evidence, Remedy, Verdict } from "./diagnosis/verdict.ts";
import type { Incident } from "./incident.ts";

/** What a rule says about its code: the documented causes and ways out, in the order of the page. */
export interface Advice {
  readonly causes: readonly { readonly id: string; readonly text: string }[];
  readonly remedies: readonly Remedy[];
}

/** A documented cause with its verdicts over the sampled events. */
export interface CauseView {
  readonly id: string;
  readonly text: string;
  readonly verdict: Verdict;
  readonly confirmed: number;
  readonly likely: number;
  readonly ruledOut: number;
  readonly unknown: number;
}

/** One message to one receiver about one transition. */
export interface NoticeView {
  readonly receiver: string;
  readonly transition: string;
  readonly outcome: string;
  readonly reason: string | null;
  readonly at: string;
}

/** An incident as the API gives it. Times are ISO 8601 UTC. */
export interface IncidentView extends Incident {
  /** Leading cause first. */
  readonly causes: readonly CauseView[];
  readonly conflicts: readonly Conflict[];
  readonly evidence: readonly Evidence[];
  readonly remedies: readonly Remedy[];
  readonly notices: readonly NoticeView[];
}

/**
 * Puts an incident and the diagnoses of its sampled events together.
 *
 * The leading cause has most `confirmed` verdicts, then most `likely` ones, then was put first by most diagnoses, then
 * stands first in the rule; a cause that every sampled event rules out never leads while another is left. Evidence and
 * remedies come from the latest diagnosis that supports the leading cause, so that they name the same resources.
 *
 * @param advice what the rule of the incident says, null for a code without a rule
 */
export function incidentView(incident: Incident, diagnoses: readonly Diagnosis[], advice: Advice | null): IncidentView {
  const latestFirst = diagnoses.toSorted((a, b) => (a.at < b.at ? 1 : a.at > b.at ? -1 : 0));
  const causes = rankCauses(latestFirst, advice);
  const leading = causes[0];
  const supporting = leading === undefined ? [] : supportersOf(leading, latestFirst);
  return {
    ...incident,
    causes,
    conflicts: distinctConflicts(latestFirst),
    evidence: bestEvidence(leading, supporting, latestFirst),
    remedies: bestRemedies([...supporting, ...latestFirst], advice).map(withoutTemplates),
    notices: [],
  };
}

/** Id of the cause that leads with a `confirmed` or `likely` verdict, null while none does. */
export function leadingCause(diagnoses: readonly Diagnosis[], advice: Advice | null): string | null {
  const [leading] = rankCauses(diagnoses, advice);
  return leading?.verdict === "confirmed" || leading?.verdict === "likely" ? leading.id : null;
}

function rankCauses(diagnoses: readonly Diagnosis[], advice: Advice | null): CauseView[] {
  const texts = new Map((advice?.causes ?? []).map(({ id, text }) => [id, text]));
  // A cause the rule no longer lists still counts: the rule may have changed since the diagnosis.
  for (const cause of diagnoses.flatMap((diagnosis) => diagnosis.causes)) {
    if (!texts.has(cause.id)) texts.set(cause.id, cause.id);
  }
  const causes = [...texts].map(([id, text]) => tally(id, text, diagnoses));
  return causes.toSorted(
    (a, b) => byTally(a, b) || timesLed(b, diagnoses) - timesLed(a, diagnoses) || byExclusion(a, b),
  );
}

/** In how many diagnoses the reasoner put a cause first: it knows which of two confirmed ones explains the other. */
function timesLed({ id, verdict }: CauseView, diagnoses: readonly Diagnosis[]): number {
  const isSupported = verdict === "confirmed" || verdict === "likely";
  return isSupported ? diagnoses.filter(({ causes }) => causes[0]?.id === id).length : 0;
}

function tally(id: string, text: string, diagnoses: readonly Diagnosis[]): CauseView {
  const found = diagnoses.flatMap((diagnosis) => verdictOn(id, diagnosis)?.verdict ?? []);
  const count = (verdict: Verdict) => found.filter((each) => each === verdict).length;
  const [confirmed, likely, ruledOut, unknown] = [
    count("confirmed"),
    count("likely"),
    count("ruled-out"),
    count("unknown"),
  ];
  const verdict = overall({ confirmed, likely, ruledOut, sampled: diagnoses.length });
  return { id, text, verdict, confirmed, likely, ruledOut, unknown };
}

/** Ruled out is said of an incident only when every sampled event says so: the others may have another cause. */
function overall(seen: { confirmed: number; likely: number; ruledOut: number; sampled: number }): Verdict {
  if (seen.confirmed > 0) return "confirmed";
  if (seen.likely > 0) return "likely";
  return seen.sampled > 0 && seen.ruledOut === seen.sampled ? "ruled-out" : "unknown";
}

function byTally(a: CauseView, b: CauseView): number {
  return b.confirmed - a.confirmed || b.likely - a.likely;
}

/** What is ruled out comes last; the rest keeps the order of the rule, since the sort is stable. */
function byExclusion(a: CauseView, b: CauseView): number {
  return Number(a.verdict === "ruled-out") - Number(b.verdict === "ruled-out");
}

function verdictOn(id: string, diagnosis: Diagnosis): CauseVerdict | undefined {
  return diagnosis.causes.find((cause) => cause.id === id);
}

/** The diagnoses that make the leading cause lead; none while nothing is known. */
function supportersOf(leading: CauseView, diagnoses: readonly Diagnosis[]): Diagnosis[] {
  if (leading.verdict !== "confirmed" && leading.verdict !== "likely") return [];
  return diagnoses.filter((diagnosis) => verdictOn(leading.id, diagnosis)?.verdict === leading.verdict);
}

function bestEvidence(
  leading: CauseView | undefined,
  supporting: readonly Diagnosis[],
  latestFirst: readonly Diagnosis[],
): readonly Evidence[] {
  for (const diagnosis of supporting) {
    const evidence = leading === undefined ? [] : (verdictOn(leading.id, diagnosis)?.evidence ?? []);
    if (evidence.length > 0) return evidence;
  }
  return latestFirst.find((diagnosis) => diagnosis.evidence.length > 0)?.evidence ?? [];
}

function bestRemedies(diagnoses: readonly Diagnosis[], advice: Advice | null): readonly Remedy[] {
  return diagnoses.find((diagnosis) => diagnosis.remedies.length > 0)?.remedies ?? advice?.remedies ?? [];
}

/** Each resource once, as last seen. */
function distinctConflicts(latestFirst: readonly Diagnosis[]): Conflict[] {
  const bySid = new Map<string, Conflict>();
  for (const conflict of latestFirst.flatMap((diagnosis) => diagnosis.conflicts)) {
    if (!bySid.has(conflict.sid)) bySid.set(conflict.sid, conflict);
  }
  return [...bySid.values()];
}

// `{session}`, `{{session}}`, `<session sid>`, `KCxxxxxxxx`; neither the shell's `${VAR}` nor curl's `%{http_code}`.
const placeholder = /(?<![$%])\{\s*[A-Za-z_][\w.-]*\s*\}|<[A-Za-z][\w .-]*>|\b[A-Z]{2}[xX]{4}/;

/** A remedy without the commands that still have a placeholder in them: nobody can run those. */
function withoutTemplates({ id, text, command, curl }: Remedy): Remedy {
  return {
    id,
    text,
    ...(command !== undefined && !placeholder.test(command) && { command }),
    ...(curl !== undefined && !placeholder.test(curl) && { curl }),
  };
}
