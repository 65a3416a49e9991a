import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { loadCatalogue } from "../../../src/core/catalogue.ts";
import type { DebuggerEvent } from "../../../src/core/event.ts";
import { classify, codesWithRules, compileRules, ruleOfCode } from "../../../src/core/rules/match.ts";
import { defaultGroupBy, Rule, severities } from "../../../src/core/rules/rule.ts";
import { loadBuiltInRules } from "../../../src/rule-packs.ts";
import { sampleEvent } from "./sample-event.ts";

const catalogue = loadCatalogue();
const builtIn = loadBuiltInRules();

const user = (...rules: unknown[]) =>
  rules.map((rule, index) => Rule.parse({ id: `user-${index}`, ...(rule as object) }));
const set = (...rules: unknown[]) => compileRules(user(...rules), builtIn, catalogue);
const classified = (event: Partial<DebuggerEvent>, ...rules: unknown[]) => classify(sampleEvent(event), set(...rules));

describe("without a user's rule", () => {
  test("the built-in rule of the code applies", () => {
    expect(classified({})).toMatchObject({
      ruleId: "proxy-identifier-in-use",
      matched: ["code 80604"],
      title: "Proxy identifier in use",
      product: "Proxy",
      severity: "warning",
      docsUrl: "https://www.twilio.com/docs/api/errors/80604",
      groupBy: defaultGroupBy,
      quietPeriodMs: null,
      silenced: false,
      known: true,
    });
  });

  test.each([
    ["ERROR", "error"],
    ["error", "error"],
    ["Warning", "warning"],
    ["INFO", "info"],
    ["NOTICE", "info"],
    ["", "info"],
  ])("a code without a rule gets its severity from level %j", (level, severity) => {
    expect(classified({ code: 18001, level })).toMatchObject({ ruleId: null, rule: null, matched: [], severity });
  });

  test("a code without a rule gets title and product from the catalogue", () => {
    const entry = catalogue.lookup(54050);
    expect(classified({ code: 54050, productName: "Something" })).toMatchObject({
      ruleId: null,
      title: entry?.title,
      product: "Sync",
      known: true,
    });
  });

  test("an unknown code is named as one, with the product the event names", () => {
    expect(classified({ code: 123456, productName: "New Product", level: "ERROR" })).toEqual({
      ruleId: null,
      rule: null,
      matched: [],
      title: "Unknown error 123456",
      product: "New Product",
      severity: "error",
      docsUrl: "https://www.twilio.com/docs/api/errors/123456",
      groupBy: defaultGroupBy,
      quietPeriodMs: null,
      silenced: false,
      known: false,
    });
    expect(classified({ code: 123456 }).product).toBe("Twilio");
  });

  test("a code only a built-in rule knows is known", () => {
    expect(catalogue.lookup(91305)).toBeNull();
    expect(classified({ code: 91305 })).toMatchObject({ known: true, severity: "critical", ruleId: "sink-rejected" });
  });
});

describe("a user's rule", () => {
  test("overrides what it says and keeps the rest of the built-in rule", () => {
    const result = classified(
      {},
      { match: { code: 80604 }, severity: "critical", title: "Ours", quietPeriod: "2h", groupBy: ["resource"] },
    );
    const shipped = builtIn.find(({ id }) => id === "proxy-identifier-in-use");
    expect(result).toMatchObject({
      ruleId: "user-0",
      matched: ["code 80604", "built-in rule proxy-identifier-in-use"],
      severity: "critical",
      title: "Ours",
      product: "Proxy",
      quietPeriodMs: 7_200_000,
      groupBy: ["resource"],
    });
    expect(result.rule?.causes).toEqual(shipped?.causes);
    expect(result.rule?.remedies).toEqual(shipped?.remedies);
    expect(result.rule?.meaning).toBe(shipped?.meaning);
    expect(result.rule?.diagnostician).toBe("proxy-identifier-in-use");
  });

  test("with causes of its own replaces them", () => {
    const causes = [{ id: "mine", text: "Mine." }];
    expect(classified({}, { match: { code: 80604 }, causes }).rule?.causes).toEqual(causes);
  });

  test("may silence", () => {
    expect(classified({}, { match: { code: 80604 }, silence: true }).silenced).toBe(true);
    expect(classified({ code: 80903 }, { match: { code: 80604 }, silence: true }).silenced).toBe(false);
  });

  test("may apply where no built-in rule does", () => {
    const result = classified({ code: 123456 }, { match: { code: 123456 }, title: "Known to us", severity: "info" });
    expect(result).toMatchObject({
      ruleId: "user-0",
      matched: ["code 123456"],
      title: "Known to us",
      severity: "info",
    });
  });

  test("without a severity leaves the level to speak where no built-in rule does", () => {
    expect(classified({ code: 18001, level: "ERROR" }, { match: { code: 18001 } }).severity).toBe("error");
  });

  test("comes first in the order of the file, rules with and without a code alike", () => {
    const rules = [{ match: { level: "ERROR" } }, { match: { code: "80000-80999" } }, { match: { code: 80604 } }];
    expect(classified({ level: "ERROR" }, ...rules).ruleId).toBe("user-0");
    expect(classified({ level: "WARNING" }, ...rules).ruleId).toBe("user-1");
    expect(classified({ level: "WARNING" }, ...rules.toReversed()).ruleId).toBe("user-0");
    expect(classified({ level: "ERROR", code: 123456 }, ...rules.toReversed()).ruleId).toBe("user-2");
  });

  const account = `AC${"a".repeat(32)}`;
  const other = `AC${"b".repeat(32)}`;
  const service = `KS${"c".repeat(32)}`;
  const message = { more_info: { Msg: "An attempt returned the HTTP status code 404" } };
  test.each<[string, object, Partial<DebuggerEvent>, string[] | null]>([
    ["one code", { code: 80903 }, {}, null],
    ["a list of codes", { code: [80903, "80600-80610"] }, {}, ["code 80600-80610"]],
    ["both ends of a range", { code: "80604-80604" }, {}, ["code 80604"]],
    ["outside a range", { code: "80605-80999" }, {}, null],
    ["a level in any case", { level: "warning" }, { level: "WARNING" }, ["level warning"]],
    ["a level of a list", { level: ["error", "Warning"] }, { level: "WARNING" }, ["level Warning"]],
    ["another level", { level: "ERROR" }, { level: "WARNING" }, null],
    ["an account", { account }, {}, [`account ${account}`]],
    ["a parent account", { account: [other] }, { parentAccount: other }, [`account ${other}`]],
    ["another account", { account: other }, {}, null],
    ["a Service", { service }, {}, [`service ${service}`]],
    ["no Service", { service }, { service: null }, null],
    ["the product of the event", { product: "my product" }, { productName: "My Product" }, ["product my product"]],
    ["the product of the catalogue", { product: "proxy" }, {}, ["product proxy"]],
    ["the product of the built-in rule", { product: "Webhooks" }, { code: 11206 }, ["product Webhooks"]],
    ["another product", { product: "Voice" }, {}, null],
    [
      "a message in any case",
      { message: "http STATUS code \\d+" },
      { payload: message },
      ["message /http STATUS code \\d+/"],
    ],
    [
      "all of several patterns",
      { message: ["404", "attempt"] },
      { payload: message },
      ["message /404/", "message /attempt/"],
    ],
    ["not only one of them", { message: ["404", "500"] }, { payload: message }, null],
    ["no message", { message: "x" }, {}, null],
    [
      "all conditions",
      { code: 80604, level: "WARNING", account },
      {},
      ["code 80604", "level WARNING", `account ${account}`],
    ],
    ["not all conditions", { code: 80604, level: "ERROR", account }, {}, null],
  ])("matches %s", (_name, match, event, matched) => {
    const result = classified(event, { match });
    const own = result.matched.filter((phrase) => !phrase.startsWith("built-in rule"));
    expect(result.ruleId === "user-0" ? own : null).toEqual(matched);
  });

  test("looks at the first 1,000 characters of a message only", () => {
    const payload = (text: string) => ({ message: text });
    const rule = { match: { message: "needle" } };
    expect(classified({ payload: payload(`${"x".repeat(994)}needle`) }, rule).ruleId).toBe("user-0");
    expect(classified({ payload: payload(`${"x".repeat(995)}needle`) }, rule).ruleId).not.toBe("user-0");
  });

  test("stands for its code only when it asks for nothing but the code", () => {
    expect(ruleOfCode(80604, set({ match: { code: 80604, level: "ERROR" } }))?.id).toBe("proxy-identifier-in-use");
    expect(ruleOfCode(80604, set({ match: { code: 80604 } }))?.id).toBe("user-0");
    expect(ruleOfCode(18001, set({ match: { level: "ERROR" } }))).toBeNull();
  });
});

test("codesWithRules lists codes one by one and those of the catalogue within ranges", () => {
  const rules = compileRules(user({ match: { code: ["80601-80604", 999_999] } }), [], catalogue);
  expect(codesWithRules(rules)).toEqual([80601, 80602, 80603, 80604, 999_999]);
});

test("classify has an answer for every code and level", () => {
  const rules = set({ match: { code: "1-50000", level: "ERROR" }, silence: true }, { match: { message: "a.*b" } });
  const code = fc.oneof(fc.integer(), fc.constantFrom(...catalogue.codes), fc.double());
  fc.assert(
    fc.property(code, fc.string(), fc.option(fc.string()), fc.jsonValue(), (number, level, productName, payload) => {
      const event = sampleEvent({ code: number, level, productName, payload: { more_info: payload } as never });
      const result = classify(event, rules);
      expect(severities).toContain(result.severity);
      expect(result.title).not.toBe("");
      expect(result.docsUrl).toMatch(/^https:\/\/www\.twilio\.com\/docs\//);
      expect(result.known).toBe(
        catalogue.lookup(number) !== null ||
          (result.rule !== null && result.ruleId !== "user-1" && result.ruleId !== "user-0"),
      );
    }),
    { numRuns: 2_000 },
  );
});

test("the cost of an event does not grow with the rules of other codes", () => {
  const many = set(
    ...Array.from({ length: 2_000 }, (_, index) => ({ match: { code: 100_000 + index, level: "ERROR" } })),
  );
  expect(many.candidates(80604).user).toEqual([]);
  expect(many.candidates(80604)).toBe(many.candidates(80604));
});
