import type { z } from "zod";

/** What a schema wanted at the place of an issue, in words for people. */
export function expectation(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case "invalid_type":
      return issue.expected === "int" ? "an integer" : `a value of the type ${issue.expected}`;
    case "invalid_value":
      return issue.values.length === 1 ? String(issue.values[0]) : `one of ${issue.values.map(String).join(", ")}`;
    case "too_big":
      return `at most ${issue.maximum}${unitOf(issue.origin)}`;
    case "too_small":
      return `at least ${issue.minimum}${unitOf(issue.origin)}`;
    case "invalid_format":
      return issue.format === "datetime" ? "a time such as 2026-01-31T18:00:00Z" : "text of another form";
    case "unrecognized_keys":
      return `nothing by the name ${issue.keys.join(", ")}`;
    default:
      return "another value";
  }
}

function unitOf(origin: string): string {
  if (origin === "string") return " characters";
  return origin === "array" ? " items" : "";
}
