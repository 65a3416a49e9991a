import type { FigureName, Figures } from "./figures.ts";
import type { Table } from "./table.ts";

/** What a figure has to be. */
interface Target {
  readonly what: string;
  readonly figure: FigureName;
  readonly at: "least" | "most";
  readonly bound: number;
  readonly unit: string;
  /** What we would like. */
  readonly aim?: number;
}

const targets: readonly Target[] = [
  {
    what: "webhooks, PostgreSQL: rate to the self-built handler's",
    figure: "webhooksToSelfBuilt",
    at: "least",
    bound: 2.2,
    unit: "×",
    aim: 3,
  },
  {
    what: "webhooks, PostgreSQL: rate to bare node:http's",
    figure: "webhooksToBare",
    at: "least",
    bound: 0.25,
    unit: "×",
    aim: 0.38,
  },
  {
    what: "webhooks, PostgreSQL: p99 to the self-built handler's",
    figure: "webhooksP99ToSelfBuilt",
    at: "most",
    bound: 1 / 3,
    unit: "×",
  },
  {
    what: "webhooks, embedded: rate to the self-built handler's",
    figure: "embeddedToSelfBuilt",
    at: "least",
    bound: 1.8,
    unit: "×",
  },
  {
    what: "batches of 100: events/s to bare node:http's requests/s",
    figure: "streamEventsToBare",
    at: "least",
    bound: 1.2,
    unit: "×",
    aim: 2,
  },
  { what: "batches of 100: p99", figure: "streamP99Ms", at: "most", bound: 250, unit: "ms" },
  { what: "storm: incidents", figure: "stormIncidents", at: "most", bound: 1, unit: "" },
  { what: "storm: events missing or too many", figure: "stormMissing", at: "most", bound: 0, unit: "" },
  { what: "storm: resident memory", figure: "stormPeakMiB", at: "most", bound: 350, unit: "MiB" },
  { what: "storm: p99 to its unloaded value", figure: "stormP99ToUnloaded", at: "most", bound: 2, unit: "×" },
  { what: "classify, fingerprint and redact an event", figure: "classifyUs", at: "most", bound: 12, unit: "µs" },
  {
    what: "cost of classifying with 20,000 rules to that with 200",
    figure: "classifyGrowth",
    at: "most",
    bound: 1.5,
    unit: "×",
  },
  {
    what: "ingest rate at 10⁶ stored events to that at 10⁴",
    figure: "grownIngestShare",
    at: "least",
    bound: 0.85,
    unit: "×",
  },
  {
    what: "/api/v1/incidents at 10⁶ events, 10⁴ open incidents: p99",
    figure: "incidentsP99Ms",
    at: "most",
    bound: 30,
    unit: "ms",
  },
  {
    what: "flood of unsigned requests: refused, rate to bare express's",
    figure: "floodToExpress",
    at: "least",
    bound: 0.6,
    unit: "×",
  },
  { what: "cold start on PostgreSQL", figure: "startPostgresMs", at: "most", bound: 2_000, unit: "ms" },
  { what: "cold start embedded, with data", figure: "startEmbeddedMs", at: "most", bound: 4_000, unit: "ms" },
  { what: "idle memory on PostgreSQL", figure: "idlePostgresMiB", at: "most", bound: 150, unit: "MiB" },
];

/** What must be reached, and what was. */
export function targetTable(figures: Figures): Table {
  return {
    title: "What must be reached",
    columns: ["", "target", "aim", "measured", "met"],
    rows: targets.map(({ what, figure, at, bound, unit, aim }) => {
      const measured = figures[figure];
      const sign = at === "least" ? "≥" : "≤";
      const met = measured !== undefined && (at === "least" ? measured >= bound : measured <= bound);
      return [
        what,
        `${sign} ${shown(bound)} ${unit}`.trim(),
        aim === undefined ? "" : `${sign} ${shown(aim)} ${unit}`,
        measured === undefined ? "not measured" : `${shown(measured)} ${unit}`.trim(),
        measured === undefined ? "" : met ? "yes" : "NO",
      ];
    }),
  };
}

function shown(value: number): string {
  return value >= 100 || Number.isInteger(value) ? String(Math.round(value)) : value.toFixed(2);
}
