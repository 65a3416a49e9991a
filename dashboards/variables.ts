/*
 * The variables of the dashboards. All are multiple, with `All` at first, and follow the time shown. Grafana escapes the
 * chosen values for `=~`, so that a value with a dot in it means itself.
 */
import * as dashboard from "@grafana/grafana-foundation-sdk/dashboard";
import { metrics } from "../src/telemetry/metric-names.ts";
import { filledIn } from "./links.ts";

/** What every panel, variable and annotation reads from: the choice of the variable, so that an import needs no input. */
export const dataSource = { type: "prometheus", uid: filledIn("datasource") };

const all = { text: "All", value: "$__all" };

function query(name: string, label: string, description: string, definition: string): dashboard.QueryVariableBuilder {
  return new dashboard.QueryVariableBuilder(name)
    .label(label)
    .description(description)
    .datasource(dataSource)
    .query({ query: definition, refId: `${name}-values` })
    .definition(definition)
    .refresh(dashboard.VariableRefresh.OnTimeRangeChanged)
    .sort(dashboard.VariableSort.NaturalAsc)
    .multi(true)
    .includeAll(true)
    .allValue(".+")
    .current(all);
}

/** Where to ask, and which processes to ask about: on every dashboard. */
export function targetVariables(): (dashboard.DatasourceVariableBuilder | dashboard.QueryVariableBuilder)[] {
  const build = metrics.buildInfo.name;
  return [
    new dashboard.DatasourceVariableBuilder("datasource")
      .label("Data source")
      .description("The Prometheus that scrapes Faultline.")
      .type("prometheus"),
    query("job", "Job", "Scrape job of Faultline.", `label_values(${build}, job)`),
    query("instance", "Instance", "Processes of Faultline.", `label_values(${build}{job=~"$job"}, instance)`),
  ];
}

/** Which of Twilio's events to show. With `codes` the choice of codes is bounded to them. */
export function eventVariables(codes?: readonly string[]): dashboard.QueryVariableBuilder[] {
  const bound = codes === undefined ? "" : `, code=~"${codes.join("|")}"`;
  const events = `${metrics.debuggerEvents.name}{job=~"$job", instance=~"$instance"${bound}}`;
  return [
    query("account", "Account", "Twilio account of an event.", `label_values(${events}, account)`),
    query("product", "Product", "Twilio product of an event.", `label_values(${events}, product)`),
    query("code", "Code", "Twilio error code of an event.", `label_values(${events}, code)`),
  ];
}
