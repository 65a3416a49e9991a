/*
 * Marks on every graph: when incidents opened and when they were resolved.
 */
import * as dashboard from "@grafana/grafana-foundation-sdk/dashboard";
import * as prometheus from "@grafana/grafana-foundation-sdk/prometheus";
import { metrics } from "../src/telemetry/metric-names.ts";
import { type Choice, countOf } from "./promql.ts";
import { dataSource } from "./variables.ts";

const transitions = metrics.incidentTransitions;
type Where = NonNullable<Choice<typeof transitions>["where"]>;

/** Marks of the incidents of some codes, or of all. */
export function incidentAnnotations(where: Where = []): dashboard.AnnotationQueryBuilder[] {
  return [
    annotation("Incidents opened", "red", [["transition", ["opened", "reopened"]], ...where]),
    annotation("Incidents resolved", "green", [["transition", "resolved"], ...where]),
  ];
}

function annotation(name: string, colour: string, where: Where): dashboard.AnnotationQueryBuilder {
  const expr = `${countOf(transitions, { by: ["code", "transition"], where, over: "$__rate_interval" })} > 0`;
  // Given twice: Grafana 12 reads the target, older ones the fields beside it.
  return new dashboard.AnnotationQueryBuilder()
    .name(name)
    .datasource(dataSource)
    .enable(true)
    .iconColor(colour)
    .target(new prometheus.DataqueryBuilder().refId("Anno").datasource(dataSource).expr(expr).interval("1m").range())
    .expr(expr)
    .step("1m")
    .titleFormat("{{code}} {{transition}}")
    .textFormat("Incident of code {{code}} {{transition}}")
    .tagKeys("code,transition");
}
