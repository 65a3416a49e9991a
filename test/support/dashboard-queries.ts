/*
 * Everything that a dashboard asks Prometheus, as it stands in the committed file.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { emptyPanels } from "./empty-panels.ts";

const DataSource = z.object({ type: z.string(), uid: z.string() });
const Target = z.looseObject({
  refId: z.string(),
  expr: z.string(),
  instant: z.boolean().optional(),
  range: z.boolean().optional(),
  datasource: DataSource,
});
const GridPosition = z.object({ x: z.number(), y: z.number(), w: z.number(), h: z.number() });
const Link = z.looseObject({
  title: z.string(),
  url: z.string(),
  includeVars: z.boolean(),
  keepTime: z.boolean(),
});
const Panel = z.looseObject({
  id: z.number(),
  type: z.string(),
  title: z.string().default(""),
  description: z.string().default(""),
  gridPos: GridPosition,
  datasource: DataSource.optional(),
  targets: z.array(Target).default([]),
  links: z.array(Link).default([]),
  fieldConfig: z.looseObject({ defaults: z.looseObject({ unit: z.string().optional() }) }).optional(),
});
const Variable = z.looseObject({
  name: z.string(),
  type: z.string(),
  label: z.string(),
  query: z.union([z.string(), z.looseObject({ query: z.string() }).transform(({ query }) => query)]),
  datasource: DataSource.optional(),
  multi: z.boolean().default(false),
  includeAll: z.boolean().default(false),
  allValue: z.string().default(""),
  refresh: z.number().default(0),
});
const Annotation = z.looseObject({ name: z.string(), expr: z.string(), datasource: DataSource });

/** What tests read of a dashboard's file; the rest is kept as it is. */
export const DashboardJson = z.looseObject({
  uid: z.string(),
  title: z.string(),
  description: z.string(),
  editable: z.boolean(),
  schemaVersion: z.number(),
  tags: z.array(z.string()),
  panels: z.array(Panel),
  links: z.array(Link),
  templating: z.object({ list: z.array(Variable) }),
  annotations: z.object({ list: z.array(Annotation) }),
});
export type DashboardJson = z.infer<typeof DashboardJson>;
export type PanelJson = DashboardJson["panels"][number];

/** The folder of the dashboards. */
export const dashboardsFolder: string = join(import.meta.dirname, "..", "..", "dashboards");

/** The files in it. */
export const dashboardFileNames = ["twilio-errors.json", "proxy-and-conversations.json", "faultline.json"] as const;

/** The text of a committed dashboard. */
export function committedText(file: string): string {
  return readFileSync(join(dashboardsFolder, file), "utf8");
}

/** A committed dashboard. */
export function committedDashboard(file: string): DashboardJson {
  return DashboardJson.parse(JSON.parse(committedText(file)));
}

/** One query of a panel. */
export interface PanelQuery {
  /** Uid of the dashboard. */
  readonly dashboard: string;
  readonly panel: string;
  readonly refId: string;
  /** With Grafana's variables in it; see `filledIn`. */
  readonly expr: string;
  readonly kind: "instant" | "range";
  /** Why it may give no data though everything is right; see empty-panels.ts. */
  readonly empty?: string;
}

/** All queries of all panels of a dashboard. */
export function panelQueries(board: DashboardJson): PanelQuery[] {
  return board.panels.flatMap(({ title, targets }) =>
    targets.map(({ refId, expr, instant }) => {
      const empty = emptyPanels.find(
        (each) => each.dashboard === board.uid && each.panel === title && (each.refId ?? refId) === refId,
      );
      const query = {
        dashboard: board.uid,
        panel: title,
        refId,
        expr,
        kind: instant === true ? "instant" : "range",
      } as const;
      return empty === undefined ? query : { ...query, empty: empty.reason };
    }),
  );
}

/** The expressions of panels, annotations and variables, with where they stand. */
export function expressionsOf(board: DashboardJson): { where: string; expr: string }[] {
  return [
    ...panelQueries(board).map(({ panel, refId, expr }) => ({ where: `panel ${panel} ${refId}`, expr })),
    ...board.annotations.list.map(({ name, expr }) => ({ where: `annotation ${name}`, expr })),
    ...board.templating.list
      .filter(({ type }) => type === "query")
      .map(({ name, query }) => ({
        where: `variable ${name}`,
        expr: /^label_values\((.+),\s*\w+\)$/s.exec(query)?.[1] ?? query,
      })),
  ];
}

/** What Grafana puts in for its variables: everything chosen, unless said otherwise. Durations as Prometheus writes them. */
export interface VariableValues {
  /** At least four scrape intervals. */
  readonly rateInterval: string;
  /** The time shown. */
  readonly range: string;
  /** Chosen values by variable; `.+` for the others. */
  readonly chosen?: Readonly<Record<string, string>>;
}

/** An expression with its variables filled in, ready for Prometheus. */
export function filledIn(expr: string, { rateInterval, range, chosen = {} }: VariableValues): string {
  return expr.replaceAll(/\$\{?(\w+)\}?/g, (_, name: string) => {
    if (name === "__rate_interval") return rateInterval;
    if (name === "__range") return range;
    if (name.startsWith("__")) throw new Error(`expected a variable known here, got $${name}: ${expr}`);
    return chosen[name] ?? ".+";
  });
}
