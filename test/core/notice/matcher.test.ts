import { describe, expect, it } from "vitest";
import { parseLabels } from "../../../src/core/notice/labels.ts";
import { compileMatcher, Matcher, matcherText, parseMatcher } from "../../../src/core/notice/matcher.ts";
import { bestOf } from "../../support/best-of.ts";

function holds(text: string, labels: Record<string, string>): boolean {
  const parsed = parseMatcher(text);
  if (!parsed.ok) throw new Error(parsed.fix);
  return compileMatcher(parsed.matcher)(labels).holds;
}

describe("a matcher", () => {
  it.each([
    ['severity="error"', true],
    ["severity=error", true],
    [' severity = "error" ', true],
    ['severity!="error"', false],
    ['severity=~"error|critical"', true],
    ['severity=~"err"', false],
    ['severity=~"err.*"', true],
    ['severity!~"warn.*"', true],
    ['title=~".*in use"', true],
    ['title=~".*identifier.*"', true],
    ['title=~".*pool.*"', false],
    ['title=~"in use.*"', false],
    ['title=~".*"', true],
    ['title=~".*x|.*use"', true],
    ['title=~".*x|.*us"', false],
    ['code="80604"', true],
    ['code=~"806.."', true],
    ['service=""', true],
    ['service!=""', false],
    ['service=~""', true],
    ['title="Proxy identifier in use"', true],
  ])("%s is %s", (text, expected) => {
    expect(holds(text, { severity: "error", title: "Proxy identifier in use", code: "80604" })).toBe(expected);
  });

  it("may have quotes, line breaks and backslashes in its value", () => {
    expect(holds('title="a \\"b\\"\\nc\\\\d"', { title: 'a "b"\nc\\d' })).toBe(true);
  });

  it("says why it holds or not", () => {
    const parsed = parseMatcher('severity=~"error|critical"');
    if (!parsed.ok) throw new Error(parsed.fix);
    expect(compileMatcher(parsed.matcher)({ severity: "info" })).toEqual({
      holds: false,
      why: 'severity=~"error|critical" (it is "info")',
    });
    expect(matcherText(parsed.matcher)).toBe('severity=~"error|critical"');
  });

  it.each([
    ["severity", /write name="value"/],
    ["", /write name="value"/],
    ['sevrity="error"', /use one of the labels severity/],
    ['__proto__="x"', /use one of the labels/],
    ['severity="error', /close the quotes/],
    ['severity=er"ror', /close the quotes/],
    ['title=~"(a+)+"', /do not repeat a group/],
    ['title=~"("', /valid JavaScript regular expression/],
    [`title=~"${"a".repeat(201)}"`, /shorten it/],
    [`severity=${"x".repeat(2_000)}`, /write name="value"/],
  ])("%s is refused, with the fix", (text, fix) => {
    expect(parseMatcher(text)).toEqual({ ok: false, fix: expect.stringMatching(fix) });
  });

  it("of the API is checked the same way", () => {
    expect(Matcher.parse({ name: "code", value: "1" })).toEqual({
      name: "code",
      value: "1",
      isRegex: false,
      isEqual: true,
    });
    expect(Matcher.safeParse({ name: "nope", value: "1" }).success).toBe(false);
    expect(Matcher.safeParse({ name: "code", value: "(a*)*", isRegex: true }).success).toBe(false);
  });

  it("takes no time on text made to hold it up", () => {
    const parsed = parseMatcher('title=~".*a.*"');
    if (!parsed.ok) throw new Error(parsed.fix);
    const best = bestOf(5, () => {
      compileMatcher(parsed.matcher)({ title: "b".repeat(1_000_000) });
      parseMatcher(`severity=${'"'.repeat(990)}`);
    });
    expect(best).toBeLessThan(200);
  });
});

describe("labels on a command line", () => {
  it("are name=value", () => {
    expect(parseLabels(["severity=error", 'title="a=b"', "service="])).toEqual({
      ok: true,
      labels: { severity: "error", title: "a=b", service: "" },
    });
  });

  it.each(["severity", "=error", "sevrity=error", "__proto__=x"])("%s is none", (word) => {
    expect(parseLabels(["code=1", word])).toEqual({ ok: false, word });
  });
});
