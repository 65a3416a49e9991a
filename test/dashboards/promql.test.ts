import { expect, test } from "vitest";
import { selectorsIn } from "../support/promql.ts";

const metricsIn = (expression: string) => selectorsIn(expression).map(({ metric }) => metric);

test("metrics are told from functions, labels, keywords, numbers and text", () => {
  expect(
    metricsIn(`sum by (code) (rate(a_total{code=~"b|c"}[5m])) / on (job) group_left (d) max(e) > bool 1e3`),
  ).toEqual(["a_total", "e"]);
  expect(metricsIn("topk(5, job:a:rate5m unless b offset 1w and c or d) * inf - nan")).toEqual([
    "job:a:rate5m",
    "b",
    "c",
    "d",
  ]);
  expect(metricsIn("increase(a[$__range] @ end()) # b\n + max_over_time(c[14d:5m] offset $__range)")).toEqual([
    "a",
    "c",
  ]);
  expect(metricsIn("group_left")).toEqual([]);
});

test("a selector comes with its matchers, range and the calls around it", () => {
  expect(selectorsIn(`sum by (le) (rate(a_bucket{job=~"$job",code!='x'}[$__rate_interval]))`)).toEqual([
    {
      metric: "a_bucket",
      matchers: [
        { label: "job", operator: "=~", value: "$job" },
        { label: "code", operator: "!=", value: "x" },
      ],
      range: "$__rate_interval",
      calls: ["rate", "sum"],
    },
  ]);
  expect(selectorsIn("max(a) + (b)").map(({ calls }) => calls)).toEqual([["max"], []]);
  expect(selectorsIn("sum(a) by (b) + c").map(({ metric, calls }) => [metric, calls])).toEqual([
    ["a", ["sum"]],
    ["c", []],
  ]);
});

test("what is no PromQL is refused and not passed over", () => {
  for (const broken of ["sum(a", "a)", "a{b}", "{b='c'}", "a ? b", "a{b=c}", 'a{b="c"', "a[5m"]) {
    expect(() => selectorsIn(broken), broken).toThrow(Error);
  }
});
