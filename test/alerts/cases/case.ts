/*
 * A case of an alert: what Prometheus scraped, and what must come of it. Values are written as promtool does:
 * `0+2x10` starts at 0 and adds 2 ten times, `5x3` is 5 four times, `_x3` is nothing three times.
 * https://prometheus.io/docs/prometheus/latest/configuration/unit_testing_rules/#series
 */

/** A series by its selector, and its values. */
export type Series = readonly [selector: string, values: string];

/** An alert that must fire. */
export interface Firing {
  /** Labels besides the alert's own. */
  readonly labels: Readonly<Record<string, string>>;
  /** The value as the description shows it; null where it shows none. */
  readonly shown: string | null;
}

interface Common {
  readonly alert: string;
  /** What happens, as the end of "when …". */
  readonly when: string;
  readonly series: readonly Series[];
  /** Time between scrapes, and between looks at the rules; default 1m. */
  readonly step?: string;
}

/** The alert fires at this moment, and not one step before. */
export interface FiringCase extends Common {
  readonly firesAt: string;
  readonly firing: readonly Firing[];
}

/** The alert is silent at all these moments. */
export interface SilentCase extends Common {
  readonly silentAt: readonly string[];
}

export type AlertCase = FiringCase | SilentCase;

/** The scrape job of all cases. */
export const job = { job: "faultline" } as const;

/** A selector with the job, and the process `a` unless another instance is given. */
export function series(metric: string, labels: Readonly<Record<string, string>>, values: string): Series {
  const all = Object.entries({ ...job, instance: "a:9464", ...labels });
  return [`${metric}{${all.map(([name, value]) => `${name}="${value}"`).join(", ")}}`, values];
}

/** A process that runs from the beginning. */
export function running(steps: number): readonly Series[] {
  return [
    series("up", {}, `1x${steps}`),
    series("process_start_time_seconds", {}, `0x${steps}`),
    series("faultline_build_info", { version: "1.0.0", node: "v24.0.0" }, `1x${steps}`),
  ];
}
