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

/** None: the test gives Prometheus a past, so that even what compares with last week has data. */
export const emptyPanels: readonly EmptyPanel[] = [];
