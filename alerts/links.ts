/*
 * Where the annotations of alerts lead. One place, so that a fork or a mirror changes one line.
 */

/** Folder of the runbooks, one page an alert. */
export const runbookBase = "https://github.com/faultline/faultline/blob/main/docs/runbooks";

/** Uids of the dashboards, by what they show. They are part of links, so they never change. */
export const dashboardUids = {
  twilioErrors: "faultline-twilio-errors",
  proxyAndConversations: "faultline-proxy-conversations",
  faultline: "faultline-self",
} as const;

/** A dashboard by what it shows. */
export type Dashboard = keyof typeof dashboardUids;

/** The page to read when this alert fires. */
export function runbookUrl(alert: string): string {
  return `${runbookBase}/${alert}.md`;
}

/** The path of a dashboard; `grafanaUrl` (without a slash at the end) makes it a URL. Relative works inside Grafana. */
export function dashboardUrl(dashboard: Dashboard, grafanaUrl: string = ""): string {
  return `${grafanaUrl.replace(/\/+$/, "")}/d/${dashboardUids[dashboard]}`;
}
