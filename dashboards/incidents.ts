/*
 * Panels about incidents, on both dashboards of Twilio's health. Open incidents are read from the shared database: every
 * process gives the same number, so the highest of all processes is taken before anything is added up.
 */
import type * as dashboard from "@grafana/grafana-foundation-sdk/dashboard";
import type { Dashboard } from "../alerts/links.ts";
import { metrics } from "../src/telemetry/metric-names.ts";
import { codeLinks } from "./links.ts";
import { graphPanel, statPanel, type Thresholds } from "./panels.ts";
import { aggregate, type Choice, chosen, countOf, sharedOf } from "./promql.ts";
import { tablePanel } from "./tables.ts";

const open = metrics.incidentsOpen;
const transitions = metrics.incidentTransitions;

type OpenWhere = NonNullable<Choice<typeof open>["where"]>;
type TransitionsWhere = NonNullable<Choice<typeof transitions>["where"]>;

const severityColours = { critical: "dark-red", error: "red", warning: "orange", info: "blue" } as const;
const transitionColours = {
  opened: "red",
  reopened: "dark-red",
  diagnosed: "blue",
  cause_changed: "purple",
  resolved: "green",
} as const;

/** Open incidents by some labels, or all in one number. Two jobs are two installations, so their numbers do add up. */
export function openBy(by: readonly ("code" | "severity")[], where: OpenWhere): string {
  return aggregate("sum", by, sharedOf(open, { by: ["job", "code", "severity"], where }));
}

/** One number a severity. */
export function openBySeverity({ where, width }: { where: OpenWhere; width: number }): dashboard.Panel {
  const steps = Object.entries(severityColours).map(
    ([severity, colour]) => [severity, ["green", [1, colour]] satisfies Thresholds] as const,
  );
  return statPanel({
    title: "Open incidents by severity",
    description:
      "Incidents that are open now. The severity is the one of the rule of the code, or of Twilio's level where there is no rule.",
    unit: "short",
    decimals: 0,
    width,
    names: true,
    noValue: "None",
    thresholds: ["green", [1, "red"]],
    colourSteps: Object.fromEntries(steps),
    queries: [{ expr: openBy(["severity"], where), legend: "{{severity}}" }],
  });
}

/** Which are open, how many were open when, and what happened to them; further matchers bound the codes. */
export function incidentPanels(
  name: Dashboard,
  { openWhere = [], transitionsWhere = [] }: { openWhere?: OpenWhere; transitionsWhere?: TransitionsWhere } = {},
): dashboard.Panel[] {
  const where = [...openWhere, ...chosen(open)];
  return [
    tablePanel({
      title: "Open incidents by code",
      description:
        "Codes with open incidents. What is in the way and what to type: GET /api/v1/incidents?state=open of Faultline's private port, with the code as ?code=.",
      unit: "short",
      decimals: 0,
      width: 7,
      height: 8,
      noValue: "No open incidents",
      labels: { code: "Code", severity: "Severity" },
      values: ["Open"],
      cellLinks: { code: codeLinks(name) },
      queries: [{ expr: `${openBy(["code", "severity"], where)} > 0` }],
    }),
    graphPanel({
      title: "Open incidents",
      description: "Incidents open at each moment, by severity.",
      unit: "short",
      decimals: 0,
      width: 8,
      stacked: true,
      colours: severityColours,
      queries: [{ expr: openBy(["severity"], where), legend: "{{severity}}" }],
    }),
    graphPanel({
      title: "Transitions of incidents",
      description:
        "What happened to incidents: opened, reopened within a day of resolving, diagnosed for the first time, another leading cause, resolved after the quiet period.",
      unit: "short",
      decimals: 1,
      width: 9,
      bars: true,
      colours: transitionColours,
      queries: [
        {
          expr: countOf(transitions, {
            by: ["transition"],
            where: [...transitionsWhere, ...chosen(transitions)],
            over: "$__rate_interval",
          }),
          legend: "{{transition}}",
        },
      ],
    }),
  ];
}
