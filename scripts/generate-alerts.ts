/*
 * Writes alerts/faultline.rules.yml from its sources: `node scripts/generate-alerts.ts`. With --grafana-url links to
 * dashboards work outside of Grafana, --job names the scrape job, --out - prints the rules instead of writing them.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { ruleFile } from "../alerts/rule-groups.ts";

const { values } = parseArgs({
  options: {
    "grafana-url": { type: "string", default: "" },
    job: { type: "string", default: "faultline" },
    out: { type: "string", default: join(import.meta.dirname, "..", "alerts", "faultline.rules.yml") },
  },
});
const text = ruleFile({ grafanaUrl: values["grafana-url"], job: values.job });
if (values.out === "-") process.stdout.write(text);
else {
  writeFileSync(values.out, text);
  console.log(`Rules in ${values.out}`);
}
