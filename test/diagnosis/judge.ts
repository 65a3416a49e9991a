import type { Outcome } from "./run-scenario.ts";
import { labelledCodes, type Scenario } from "./scenario.ts";

/** What is measured, each a question with yes or no. */
export type Measure = "leading" | "conflicts" | "remedy" | "confirmed";

/** A no, with what was expected and what came. */
export interface Miss {
  readonly scenario: string;
  readonly measure: Measure;
  readonly text: string;
}

/** A scenario held against its label. */
export interface Judged {
  readonly code: number;
  readonly name: string;
  readonly misses: readonly Miss[];
  /** Whether something is in the way, or must be named. */
  readonly hasConflicts: boolean;
  /** Commands tried, and how many of them made the failed action succeed. */
  readonly remedies: number;
  readonly remediesThatWork: number;
  readonly calls: number;
  readonly ms: number;
}

/** Holds what came of a scenario against its label. */
export function judge(scenario: Scenario, outcome: Outcome): Judged {
  const { told, diagnosis, fixes } = outcome;
  const misses: Miss[] = [];
  const miss = (measure: Measure, text: string): void => {
    misses.push({ scenario: `${scenario.code} ${scenario.name}`, measure, text });
  };

  const { confirmed, likely, conflicts = [], shows = [], hides = [], failure } = told.label;
  const found = diagnosis.causes.map(({ id, verdict }) => `${id} ${verdict}`).join(", ");
  const [lead] = diagnosis.causes;
  const isSupported = lead?.verdict === "confirmed" || lead?.verdict === "likely";
  const wanted = likely ?? confirmed[0];
  const wantedVerdict = likely === undefined ? "confirmed" : "likely";
  const isRight = wanted === undefined ? !isSupported : lead?.id === wanted && lead.verdict === wantedVerdict;
  if (!isRight) miss("leading", `expected ${wanted ?? "nothing"} to lead, got ${found || "no causes"}`);

  for (const { id, verdict } of diagnosis.causes) {
    if (verdict === "confirmed" && !confirmed.includes(id))
      miss("confirmed", `${id} is confirmed and not true: ${found}`);
    if (verdict !== "confirmed" && confirmed.includes(id) && id !== wanted)
      miss("leading", `expected ${id} to be confirmed too, got ${found}`);
  }
  if (diagnosis.failure !== failure)
    miss("leading", `expected the failure ${failure ?? "none"}, got ${diagnosis.failure ?? "none"}`);

  const sids = diagnosis.conflicts.map(({ sid }) => sid);
  if (sids.toSorted().join() !== conflicts.toSorted().join())
    miss("conflicts", `expected ${conflicts.join(", ") || "none"} in the way, got ${sids.join(", ") || "none"}`);
  const evidence = JSON.stringify([diagnosis.evidence, diagnosis.causes.map((cause) => cause.evidence)]);
  for (const text of shows) if (!evidence.includes(text)) miss("conflicts", `the evidence does not show ${text}`);
  const everything = JSON.stringify(diagnosis);
  for (const text of hides) if (everything.includes(text)) miss("leading", `the diagnosis shows ${text}`);

  for (const { remedy, form, failure: why } of fixes) if (why !== null) miss("remedy", `${remedy} as ${form}: ${why}`);
  return {
    code: scenario.code,
    name: scenario.name,
    misses,
    hasConflicts: conflicts.length > 0 || shows.length > 0 || sids.length > 0,
    remedies: fixes.length,
    remediesThatWork: fixes.filter(({ failure: why }) => why === null).length,
    calls: outcome.calls,
    ms: outcome.ms,
  };
}

/** One line of the table. Shares are percentages; null when there was nothing to measure. */
export interface Score {
  readonly name: string;
  readonly scenarios: number;
  readonly leading: number | null;
  readonly conflicts: number | null;
  readonly remedies: number | null;
  readonly wrongConfirmed: number;
  readonly medianCalls: number;
  readonly maxCalls: number;
  readonly medianMs: number;
}

/** A line a code, and one for all. */
export function scoreOf(judged: readonly Judged[]): Score[] {
  const lines = labelledCodes.map((code) =>
    line(
      String(code),
      judged.filter((each) => each.code === code),
    ),
  );
  return [...lines, line("all", judged)];
}

/** What the labelled set must reach, and where a score falls short of it. */
export const thresholds = { leading: 95, conflicts: 100, remedies: 100, wrongConfirmed: 0, medianCalls: 6 } as const;

/** The thresholds that a score does not reach, in words. */
export function shortfalls({ name, leading, conflicts, remedies, wrongConfirmed, medianCalls }: Score): string[] {
  return [
    (leading ?? 100) < thresholds.leading
      ? `${name}: right leading cause ${leading} % < ${thresholds.leading} %`
      : null,
    (conflicts ?? 100) < thresholds.conflicts
      ? `${name}: conflicts named ${conflicts} % < ${thresholds.conflicts} %`
      : null,
    (remedies ?? 100) < thresholds.remedies
      ? `${name}: remedies that work ${remedies} % < ${thresholds.remedies} %`
      : null,
    wrongConfirmed > thresholds.wrongConfirmed ? `${name}: ${wrongConfirmed} causes wrongly confirmed` : null,
    medianCalls > thresholds.medianCalls ? `${name}: median of ${medianCalls} calls > ${thresholds.medianCalls}` : null,
  ].filter((text) => text !== null);
}

function line(name: string, judged: readonly Judged[]): Score {
  const right = (measure: Measure) => (each: Judged) => each.misses.every((miss) => miss.measure !== measure);
  const withConflicts = judged.filter(({ hasConflicts }) => hasConflicts);
  const commands = sum(judged.map(({ remedies }) => remedies));
  return {
    name,
    scenarios: judged.length,
    leading: share(judged.filter(right("leading")).length, judged.length),
    conflicts: share(withConflicts.filter(right("conflicts")).length, withConflicts.length),
    remedies: share(sum(judged.map(({ remediesThatWork }) => remediesThatWork)), commands),
    wrongConfirmed: judged.flatMap(({ misses }) => misses).filter(({ measure }) => measure === "confirmed").length,
    medianCalls: median(judged.map(({ calls }) => calls)),
    maxCalls: Math.max(0, ...judged.map(({ calls }) => calls)),
    medianMs: Math.round(median(judged.map(({ ms }) => ms))),
  };
}

function share(part: number, whole: number): number | null {
  return whole === 0 ? null : Math.floor((part / whole) * 1000) / 10;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}

function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  const at = (index: number) => sorted[index] ?? 0;
  return Number.isInteger(middle) ? (at(middle - 1) + at(middle)) / 2 : at(Math.floor(middle));
}
