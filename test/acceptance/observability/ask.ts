import { committedDashboard, dashboardFileNames, filledIn, panelQueries } from "../../support/dashboard-queries.ts";
import type { PrometheusClient } from "../../support/prometheus.ts";
import { selectorsIn } from "../../support/promql.ts";

/*
 * Asks a Prometheus everything that dashboards and rules ask it.
 */

/** What was asked, and what came of it: `data`, `nothing`, `not a number`, or Prometheus's words against it. */
export interface Outcome {
  readonly where: string;
  readonly expr: string;
  readonly got: string;
  /** Why it may have no data. */
  readonly empty?: string;
}

async function outcome(ask: () => Promise<readonly number[]>): Promise<string> {
  try {
    const values = await ask();
    if (values.length === 0) return "nothing";
    return values.some((value) => !Number.isNaN(value)) ? "data" : "not a number";
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

const now = (prometheus: PrometheusClient, expr: string) => async () =>
  (await prometheus.query(expr)).map(({ value }) => value);

/**
 * Each series an expression reads, by itself: what comes after an `or` would hide that what comes before it finds nothing,
 * and an alert that does not fire has no data of its own.
 */
async function seriesOf(prometheus: PrometheusClient, where: string, expr: string): Promise<Outcome[]> {
  const selectors = selectorsIn(expr).map(({ metric, matchers }) => {
    const pairs = matchers.map(({ label, operator, value }) => `${label}${operator}"${value}"`);
    return `${metric}{${pairs.join(", ")}}`;
  });
  return await Promise.all(
    [...new Set(selectors)].map(async (selector) => ({
      where: `${where}: its series`,
      expr: selector,
      got: await outcome(now(prometheus, `last_over_time(${selector}[10m])`)),
    })),
  );
}

/** All panels, annotations and variables of the dashboards, with everything chosen, over the last `seconds`. */
export async function askDashboards(prometheus: PrometheusClient, seconds: number): Promise<Outcome[]> {
  const fill = (expr: string) => filledIn(expr, { rateInterval: "10s", range: `${seconds}s` });
  const over = (expr: string) => async () =>
    (await prometheus.queryRange(expr, seconds, 2)).flatMap(({ values }) => values);
  const outcomes: Outcome[] = [];
  for (const board of dashboardFileNames.map(committedDashboard)) {
    for (const { panel, refId, kind, empty, ...query } of panelQueries(board)) {
      const [where, expr] = [`${board.title} / ${panel} ${refId}`, fill(query.expr)];
      const got = await outcome(kind === "instant" ? now(prometheus, expr) : over(expr));
      outcomes.push({ where, expr, got, ...(empty !== undefined && { empty }) });
      outcomes.push(...(await seriesOf(prometheus, where, expr)));
    }
    for (const { name, ...query } of board.annotations.list) {
      const expr = fill(query.expr);
      outcomes.push({ where: `${board.title} / annotation ${name}`, expr, got: await outcome(over(expr)) });
    }
    for (const { name, query } of board.templating.list.filter(({ type }) => type === "query")) {
      const [, selector = "", label = ""] = /^label_values\((.+),\s*(\w+)\)$/s.exec(query) ?? [];
      const values = await prometheus.labelValues(label, fill(selector));
      outcomes.push({ where: `${board.title} / $${name}`, expr: query, got: values.length > 0 ? "data" : "nothing" });
    }
  }
  return outcomes;
}

/** A recording or an alerting rule. */
export interface AskedRule {
  readonly expr: string;
  readonly alert?: string | undefined;
  readonly record?: string | undefined;
}

/** All rules: recordings, and what they have recorded, give data; alerts are understood, and what they read is there. */
export async function askRules(prometheus: PrometheusClient, rules: readonly AskedRule[]): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const { expr, alert, record } of rules) {
    const got = await outcome(now(prometheus, expr));
    if (alert === undefined) {
      const recorded = record ?? "";
      outcomes.push({ where: recorded, expr, got });
      outcomes.push({ where: recorded, expr: recorded, got: await outcome(now(prometheus, recorded)) });
    } else {
      outcomes.push({ where: alert, expr, got: got === "nothing" ? "data" : got });
      outcomes.push(...(await seriesOf(prometheus, alert, expr)));
    }
  }
  return outcomes;
}
