import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { ruleFile, ruleGroups } from "../../alerts/rule-groups.ts";
import type { AlertCase } from "./cases/case.ts";
import { deliveryCases } from "./cases/deliveries.ts";
import { diagnosedCodeCases } from "./cases/diagnosed-codes.ts";
import { errorCases } from "./cases/errors.ts";
import { faultlineCases } from "./cases/faultline.ts";
import { webhookCases } from "./cases/webhooks.ts";
import { alertRules, installed, promtoolTest, ruleFilePath, run, testOf } from "./promtool.ts";

const cases: readonly AlertCase[] = [
  ...diagnosedCodeCases,
  ...webhookCases,
  ...errorCases,
  ...faultlineCases,
  ...deliveryCases,
];
const hasPromtool = installed("promtool", "prometheus");

test("the rule file is what `npm run alerts` makes of the sources", () => {
  expect(readFileSync(ruleFilePath, "utf8"), "stale: run `npm run alerts`").toBe(ruleFile());
});

test("every alert has a case in which it fires and one in which it does not, and every case an alert", () => {
  const names = alertRules.map(({ alert }) => alert).toSorted();
  const withCase = (wanted: (each: AlertCase) => boolean) =>
    [...new Set(cases.filter(wanted).map(({ alert }) => alert))].toSorted();
  expect(withCase((each) => "firesAt" in each)).toEqual(names);
  expect(withCase((each) => "silentAt" in each)).toEqual(names);
});

describe.skipIf(!hasPromtool)(`promtool${hasPromtool ? "" : " (prometheus is not installed)"}`, () => {
  test("takes the rules", async () => {
    const { exitCode, output } = await run("promtool", ["check", "rules", "--lint=all", "--lint-fatal", ruleFilePath]);
    expect(output).toContain(`SUCCESS: ${ruleGroups().flatMap(({ rules }) => rules).length} rules found`);
    expect(exitCode).toBe(0);
  });

  describe.each(alertRules)("$alert", (rule) => {
    const own = cases.filter(({ alert }) => alert === rule.alert);
    const of = (each: AlertCase) =>
      [`${"firesAt" in each ? "fires" : "does not fire"} when ${each.when}`, each] as const;

    test.each(own.map(of))("%s", async (_, each) => {
      const { exitCode, output } = await promtoolTest(testOf(each, rule), rule.alert);
      expect(exitCode, output).toBe(0);
    });
  });
});
