import { loadCatalogue } from "../../src/core/catalogue.ts";
import { parseNoticeConfig } from "../../src/core/notice/config.ts";
import { classify, compileRules } from "../../src/core/rules/match.ts";
import { mistakeText } from "../../src/core/rules/mistake.ts";
import { checkRulePacks, parseRulePack, parseUserRules } from "../../src/core/rules/parse.ts";
import { mutated } from "./mutate.ts";
import type { Target } from "./targets.ts";

const catalogue = loadCatalogue();
const messages = ["", "a".repeat(1_000), `${"ab".repeat(499)}x`, "foo bar", "\0\ud800", "1".repeat(1_000)];

/** The rule loader, and matching by what it lets through. */
export function rulesTarget(corpus: readonly Buffer[]): Target {
  const own = [...corpus];
  return {
    name: "rules",
    corpus: own,
    // An operator's file, read three times here and once at the start of a process. What runs at every event is held to less.
    slowMs: 300,
    make: (dice) => ({ input: mutated(dice.pick(own), dice, own).subarray(0, 8_000), hasCanary: false }),
    run({ input }) {
      const text = input.toString("utf8");
      for (const pack of [parseUserRules(text, "f.yaml"), parseRulePack(text, "f.yaml")]) {
        for (const mistake of checkRulePacks([pack])) {
          const said = mistakeText(mistake);
          if (!(mistake.line >= 1) || said.length > 5_000) return `an unreadable mistake: ${said.slice(0, 300)}`;
        }
        const rules = compileRules(pack.rules, [], catalogue);
        const slow = messages.find(
          (message) => fastest(() => classify({ ...event, payload: { message } }, rules)) > 50,
        );
        if (slow !== undefined) return `a rule that takes more than 50 ms for ${JSON.stringify(slow.slice(0, 50))}`;
      }
      parseNoticeConfig(text, "f.yaml", []);
      return null;
    },
  };
}

/** Milliseconds, of three times if the first was long. */
function fastest(run: () => unknown): number {
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 3 && best > 25; round += 1) {
    const started = performance.now();
    run();
    best = Math.min(best, performance.now() - started);
  }
  return best;
}

const event = {
  sid: "NO1",
  source: "debugger",
  account: "AC1",
  parentAccount: null,
  code: 80604,
  level: "ERROR",
  productName: "Proxy",
  occurredAt: null,
  resource: null,
  service: "KS1",
} as const;
