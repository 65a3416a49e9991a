import { describe, expect, test } from "vitest";
import { codeRanges } from "../../../src/core/rules/code-pattern.ts";
import { durationMs } from "../../../src/core/rules/duration.ts";

describe("codeRanges", () => {
  test.each([
    [80604, [{ from: 80604, to: 80604 }]],
    ["30001-30008", [{ from: 30001, to: 30008 }]],
    ["30001 - 30008", [{ from: 30001, to: 30008 }]],
    [
      [1, "5-5", 7],
      [
        { from: 1, to: 1 },
        { from: 5, to: 5 },
        { from: 7, to: 7 },
      ],
    ],
  ])("reads %j", (pattern, ranges) => {
    expect(codeRanges(pattern)).toEqual(ranges);
  });

  test.each(
    [0, -5, 1.5, 1_000_000, "30008-30001", "0-5", "30001", "a-b", "1-2-3", "", [1, "x"]].map((value) => [value]),
  )("refuses %j", (pattern) => {
    expect(codeRanges(pattern)).toBeNull();
  });
});

describe("durationMs", () => {
  test.each([
    ["90s", 90_000],
    ["30m", 1_800_000],
    ["2h", 7_200_000],
    ["31d", 2_678_400_000],
  ])("reads %s", (text, ms) => {
    expect(durationMs(text)).toBe(ms);
  });

  test.each(["", "0s", "30", "m", "1.5h", "-1m", "32d", "30 m", "30M", "9999999h", "1h30m"])("refuses %j", (text) => {
    expect(durationMs(text)).toBeNull();
  });
});
