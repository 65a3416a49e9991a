import { readFileSync } from "node:fs";
import { mistakesText } from "./core/rules/mistake.ts";
import { builtInPackNames } from "./core/rules/packs.ts";
import { checkRulePacks, parseRulePack, type RulePack } from "./core/rules/parse.ts";
import type { Rule } from "./core/rules/rule.ts";

/** Reads the rule packs shipped with Faultline from the disk, as they are, mistakes and all. */
export function readBuiltInPacks(): readonly RulePack[] {
  return builtInPackNames.map((name) => {
    const file = `${name}.yaml`;
    return parseRulePack(readFileSync(new URL(`./core/rules/packs/${file}`, import.meta.url), "utf8"), file);
  });
}

/**
 * The rules shipped with Faultline, in the order in which they are asked.
 *
 * @throws Error listing every mistake, when a pack was edited and is wrong now
 */
export function loadBuiltInRules(): readonly Rule[] {
  const packs = readBuiltInPacks();
  const mistakes = checkRulePacks(packs);
  if (mistakes.length > 0) throw new Error(mistakesText(mistakes));
  return packs.flatMap((pack) => pack.rules);
}
