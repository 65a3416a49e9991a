import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { mistakesText, mistakeText } from "../../../src/core/rules/mistake.ts";
import { checkRulePacks, parseRulePack, parseUserRules } from "../../../src/core/rules/parse.ts";

const mistakesIn = (text: string) => parseRulePack(text, "p.yaml").mistakes;

describe("a rule pack", () => {
  test("gives its rules, with the product of the pack and the line of each", () => {
    const pack = parseRulePack(
      `product: Proxy
rules:
  - id: one
    match: { code: 80604, level: WARNING, account: [ACx, ACy] }
    severity: critical
    groupBy: [account, resource]
    quietPeriod: 2h

  - id: two
    product: Voice
    match: { code: [13224, 13225-13227], message: "blocked|refused" }
    silence: true
`,
      "p.yaml",
    );
    expect(pack.mistakes).toEqual([]);
    expect(pack.lines).toEqual([3, 9]);
    expect(pack.rules).toEqual([
      {
        id: "one",
        match: { code: 80604, level: "WARNING", account: ["ACx", "ACy"] },
        severity: "critical",
        groupBy: ["account", "resource"],
        quietPeriod: "2h",
        product: "Proxy",
      },
      {
        id: "two",
        product: "Voice",
        match: { code: [13224, "13225-13227"], message: "blocked|refused" },
        silence: true,
      },
    ]);
  });

  test("keeps its right rules when others are wrong", () => {
    const pack = parseRulePack("rules:\n  - id: A\n    match: {code: 1}\n  - id: b\n    match: {code: 2}\n", "p.yaml");
    expect(pack.rules.map(({ id }) => id)).toEqual(["b"]);
    expect(pack.lines).toEqual([4]);
    expect(pack.mistakes).toHaveLength(1);
  });

  const rule = (lines: string) => `rules:\n  - id: x\n    match: { code: 1 }\n${lines}\n`;
  test.each([
    ["an unknown key", rule("    sevrity: error"), 4, "rules[0].sevrity", /unknown key/],
    [
      "an unknown condition",
      "rules:\n  - id: x\n    match:\n      cod: 1\n      code: 1",
      4,
      "rules[0].match.cod",
      /unknown key/,
    ],
    ["an unknown top-level key", "ruls: []\nrules: []", 1, "ruls", /unknown key/],
    ["an unknown severity", rule("    severity: fatal"), 4, "rules[0].severity", /"fatal"/],
    [
      "a range the wrong way round",
      "rules:\n  - id: x\n    match:\n      code: 9-2",
      4,
      "rules[0].match.code",
      /"9-2"/,
    ],
    ["a code that is no number", "rules:\n  - id: x\n    match:\n      code: [1, x]", 4, "rules[0].match.code", /"x"/],
    ["a code out of range", "rules:\n  - id: x\n    match:\n      code: 1000000", 4, "rules[0].match.code", /1000000/],
    ["a missing match", "rules:\n  - id: x\n    title: t", 2, "rules[0].match", /nothing/],
    ["an empty match", "rules:\n  - id: x\n    match: {}", 3, "rules[0].match", /\{\}/],
    ["a missing id", "rules:\n  - title: t\n    match: { code: 1 }", 2, "rules[0].id", /nothing/],
    ["an id with capitals", "rules:\n  - id: Big_One\n    match: { code: 1 }", 2, "rules[0].id", /"Big_One"/],
    ["a quiet period without a unit", rule("    quietPeriod: 30"), 4, "rules[0].quietPeriod", /30/],
    ["silence: false", rule("    silence: false"), 4, "rules[0].silence", /false/],
    ["an unknown grouping", rule("    groupBy: [account, body]"), 4, "rules[0].groupBy[1]", /"body"/],
    ["a link without https", rule("    docsUrl: http://example.com"), 4, "rules[0].docsUrl", /example/],
    ["an unknown diagnostician", rule("    diagnostician: me"), 4, "rules[0].diagnostician", /"me"/],
    [
      "a dangerous pattern",
      "rules:\n  - id: x\n    match:\n      message: (a+)+",
      4,
      "rules[0].match.message",
      /"\(a\+\)\+"/,
    ],
    [
      "an unknown placeholder",
      rule("    remedies:\n      - id: r\n        text: t\n        command: twilio {sesion}"),
      7,
      "rules[0].remedies[0].command",
      /sesion/,
    ],
    [
      "two causes with one id",
      rule("    causes:\n      - { id: a, text: t }\n      - { id: a, text: u }"),
      4,
      "rules[0].causes",
      /"a"/,
    ],
    ["a cause without text", rule("    causes:\n      - id: a"), 5, "rules[0].causes[0].text", /nothing/],
    [
      "an unknown verdict",
      rule("    causes:\n      - { id: a, text: t, tells: { confirmed: c, certain: x } }"),
      5,
      "rules[0].causes[0].tells.certain",
      /unknown key/,
    ],
    [
      "a cause that is never confirmed",
      rule("    causes:\n      - { id: a, text: t, tells: { ruledOut: c } }"),
      5,
      "rules[0].causes[0].tells.confirmed",
      /nothing/,
    ],
    ["no rules", "product: Proxy", 1, "rules", /nothing/],
    ["a list instead of a pack", "- id: x", 1, "(file)", /x/],
    ["an empty file", "", 1, "(file)", /nothing|null/],
    ["broken syntax", "rules:\n  - id: x\n    match: { code: 1\n", 4, "(file)", /./],
    ["a key given twice", rule("    title: a\n    title: b"), 5, "(file)", /unique/],
    [
      "multiplying aliases",
      `a: &a [1,1,1,1,1,1,1,1,1,1]
b: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]
c: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]
rules: [*c,*c]`,
      1,
      "(file)",
      /aliases/,
    ],
  ])("says where %s is", (_name, text, line, field, got) => {
    const [mistake, ...more] = mistakesIn(text);
    expect(more).toEqual([]);
    expect(mistake).toMatchObject({ file: "p.yaml", line, field });
    expect(mistake?.got).toMatch(got);
    expect(mistake?.expected).not.toBe("");
    expect(mistake?.fix).not.toBe("");
  });

  test("lists all mistakes at once", () => {
    const text = "rules:\n  - id: X\n    match: { code: 0 }\n    severity: bad\n  - id: y\n    match: 1\n";
    expect(mistakesIn(text).map(({ line, field }) => `${line} ${field}`)).toEqual([
      "2 rules[0].id",
      "3 rules[0].match.code",
      "4 rules[0].severity",
      "6 rules[1].match",
    ]);
  });

  test("never pollutes a prototype", () => {
    const [mistake] = mistakesIn("rules:\n  - id: x\n    match: { code: 1 }\n    __proto__: { silence: true }\n");
    expect(mistake?.field).toBe("rules[0].__proto__");
    expect(({} as Record<string, unknown>).silence).toBeUndefined();
  });

  test("answers for any text at all", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        const pack = parseRulePack(text, "p.yaml");
        expect(pack.rules.length + pack.mistakes.length).toBeGreaterThan(0);
      }),
    );
  });
});

describe("rules in a configuration file", () => {
  test("are read, other keys are left to others", () => {
    const pack = parseUserRules(
      "accounts: [1]\nrules:\n  - id: quiet\n    match: { code: 30003 }\n    silence: true\n",
      "f.yaml",
    );
    expect(pack.mistakes).toEqual([]);
    expect(pack.rules).toEqual([{ id: "quiet", match: { code: 30003 }, silence: true }]);
    expect(pack.lines).toEqual([3]);
  });

  test.each(["", "accounts: []", "rules:", "rules: []", "# nothing yet"])("may be none: %j", (text) => {
    expect(parseUserRules(text, "f.yaml")).toMatchObject({ rules: [], mistakes: [] });
  });

  test("must be a list", () => {
    const { mistakes } = parseUserRules("a: 1\nrules: { id: x }", "f.yaml");
    expect(mistakes).toMatchObject([{ line: 2, field: "rules" }]);
  });
});

describe("all packs together", () => {
  test("may use an id once; the mistake names both places", () => {
    const one = parseRulePack("rules:\n  - id: twice\n    match: { code: 1 }\n", "one.yaml");
    const two = parseUserRules(
      "rules:\n  - id: fine\n    match: { code: 1 }\n  - id: twice\n    match: { code: 2 }\n",
      "two.yaml",
    );
    const mistakes = checkRulePacks([one, two]);
    expect(mistakes).toHaveLength(1);
    expect(mistakes[0]).toMatchObject({
      file: "two.yaml",
      line: 4,
      got: '"twice", which stands in one.yaml:2 already',
    });
  });

  test("pass on the mistakes of each", () => {
    const bad = parseRulePack("rules: 1", "bad.yaml");
    expect(checkRulePacks([bad, bad])).toHaveLength(2);
  });
});

test("a mistake reads as one line, several under a heading", () => {
  const [mistake] = mistakesIn("rules:\n  - id: x\n    match: { code: 1 }\n    severity: fatal\n");
  if (mistake === undefined) throw new Error("expected a mistake");
  const line =
    'p.yaml:4 rules[0].severity: expected one of critical, error, warning, info, got "fatal". Fix: pick one of them.';
  expect(mistakeText(mistake)).toBe(line);
  expect(mistakesText([mistake, mistake])).toBe(`2 mistakes in the rules:\n  ${line}\n  ${line}`);
});

describe("a file somebody broke on purpose", () => {
  test.each([
    ["nested deeper than a parser can follow", `rules: ${"[".repeat(20_000)}`],
    ["a token of 10,000 characters where none belongs", `rules: x\n  "${"y".repeat(10_000)}" "z"`],
    ["aliases that multiply", `a: &a [${"x,".repeat(9)}]\nb: &b [${"*a,".repeat(9)}]\nrules: [${"*b,".repeat(90)}]`],
    ["keys of JavaScript's own", "__proto__: { x: 1 }\nrules: [{ __proto__: { match: { code: 1 } }, id: a }]"],
  ])("is told of in short lines: %s", (_, text) => {
    const { mistakes } = parseUserRules(text, "f.yaml");
    expect(mistakes.length).toBeGreaterThan(0);
    for (const mistake of mistakes) expect(mistakeText(mistake).length).toBeLessThan(500);
    expect(Object.keys(Object.prototype)).toEqual([]);
  });

  test("may list ten patterns a rule, not more", () => {
    const rule = (count: number) => `rules: [{ id: a, match: { message: [${Array(count).fill("x").join(", ")}] } }]`;
    expect(parseUserRules(rule(10), "f.yaml").mistakes).toEqual([]);
    expect(parseUserRules(rule(11), "f.yaml").mistakes).toHaveLength(1);
  });

  test.each([
    ["key", (long: string) => `rules: [{ id: a, match: { code: 1 }, "${long}": 1 }]`],
    ["key that is a map itself", (long: string) => `rules: [{ id: a, match: { code: 1, ? { ${long}: 1 } : 1 } }]`],
    ["key at the top", (long: string) => `"${long}": 1\nrules: []`],
    [
      "placeholder",
      (long: string) =>
        `rules: [{ id: a, match: { code: 1 }, remedies: [{ id: b, text: t, command: "x {${long}}" }] }]`,
    ],
  ])("a %s of pages is not quoted whole", (_name, text) => {
    const { mistakes } = parseRulePack(text("x ".repeat(4_000)), "f.yaml");
    expect(mistakes.length).toBeGreaterThan(0);
    for (const mistake of mistakes) expect(mistakeText(mistake).length).toBeLessThan(600);
  });
});
