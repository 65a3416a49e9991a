/* Writes what the chart holds of other sources: `npm run chart`. Dashboards that no longer exist go. */
import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { chartFiles } from "./chart-files.ts";

const root = join(import.meta.dirname, "..");
const dashboards = join("helm", "faultline", "files", "dashboards");
const files = chartFiles();

mkdirSync(join(root, dashboards), { recursive: true });
for (const name of readdirSync(join(root, dashboards))) {
  if (!files.has(join(dashboards, name))) rmSync(join(root, dashboards, name));
}
for (const [path, text] of files) {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}
console.log(`${files.size} files in helm/faultline`);
