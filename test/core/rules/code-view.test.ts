import { describe, expect, test } from "vitest";
import { loadCatalogue } from "../../../src/core/catalogue.ts";
import { codeView, ruleList } from "../../../src/core/rules/code-view.ts";
import { compileRules } from "../../../src/core/rules/match.ts";
import { Rule } from "../../../src/core/rules/rule.ts";
import { loadBuiltInRules } from "../../../src/rule-packs.ts";

const catalogue = loadCatalogue();
const builtIn = loadBuiltInRules();
const rules = compileRules([], builtIn, catalogue);

describe("codeView", () => {
  test("shows a code with a rule", () => {
    const view = codeView(50416, rules, catalogue);
    expect(Object.keys(view)).toEqual(["code", "known", "title", "level", "product", "docsUrl", "rule"]);
    expect(view).toMatchObject({ code: 50416, known: true, level: "ERROR", product: "Conversations" });
    expect(Object.keys(view.rule ?? {})).toEqual(["id", "severity", "meaning", "firstThing", "causes", "remedies"]);
    expect(view.rule?.causes).toHaveLength(3);
    for (const cause of view.rule?.causes ?? []) expect(Object.keys(cause)).toEqual(["id", "text"]);
    const allowed = new Set(["id", "text", "command", "curl"]);
    for (const remedy of view.rule?.remedies ?? [])
      expect(Object.keys(remedy).filter((key) => !allowed.has(key))).toEqual([]);
  });

  test("says in the text of a remedy what it interrupts", () => {
    const remedy = codeView(50416, rules, catalogue).rule?.remedies.find(({ id }) => id === "delete-conversation");
    expect(remedy?.text).toMatch(/Interrupts: .*messages are lost/);
    expect(remedy?.command).toContain("{conversation}");
  });

  test("shows a code without a rule", () => {
    expect(codeView(54050, rules, catalogue)).toEqual({
      code: 54050,
      known: true,
      title: catalogue.lookup(54050)?.title,
      level: "ERROR",
      product: "Sync",
      docsUrl: "https://www.twilio.com/docs/api/errors/54050",
      rule: null,
    });
  });

  test("shows an unknown code as one", () => {
    expect(codeView(99999, rules, catalogue)).toEqual({
      code: 99999,
      known: false,
      title: "Unknown error 99999",
      level: null,
      product: "Twilio",
      docsUrl: "https://www.twilio.com/docs/api/errors/99999",
      rule: null,
    });
  });

  test("shows what a user's rule changed", () => {
    const own = compileRules(
      [Rule.parse({ id: "mine", match: { code: 80604 }, severity: "critical" })],
      builtIn,
      catalogue,
    );
    expect(codeView(80604, own, catalogue).rule).toMatchObject({ id: "mine", severity: "critical" });
    expect(codeView(80604, own, catalogue).rule?.causes).toHaveLength(4);
  });
});

test("ruleList lists the user's rules first, each with where it comes from", () => {
  const own = compileRules([Rule.parse({ id: "mine", match: { level: "ERROR" }, silence: true })], builtIn, catalogue);
  const list = ruleList(own);
  expect(list).toHaveLength(builtIn.length + 1);
  expect(list[0]).toMatchObject({ id: "mine", origin: "user", match: { level: "ERROR" }, silence: true, causes: [] });
  expect(list[1]).toMatchObject({ id: "proxy-identifier-in-use", origin: "built-in", silence: false });
});
