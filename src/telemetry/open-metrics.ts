/**
 * Turns Prometheus text (0.0.4) into OpenMetrics text (1.0.0): counter families lose their `_total` in HELP and TYPE,
 * empty lines go, and `# EOF` ends it. prom-client has a mode of its own for this, but it renames the counters of the
 * registry for good, which breaks every later scrape in the other format.
 * Source: https://github.com/prometheus/OpenMetrics/blob/main/specification/OpenMetrics.md
 */
export function toOpenMetrics(prometheusText: string): string {
  const lines = prometheusText.split("\n").filter((line) => line !== "");
  const counters = new Set(lines.flatMap((line) => /^# TYPE (\S+) counter$/.exec(line)?.[1] ?? []));
  const renamed = lines.map((line) => {
    const [, keyword, name] = /^# (HELP|TYPE) (\S+)/.exec(line) ?? [];
    if (keyword === undefined || name === undefined || !counters.has(name)) return line;
    return line.replace(name, name.replace(/_total$/, ""));
  });
  return `${[...renamed, "# EOF"].join("\n")}\n`;
}
