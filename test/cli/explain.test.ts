import { describe, expect, test } from "vitest";
import { explain } from "../../src/cli/explain.ts";
import { wrapCommand, wrapText } from "../../src/cli/wrap.ts";
import { loadCatalogue } from "../../src/core/catalogue.ts";
import { codeView } from "../../src/core/rules/code-view.ts";
import { codesWithRules, compileRules } from "../../src/core/rules/match.ts";
import { loadBuiltInRules } from "../../src/rule-packs.ts";

const catalogue = loadCatalogue();
const rules = compileRules([], loadBuiltInRules(), catalogue);
const plain = { json: false, color: false };
const flat = (text: string) => text.replaceAll(/\s*\\\n\s*|\s+/g, " ");

describe("explain", () => {
  test.each([80604, 80903, 80905, 50416, 48031])("prints everything about %i", (code) => {
    const { text, exitCode } = explain(code, rules, catalogue, plain);
    const view = codeView(code, rules, catalogue);
    const printed = flat(text);
    expect(exitCode).toBe(0);
    const { rule } = view;
    if (rule === null) throw new Error(`expected a rule for ${code}`);
    const commands = rule.remedies.flatMap(({ command, curl }) => [command ?? "", curl ?? ""]);
    const parts = [
      rule.meaning ?? "",
      rule.firstThing ?? "",
      ...[...rule.causes, ...rule.remedies].map((part) => part.text),
    ];
    for (const part of [view.title, view.product, `level ${view.level}`, view.docsUrl, ...parts, ...commands]) {
      expect(printed).toContain(part);
    }
  });

  test("keeps to 100 columns, but for an argument that cannot be broken", () => {
    for (const code of codesWithRules(rules)) {
      const long = explain(code, rules, catalogue, plain)
        .text.split("\n")
        .filter((line) => line.length > 100);
      expect(long.filter((line) => line.replace(/ \\$/, "").trim().includes(" "))).toEqual([]);
    }
  });

  test("names a code without a rule and links to its page", () => {
    const { text, exitCode } = explain(54050, rules, catalogue, plain);
    expect(exitCode).toBe(0);
    expect(text).toContain(catalogue.lookup(54050)?.title);
    expect(text).toContain("no rule");
    expect(text).toContain("https://www.twilio.com/docs/api/errors/54050");
  });

  test("says that nobody knows an unknown code and ends with 1", () => {
    const { text, exitCode } = explain(99999, rules, catalogue, plain);
    expect(exitCode).toBe(1);
    expect(text).toContain("unknown code");
  });

  test("--json prints what the API answers", () => {
    const known = explain(80604, rules, catalogue, { json: true, color: true });
    expect(JSON.parse(known.text)).toEqual(codeView(80604, rules, catalogue));
    expect(known.exitCode).toBe(0);
    const unknown = explain(99999, rules, catalogue, { json: true, color: false });
    expect(JSON.parse(unknown.text)).toMatchObject({ code: 99999, known: false, rule: null });
    expect(unknown.exitCode).toBe(1);
  });

  test("colours only when asked", () => {
    const csi = "\u001b";
    expect(explain(80604, rules, catalogue, plain).text).not.toContain(csi);
    expect(explain(80604, rules, catalogue, { json: false, color: true }).text).toContain(`${csi}[1m`);
  });
});

describe("wrapping", () => {
  test("breaks text at spaces", () => {
    expect(wrapText("one two  three four", 11, "  ")).toEqual(["  one two", "  three", "  four"]);
    expect(wrapText("", 10, "")).toEqual([]);
    expect(wrapText("a verylongwordindeed b", 5, "")).toEqual(["a", "verylongwordindeed", "b"]);
  });

  test("breaks a command between arguments, never in quotes, options with their values", () => {
    expect(wrapCommand('curl -X POST --data "a b  c" -u "$A:$B"', 22, "")).toEqual([
      "curl -X POST \\",
      '  --data "a b  c" \\',
      '  -u "$A:$B"',
    ]);
  });

  test("leaves a short command alone", () => {
    expect(wrapCommand("twilio x --sid CH1", 100, "  ")).toEqual(["  twilio x --sid CH1"]);
  });
});
