/*
 * The dashboards as files: what is committed, packed into the chart and imported.
 */
import type * as dashboard from "@grafana/grafana-foundation-sdk/dashboard";
import { faultline } from "./faultline.ts";
import { proxyAndConversations } from "./proxy-and-conversations.ts";
import { twilioErrors } from "./twilio-errors.ts";

/** A dashboard and the name of its file in this folder. */
export interface DashboardFile {
  readonly file: string;
  readonly dashboard: dashboard.Dashboard;
}

/** All dashboards, freshly made. */
export function dashboardFiles(): DashboardFile[] {
  return [
    { file: "twilio-errors.json", dashboard: twilioErrors() },
    { file: "proxy-and-conversations.json", dashboard: proxyAndConversations() },
    { file: "faultline.json", dashboard: faultline() },
  ];
}

/** A dashboard as the text of its file. */
export function dashboardText(board: dashboard.Dashboard): string {
  return `${JSON.stringify(board, null, 2)}\n`;
}
