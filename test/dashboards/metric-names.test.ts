import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Registry } from "prom-client";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { z } from "zod";
import { recordings } from "../../alerts/recording-rules.ts";
import { processMetrics } from "../../dashboards/process-metrics.ts";
import { addProcessMetrics, type MetricsRegistry } from "../../src/telemetry/instruments.ts";
import { type MetricDefinition, metrics } from "../../src/telemetry/metric-names.ts";
import { committedDashboard, dashboardFileNames, expressionsOf } from "../support/dashboard-queries.ts";
import { type Selector, selectorsIn } from "../support/promql.ts";

const alertsFolder = join(import.meta.dirname, "..", "..", "alerts");
const ruleFiles = existsSync(alertsFolder)
  ? readdirSync(alertsFolder).filter((name) => name.endsWith(".rules.yml"))
  : [];
const RuleFile = z.object({
  groups: z.array(
    z.object({
      rules: z.array(z.object({ alert: z.string().optional(), record: z.string().optional(), expr: z.string() })),
    }),
  ),
});

const definitions: readonly MetricDefinition[] = Object.values(metrics);
const recordNames: ReadonlySet<string> = new Set(Object.values(recordings).map(({ record }) => record));

/** Series of a metric: a histogram has three, with the label `le` in one of them. */
function seriesOf({ name, type, labels }: MetricDefinition): [series: string, labels: readonly string[]][] {
  if (type !== "histogram") return [[name, labels]];
  return [
    [`${name}_bucket`, [...labels, "le"]],
    [`${name}_count`, labels],
    [`${name}_sum`, labels],
  ];
}

const known = new Map([...definitions, ...Object.values(processMetrics)].flatMap(seriesOf));

function dashboardExpressions(): { where: string; expr: string }[] {
  return dashboardFileNames.flatMap((file) =>
    expressionsOf(committedDashboard(file)).map(({ where, expr }) => ({ where: `${file}: ${where}`, expr })),
  );
}

function ruleExpressions(): { where: string; expr: string }[] {
  return ruleFiles.flatMap((file) =>
    RuleFile.parse(parse(readFileSync(join(alertsFolder, file), "utf8")))
      .groups.flatMap(({ rules }) => rules)
      .map(({ alert, record, expr }) => ({ where: `${file}: ${alert ?? record}`, expr })),
  );
}

/** What a selector asks for and nobody gives. */
function strangers({ metric, matchers }: Selector): string[] {
  if (recordNames.has(metric)) return [];
  const labels = known.get(metric);
  if (labels === undefined) return [metric];
  const all = [...labels, "job", "instance"];
  return matchers.filter(({ label }) => !all.includes(label)).map(({ label }) => `${metric}{${label}}`);
}

describe.each([
  ["dashboards", dashboardExpressions],
  ["alerts", ruleExpressions],
])("%s", (what, expressions) => {
  test.skipIf(what === "alerts" && ruleFiles.length === 0)("ask only for metrics and labels that exist", () => {
    const asked = expressions();
    expect(asked.length).toBeGreaterThan(10);
    const unknown = asked.flatMap(({ where, expr }) =>
      selectorsIn(expr).flatMap((selector) => strangers(selector).map((stranger) => `${where}: ${stranger}`)),
    );
    expect(unknown).toEqual([]);
  });
});

test("every metric of Faultline is on a dashboard", () => {
  const asked = new Set(dashboardExpressions().flatMap(({ expr }) => selectorsIn(expr).map(({ metric }) => metric)));
  const unseen = definitions.filter((definition) => !seriesOf(definition).some(([series]) => asked.has(series)));
  expect(unseen.map(({ name }) => name)).toEqual([]);
});

test("dashboards need no recording rules, so that they work right after import", () => {
  const asked = dashboardExpressions().flatMap(({ expr }) => selectorsIn(expr).map(({ metric }) => metric));
  expect(asked.filter((metric) => recordNames.has(metric))).toEqual([]);
});

test("the process metrics that dashboards use are given by the process", async () => {
  const registry: MetricsRegistry = new Registry();
  addProcessMetrics(registry);
  const given = new Map((await registry.getMetricsAsJSON()).map(({ name, type }) => [name, String(type)]));
  for (const { name, type } of Object.values(processMetrics)) {
    // Prometheus itself gives it, for each target.
    if (name !== "up") expect([name, given.get(name)]).toEqual([name, type]);
  }
});
