/*
 * PromQL of the dashboards, made from the metrics' definitions: a renamed metric or label breaks the build, not a graph.
 * Every selector carries the job and instance of the dashboard's variables, and every rate `$__rate_interval`.
 */
import type { MetricDefinition } from "../src/telemetry/metric-names.ts";

/** Labels that Prometheus adds to every series it scrapes. */
type TargetLabel = "job" | "instance";
type LabelOf<M extends MetricDefinition> = M["labels"][number];

/** A label and what it must be: one value, one of several, or the choice of a variable (`$code`). */
type Matcher<Label extends string> = readonly [label: Label, value: string | readonly string[]];

/** Which series, and the labels that are left after adding them up. */
export interface Choice<M extends MetricDefinition> {
  readonly by?: readonly (LabelOf<M> | TargetLabel)[];
  readonly where?: readonly Matcher<LabelOf<M>>[];
}

/** Variables that narrow a dashboard down to some of Twilio's events. */
const filterVariables = ["account", "product", "code"] as const;

/** The dashboard's variables as matchers, for those labels that the metric has. */
export function chosen<M extends MetricDefinition>(metric: M): readonly Matcher<LabelOf<M>>[] {
  return filterVariables
    .filter((variable) => metric.labels.includes(variable))
    .map((variable) => [variable, `$${variable}`] as const);
}

/** `name{job=~"$job", instance=~"$instance", …}` */
export function series<M extends MetricDefinition>(metric: M, where: Choice<M>["where"] = [], suffix = ""): string {
  const matchers = [["job", "$job"] as const, ["instance", "$instance"] as const, ...where].map(matcherText);
  return `${metric.name}${suffix}{${matchers.join(", ")}}`;
}

function matcherText([label, value]: Matcher<string>): string {
  if (typeof value !== "string") return `${label}=~"${value.join("|")}"`;
  return value.startsWith("$") ? `${label}=~"${value}"` : `${label}="${value}"`;
}

/** Per second, of all processes together. */
export function rateOf<M extends MetricDefinition>(metric: M, { by = [], where }: Choice<M> = {}): string {
  return aggregate("sum", by, `rate(${series(metric, where)}[$__rate_interval])`);
}

/** Per minute: Twilio's errors are rare, and 0.0033 a second is nothing anybody can read. */
export function perMinute<M extends MetricDefinition>(metric: M, choice: Choice<M> = {}): string {
  return `60 * ${rateOf(metric, choice)}`;
}

/** How many in a time, which is all the dashboard shows unless said otherwise. `ago` moves the time into the past. */
export function countOf<M extends MetricDefinition>(
  metric: M,
  { by = [], where, over = "$__range", ago }: Choice<M> & { readonly over?: string; readonly ago?: string } = {},
): string {
  return aggregate(
    "sum",
    by,
    `increase(${series(metric, where)}[${over}]${ago === undefined ? "" : ` offset ${ago}`})`,
  );
}

/** A gauge of shared state: every process gives the same number, so the highest is it. */
export function sharedOf<M extends MetricDefinition>(metric: M, { by = [], where }: Choice<M> = {}): string {
  return aggregate("max", by, series(metric, where));
}

/** A quantile of a histogram, over all processes. */
export function quantileOf<M extends MetricDefinition>(
  q: number,
  metric: M,
  { by = [], where }: Choice<M> = {},
): string {
  return `histogram_quantile(${q}, ${aggregate("sum", [...by, "le"], `rate(${series(metric, where, "_bucket")}[$__rate_interval])`)})`;
}

/** Observations a second, by bucket: for a heatmap. */
export function bucketsOf<M extends MetricDefinition>(metric: M, where: Choice<M>["where"] = []): string {
  return aggregate("sum", ["le"], `rate(${series(metric, where, "_bucket")}[$__rate_interval])`);
}

/** Observations of a histogram a second. */
export function observationsOf<M extends MetricDefinition>(metric: M, { by = [], where }: Choice<M> = {}): string {
  return aggregate("sum", by, `rate(${series(metric, where, "_count")}[$__rate_interval])`);
}

/** Observations of a histogram in a time. */
export function observedIn<M extends MetricDefinition>(
  over: string,
  metric: M,
  { by = [], where }: Choice<M> = {},
): string {
  return aggregate("sum", by, `increase(${series(metric, where, "_count")}[${over}])`);
}

/** The mean observation of a histogram. */
export function meanOf<M extends MetricDefinition>(metric: M, choice: Choice<M> = {}): string {
  const { by = [], where } = choice;
  const sum = aggregate("sum", by, `rate(${series(metric, where, "_sum")}[$__rate_interval])`);
  return `${sum} / ${observationsOf(metric, choice)}`;
}

/**
 * Keeps of `graph` only the `count` busiest of the whole time shown. Chosen once, at its end, so that lines do not come
 * and go from point to point as they do with a bare topk.
 */
export function busiest<M extends MetricDefinition>(
  count: number,
  label: LabelOf<M>,
  metric: M,
  { where = [] }: Choice<M>,
  graph: string,
): string {
  const total = aggregate("sum", [label], `increase(${series(metric, where)}[$__range] @ end())`);
  return `${graph} and on (${label}) topk(${count}, ${total} > 0)`;
}

/** `operator by (…) (inner)` */
export function aggregate(operator: "sum" | "max" | "min" | "group" | "count", by: readonly string[], inner: string) {
  return by.length === 0 ? `${operator}(${inner})` : `${operator} by (${by.join(", ")}) (${inner})`;
}
