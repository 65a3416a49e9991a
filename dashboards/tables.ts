/*
 * Tables: one row a label set, one column a label, then one column a query.
 */
import * as common from "@grafana/grafana-foundation-sdk/common";
import type * as dashboard from "@grafana/grafana-foundation-sdk/dashboard";
import * as table from "@grafana/grafana-foundation-sdk/table";
import type { ValueLink } from "./links.ts";
import { dress, type PanelText } from "./panels.ts";

/** A table panel: the labels to show and what to call them, and a name for each query's value. */
export interface TableText extends PanelText {
  /** Labels in the order of their columns, with the words above them. */
  readonly labels: Readonly<Record<string, string>>;
  /** Words above the values, one a query. */
  readonly values: readonly string[];
  /** Links behind the values of a label. */
  readonly cellLinks?: Readonly<Record<string, readonly ValueLink[]>>;
  /** Colours the values of these columns as a bar behind the number. */
  readonly gauge?: boolean;
}

/** A table with the greatest first value on top. */
export function tablePanel(text: TableText): dashboard.Panel {
  const [firstValue = "Value"] = text.values;
  const builder = new table.PanelBuilder()
    .cellHeight(common.TableCellHeight.Sm)
    .filterable(true)
    .sortBy([new common.TableSortByFieldStateBuilder().displayName(firstValue).desc(true)])
    .transformations(columns(text));
  for (const [label, links] of Object.entries(text.cellLinks ?? {})) {
    builder.overrideByName(text.labels[label] ?? label, [{ id: "links", value: links }]);
  }
  // Labels are words, even those that look like numbers: 80604 is no count.
  for (const name of Object.values(text.labels)) builder.overrideByName(name, [{ id: "unit", value: "string" }]);
  for (const name of text.values) {
    const bar = text.gauge === true ? [{ id: "custom.cellOptions", value: { type: "gauge", mode: "basic" } }] : [];
    builder.overrideByName(name, [{ id: "unit", value: text.unit }, { id: "custom.align", value: "right" }, ...bar]);
  }
  return dress(builder, { height: 9, ...text }, "table").build();
}

/** Prometheus gives a column `Value`, with several queries `Value #A` and so on, and one for the time. */
function columns({ labels, values, queries }: TableText): dashboard.DataTransformerConfig[] {
  const valueColumns = queries.map((_, index) =>
    queries.length === 1 ? "Value" : `Value #${"ABCDEFGHIJ".charAt(index)}`,
  );
  const renamed = Object.fromEntries(valueColumns.map((column, index) => [column, values[index] ?? column]));
  const order = [...Object.keys(labels), ...valueColumns];
  return [
    { id: "merge", options: {} },
    {
      id: "organize",
      options: {
        excludeByName: { Time: true },
        indexByName: Object.fromEntries(order.map((column, index) => [column, index])),
        renameByName: { ...labels, ...renamed },
      },
    },
  ];
}
