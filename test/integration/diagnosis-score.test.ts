import { beforeAll, describe, expect, it } from "vitest";
import { type Judged, judge, scoreOf, shortfalls, thresholds } from "../diagnosis/judge.ts";
import { runScenario } from "../diagnosis/run-scenario.ts";
import { labelledCodes } from "../diagnosis/scenario.ts";
import { scenarios } from "../diagnosis/scenarios.ts";

/* The labelled set of `npm run diagnose:score`, held against what a diagnosis must reach. */

const judged: Judged[] = [];
let began = 0;

beforeAll(() => {
  began = performance.now();
});

describe.each(labelledCodes)("%i", (code) => {
  const of = scenarios.filter((scenario) => scenario.code === code);

  it("has at least ten scenarios, each with a name of its own", () => {
    expect(of.length).toBeGreaterThanOrEqual(10);
    expect(new Set(of.map(({ name }) => name)).size).toBe(of.length);
  });

  it.each(of)("$name", async (scenario) => {
    const result = judge(scenario, await runScenario(scenario));
    judged.push(result);
    // A miss may still be within the thresholds; what never may happen fails here, by name.
    expect(result.misses.filter(({ measure }) => measure !== "leading")).toEqual([]);
    expect(result.calls).toBeLessThanOrEqual(25);
  });
});

describe("all together", () => {
  it("every scenario was judged, and the score is reached in less than a minute", () => {
    const scores = scoreOf(judged);
    expect(judged).toHaveLength(scenarios.length);
    expect(scenarios.length).toBeGreaterThanOrEqual(70);
    expect(scores.flatMap(shortfalls)).toEqual([]);
    expect(scores.at(-1)?.medianCalls).toBeLessThanOrEqual(thresholds.medianCalls);
    expect(performance.now() - began).toBeLessThan(60_000);
  });
});
