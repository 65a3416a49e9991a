/*
 * What a route asks of an incident: in the words of the rules, and in Alertmanager's notation.
 */
import { z } from "zod";
import { type CodePattern, codeRanges } from "../rules/code-pattern.ts";
import { severities } from "../rules/rule.ts";
import { labelNames } from "./labels.ts";
import { type Condition, compileMatcher, labelValue, parseMatcher } from "./matcher.ts";

const OneOrMore = z.union([z.string().min(1).max(200), z.array(z.string().min(1).max(200)).min(1)]);

/** Conditions in the words of the rules: all that are written must hold, one value of each is enough. */
export const RouteMatch = z.strictObject({
  severity: z.union([z.enum(severities), z.array(z.enum(severities)).min(1)]).exactOptional(),
  /** In any case. */
  product: OneOrMore.exactOptional(),
  /** One code, a range such as `30001-30008`, or a list of both. */
  code: z
    .union([z.number(), z.string(), z.array(z.union([z.number(), z.string()])).min(1)])
    .refine((pattern) => routeCodes(pattern) !== null)
    .exactOptional(),
  account: OneOrMore.exactOptional(),
  service: OneOrMore.exactOptional(),
  /** Any label by name, those above included. */
  labels: z.partialRecord(z.enum(labelNames), OneOrMore).exactOptional(),
});
export type RouteMatch = z.infer<typeof RouteMatch>;

/** The conditions of a route; all must hold. Matchers that are not as they should be have been refused before. */
export function conditionsOf(match: RouteMatch | undefined, matchers: readonly string[] = []): readonly Condition[] {
  return [...matchConditions(match ?? {}), ...matchers.flatMap(matcherCondition)];
}

function matcherCondition(text: string): Condition[] {
  const parsed = parseMatcher(text);
  return parsed.ok ? [compileMatcher(parsed.matcher)] : [];
}

function matchConditions({ severity, product, code, account, service, labels }: RouteMatch): Condition[] {
  const conditions: Condition[] = [];
  if (severity !== undefined) conditions.push(oneOf("severity", severity));
  if (product !== undefined) conditions.push(oneOf("product", product, (text) => text.toLowerCase()));
  if (code !== undefined) conditions.push(inCodes(code));
  if (account !== undefined) conditions.push(oneOf("account", account));
  if (service !== undefined) conditions.push(oneOf("service", service));
  for (const label of labelNames) {
    const values = labels?.[label];
    if (values !== undefined) conditions.push(oneOf(label, values));
  }
  return conditions;
}

function oneOf(
  label: (typeof labelNames)[number],
  wanted: string | readonly string[],
  fold = (text: string) => text,
): Condition {
  const values = typeof wanted === "string" ? [wanted] : wanted;
  const set = new Set(values.map(fold));
  const text = `${label}: ${values.join(", ")}`;
  return (labels) => {
    const value = labelValue(labels, label);
    return { holds: set.has(fold(value)), why: `${text} (it is ${JSON.stringify(value)})` };
  };
}

function inCodes(pattern: CodePattern): Condition {
  const ranges = routeCodes(pattern) ?? [];
  const text = `code: ${typeof pattern === "object" ? pattern.join(", ") : pattern}`;
  return (labels) => {
    const value = labelValue(labels, "code");
    const code = Number(value);
    const holds = value !== "" && ranges.some(({ from, to }) => code >= from && code <= to);
    return { holds, why: `${text} (it is ${JSON.stringify(value)})` };
  };
}

/** Codes as rules write them, and in quotes too, since Alertmanager's users write labels so. */
function routeCodes(pattern: CodePattern): ReturnType<typeof codeRanges> {
  const items = typeof pattern === "object" ? pattern : [pattern];
  return codeRanges(items.map((item) => (typeof item === "string" && /^\d{1,6}$/.test(item) ? Number(item) : item)));
}
