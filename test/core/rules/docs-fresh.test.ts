import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { codePages, generatedLine } from "../../../scripts/code-pages.ts";
import { loadCatalogue } from "../../../src/core/catalogue.ts";
import { codesWithRules, compileRules, ruleOfCode } from "../../../src/core/rules/match.ts";
import { loadBuiltInRules } from "../../../src/rule-packs.ts";

const folder = join(import.meta.dirname, "..", "..", "..", "docs", "codes");
const catalogue = loadCatalogue();
const rules = compileRules([], loadBuiltInRules(), catalogue);
const pages = codePages(rules, catalogue);

/** Without what Markdown needs: the text a person reads. */
const read = (markdown: string) =>
  markdown
    .replaceAll("&amp;", "&")
    .replaceAll(/\\([\\`*<>[\]])/g, "$1")
    .replaceAll(/\s*\\\n\s*|\s+/g, " ");

test.each([...pages.keys()])("docs/codes/%s is what `npm run docs` makes of the rules", (name) => {
  const file = join(folder, name);
  expect(existsSync(file), "the page is missing: run `npm run docs`").toBe(true);
  expect(readFileSync(file, "utf8"), "the page is stale: run `npm run docs`").toBe(pages.get(name));
});

test("docs/codes holds no other page", () => {
  expect(readdirSync(folder).toSorted()).toEqual([...pages.keys()].toSorted());
});

test("every page says in its first line that it is generated, and by what", () => {
  for (const text of pages.values()) expect(text.split("\n", 1)[0]).toBe(generatedLine);
  expect(generatedLine).toContain("scripts/generate-docs.ts");
});

describe.each([80604, 80903, 80905, 50416, 48031])("the page of %i", (code) => {
  const rule = ruleOfCode(code, rules);
  const text = read(pages.get(`${code}.md`) ?? "");

  test("has meaning, causes, how each is told, remedies, commands, what they interrupt, and Twilio's page", () => {
    const told = (rule?.causes ?? []).flatMap(({ tells }) => [tells?.confirmed, tells?.likely, tells?.ruledOut]);
    const remedies = (rule?.remedies ?? []).flatMap((remedy) => [
      remedy.text,
      remedy.command,
      remedy.curl,
      remedy.interrupts,
    ]);
    const texts = [
      rule?.meaning,
      rule?.firstThing,
      ...(rule?.causes ?? []).map((cause) => cause.text),
      ...told,
      ...remedies,
    ];
    const given = texts.filter((part) => part !== undefined);
    expect(given.length).toBeGreaterThan(15);
    for (const part of given) expect(text).toContain(read(part));
    expect(text).toContain(`https://www.twilio.com/docs/api/errors/${code}`);
  });

  test("says of every cause when it is confirmed and when it is ruled out", () => {
    for (const { id, tells } of rule?.causes ?? []) {
      expect(tells?.confirmed, id).toBeDefined();
      expect(tells?.ruledOut, id).toBeDefined();
    }
  });

  test("explains everything a command leaves open", () => {
    const commands = (rule?.remedies ?? []).map(({ command = "", curl = "" }) => `${command} ${curl}`).join(" ");
    for (const [open] of commands.matchAll(/\{\w+\}|\$[A-Z_]+/g)) expect(text).toContain(`\`${open}\``);
  });
});

test("the index lists every code with a rule once, with title, severity and the first thing to do", () => {
  const lines = (pages.get("index.md") ?? "").split("\n").filter((line) => /^\| (?:\*\*)?\[\d/.test(line));
  const codes = lines.map((line) => Number(/\[(\d+)\]/.exec(line)?.[1]));
  expect(codes.toSorted((a, b) => a - b)).toEqual([...codesWithRules(rules)].toSorted((a, b) => a - b));
  for (const [position, line] of lines.entries()) {
    const code = codes[position] ?? 0;
    const rule = ruleOfCode(code, rules);
    expect(line.match(/(?<!\\)\|/g), line).toHaveLength(5);
    expect(read(line)).toContain(read(rule?.firstThing ?? "?"));
    expect(line).toContain(` | ${rule?.severity} | `);
    expect(line.includes(`(${code}.md)`)).toBe(pages.has(`${code}.md`));
  }
});

test("a title that would break a table or become markup is shown as it stands", () => {
  const title = "a | b <script> *c* [d](e) & `f` &lt;";
  const own = compileRules([], [{ id: "x", match: { code: 1 }, title, severity: "info", firstThing: "x" }], catalogue);
  const index = codePages(own, catalogue).get("index.md") ?? "";
  expect(index).toContain("a \\| b \\<script> \\*c\\* \\[d\\](e) & \\`f\\` &amp;lt;");
});
