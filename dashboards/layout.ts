/*
 * Puts panels on Grafana's grid and everything around them: rows from the top down, panels from the left, a new line
 * where the grid's 24 cells are full.
 */
import * as dashboard from "@grafana/grafana-foundation-sdk/dashboard";
import { type Dashboard, dashboardUids } from "../alerts/links.ts";
import { linksFrom, titleOf } from "./links.ts";

/** Panels under one heading. */
export interface Row {
  readonly title: string;
  readonly panels: readonly dashboard.Panel[];
}

/** What makes one dashboard. */
export interface Plan {
  readonly name: Dashboard;
  readonly description: string;
  readonly variables: readonly (dashboard.DatasourceVariableBuilder | dashboard.QueryVariableBuilder)[];
  readonly annotations: readonly dashboard.AnnotationQueryBuilder[];
  readonly rows: readonly Row[];
}

const gridWidth = 24;

// Of Grafana 11.0. Every later one brings it up to its own when it loads it; an older one would have to guess.
const schemaVersion = 39;

/** The dashboard as Grafana reads it. Without `id` and `version`: those are given by the Grafana it comes to. */
export function dashboardOf({ name, description, variables, annotations, rows }: Plan): dashboard.Dashboard {
  const built = new dashboard.DashboardBuilder(`Faultline / ${titleOf(name)}`)
    .uid(dashboardUids[name])
    .description(description)
    .tags(["faultline", "twilio"])
    .readonly()
    .tooltip(dashboard.DashboardCursorSync.Crosshair)
    .time({ from: "now-6h", to: "now" })
    .refresh("1m")
    .timezone("browser")
    .variables([...variables])
    .annotations([...annotations])
    .links(linksFrom(name))
    .build();
  return {
    ...built,
    schemaVersion,
    annotations: { list: (built.annotations.list ?? []).map(inPlainSight) },
    links: (built.links ?? []).map(inPlainSight),
    panels: placed(rows),
  };
}

/** The SDK puts what has a placement into a menu that nobody opens at night. */
function inPlainSight<T extends { placement?: unknown }>(shown: T): T {
  const { placement: _, ...rest } = shown;
  return rest as T;
}

function placed(rows: readonly Row[]): (dashboard.Panel | dashboard.RowPanel)[] {
  const panels: (dashboard.Panel | dashboard.RowPanel)[] = [];
  let top = 0;
  for (const row of rows) {
    panels.push({
      type: "row",
      collapsed: false,
      title: row.title,
      id: panels.length + 1,
      panels: [],
      gridPos: { x: 0, y: top, w: gridWidth, h: 1 },
    });
    top += 1;
    let left = 0;
    let lineHeight = 0;
    for (const panel of row.panels) {
      const { w, h } = panel.gridPos ?? dashboard.defaultGridPos();
      if (left + w > gridWidth) {
        top += lineHeight;
        left = 0;
        lineHeight = 0;
      }
      panels.push({
        ...panel,
        links: (panel.links ?? []).map(inPlainSight),
        id: panels.length + 1,
        gridPos: { x: left, y: top, w, h },
      });
      left += w;
      lineHeight = Math.max(lineHeight, h);
    }
    top += lineHeight;
  }
  return panels;
}
