/*
 * Where dashboards lead: to each other, to the runbook of an alert, to Twilio's page of a code.
 */
import * as dashboard from "@grafana/grafana-foundation-sdk/dashboard";
import { type Dashboard, dashboardUids, dashboardUrl, runbookUrl } from "../alerts/links.ts";

const titles: Readonly<Record<Dashboard, { title: string; tooltip: string }>> = {
  twilioErrors: { title: "Twilio errors", tooltip: "All of Twilio's errors: rates, codes, incidents, causes" },
  proxyAndConversations: {
    title: "Proxy and Conversations",
    tooltip: "The five codes of numbers and bindings already in use",
  },
  faultline: { title: "Faultline", tooltip: "Faultline itself: deliveries, queue, notices, process" },
};

/** The title of a dashboard, as the other two call it. */
export function titleOf(name: Dashboard): string {
  return titles[name].title;
}

/** Links to the other two dashboards. They keep the time and the variables. */
export function linksFrom(name: Dashboard): dashboard.DashboardLinkBuilder[] {
  const others = (Object.keys(dashboardUids) as Dashboard[]).filter((other) => other !== name);
  return others.map((other) =>
    new dashboard.DashboardLinkBuilder(titles[other].title)
      .type(dashboard.DashboardLinkType.Link)
      .url(dashboardUrl(other))
      .icon("dashboard")
      .tooltip(titles[other].tooltip)
      .includeVars(true)
      .keepTime(true),
  );
}

/** A panel's link to what to do when it looks bad. */
export function runbookLink(alert: string): dashboard.DashboardLinkBuilder {
  return new dashboard.DashboardLinkBuilder(`Runbook: ${alert}`)
    .type(dashboard.DashboardLinkType.Link)
    .url(runbookUrl(alert))
    .icon("doc")
    .targetBlank(true);
}

/** A place that Grafana fills in: `${name}`. */
export function filledIn(name: string): string {
  return `\${${name}}`;
}

/** A link behind a value of a table. */
export interface ValueLink {
  readonly title: string;
  readonly url: string;
  readonly targetBlank: boolean;
}

/** Links behind a code in a table: what Twilio says about it, and the same dashboard with nothing but it. */
export function codeLinks(name: Dashboard): ValueLink[] {
  const code = filledIn("__value.text");
  const kept = ["__url_time_range", "datasource:queryparam", "job:queryparam", "account:queryparam"].map(filledIn);
  return [
    { title: `Twilio on ${code}`, url: `https://www.twilio.com/docs/api/errors/${code}`, targetBlank: true },
    { title: `Only ${code}`, url: `${dashboardUrl(name)}?${kept.join("&")}&var-code=${code}`, targetBlank: false },
  ];
}
