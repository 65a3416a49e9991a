/*
 * Rule: what we know about a code. Built-in packs are YAML files beside this one; users write theirs under `rules:` in
 * faultline.yaml, and those come first. The first rule in the order of the file whose every condition holds applies.
 */
import { z } from "zod";
import { codeRanges } from "./code-pattern.ts";
import { durationMs } from "./duration.ts";
import { patternFault } from "./safe-pattern.ts";
import { unknownPlaceholders } from "./template.ts";

/** How bad it is. The words are PagerDuty's and Alertmanager's users'. */
export type Severity = "critical" | "error" | "warning" | "info";

/** All severities, worst first; also the values of a metric label. */
export const severities = ["critical", "error", "warning", "info"] as const satisfies readonly Severity[];

/** What events may be grouped by into one incident. */
export type GroupField = "account" | "parentAccount" | "code" | "service" | "resource" | "product" | "level";

/** All of them, in the order a fingerprint is made of. */
export const groupFields = [
  "account",
  "parentAccount",
  "code",
  "service",
  "resource",
  "product",
  "level",
] as const satisfies readonly GroupField[];

/** The grouping of rules that say nothing about it. */
export const defaultGroupBy = ["account", "code", "service"] as const satisfies readonly GroupField[];

/** Who works out which cause applies: one reasoner a code, under core/diagnosis/. */
export const diagnosticians = [
  "proxy-identifier-in-use",
  "proxy-unknown-participant",
  "proxy-unknown-scenario",
  "conversation-binding-exists",
  "frontline-conversation-exists",
  "http-retrieval",
] as const;

const Id = z
  .string()
  .regex(/^[a-z0-9]+(?:-[a-z0-9]+)*$/)
  .max(80);
const Text = z.string().trim().min(1).max(2_000);
const OneOrMore = z.union([z.string().min(1).max(200), z.array(z.string().min(1).max(200)).min(1)]);
const Pattern = z.string().superRefine((source, context) => {
  const fault = patternFault(source);
  if (fault !== null) context.addIssue({ code: "custom", message: fault });
});
const Template = z
  .string()
  .trim()
  .min(1)
  .max(1_000)
  .superRefine((template, context) => {
    const [unknown] = unknownPlaceholders(template);
    if (unknown !== undefined)
      context.addIssue({
        code: "custom",
        message: `there is no placeholder ${unknown.length > 80 ? `${unknown.slice(0, 79)}…` : unknown}`,
      });
  });

/** The conditions of a rule; all that are written must hold. */
export const Match = z
  .strictObject({
    /** One code, a range such as `30001-30008`, or a list of both. */
    code: z
      .union([z.number(), z.string(), z.array(z.union([z.number(), z.string()])).min(1)])
      .refine((pattern) => codeRanges(pattern) !== null)
      .exactOptional(),
    /** Product as the event or the catalogue names it, in any case. One or a list. */
    product: OneOrMore.exactOptional(),
    /** ERROR, WARNING, INFO… in any case. One or a list. */
    level: OneOrMore.exactOptional(),
    /** Sid of the account or of its parent. One or a list. */
    account: OneOrMore.exactOptional(),
    /** Sid of the Service. One or a list. */
    service: OneOrMore.exactOptional(),
    /** Pattern, or patterns that must all be found in the event's message, in any case. See safe-pattern.ts. */
    message: z.union([Pattern, z.array(Pattern).min(1).max(10)]).exactOptional(),
  })
  .refine((match) => Object.keys(match).length > 0, {
    message: "name a code, product, level, account, service or message",
  });
export type Match = z.infer<typeof Match>;

/** How Faultline tells whether a cause applies: for people, in the words of the facts that are looked at. */
export const Tells = z.strictObject({
  confirmed: Text,
  likely: Text.exactOptional(),
  ruledOut: Text.exactOptional(),
});
export type Tells = z.infer<typeof Tells>;

/** A documented cause. Its id never changes: verdicts and metrics refer to it. */
export const Cause = z.strictObject({ id: Id, text: Text, tells: Tells.exactOptional() });
export type Cause = z.infer<typeof Cause>;

/** A documented way out. `command` (twilio-cli) and `curl` are templates, see template.ts. */
export const RemedyTemplate = z.strictObject({
  id: Id,
  text: Text,
  command: Template.exactOptional(),
  curl: Template.exactOptional(),
  /** What running the command breaks off or destroys. */
  interrupts: Text.exactOptional(),
});
export type RemedyTemplate = z.infer<typeof RemedyTemplate>;

function idsDiffer(items: readonly { id: string }[]): boolean {
  return new Set(items.map((item) => item.id)).size === items.length;
}

export const Rule = z.strictObject({
  id: Id,
  match: Match,
  title: z.string().trim().min(1).max(200).exactOptional(),
  product: z.string().trim().min(1).max(80).exactOptional(),
  severity: z.enum(severities).exactOptional(),
  groupBy: z.array(z.enum(groupFields)).min(1).exactOptional(),
  /** How long nothing may arrive before the incident resolves: `90s`, `30m`, `2h`, `1d`. */
  quietPeriod: z
    .string()
    .refine((text) => durationMs(text) !== null)
    .exactOptional(),
  /** Count the event and open no incident. */
  silence: z.literal(true).exactOptional(),
  /** A failure of our own receiving end: errors may be missing while it lasts. */
  ownOutage: z.literal(true).exactOptional(),
  /** What happened, for somebody who does not know the product. */
  meaning: Text.exactOptional(),
  /** The first thing to do. */
  firstThing: Text.exactOptional(),
  docsUrl: z.url({ protocol: /^https$/ }).exactOptional(),
  diagnostician: z.enum(diagnosticians).exactOptional(),
  causes: z.array(Cause).refine(idsDiffer, { message: "give each cause an id of its own" }).exactOptional(),
  remedies: z.array(RemedyTemplate).refine(idsDiffer, { message: "give each remedy an id of its own" }).exactOptional(),
});
export type Rule = z.infer<typeof Rule>;
