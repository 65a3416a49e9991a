import type { Incident } from "../incident.ts";

/** What routes and silences may go by. A closed list: a misspelt name would silently match nothing. */
export const labelNames = ["severity", "product", "code", "account", "service", "title", "rule", "incident"] as const;
export type LabelName = (typeof labelNames)[number];

/** Values by name; one that is not there counts as empty, as in Alertmanager. */
export type Labels = Readonly<Partial<Record<LabelName, string>>>;

/** The labels of an incident. `rule` is the id of the rule that classified it, `incident` its own id. */
export function labelsOf(incident: Incident): Labels {
  const { severity, product, code, account, service, title, ruleId, id } = incident;
  return {
    severity,
    product,
    code: String(code),
    account,
    ...(service !== null && { service }),
    title,
    ...(ruleId !== null && { rule: ruleId }),
    incident: id,
  };
}

/** Whether this is the name of a label. */
export function isLabelName(text: string): text is LabelName {
  return labelNames.some((name) => name === text);
}

/** Labels written as `severity=error`, one a word, as a command line gives them; or the first word that is none. */
export function parseLabels(
  words: readonly string[],
): { readonly ok: true; readonly labels: Labels } | { readonly ok: false; readonly word: string } {
  const labels: Partial<Record<LabelName, string>> = {};
  for (const word of words) {
    const at = word.indexOf("=");
    const name = word.slice(0, at);
    if (at < 1 || !isLabelName(name)) return { ok: false, word };
    labels[name] = word.slice(at + 1).replace(/^"(.*)"$/s, "$1");
  }
  return { ok: true, labels };
}
