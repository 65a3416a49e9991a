import { describe, expect, it } from "vitest";
import { mistakesText } from "../../src/config.ts";
import { configOf, mistakesOf, type Sources, sidA, sidB } from "./read.ts";

/** Accounts with their tokens in the open. */
function accountsOf(sources: Sources): Record<string, { name: string | null; tokens: string[] }> {
  const { accounts } = configOf(sources);
  return Object.fromEntries(
    [...accounts].map(([sid, { name, tokens }]) => [sid, { name, tokens: tokens.map((token) => token.reveal()) }]),
  );
}

function file(text: string): { files: Record<string, string> } {
  return { files: { "faultline.yaml": text } };
}

describe("the account of the environment", () => {
  it("takes several tokens while rotating, separated by commas", () => {
    const env = { TWILIO_ACCOUNT_SID: sidA, TWILIO_AUTH_TOKEN: " new , old,, " };
    expect(accountsOf({ env })).toEqual({ [sidA]: { name: null, tokens: ["new", "old"] } });
  });

  it("takes them from a file, too", () => {
    const env = { TWILIO_ACCOUNT_SID: sidA, TWILIO_AUTH_TOKEN_FILE: "/t" };
    expect(accountsOf({ env, files: { "/t": "new,old\n" } })[sidA]?.tokens).toEqual(["new", "old"]);
  });

  it.each([
    [{ TWILIO_ACCOUNT_SID: "AC123" }, "TWILIO_ACCOUNT_SID", "5 other characters"],
    [{ TWILIO_ACCOUNT_SID: `SK${"a".repeat(32)}` }, "TWILIO_ACCOUNT_SID", "34 other characters"],
    [{ TWILIO_AUTH_TOKEN: "t" }, "TWILIO_ACCOUNT_SID", "nothing"],
    [{ TWILIO_ACCOUNT_SID: sidA, TWILIO_AUTH_TOKEN: " , " }, "TWILIO_AUTH_TOKEN", "commas only"],
  ])("%o is a mistake of %s", (env, where, got) => {
    expect(mistakesOf({ env })).toEqual([
      { where, expected: expect.any(String), got, fix: expect.stringMatching(/./) },
    ]);
  });
});

describe("accounts of faultline.yaml", () => {
  it("have tokens, files with tokens, and names", () => {
    const text = `
accounts:
  - sid: ${sidA}
    name: Main
    tokens: ["one", " two "]
    tokenFiles: [/t]
  - sid: ${sidB}
    tokenFiles: [/t2]
`;
    const files = { ...file(text).files, "/t": "three\nfour\n", "/t2": "five" };
    expect(accountsOf({ files })).toEqual({
      [sidA]: { name: "Main", tokens: ["one", "two", "three", "four"] },
      [sidB]: { name: null, tokens: ["five"] },
    });
  });

  it("join the account of the environment, whose tokens come first; the same token counts once", () => {
    const env = { TWILIO_ACCOUNT_SID: sidA, TWILIO_AUTH_TOKEN: "new,old" };
    const text = `accounts:\n  - sid: ${sidA}\n    name: Main\n    tokens: [old, older]\n`;
    expect(accountsOf({ env, ...file(text) })).toEqual({ [sidA]: { name: "Main", tokens: ["new", "old", "older"] } });
  });

  it("named twice are one account", () => {
    const text = `accounts:\n  - {sid: ${sidA}, tokens: [a]}\n  - {sid: ${sidA}, name: Main, tokens: [b]}\n`;
    expect(accountsOf(file(text))).toEqual({ [sidA]: { name: "Main", tokens: ["a", "b"] } });
  });

  it.each(["", "accounts:\n", "rules: []\n", "# nothing yet\n"])("may be none: %j", (text) => {
    expect(accountsOf(file(text))).toEqual({});
  });

  const cases: [why: string, text: string, where: string, got: string][] = [
    [
      "a wrong sid",
      "accounts:\n  - name: x\n    sid: AC12\n    tokens: [a]\n",
      "faultline.yaml:3 accounts[0].sid",
      "text of 4 characters",
    ],
    ["no sid", "accounts:\n  - tokens: [a]\n", "faultline.yaml:2 accounts[0].sid", "nothing"],
    ["no token", `accounts:\n  - sid: ${sidA}\n`, "faultline.yaml:2 accounts[0]", "neither"],
    [
      "an empty list of tokens",
      `accounts:\n  - sid: ${sidA}\n    tokens: []\n`,
      "faultline.yaml:3 accounts[0].tokens",
      "an empty list",
    ],
    [
      "a blank token",
      `accounts:\n  - sid: ${sidA}\n    tokens:\n      - a\n      - " "\n`,
      "faultline.yaml:5 accounts[0].tokens[1]",
      "text of 0 characters",
    ],
    [
      "a token YAML takes for a number",
      `accounts:\n  - sid: ${sidA}\n    tokens: [123456]\n`,
      "faultline.yaml:3 accounts[0].tokens[0]",
      "a number",
    ],
    [
      "one token without a list",
      `accounts:\n  - sid: ${sidA}\n    tokens: abc\n`,
      "faultline.yaml:3 accounts[0].tokens",
      "text of 3 characters",
    ],
    [
      "a misspelt key",
      `accounts:\n  - sid: ${sidA}\n    tokens: [a]\n    tokenFile: x\n`,
      "faultline.yaml:4 accounts[0].tokenFile",
      'the unknown key "tokenFile"',
    ],
    [
      "a token in the place of a key",
      `accounts:\n  - sid: ${sidA}\n    tokens: [a]\n    ${"5e".repeat(16)}: x\n`,
      "faultline.yaml:4 accounts[0].…",
      "the unknown key of 32 characters",
    ],
    ["an unknown key at the top", "rules: []\nroutes: []\n", "faultline.yaml:2 routes", 'the unknown key "routes"'],
    ["accounts that are no list", "accounts: yes\n", "faultline.yaml:1 accounts", "text of 3 characters"],
    ["a text instead of keys", "hello\n", "faultline.yaml:1 (file)", "text of 5 characters"],
    [
      "a token file that is not there",
      `accounts:\n  - sid: ${sidA}\n    tokenFiles:\n      - /nowhere\n`,
      "faultline.yaml:4 accounts[0].tokenFiles[0]",
      "ENOENT for /nowhere",
    ],
    ["broken syntax", "accounts:\n  - sid: [\n", "faultline.yaml:3 (file)", "BAD_INDENT"],
    [
      "an alias to nothing",
      "accounts: *nothing\n",
      "faultline.yaml:1 (file)",
      "aliases that multiply or point nowhere",
    ],
  ];
  it.each(cases)("with %s are a mistake with file, line and field", (_why, text, where, got) => {
    expect(mistakesOf(file(text))).toEqual([
      { where, expected: expect.stringMatching(/./), got, fix: expect.stringMatching(/./) },
    ]);
  });

  it("with an empty token file are a mistake", () => {
    const text = `accounts:\n  - sid: ${sidA}\n    tokenFiles: [/empty]\n`;
    const files = { ...file(text).files, "/empty": "\n" };
    expect(mistakesOf({ files })).toMatchObject([{ got: "an empty file" }]);
  });

  it("that multiply through aliases are a mistake, not a flood of memory", () => {
    const levels = Array.from({ length: 12 }, (_, level) => {
      const next = level === 11 ? '"x"' : Array.from({ length: 10 }, () => `*l${level + 1}`).join(", ");
      return `l${level}: &l${level} [${next}]`;
    });
    const mistakes = mistakesOf(file(`${levels.toReversed().join("\n")}\naccounts: *l0\n`));
    expect(mistakes).toMatchObject([{ got: "aliases that multiply or point nowhere" }]);
  });

  it("never show a token in a mistake, wherever it stands", () => {
    const secret = "5ec7e7".repeat(5);
    const texts = [
      secret,
      `accounts: ${secret}\n`,
      `accounts:\n  - ${secret}\n`,
      `accounts:\n  - sid: ${secret}\n    tokens: [{${secret}: ${secret}}]\n`,
      `accounts:\n  - sid: ${sidA}\n    tokens: "${secret}\n`,
      `accounts:\n  - sid: ${sidA}\n   tokens: ${secret}\n`,
      `accounts:\n  - sid: ${sidA}\n    tokens: [${secret}\nrules: ]${secret}\n`,
      `accounts:\n  - sid: ${sidA}\n    ${secret}: x\n    tokens: [a]\n`,
      `${secret}: 1\n`,
      `@${secret}\n`,
      `accounts: *${secret}\n`,
      `accounts: !${secret} [a]\n`,
    ];
    for (const text of texts) {
      const mistakes = mistakesOf(file(text));
      expect(mistakes.length, text).toBeGreaterThan(0);
      expect(mistakesText(mistakes), text).not.toContain(secret);
    }
  });
});

describe("rules of faultline.yaml", () => {
  it("become the user's rules", () => {
    const text = "rules:\n  - id: mine\n    match: {code: 80604}\n    severity: critical\n";
    expect(configOf(file(text)).userRules).toEqual([{ id: "mine", match: { code: 80604 }, severity: "critical" }]);
  });

  it("carry file, line and field in their mistakes, beside those of the accounts", () => {
    const text = `accounts:
  - sid: AC1
    tokens: [a]
rules:
  - id: mine
    match: {code: 80604}
    sevrity: critical
  - id: mine
    match: {code: 0}
`;
    const mistakes = mistakesOf({ env: { FAULTLINE_CONFIG: "/etc/f.yaml" }, files: { "/etc/f.yaml": text } });
    expect(mistakes.map(({ where }) => where)).toEqual([
      "/etc/f.yaml:2 accounts[0].sid",
      "/etc/f.yaml:7 rules[0].sevrity",
      "/etc/f.yaml:9 rules[1].match.code",
    ]);
  });

  it("need an id of their own", () => {
    const text = "rules:\n  - {id: mine, match: {code: 1}}\n  - {id: mine, match: {code: 2}}\n";
    expect(mistakesOf(file(text))).toMatchObject([
      { where: "faultline.yaml:3 id", got: '"mine", which stands in faultline.yaml:2 already' },
    ]);
  });
});
