import { loadConfig, mistakesText } from "../config.ts";
import { loadCatalogue } from "../core/catalogue.ts";
import { compileRules } from "../core/rules/match.ts";
import { loadBuiltInRules } from "../rule-packs.ts";
import { explain } from "./explain.ts";

/** Prints what is known about a code, the user's own rules included. Returns the exit code. */
export function runExplain(code: number, json: boolean): number {
  const loaded = loadConfig();
  if (!loaded.ok) {
    process.stderr.write(`${mistakesText(loaded.mistakes)}\n`);
    return 2;
  }
  const catalogue = loadCatalogue();
  const rules = compileRules(loaded.config.userRules, loadBuiltInRules(), catalogue);
  const { text, exitCode } = explain(code, rules, catalogue, { json, color: process.stdout.isTTY });
  process.stdout.write(text);
  return exitCode;
}
