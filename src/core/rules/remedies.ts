import type { Remedy } from "../diagnosis/verdict.ts";
import type { RemedyTemplate, Rule } from "./rule.ts";
import { fillTemplate, type Placeholder } from "./template.ts";

/** The text of a remedy, saying what its command interrupts: nobody should run one without having read that. */
export function remedyText(remedy: RemedyTemplate): string {
  return remedy.interrupts === undefined ? remedy.text : `${remedy.text} Interrupts: ${remedy.interrupts}`;
}

/** The remedies of a rule for one incident: commands with its SIDs in them, left out where a SID is not known. */
export function remediesFor(rule: Rule, sids: Partial<Record<Placeholder, string>>): readonly Remedy[] {
  return (rule.remedies ?? []).map((remedy) => {
    const command = remedy.command === undefined ? null : fillTemplate(remedy.command, sids);
    const curl = remedy.curl === undefined ? null : fillTemplate(remedy.curl, sids);
    return {
      id: remedy.id,
      text: remedyText(remedy),
      ...(command === null ? {} : { command }),
      ...(curl === null ? {} : { curl }),
    };
  });
}
