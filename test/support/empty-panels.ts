/*
 * Queries that may give no data though everything is right, and why. Every other query of a dashboard must give some
 * when Faultline has had traffic. Keep it short: an entry here is a graph nobody has seen working.
 */

/** A query by dashboard, panel and, where the panel has several, its letter. */
export interface EmptyPanel {
  readonly dashboard: string;
  readonly panel: string;
  readonly refId?: string;
  readonly reason: string;
}

const noPast = "compares with a week ago, and a Prometheus just started has no past";

export const emptyPanels: readonly EmptyPanel[] = [
  { dashboard: "faultline-twilio-errors", panel: "Against the same hour last week", reason: noPast },
  { dashboard: "faultline-twilio-errors", panel: "Errors, now and a week ago", refId: "B", reason: noPast },
  { dashboard: "faultline-proxy-conversations", panel: "Events, now and a week ago", refId: "B", reason: noPast },
];
