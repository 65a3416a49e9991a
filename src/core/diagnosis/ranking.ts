import type { CauseVerdict, Evidence, Verdict } from "./verdict.ts";
import { verdicts } from "./verdict.ts";

/** Confirmed before likely before unknown before ruled out; within each the order given, which is that of the page. */
export function rankCauses(causes: readonly CauseVerdict[]): CauseVerdict[] {
  return causes.toSorted((a, b) => verdicts.indexOf(a.verdict) - verdicts.indexOf(b.verdict));
}

/** The evidence of a diagnosis: that of its supported causes, leading first, then what else is worth knowing; each once. */
export function gatherEvidence(causes: readonly CauseVerdict[], more: readonly Evidence[]): Evidence[] {
  const supported = causes.filter(({ verdict }) => verdict === "confirmed" || verdict === "likely");
  const all = [...supported.flatMap(({ evidence }) => evidence), ...more];
  return all.filter((item, index) => all.findIndex(({ text }) => text === item.text) === index);
}

/** A verdict with its evidence. */
export function verdict(id: string, of: Verdict, ...evidence: readonly (Evidence | null)[]): CauseVerdict {
  return { id, verdict: of, evidence: evidence.filter((item) => item !== null) };
}
