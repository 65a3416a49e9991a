/* Writes dashboards/*.json from the TypeScript beside them: `node scripts/generate-dashboards.ts`. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { dashboardFiles, dashboardText } from "../dashboards/files.ts";

const folder = join(import.meta.dirname, "..", "dashboards");
const files = dashboardFiles();
for (const { file, dashboard } of files) writeFileSync(join(folder, file), dashboardText(dashboard));
console.log(`${files.length} dashboards in dashboards`);
