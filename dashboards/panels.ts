/*
 * The kinds of panels, each with the looks that all of its kind have. A panel says what it shows, in which unit, and
 * what to make of it; where it stands is the matter of layout.ts.
 */
import * as bargauge from "@grafana/grafana-foundation-sdk/bargauge";
import * as common from "@grafana/grafana-foundation-sdk/common";
import * as dashboard from "@grafana/grafana-foundation-sdk/dashboard";
import * as heatmap from "@grafana/grafana-foundation-sdk/heatmap";
import * as prometheus from "@grafana/grafana-foundation-sdk/prometheus";
import * as stat from "@grafana/grafana-foundation-sdk/stat";
import * as timeseries from "@grafana/grafana-foundation-sdk/timeseries";
import { runbookLink } from "./links.ts";
import { dataSource } from "./variables.ts";

/** One query of a panel. */
export interface Query {
  readonly expr: string;
  /** Name of a series, with `{{label}}` for the value of a label. */
  readonly legend?: string;
  /** Shows the traces of single observations, where Faultline sends traces. */
  readonly exemplars?: boolean;
}

/** From a value on, a colour. The first colour holds below all values. */
export type Thresholds = readonly [base: string, ...steps: readonly (readonly [from: number, colour: string])[]];

/** What every panel says of itself. Sizes are in cells of Grafana's grid, which is 24 wide. */
export interface PanelText {
  readonly title: string;
  readonly description: string;
  /** Id of one of Grafana's units. `short` counts things. */
  readonly unit: string;
  readonly width: number;
  readonly height?: number;
  readonly queries: readonly Query[];
  /** Alerts whose runbooks say what to do about it. */
  readonly runbooks?: readonly string[];
  readonly thresholds?: Thresholds;
  readonly decimals?: number;
  /** What to show instead of "No data". */
  readonly noValue?: string;
  /** Colours of series by their name. */
  readonly colours?: Readonly<Record<string, string>>;
}

/** A number that says how things are right now. */
export function statPanel(
  text: PanelText & { readonly colourSteps?: Readonly<Record<string, Thresholds>>; readonly names?: boolean },
): dashboard.Panel {
  const builder = new stat.PanelBuilder()
    .reduceOptions(new common.ReduceDataOptionsBuilder().calcs(["lastNotNull"]))
    .colorMode(common.BigValueColorMode.Background)
    .graphMode(common.BigValueGraphMode.None)
    .textMode(text.names === true ? common.BigValueTextMode.ValueAndName : common.BigValueTextMode.Auto)
    // A quantile of nothing and a share of nothing are not numbers.
    .mappings([notANumber("No traffic")])
    .colorScheme(new dashboard.FieldColorBuilder().mode(dashboard.FieldColorModeId.Thresholds));
  for (const [name, steps] of Object.entries(text.colourSteps ?? {})) {
    builder.overrideByName(name, [{ id: "thresholds", value: thresholdsOf(steps).build() }]);
  }
  return dress(builder, { thresholds: ["text"], height: 4, ...text }, "instant").build();
}

/** Lines over time. Stacked where the parts make a whole, as bars where single happenings count. */
export function graphPanel(text: PanelText & { readonly stacked?: boolean; readonly bars?: boolean }): dashboard.Panel {
  const isFilled = text.stacked === true || text.bars === true;
  const builder = new timeseries.PanelBuilder()
    .drawStyle(text.bars === true ? common.GraphDrawStyle.Bars : common.GraphDrawStyle.Line)
    .fillOpacity(isFilled ? 40 : 8)
    .lineWidth(1)
    .showPoints(common.VisibilityMode.Never)
    .min(0)
    .legend(
      new common.VizLegendOptionsBuilder()
        .displayMode(common.LegendDisplayMode.Table)
        .placement(common.LegendPlacement.Bottom)
        .showLegend(true)
        .calcs(["lastNotNull", "max"]),
    )
    .tooltip(
      new common.VizTooltipOptionsBuilder().mode(common.TooltipDisplayMode.Multi).sort(common.SortOrder.Descending),
    )
    .colorScheme(new dashboard.FieldColorBuilder().mode(dashboard.FieldColorModeId.PaletteClassicByName));
  if (isFilled) builder.stacking(new common.StackingConfigBuilder().mode(common.StackingMode.Normal).group("A"));
  if (text.thresholds !== undefined) {
    builder.thresholdsStyle(
      new common.GraphThresholdsStyleConfigBuilder().mode(common.GraphThresholdsStyleMode.Dashed),
    );
  }
  return dress(builder, { height: 8, ...text }, "range").build();
}

/** Observations by time and bucket, as one coloured field. */
export function heatmapPanel(text: PanelText): dashboard.Panel {
  const builder = new heatmap.PanelBuilder()
    .calculate(false)
    .yAxis(new heatmap.YAxisConfigBuilder().unit(text.unit).axisPlacement(common.AxisPlacement.Left))
    .cellValues(new heatmap.CellValuesBuilder().unit("cps"))
    .color(new heatmap.HeatmapColorOptionsBuilder().mode(heatmap.HeatmapColorMode.Scheme).scheme("Oranges").steps(64))
    .rowsFrame(new heatmap.RowsHeatmapOptionsBuilder().layout(common.HeatmapCellLayout.Auto))
    .tooltip(new heatmap.HeatmapTooltipBuilder().mode(common.TooltipDisplayMode.Single).yHistogram(true));
  return dress(builder, { height: 8, ...text }, "heatmap").build();
}

/** What there is most of, longest bar first. */
export function barsPanel(text: PanelText): dashboard.Panel {
  const builder = new bargauge.PanelBuilder()
    .reduceOptions(new common.ReduceDataOptionsBuilder().calcs(["lastNotNull"]))
    .orientation(common.VizOrientation.Horizontal)
    .displayMode(common.BarGaugeDisplayMode.Basic)
    .min(0)
    .colorScheme(new dashboard.FieldColorBuilder().mode(dashboard.FieldColorModeId.PaletteClassicByName));
  return dress(builder, { height: 9, ...text }, "instant").build();
}

/** The builder methods that all kinds of panels share. */
interface AnyPanelBuilder {
  title(text: string): this;
  description(text: string): this;
  datasource(source: common.DataSourceRef): this;
  unit(unit: string): this;
  decimals(count: number): this;
  noValue(text: string): this;
  height(cells: number): this;
  span(cells: number): this;
  thresholds(steps: dashboard.ThresholdsConfigBuilder): this;
  links(links: dashboard.DashboardLinkBuilder[]): this;
  withTarget(target: prometheus.DataqueryBuilder): this;
  overrideByName(name: string, properties: dashboard.DynamicConfigValue[]): this;
}

/** Gives a panel of any kind its words, unit, links and queries. */
export function dress<B extends AnyPanelBuilder>(
  builder: B,
  text: PanelText,
  asked: "instant" | "range" | "heatmap" | "table",
): B {
  builder
    .title(text.title)
    .description(text.description)
    .datasource(dataSource)
    .unit(text.unit)
    .span(text.width)
    .height(text.height ?? 8)
    .links((text.runbooks ?? []).map(runbookLink));
  if (text.thresholds !== undefined) builder.thresholds(thresholdsOf(text.thresholds));
  if (text.decimals !== undefined) builder.decimals(text.decimals);
  if (text.noValue !== undefined) builder.noValue(text.noValue);
  for (const [name, colour] of Object.entries(text.colours ?? {})) {
    builder.overrideByName(name, [{ id: "color", value: { mode: "fixed", fixedColor: colour } }]);
  }
  text.queries.forEach((query, index) => {
    builder.withTarget(target(query, refIds.charAt(index), asked));
  });
  return builder;
}

const refIds = "ABCDEFGHIJ";

function target(query: Query, refId: string, asked: "instant" | "range" | "heatmap" | "table") {
  const built = new prometheus.DataqueryBuilder()
    .refId(refId)
    .datasource(dataSource)
    .editorMode(prometheus.QueryEditorMode.Code)
    .expr(query.expr);
  if (query.legend !== undefined) built.legendFormat(query.legend);
  if (query.exemplars === true) built.exemplar(true);
  if (asked === "range") return built.range();
  if (asked === "instant") return built.instant();
  if (asked === "heatmap") return built.range().format(prometheus.PromQueryFormat.Heatmap).legendFormat("{{le}}");
  return built.instant().format(prometheus.PromQueryFormat.Table);
}

function thresholdsOf([base, ...steps]: Thresholds): dashboard.ThresholdsConfigBuilder {
  return new dashboard.ThresholdsConfigBuilder()
    .mode(dashboard.ThresholdsMode.Absolute)
    .steps([{ value: null, color: base }, ...steps.map(([value, color]) => ({ value, color }))]);
}

function notANumber(words: string): dashboard.SpecialValueMap {
  return {
    type: dashboard.MappingType.SpecialValue,
    options: { match: dashboard.SpecialValueMatch.NotANumber, result: { text: words, color: "text" } },
  };
}
