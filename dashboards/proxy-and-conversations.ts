/*
 * Proxy and Conversations: the five codes that mean a person and a number are already connected, or that nobody knows
 * whom to connect. Faultline diagnoses them in depth.
 */
import type * as dashboard from "@grafana/grafana-foundation-sdk/dashboard";
import { metrics } from "../src/telemetry/metric-names.ts";
import { incidentAnnotations } from "./annotations.ts";
import { causesRow } from "./causes.ts";
import { incidentPanels, openBy } from "./incidents.ts";
import { dashboardOf, type Row } from "./layout.ts";
import { codeLinks } from "./links.ts";
import { graphPanel, statPanel } from "./panels.ts";
import { chosen, countOf, perMinute } from "./promql.ts";
import { tablePanel } from "./tables.ts";
import { eventVariables, targetVariables } from "./variables.ts";

/** A code of this dashboard, with the alert on its open incidents. */
interface DiagnosedCode {
  readonly code: string;
  readonly title: string;
  readonly meaning: string;
  readonly alert: string;
}

const diagnosed: readonly DiagnosedCode[] = [
  {
    code: "80604",
    title: "Proxy identifier in use",
    meaning: "The same person and Proxy number would have stood in two active Sessions.",
    alert: "TwilioProxyIdentifierInUse",
  },
  {
    code: "80903",
    title: "Unknown Participant",
    meaning: "Proxy could not tell which Participant of a Session an action was about.",
    alert: "TwilioProxyUnknownParticipant",
  },
  {
    code: "80905",
    title: "Unknown scenario",
    meaning: "Somebody called or wrote to a Proxy number, and no valid Session says whom to connect them with.",
    alert: "TwilioProxyUnknownScenario",
  },
  {
    code: "50416",
    title: "Binding exists",
    meaning: "This person and this Twilio number are already connected in a Conversation that is not closed.",
    alert: "TwilioConversationBindingExists",
  },
  {
    code: "48031",
    title: "Frontline conversation exists",
    meaning: "The customer and the Twilio number are already connected in another Frontline conversation.",
    alert: "TwilioFrontlineConversationExists",
  },
];

const codes = diagnosed.map(({ code }) => code);
const alerts = diagnosed.map(({ alert }) => alert);
const ofTheFive = ["code", codes] as const;

const events = metrics.debuggerEvents;
const where = [ofTheFive, ...chosen(events)] as const;

// Without the variables account, product and code: what is open must show whatever was chosen on another dashboard.
const now: Row = {
  title: "Is something wrong now, and what? (all accounts and codes, whatever is chosen above)",
  panels: [
    ...diagnosed.map(({ code, title, meaning, alert }) =>
      statPanel({
        title: `${code} ${title}`,
        description: `Open incidents of ${code}. ${meaning} Cause, what is in the way and the command for it: GET /api/v1/incidents?state=open&code=${code} of Faultline's private port.`,
        unit: "short",
        decimals: 0,
        width: 4,
        noValue: "Not read yet",
        thresholds: ["green", [1, "orange"]],
        queries: [{ expr: openBy([], [["code", code]]) }],
        runbooks: [alert],
      }),
    ),
    statPanel({
      title: "Accounts affected",
      description: "Accounts with at least one event of the five codes in the time shown.",
      unit: "short",
      decimals: 0,
      width: 4,
      thresholds: ["green", [1, "orange"]],
      queries: [{ expr: `count(${countOf(events, { by: ["account"], where: [ofTheFive] })} > 0) or vector(0)` }],
    }),
  ],
};

const affected: Row = {
  title: "How many, and whom",
  panels: [
    graphPanel({
      title: "Events by code",
      description: "New events of the five codes a minute.",
      unit: "cpm",
      width: 12,
      stacked: true,
      queries: [{ expr: perMinute(events, { by: ["code"], where }), legend: "{{code}}" }],
      runbooks: alerts,
    }),
    graphPanel({
      title: "Events, now and a week ago",
      description: "Events of the five codes in the hour before each point, and in the same hour a week earlier.",
      unit: "short",
      width: 12,
      colours: { "This week": "red", "A week ago": "text" },
      queries: [
        { expr: countOf(events, { where, over: "1h" }), legend: "This week" },
        { expr: countOf(events, { where, over: "1h", ago: "1w" }), legend: "A week ago" },
      ],
      runbooks: ["TwilioErrorRateSurge"],
    }),
    tablePanel({
      title: "Affected accounts",
      description:
        "Events of the five codes in the time shown, by account. Services, Sessions and Conversations are never labels of a metric: there is no bound on how many there are. Which Service an incident belongs to: GET /api/v1/incidents?code=80604 of Faultline's private port, field service, and conflicts for what is in the way.",
      unit: "short",
      decimals: 0,
      width: 12,
      height: 8,
      noValue: "None",
      labels: { account: "Account", code: "Code", product: "Product", level: "Level" },
      values: ["Events"],
      gauge: true,
      cellLinks: { code: codeLinks("proxyAndConversations") },
      queries: [{ expr: `${countOf(events, { by: ["account", "code", "product", "level"], where })} > 0` }],
    }),
    graphPanel({
      title: "Events by account",
      description: "New events of the five codes a minute, by account.",
      unit: "cpm",
      width: 12,
      stacked: true,
      queries: [{ expr: perMinute(events, { by: ["account"], where }), legend: "{{account}}" }],
    }),
  ],
};

/** The dashboard of the five codes. */
export function proxyAndConversations(): dashboard.Dashboard {
  return dashboardOf({
    name: "proxyAndConversations",
    description: `Twilio's codes ${codes.join(", ")}: numbers and bindings already in use, and callers nobody expects. Faultline says which documented cause applies and what is in the way. Needs nothing but Faultline's metrics; the recording rules are for the alerts. Affected Services are not labels by design: ask GET /api/v1/incidents of Faultline's private port.`,
    variables: [...targetVariables(), ...eventVariables(codes)],
    annotations: incidentAnnotations([ofTheFive, ...chosen(metrics.incidentTransitions)]),
    rows: [
      now,
      affected,
      {
        title: "Incidents",
        panels: incidentPanels("proxyAndConversations", { openWhere: [ofTheFive], transitionsWhere: [ofTheFive] }),
      },
      causesRow([ofTheFive, ...chosen(metrics.diagnoses)]),
    ],
  });
}
