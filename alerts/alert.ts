/*
 * What an alert is made of, and how it becomes a rule of Prometheus. Conventions:
 * https://monitoring.mixins.dev/ and https://prometheus.io/docs/practices/alerting/.
 */
import { type Dashboard, dashboardUrl, runbookUrl } from "./links.ts";

/** Who is to look, and when: critical now, warning today, info when there is time. */
export type AlertSeverity = "critical" | "warning" | "info";

/** An alert as it is written here. */
export interface Alert {
  /** CamelCase; `Twilio…` for Twilio's health, `Faultline…` for our own. Also the name of its runbook page. */
  readonly name: string;
  readonly severity: AlertSeverity;
  /** How long the expression must hold, as Prometheus writes it. */
  readonly for: string;
  readonly expr: string;
  /** One sentence that is the same whenever it fires. */
  readonly summary: string;
  /** What it is this time, with the values: a template of Prometheus. */
  readonly description: string;
  readonly dashboard: Dashboard;
  /** Labels besides the severity, for routing. */
  readonly labels?: Readonly<Record<string, string>>;
}

/** An alerting rule as Prometheus reads it. */
export interface AlertRule {
  readonly alert: string;
  readonly expr: string;
  readonly for: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: {
    readonly summary: string;
    readonly description: string;
    readonly runbook_url: string;
    readonly dashboard_url: string;
  };
}

/** The rule of an alert; `grafanaUrl` is where its dashboard is, relative when empty. */
export function alertRule(alert: Alert, grafanaUrl: string): AlertRule {
  return {
    alert: alert.name,
    expr: alert.expr,
    for: alert.for,
    labels: { severity: alert.severity, ...alert.labels },
    annotations: {
      summary: alert.summary,
      description: alert.description,
      runbook_url: runbookUrl(alert.name),
      dashboard_url: dashboardUrl(alert.dashboard, grafanaUrl),
    },
  };
}
