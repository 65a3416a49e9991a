import { describe, expect, test } from "vitest";
import { LineCounter } from "yaml";
import { parseNoticeConfig } from "../../src/core/notice/config.ts";
import { checkRulePacks, parseRulePack, parseUserRules } from "../../src/core/rules/parse.ts";
import { yamlDocument } from "../../src/core/yaml-document.ts";

const deep = [
  ["lists in lists", (depth: number) => `${"- ".repeat(depth)}x`],
  ["lists on one line", (depth: number) => `${"[".repeat(depth)}x${"]".repeat(depth)}`],
  ["maps on one line", (depth: number) => `${"{a: ".repeat(depth)}x${"}".repeat(depth)}`],
  ["keys that are maps", (depth: number) => `${"? ".repeat(depth)}x`],
  ["maps in maps", (depth: number) => Array.from({ length: depth }, (_, level) => `${" ".repeat(level)}a:`).join("\n")],
] as const;

describe.each(deep)("%s", (_name, nested) => {
  test("are read while they are nested as deep as anybody writes them", () => {
    expect(yamlDocument(nested(20), new LineCounter()).errors).toEqual([]);
  });

  test.each([120, 4_000, 20_000])("%i deep are a mistake, not a crash", (depth) => {
    const text = nested(depth > 4_000 && nested(9).includes("\n") ? 4_000 : depth);
    expect(yamlDocument(text, new LineCounter()).errors.map(({ code }) => code)).toEqual(["RESOURCE_EXHAUSTION"]);
    for (const pack of [parseUserRules(text, "f.yaml"), parseRulePack(text, "f.yaml")]) {
      expect(checkRulePacks([pack])).toEqual([
        {
          file: "f.yaml",
          line: 1,
          field: "(file)",
          expected: "valid YAML",
          got: "nested more than 100 deep",
          fix: "correct the syntax of this line",
        },
      ]);
    }
    expect(parseNoticeConfig(text, "f.yaml", [])).toMatchObject({
      mistakes: [{ where: "f.yaml:1 (file)", got: "RESOURCE_EXHAUSTION" }],
    });
  });
});
