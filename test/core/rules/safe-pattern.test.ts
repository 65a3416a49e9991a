import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { longestPattern, matchedLength, patternFault } from "../../../src/core/rules/safe-pattern.ts";

describe("patternFault", () => {
  test.each([
    "timeout",
    "status code (?:404|410)",
    "^HTTP \\d{3} from [a-z.]+$",
    "foo.*bar",
    "colou?r(?: scheme)?",
    "\\bNO[0-9a-f]{32}\\b",
    "[\\]()*+]",
    "a{2}b{3,5}",
    "a{,3}",
  ])("accepts %s", (source) => {
    expect(patternFault(source)).toBeNull();
  });

  test.each([
    ["(a+)+", /repeat a group/],
    ["(a|a)*", /repeat a group/],
    ["(?:a|b){2,30}x", /repeat a group/],
    ["((?:x?)y)+", /repeat a group/],
    ["(.*a){20}", /repeat a group/],
    [".*.*x", /at most one unbounded/],
    ["\\s+\\S+$", /at most one unbounded/],
    ["(a|a)(a|a)(a|a)(a|a)(a|a)(a|a)(a|a)(a|a)(a|a)(a|a)(a|a)(a|a)(a|a)b", /fewer choices/],
    ["a?a?a?a?a?a?a?a?a?a?a?a?a?aaaaaaaaaaaaa", /fewer choices/],
    ["x{1001}", /repeat at most/],
    ["(a)\\1", /backreferences/],
    ["(?<n>a)\\k<n>", /named groups/],
    ["(?=a)", /lookarounds/],
    ["(?<!a)b", /lookarounds/],
    ["\\p{L}", /no escapes but/],
    ["(", /valid JavaScript/],
    ["[z-a]", /valid JavaScript/],
    ["", /write a pattern/],
    ["x".repeat(longestPattern + 1), /shorten/],
  ])("refuses %s", (source, why) => {
    expect(patternFault(source)).toMatch(why);
  });

  test("what it accepts runs in bounded time on hostile text", () => {
    const piece = fc.constantFrom(
      "a",
      "b",
      ".",
      "\\w",
      "[ab]",
      "a*",
      "b+",
      "(?:a|b)",
      "(a?)",
      "a{1,3}",
      "(?:ab)?",
      "x",
    );
    const pattern = fc.array(piece, { minLength: 1, maxLength: 12 }).map((parts) => parts.join(""));
    const texts = ["a".repeat(matchedLength), "ab".repeat(matchedLength / 2), `${"a".repeat(matchedLength - 1)}x`];
    let accepted = 0;
    fc.assert(
      fc.property(pattern, (source) => {
        if (patternFault(source) !== null) return;
        accepted += 1;
        const start = performance.now();
        for (const text of texts) new RegExp(`${source}!`, "i").test(text);
        expect(performance.now() - start).toBeLessThan(1_000);
      }),
      { numRuns: 500 },
    );
    expect(accepted).toBeGreaterThan(20);
  });

  test("answers for any text at all", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 250 }), (source) => {
        const fault = patternFault(source);
        expect(fault === null || fault.length > 0).toBe(true);
        if (fault === null) expect(() => new RegExp(source, "i")).not.toThrow();
      }),
    );
  });
});
