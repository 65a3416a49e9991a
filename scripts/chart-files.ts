import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { type ChartValue, chartValues } from "./chart-values.ts";

const root = join(import.meta.dirname, "..");
const chart = join("helm", "faultline");
const read = (...path: string[]) => readFileSync(join(root, ...path), "utf8");

/**
 * Everything in the chart that is made from something else, by its path from the project's root: dashboards and rules (a
 * packaged chart holds no symbolic links), and what values.yaml says of each value, in README.md and values.schema.json.
 */
export function chartFiles(): ReadonlyMap<string, string> {
  const values = chartValues(read(chart, "values.yaml"));
  const dashboards = readdirSync(join(root, "dashboards")).filter((name) => name.endsWith(".json"));
  return new Map([
    ...dashboards.map((name) => [join(chart, "files", "dashboards", name), read("dashboards", name)] as const),
    [join(chart, "files", "faultline.rules.yml"), read("alerts", "faultline.rules.yml")],
    [join(chart, "README.md"), withTable(read(chart, "README.md"), values)],
    [join(chart, "values.schema.json"), withDescriptions(read(chart, "values.schema.json"), values)],
    [join(chart, "Chart.yaml"), withAppVersion(read(chart, "Chart.yaml"))],
  ]);
}

/** Faultline's version is the image's tag. */
function withAppVersion(text: string): string {
  const { version } = z.object({ version: z.string() }).parse(JSON.parse(read("package.json")));
  return text.replace(/^appVersion: .*$/m, `appVersion: ${JSON.stringify(version)}`);
}

function withTable(text: string, values: readonly ChartValue[]): string {
  const rows = values
    .filter(({ shown }) => shown !== null)
    .map(({ path, shown, text: about }) => `| \`${path}\` | ${cell(shown ?? "")} | ${about.replaceAll("|", "\\|")} |`);
  const table = ["| value | default | what |", "|---|---|---|", ...rows].join("\n");
  const mark = (name: string) => `<!-- ${name} -->`;
  const [before, rest] = text.split(mark("values"));
  const after = rest?.split(mark("end of values"))[1];
  if (before === undefined || after === undefined)
    throw new Error("README.md: expected the marks of the values, got none");
  return `${before}${mark("values")}\n${table}\n${mark("end of values")}${after}`;
}

function cell(shown: string): string {
  return shown === "" ? "" : `\`${shown.replaceAll("|", "\\|")}\``;
}

function withDescriptions(text: string, values: readonly ChartValue[]): string {
  const schema: unknown = JSON.parse(text);
  for (const { path, text: about } of values) {
    const node = path.split(".").reduce<unknown>((at, key) => below(below(at, "properties"), key), schema);
    if (!isObject(node)) throw new Error(`values.schema.json: expected ${path}, got nothing. Fix: describe it there`);
    if (about !== "") node.description = about;
  }
  return `${JSON.stringify(schema, null, 2)}\n`;
}

function below(value: unknown, key: string): unknown {
  return isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
