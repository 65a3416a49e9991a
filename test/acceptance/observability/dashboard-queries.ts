import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";

const root = join(import.meta.dirname, "../../..");

const Panel = z.object({
  title: z.string(),
  targets: z
    .array(z.object({ expr: z.string(), instant: z.boolean().optional(), range: z.boolean().optional() }))
    .default([]),
});
const Variable = z.object({
  name: z.string(),
  type: z.string(),
  query: z.unknown(),
  allValue: z.string().nullish(),
});
const Dashboard = z.object({
  title: z.string(),
  panels: z.array(Panel.extend({ panels: z.array(Panel).default([]) })),
  templating: z.object({ list: z.array(Variable) }),
  annotations: z.object({ list: z.array(z.object({ name: z.string(), expr: z.string().optional() })) }),
});

/** One query of a dashboard, as Grafana would send it. */
export interface DashboardQuery {
  /** `dashboard / panel`, and the place of the query where a panel has several. */
  readonly where: string;
  readonly expr: string;
  /** Asked for one moment, as numbers and tables are, or over the time shown. */
  readonly instant: boolean;
}

/** A query for the values of a variable: `label_values(selector, label)`. */
export interface VariableQuery {
  readonly where: string;
  readonly selector: string;
  readonly label: string;
}

/** What Grafana puts in for its own variables: the time shown, and the interval between points. */
export interface Shown {
  readonly rangeSeconds: number;
  readonly intervalSeconds: number;
  readonly rateInterval: string;
}

/** Every query of the committed dashboards, with all variables at their choice of everything. */
export function dashboardQueries(shown: Shown): { queries: DashboardQuery[]; variables: VariableQuery[] } {
  const queries: DashboardQuery[] = [];
  const variables: VariableQuery[] = [];
  for (const file of globSync("dashboards/*.json", { cwd: root }).toSorted()) {
    const dashboard = Dashboard.parse(JSON.parse(readFileSync(join(root, file), "utf8")));
    const everything = new Map(
      dashboard.templating.list.map(({ name, allValue }) => [name, allValue ?? ".*"] as const),
    );
    const fill = (text: string) => filled(text, everything, shown);
    for (const { title, targets } of dashboard.panels.flatMap((panel) => [panel, ...panel.panels])) {
      for (const [index, { expr, instant }] of targets.entries()) {
        const place = targets.length === 1 ? "" : ` #${index + 1}`;
        queries.push({ where: `${dashboard.title} / ${title}${place}`, expr: fill(expr), instant: instant === true });
      }
    }
    for (const { name, expr } of dashboard.annotations.list) {
      if (expr === undefined) continue;
      queries.push({ where: `${dashboard.title} / annotation ${name}`, expr: fill(expr), instant: false });
    }
    for (const { name, type, query } of dashboard.templating.list) {
      if (type !== "query") continue;
      const text = typeof query === "string" ? query : z.object({ query: z.string() }).parse(query).query;
      const [, selector, label] = /^label_values\((.+),\s*(\w+)\)$/.exec(text) ?? [];
      if (selector === undefined || label === undefined) throw new Error(`${file}: expected label_values, got ${text}`);
      variables.push({ where: `${dashboard.title} / $${name}`, selector: fill(selector), label });
    }
  }
  return { queries, variables };
}

/** Throws on a variable nobody defines: Grafana would send it as it stands. */
function filled(text: string, everything: ReadonlyMap<string, string>, shown: Shown): string {
  const own = new Map([
    ["__rate_interval", shown.rateInterval],
    ["__interval", `${shown.intervalSeconds}s`],
    ["__range", `${shown.rangeSeconds}s`],
    ["__range_s", String(shown.rangeSeconds)],
  ]);
  return text.replaceAll(/\$(?:\{(\w+)(?::\w+)?\}|(\w+))/g, (whole, braced: string | undefined, bare: string) => {
    const value = own.get(braced ?? bare) ?? everything.get(braced ?? bare);
    if (value === undefined) throw new Error(`expected a variable of the dashboard, got ${whole} in ${text}`);
    return value;
  });
}
