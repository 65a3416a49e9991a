/*
 * Rule: what we know about a code. Built-in packs are YAML files beside this one; users write theirs under `rules:` in
 * faultline.yaml, and those come first.
 */

/** How bad it is. The words are PagerDuty's and Alertmanager's users'. */
export type Severity = "critical" | "error" | "warning" | "info";

/** All severities, worst first; also the values of a metric label. */
export const severities = ["critical", "error", "warning", "info"] as const satisfies readonly Severity[];

/** What events may be grouped by into one incident. */
export type GroupField = "account" | "parentAccount" | "code" | "service" | "resource" | "product" | "level";

/** The grouping of rules that say nothing about it. */
export const defaultGroupBy = ["account", "code", "service"] as const satisfies readonly GroupField[];
