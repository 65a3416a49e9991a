import type { Incident } from "../incident.ts";
import type { Advice } from "../incident-view.ts";
import type { CodeView, RuleView } from "./code-view.ts";

/** Catalogue and rules, as they are asked. */
export interface CodeBook {
  codeView(code: number): CodeView;
  /** In the order in which they are tried. */
  ruleList(): readonly RuleView[];
}

/**
 * Looks up what the rule of an incident says. What a user's rule leaves unsaid, causes or remedies, comes from what its
 * code has; an incident without a rule keeps none, even when a rule was written since.
 */
export function adviceBook(codes: CodeBook): (incident: Incident) => Advice | null {
  // Reversed, so that of two rules with one id the first in force stays.
  const rules = new Map(
    codes
      .ruleList()
      .toReversed()
      .map((rule) => [rule.id, rule]),
  );
  return ({ ruleId, code }) => {
    if (ruleId === null) return null;
    const own = rules.get(ruleId);
    const general = codes.codeView(code).rule;
    return {
      causes: own !== undefined && own.causes.length > 0 ? own.causes : (general?.causes ?? []),
      remedies: own !== undefined && own.remedies.length > 0 ? own.remedies : (general?.remedies ?? []),
    };
  };
}
