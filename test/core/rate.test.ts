import { expect, it } from "vitest";
import { rateOf } from "../../src/core/rate.ts";

it.each([
  ["1/h", { count: 1, periodMs: 3_600_000 }],
  ["100/m", { count: 100, periodMs: 60_000 }],
  ["1000000/s", { count: 1_000_000, periodMs: 1_000 }],
])("%s is a rate", (text, rate) => {
  expect(rateOf(text)).toEqual(rate);
});

it.each([
  "",
  "0/s",
  "1000001/s",
  "-1/s",
  "1.5/s",
  "10",
  "10/d",
  "10/ms",
  "10 / s",
  "10/S",
  "/s",
  "1e3/s",
  `${"9".repeat(50)}/s`,
])("%j is none", (text) => {
  expect(rateOf(text)).toBeNull();
});
