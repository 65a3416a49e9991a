/** One sample of the text format. */
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
  /** OpenMetrics only. */
  readonly exemplar?: {
    readonly labels: Readonly<Record<string, string>>;
    readonly value: number;
    /** In seconds. */
    readonly timestamp: number;
  };
}

/** A parsed scrape. */
export interface Exposition {
  readonly types: ReadonlyMap<string, string>;
  readonly help: ReadonlyMap<string, string>;
  readonly samples: readonly Sample[];
}

const sampleLine = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/;
const exemplarPart = /^(.*) # \{(.*)\} (\S+) (\d+(?:\.\d+)?)$/;
const label = /([a-zA-Z_]\w*)="((?:[^"\\\n]|\\["\\n])*)"(,|$)/y;

/** Parses Prometheus text or OpenMetrics text strictly: any line that is neither comment nor sample is an error. */
export function parseExposition(text: string): Exposition {
  const types = new Map<string, string>();
  const help = new Map<string, string>();
  const samples: Sample[] = [];
  for (const line of text.split("\n")) {
    if (line === "" || line === "# EOF") continue;
    const comment = /^# (HELP|TYPE) (\S+) (.+)$/.exec(line);
    if (comment !== null) {
      const [, keyword, name = "", rest = ""] = comment;
      const map = keyword === "HELP" ? help : types;
      if (map.has(name)) throw new Error(`${keyword} of ${name} stands twice`);
      map.set(name, rest);
      continue;
    }
    const [, before = line, about = null, observed = "", at = ""] = exemplarPart.exec(line) ?? [];
    const sample = sampleLine.exec(before);
    if (sample === null) throw new Error(`not a line of the text format: ${line}`);
    const [, name = "", inside = "", value = ""] = sample;
    samples.push({
      name,
      labels: parseLabels(inside),
      value: parseValue(value),
      ...(about !== null && {
        exemplar: { labels: parseLabels(about), value: parseValue(observed), timestamp: Number(at) },
      }),
    });
  }
  const keys = samples.map(
    ({ name, labels }) => `${name} ${JSON.stringify(Object.entries(labels).map(String).toSorted())}`,
  );
  if (new Set(keys).size !== keys.length) throw new Error("a series stands twice");
  return { types, help, samples };
}

function parseLabels(inside: string): Record<string, string> {
  const labels: Record<string, string> = {};
  let at = 0;
  while (at < inside.length) {
    label.lastIndex = at;
    const found = label.exec(inside);
    if (found === null) throw new Error(`not labels: ${inside}`);
    labels[found[1] ?? ""] = found[2] ?? "";
    at = label.lastIndex;
  }
  return labels;
}

function parseValue(text: string): number {
  if (/^[+-]?Inf$/.test(text)) return text.startsWith("-") ? -Infinity : Infinity;
  if (/^nan$/i.test(text)) return Number.NaN;
  const value = Number(text);
  if (Number.isNaN(value)) throw new Error(`not a value: ${text}`);
  return value;
}

/** The value of the one series with this name and these labels; undefined when there is none. */
export function sampleValue(
  { samples }: Pick<Exposition, "samples">,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): number | undefined {
  const wanted = Object.entries(labels);
  const found = samples.filter(
    (sample) => sample.name === name && wanted.every(([key, value]) => sample.labels[key] === value),
  );
  if (found.length > 1) throw new Error(`${found.length} series of ${name} fit ${JSON.stringify(labels)}`);
  return found[0]?.value;
}
