/* Writes docs/codes from the rule packs: `node scripts/generate-docs.ts`. Pages of codes that no longer have one go. */
import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { loadCatalogue } from "../src/core/catalogue.ts";
import { compileRules } from "../src/core/rules/match.ts";
import { loadBuiltInRules } from "../src/rule-packs.ts";
import { codePages } from "./code-pages.ts";

const folder = join(import.meta.dirname, "..", "docs", "codes");
const catalogue = loadCatalogue();
const pages = codePages(compileRules([], loadBuiltInRules(), catalogue), catalogue);

mkdirSync(folder, { recursive: true });
for (const name of readdirSync(folder)) {
  if (/^(?:\d+|index)\.md$/.test(name) && !pages.has(name)) rmSync(join(folder, name));
}
for (const [name, text] of pages) writeFileSync(join(folder, name), text);
console.log(`${pages.size} pages in docs/codes`);
