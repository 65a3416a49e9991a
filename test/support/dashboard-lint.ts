/*
 * The rules of Grafana's dashboard-linter that matter most, and some it does not have, so that they hold where its
 * program is missing too. https://github.com/grafana/dashboard-linter/blob/main/docs/index.md
 */
import { metrics } from "../../src/telemetry/metric-names.ts";
import { type DashboardJson, expressionsOf, type PanelJson } from "./dashboard-queries.ts";
import { type Selector, selectorsIn } from "./promql.ts";

/** A breach: the rule, by dashboard-linter's name where it has it, and what is wrong. */
export interface Fault {
  readonly rule: string;
  readonly panel: string;
  readonly what: string;
}

const theDataSource = `\${datasource}`;
const sharedGauges: readonly string[] = [
  metrics.incidentsOpen.name,
  metrics.queueJobs.name,
  metrics.queueOldestJobAge.name,
];

/** Every breach in a dashboard. */
export function lintDashboard(board: DashboardJson): Fault[] {
  const panels = board.panels.filter(({ type }) => type !== "row");
  return [
    ...wholeFaults(board),
    ...variableFaults(board),
    ...panels.flatMap(panelFaults),
    ...gridFaults(board.panels),
    ...expressionsOf(board).flatMap(({ where, expr }) => queryFaults(where, expr)),
  ];
}

function fault(rule: string, panel: string, what: string): Fault {
  return { rule, panel, what };
}

function wholeFaults(board: DashboardJson): Fault[] {
  const own = ["id", "version", "__inputs", "__requires", "gnetId"].filter((key) => Object.hasOwn(board, key));
  return [
    ...(board.editable ? [fault("uneditable-dashboard", "", "expected editable: false")] : []),
    ...own.map((key) => fault("portable", "", `expected no ${key}: it belongs to one Grafana`)),
    ...repeated(board.panels.map(({ id }) => String(id))).map((id) => fault("unique-ids", "", `panel id ${id} twice`)),
    ...repeated(board.panels.map(({ title }) => title)).map((title) => fault("unique-titles", title, "title twice")),
    ...board.links
      .filter(({ keepTime, includeVars }) => !keepTime || !includeVars)
      .map(({ title }) => fault("links", "", `expected the link ${title} to keep time and variables`)),
    ...[...JSON.stringify(board).matchAll(/"datasource":\{[^}]*?"uid":"((?:[^"])*)"/g)]
      .filter(([, uid]) => uid !== theDataSource)
      .map(([, uid]) => fault("panel-datasource-rule", "", `expected ${theDataSource}, got ${uid}`)),
  ];
}

function variableFaults(board: DashboardJson): Fault[] {
  const { list } = board.templating;
  const sources = list.filter(({ type }) => type === "datasource");
  const [source] = sources;
  const isSourceRight =
    sources.length === 1 &&
    source?.name === "datasource" &&
    source.label === "Data source" &&
    source.query === "prometheus";
  const missing = ["job", "instance"].filter((name) => !list.some((variable) => variable.name === name));
  return [
    ...(isSourceRight ? [] : [fault("template-datasource-rule", "", "expected one variable datasource, Data source")]),
    ...missing.map((name) => fault(`template-${name}-rule`, "", `expected a variable ${name}`)),
    ...list
      .filter(({ type }) => type === "query")
      .flatMap(({ name, label, refresh, multi, includeAll, allValue, datasource, query }) => [
        ...(refresh === 2
          ? []
          : [fault("template-on-time-change-reload-rule", "", `${name} does not follow the time`)]),
        ...(multi && includeAll && allValue === ".+"
          ? []
          : [fault(`template-${name}-rule`, "", "expected many, and all as .+")]),
        ...(datasource?.uid === theDataSource ? [] : [fault(`template-${name}-rule`, "", `expected ${theDataSource}`)]),
        ...(label.toLowerCase() === name ? [] : [fault(`template-${name}-rule`, "", `label ${label} is not the name`)]),
        ...(query.startsWith("label_values(") ? [] : [fault("template-label-promql-rule", "", `${name}: ${query}`)]),
      ]),
  ];
}

function panelFaults({ title, description, fieldConfig, datasource, targets }: PanelJson): Fault[] {
  const unit = fieldConfig?.defaults.unit ?? "";
  return [
    ...(title === "" || description === ""
      ? [fault("panel-title-description-rule", title, "no title or description")]
      : []),
    ...(unit === "" ? [fault("panel-units-rule", title, "no unit")] : []),
    ...(datasource?.uid === theDataSource ? [] : [fault("panel-datasource-rule", title, `expected ${theDataSource}`)]),
    ...(targets.length > 0 ? [] : [fault("panel-no-targets-rule", title, "no query")]),
    ...repeated(targets.map(({ refId }) => refId)).map((refId) => fault("unique-ids", title, `query ${refId} twice`)),
  ];
}

function gridFaults(panels: readonly PanelJson[]): Fault[] {
  const outside = panels.filter(({ gridPos: { x, y, w, h } }) => x < 0 || y < 0 || w < 1 || h < 1 || x + w > 24);
  const overlapping = panels.flatMap((one, index) =>
    panels.slice(index + 1).filter((other) => overlap(one.gridPos, other.gridPos)),
  );
  return [
    ...outside.map(({ title }) => fault("grid", title, "does not stand within the 24 cells")),
    ...overlapping.map(({ title }) => fault("grid", title, "lies over another panel")),
  ];
}

function overlap(a: PanelJson["gridPos"], b: PanelJson["gridPos"]): boolean {
  return a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;
}

function queryFaults(where: string, expr: string): Fault[] {
  const panel = /^panel (.+) [A-Z]$/.exec(where)?.[1] ?? where;
  // Variables choose jobs and instances themselves, so they cannot all be bounded by them.
  const bounded = where.startsWith("variable") ? [] : ["job", "instance"];
  return selectorsIn(expr).flatMap((selector) => [
    ...bounded
      .filter((label) => !hasVariable(selector, label))
      .map((label) => fault(`target-${label}-rule`, panel, `${selector.metric} without ${label}=~"$${label}"`)),
    ...(where.startsWith("variable") ? [] : countFaults(panel, selector)),
  ]);
}

function hasVariable({ matchers }: Selector, name: string): boolean {
  return matchers.some(({ label, operator, value }) => label === name && operator === "=~" && value === `$${name}`);
}

function countFaults(panel: string, { metric, range, calls }: Selector): Fault[] {
  const [innermost = ""] = calls;
  const isCounter = /_(?:total|bucket|count|sum)$/.test(metric);
  const isRate = ["rate", "irate"].includes(innermost);
  return [
    ...(isCounter && !isRate && innermost !== "increase"
      ? [fault("target-counter-agg-rule", panel, `${metric} is counted without rate or increase`)]
      : []),
    ...(isRate && range !== "$__rate_interval"
      ? [fault("target-rate-interval-rule", panel, `rate over ${range} and not $__rate_interval`)]
      : []),
    ...(sharedGauges.includes(metric) && innermost !== "max"
      ? [fault("shared-state", panel, `${metric} is the same in every process: expected max, got ${innermost}`)]
      : []),
  ];
}

function repeated(values: readonly string[]): string[] {
  return [...new Set(values.filter((value, index) => values.indexOf(value) !== index))];
}
