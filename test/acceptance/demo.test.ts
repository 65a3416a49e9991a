import { expect, test } from "vitest";
import { loadCatalogue } from "../../src/core/catalogue.ts";
import { codeView } from "../../src/core/rules/code-view.ts";
import { compileRules } from "../../src/core/rules/match.ts";
import { loadBuiltInRules } from "../../src/rule-packs.ts";
import { useFaultlines } from "../support/faultline.ts";

const faultlines = useFaultlines();
const mainCodes = [80604, 80903, 80905, 50416, 48031];

test("the demo explains the five codes, counts every event once and ends with 0 in under a minute", async () => {
  const started = performance.now();
  const { exitCode, stdout, stderr } = await faultlines.run(["demo"], {}, 90_000);
  const seconds = (performance.now() - started) / 1000;

  expect({ exitCode, stderr }, stdout).toEqual({ exitCode: 0, stderr: "" });
  expect(seconds).toBeLessThan(60);
  expect(stdout).not.toContain("FAIL");
  expect(stdout).toContain("Every event was counted exactly once.");

  // Lines are wrapped for the terminal; sentences are looked for across them.
  const report = stdout.replaceAll(/\s+/g, " ");
  const catalogue = loadCatalogue();
  const rules = compileRules([], loadBuiltInRules(), catalogue);
  for (const code of mainCodes) {
    const { title, rule } = codeView(code, rules, catalogue);
    expect(report).toContain(`${code} ${title}`);
    expect(rule?.causes.length, `causes of ${code}`).toBeGreaterThan(0);
    for (const { text } of rule?.causes ?? []) expect(report).toContain(text.replaceAll(/\s+/g, " "));
    // Remedies are shown up to a few; which come first depends on the verdicts.
    const remedies = (rule?.remedies ?? []).filter((remedy) => report.includes(remedy.text.replaceAll(/\s+/g, " ")));
    expect(remedies.length, `remedies of ${code}`).toBeGreaterThan(0);
  }
  // What a webhook carried stays private in the report, too.
  expect(stdout).not.toContain("5555550101");
  expect(stdout).not.toContain("meet me at the usual place");
});
