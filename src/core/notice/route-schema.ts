/*
 * Routes as faultline.yaml writes them, and what their conditions mean.
 */
import { z } from "zod";
import { type CodePattern, codeRanges } from "../rules/code-pattern.ts";
import { durationMs } from "../rules/duration.ts";
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

/** A route as faultline.yaml writes it. */
export interface Route {
  readonly match?: RouteMatch;
  /** In Alertmanager's notation, all must hold: `severity=~"error|critical"`. */
  readonly matchers?: readonly string[];
  /** Names of receivers. None at all: nobody is told. */
  readonly receivers?: readonly string[];
  /** Labels by which incidents share a digest when too many open at once; without: one digest a receiver. */
  readonly groupBy?: readonly (typeof labelNames)[number][];
  /** How often what stays open is told again: `4h`. */
  readonly repeatInterval?: string;
  /** Names of mute time intervals. */
  readonly muteTimeIntervals?: readonly string[];
  /** Whether the routes after it are tried, too. */
  readonly continue?: boolean;
  readonly routes?: readonly Route[];
}

const name = z.string().min(1).max(80);

export const Route = z.strictObject({
  match: RouteMatch.exactOptional(),
  matchers: z
    .array(
      z.string().superRefine((text, context) => {
        const parsed = parseMatcher(text);
        if (!parsed.ok) context.addIssue({ code: "custom", message: parsed.fix });
      }),
    )
    .min(1)
    .exactOptional(),
  receivers: z.array(name).exactOptional(),
  groupBy: z.array(z.enum(labelNames)).min(1).exactOptional(),
  repeatInterval: z
    .string()
    .refine((text) => durationMs(text) !== null)
    .exactOptional(),
  muteTimeIntervals: z.array(name).min(1).exactOptional(),
  continue: z.boolean().exactOptional(),
  get routes() {
    return z.array(Route as z.ZodType<Route>).exactOptional();
  },
});

/** The conditions of a route that has come through {@link Route}; all must hold. */
export function conditionsOf({ match, matchers }: Route): readonly Condition[] {
  return [...matchConditions(match ?? {}), ...(matchers ?? []).flatMap(matcherCondition)];
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
