/*
 * Pieces of PromQL and of templates that several alerts need.
 */

/** A series selector: the metric, and conditions such as `code="80604"`. */
export function select(metric: string, ...conditions: readonly string[]): string {
  return conditions.length === 0 ? metric : `${metric}{${conditions.join(", ")}}`;
}

/** A text of several lines, each moved to the right. */
export function indent(text: string, by: number = 2): string {
  return text.replaceAll(/^/gm, " ".repeat(by));
}

/** `operator by (labels) (…)`, the inner expression on lines of its own. */
export function aggregate(operator: string, labels: string, inner: string): string {
  return `${operator} by (${labels}) (\n${indent(inner)}\n)`;
}

/**
 * How much a counter grew in the last `minutes`, series that began in that time included. `increase()` takes the first
 * value of a series for its start, so an event that makes a new series (a code never seen) would go by unnoticed.
 *
 * A series is new when its target answered `minutes` ago without it, or when the process has started since. A series
 * that is back after Prometheus was away, or after failed scrapes, is neither: its old total does not count again.
 */
export function grownBy(series: string, minutes: number): string {
  return [
    "(",
    `    (${series} unless ${series} offset ${minutes}m)`,
    "  and on (job, instance)",
    `    (up offset ${minutes}m == 1 or process_start_time_seconds > time() - ${minutes * 60})`,
    ")",
    "or",
    `increase(${series}[${minutes}m])`,
  ].join("\n");
}

/** Holds for each job that Prometheus knew so long ago: before that there is no past to compare with. */
export function knownSince(buildInfo: string, ago: string): string {
  return `group by (job) (max_over_time(${buildInfo}[1h] offset ${ago}))`;
}

/** The value as a whole number, in the template of a description: `increase()` seldom gives one. */
export const count = '{{ printf "%.0f" $value }}';
