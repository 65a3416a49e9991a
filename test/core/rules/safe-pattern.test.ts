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
    "a{1000}",
    "error .*(?:timeout|refused)",
    "\\d{3}-.*\\d{4}$",
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
    ["a*a{500}!", /shorter repetitions/],
    ["\\w*a{1000}x", /shorter repetitions/],
    ["(?:[ab])+(?:a{900})!", /shorter repetitions/],
    ["^(([a-z])+.)+[A-Z]([a-z])+$", /repeat a group/],
    ["^(\\w+\\s?)*$", /repeat a group/],
    ["(x+x+)+y", /repeat a group/],
    ["([a-zA-Z]+)*", /repeat a group/],
    ["(a|aa)+", /repeat a group/],
    ["(a|a?)+", /repeat a group/],
    ["(.*){1,32000}[bc]", /repeat a group/],
    ["^\\s+|\\s+$\\s+x", /at most one unbounded/],
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

  test("what it accepts takes no more than 50 ms of hostile text", () => {
    const piece = fc.constantFrom(
      ..."a b . \\w [ab] a* b+ .* .+? \\w* [^x]* (?:a|b) (?:a|a) (?:a|aa|aaa) (a?) a? a{1,3} a{1,5} a{0,70} a{500} a{1000}".split(
        " ",
      ),
      ..."(?:ab)? (?:ab)* (?:[ab])+ (?:a{900}) (?:aaa){1,300} (?:|a) (?:) ^ $ \\b x".split(" "),
    );
    const pattern = fc.array(piece, { minLength: 1, maxLength: 7 }).map((parts) => parts.join(""));
    const texts = ["a".repeat(matchedLength), "ab".repeat(matchedLength / 2), `${"a".repeat(matchedLength - 1)}x`];
    const time = (source: string, text: string): number => {
      const compiled = new RegExp(source, "i");
      let best = Number.POSITIVE_INFINITY;
      // The first run interprets it, and others use the machine too.
      for (let round = 0; round < 4 && best > 25; round += 1) {
        const start = performance.now();
        compiled.test(text);
        best = Math.min(best, performance.now() - start);
      }
      return best;
    };
    let accepted = 0;
    fc.assert(
      fc.property(pattern, (source) => {
        if (patternFault(`${source}!`) !== null) return;
        accepted += 1;
        for (const text of texts) expect(time(`${source}!`, text)).toBeLessThan(50);
      }),
      { numRuns: 500 },
    );
    expect(accepted).toBeGreaterThan(100);
  }, 20_000);

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
