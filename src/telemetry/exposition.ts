/*
 * The text of a scrape, in either format. prom-client would do OpenMetrics by renaming the counters of the registry for good,
 * which breaks every later scrape in the other format, and gives exemplars in no other way.
 * Sources: https://prometheus.io/docs/instrumenting/exposition_formats/,
 * https://github.com/prometheus/OpenMetrics/blob/main/specification/OpenMetrics.md
 */

/** `prometheus` is version 0.0.4, which knows no exemplars. */
export type ExpositionFormat = "prometheus" | "openmetrics";

/** The media types of the formats. */
export const contentTypes = {
  prometheus: "text/plain; version=0.0.4; charset=utf-8",
  openmetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8",
} as const satisfies Record<ExpositionFormat, string>;

type LabelSet = Readonly<Partial<Record<string, string | number>>>;

/** A metric as prom-client gives it. */
export interface Family {
  readonly name: string;
  readonly help: string;
  /** A word; prom-client's types say a number. */
  readonly type: unknown;
  readonly values: readonly Value[];
}

/** One series of a metric. */
export interface Value {
  /** Where it is not that of the family: `…_bucket`, `…_sum`, `…_count`. */
  readonly metricName?: string;
  readonly labels: LabelSet;
  readonly value: number;
  /** An observation that this series counts; `timestamp` in seconds. Null or absent for none. */
  readonly exemplar?: {
    readonly labelSet: LabelSet;
    readonly value: number;
    readonly timestamp?: number;
  } | null;
}

/** Writes a scrape. */
export function exposition(families: readonly Family[], format: ExpositionFormat): string {
  const open = format === "openmetrics";
  const lines: string[] = [];
  for (const { name, help, type, values } of families) {
    // OpenMetrics names the family of a counter without the suffix of its series.
    const family = open && type === "counter" ? name.replace(/_total$/, "") : name;
    lines.push(`# HELP ${family} ${escaped(help)}`, `# TYPE ${family} ${String(type)}`);
    const textOf = type === "counter" ? labelText : writeLabels;
    for (const each of values) {
      const line = `${each.metricName ?? name}${textOf(each.labels)} ${numberText(each.value)}`;
      lines.push(open && each.exemplar ? `${line} # ${exemplarText(each.exemplar)}` : line);
    }
  }
  if (open) lines.push("# EOF");
  return `${lines.join("\n")}\n`;
}

function exemplarText({ labelSet, value, timestamp }: NonNullable<Value["exemplar"]>): string {
  const text = `${writeLabels(labelSet) || "{}"} ${numberText(value)}`;
  return timestamp === undefined ? text : `${text} ${timestamp}`;
}

// Counters keep the label sets they were given, and those are most of a scrape; others make new ones each time.
const labelTexts = new WeakMap<LabelSet, string>();

function labelText(labels: LabelSet): string {
  const known = labelTexts.get(labels);
  if (known !== undefined) return known;
  const text = writeLabels(labels);
  labelTexts.set(labels, text);
  return text;
}

function writeLabels(labels: LabelSet): string {
  let text = "";
  for (const [name, value] of Object.entries(labels)) {
    text += `${text === "" ? "{" : ","}${name}="${labelValue(value)}"`;
  }
  return text === "" ? "" : `${text}}`;
}

function labelValue(value: string | number | undefined): string {
  const text = String(value);
  // Nearly none has anything to escape.
  return /["\\\n]/.test(text) ? escaped(text).replaceAll('"', '\\"') : text;
}

function escaped(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
}

function numberText(value: number): string {
  if (Number.isFinite(value)) return String(value);
  if (Number.isNaN(value)) return "NaN";
  return value < 0 ? "-Inf" : "+Inf";
}
