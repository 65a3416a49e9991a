import { isMap, isScalar, parseDocument, type YAMLMap } from "yaml";

/** One value of the chart. */
export interface ChartValue {
  /** With dots: `ingest.autoscaling.enabled`. */
  readonly path: string;
  /** The default as people write it; null for a group of values, which has none of its own. */
  readonly shown: string | null;
  /** What is said above it in values.yaml; empty for groups. */
  readonly text: string;
}

/** The values in values.yaml with what is said of each. A map written on one line is one value; over several, a group. */
export function chartValues(text: string): readonly ChartValue[] {
  const document = parseDocument(text);
  const lines = text.split("\n");
  const values: ChartValue[] = [];
  const visit = (map: YAMLMap, above: readonly string[]) => {
    for (const { key, value } of map.items) {
      if (!isScalar(key) || key.range == null) continue;
      const path = [...above, String(key.value)];
      const line = text.slice(0, key.range[0]).split("\n").length - 1;
      const isGroup = isMap(value) && value.flow !== true;
      const shown = isGroup ? null : shownDefault(value === null ? "" : text.slice(...rangeOf(value)));
      values.push({ path: path.join("."), shown, text: commentAbove(lines, line) });
      if (isGroup) visit(value, path);
    }
  };
  if (isMap(document.contents)) visit(document.contents, []);
  return values;
}

function rangeOf(value: unknown): [number, number] {
  const range = typeof value === "object" && value !== null && "range" in value ? value.range : null;
  return Array.isArray(range) ? [Number(range[0]), Number(range[1])] : [0, 0];
}

/** Of a credential only its key: the rest is empty. */
function shownDefault(text: string): string {
  const key = /existingSecret: "", key: ([\w.-]+) \}$/.exec(text)?.[1];
  if (key !== undefined) return `key: ${key}`;
  return text === '""' ? "" : text;
}

/** The comment that ends on the line before; a heading of a section is none. */
function commentAbove(lines: readonly string[], line: number): string {
  const comment = /^\s*# (.*)$/.exec(lines[line - 1] ?? "")?.[1];
  return comment === undefined || comment.startsWith("---") ? "" : comment;
}
