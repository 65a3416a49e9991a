/** The figures that something must be reached in, by name; those of a scenario that did not run are absent. */
export type Figures = Readonly<Partial<Record<FigureName, number>>>;

/** Ratios are of medians taken in one run; times in the unit their name ends in. */
export type FigureName =
  | "webhooksToSelfBuilt"
  | "webhooksToBare"
  | "webhooksP99ToSelfBuilt"
  | "embeddedToSelfBuilt"
  | "streamEventsToBare"
  | "streamP99Ms"
  | "stormIncidents"
  | "stormMissing"
  | "stormPeakMiB"
  | "stormP99ToUnloaded"
  | "classifyUs"
  | "classifyGrowth"
  | "grownIngestShare"
  | "incidentsP99Ms"
  | "floodToExpress"
  | "startPostgresMs"
  | "startEmbeddedMs"
  | "idlePostgresMiB";
