/*
 * One condition on one label, written and understood as in Alertmanager: `severity=~"error|critical"`, `code="80604"`. A
 * regular expression must match the whole value; a label that is not there has an empty value.
 * https://prometheus.io/docs/alerting/latest/configuration/#label-matchers
 */
import { z } from "zod";
import { matchedLength, patternFault } from "../rules/safe-pattern.ts";
import { isLabelName, type LabelName, type Labels, labelNames } from "./labels.ts";

export const Matcher = z
  .strictObject({
    name: z.enum(labelNames),
    value: z.string().max(1_000),
    isRegex: z.boolean().default(false).describe("Whether `value` is a regular expression for the whole value"),
    isEqual: z.boolean().default(true).describe("False turns the condition round"),
  })
  .superRefine(({ isRegex, value }, context) => {
    const fault = isRegex ? regexFault(value) : null;
    if (fault !== null) context.addIssue({ code: "custom", path: ["value"], message: fault });
  });
export type Matcher = z.infer<typeof Matcher>;

/** A matcher made ready: whether it holds, and why or why not in a few words. */
export type Condition = (labels: Labels) => { readonly holds: boolean; readonly why: string };

/** Reads Alertmanager's notation; quotes may be left out. Or what is wrong with it, as the fix to make. */
export function parseMatcher(
  text: string,
): { readonly ok: true; readonly matcher: Matcher } | { readonly ok: false; readonly fix: string } {
  const match = /^([A-Za-z_]{1,40})[ \t]*(=~|!~|!=|=)(.{0,1000})$/s.exec(text.trim());
  const [, name = "", operator = "", right = ""] = match ?? [];
  if (match === null) return { ok: false, fix: 'write name="value", with one of = != =~ !~ between them' };
  if (!isLabelName(name)) return { ok: false, fix: `use one of the labels ${labelNames.join(", ")}` };
  const value = unquoted(right.trim());
  if (value === null) return { ok: false, fix: 'close the quotes, and write a quote inside them as \\"' };
  const isRegex = operator.endsWith("~");
  const fault = isRegex ? regexFault(value) : null;
  if (fault !== null) return { ok: false, fix: fault };
  return { ok: true, matcher: { name, value, isRegex, isEqual: !operator.startsWith("!") } };
}

/** In Alertmanager's notation. */
export function matcherText(matcher: Omit<Matcher, "name"> & { readonly name: string }): string {
  const { name, value, isRegex, isEqual } = matcher;
  const operator = isRegex ? (isEqual ? "=~" : "!~") : isEqual ? "=" : "!=";
  return `${name}${operator}${JSON.stringify(value)}`;
}

/** The matcher must have come through {@link Matcher} or {@link parseMatcher}. */
export function compileMatcher(matcher: Matcher): Condition {
  const { name, isEqual } = matcher;
  const text = matcherText(matcher);
  const matches = tester(matcher);
  return (labels) => {
    const value = labelValue(labels, name);
    return { holds: matches(value) === isEqual, why: `${text} (it is ${JSON.stringify(value)})` };
  };
}

/** Whether a value without anything in it meets the condition: a matcher that is met by it is met by nearly everything. */
export function isMetByNothing(matcher: Matcher): boolean {
  return tester(matcher)("") === matcher.isEqual;
}

/** The value of a label, empty when it is not there. */
export function labelValue(labels: Labels, name: LabelName): string {
  return (Object.hasOwn(labels, name) ? labels[name] : undefined) ?? "";
}

function tester({ value, isRegex }: Matcher): (text: string) => boolean {
  if (!isRegex) return (text) => text === value;
  if (value === "") return (text) => text === "";
  const { start, source, end } = anchored(value);
  if (source === "") return () => true;
  const pattern = new RegExp(`${start}(?:${source})${end}`, "s");
  return (text) => pattern.test(text.slice(0, matchedLength));
}

/** Why a regular expression is refused, as the fix to make. */
function regexFault(value: string): string | null {
  const { source } = anchored(value);
  return source === "" ? null : patternFault(source);
}

/**
 * `.*pool.*` is the same as `pool` found anywhere, and cheap that way. With a choice in it the `.*` belongs to one branch
 * only, so there it stays.
 */
function anchored(value: string): { start: string; source: string; end: string } {
  if (value.includes("|")) return { start: "^", source: value, end: "$" };
  const front = value.startsWith(".*") && !/^\.\*[?+*{]/.test(value);
  const rest = front ? value.slice(2) : value;
  const back = rest.endsWith(".*") && !/\\\.\*$|\[[^\]]*\.\*$/.test(rest);
  return { start: front ? "" : "^", source: back ? rest.slice(0, -2) : rest, end: back ? "" : "$" };
}

function unquoted(text: string): string | null {
  if (!text.startsWith('"')) return text.includes('"') ? null : text;
  const inner = /^"((?:[^"\\]|\\.)*)"$/s.exec(text)?.[1];
  if (inner === undefined) return null;
  return inner.replace(/\\(["\\n])/g, (_, char: string) => (char === "n" ? "\n" : char));
}
