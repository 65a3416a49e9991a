import { type Catalogue, docsUrlOf, unknownProduct } from "../catalogue.ts";
import { isKnown, type RuleSet, ruleOfCode, severityOfLevel } from "./match.ts";
import type { Cause, Match, RemedyTemplate, Rule, Severity } from "./rule.ts";

/** A remedy as it is shown where nothing is filled in: commands are templates with `{placeholders}`. */
export interface RemedyView {
  readonly id: string;
  /** With a warning of what the command interrupts, where it does. */
  readonly text: string;
  readonly command?: string;
  readonly curl?: string;
}

/** A documented cause as it is shown. */
export type CauseView = Pick<Cause, "id" | "text">;

/** What is known about a code: the answer of `GET /api/v1/codes/:code` and of `explain --json`. */
export interface CodeView {
  readonly code: number;
  readonly known: boolean;
  readonly title: string;
  /** Null for a code that Twilio's catalogue does not list. */
  readonly level: string | null;
  readonly product: string;
  readonly docsUrl: string;
  readonly rule: {
    readonly id: string;
    readonly severity: Severity;
    readonly meaning: string | null;
    readonly firstThing: string | null;
    readonly causes: readonly CauseView[];
    readonly remedies: readonly RemedyView[];
  } | null;
}

/** A rule as `GET /api/v1/rules` lists it. */
export interface RuleView {
  readonly id: string;
  readonly origin: "user" | "built-in";
  readonly match: Match;
  readonly title: string | null;
  readonly product: string | null;
  readonly severity: Severity | null;
  readonly groupBy: readonly string[] | null;
  readonly quietPeriod: string | null;
  readonly silence: boolean;
  readonly ownOutage: boolean;
  readonly docsUrl: string | null;
  readonly meaning: string | null;
  readonly firstThing: string | null;
  readonly causes: readonly CauseView[];
  readonly remedies: readonly RemedyView[];
}

/** Everything known about a code. Any number is answered; `known` says whether there is anything behind it. */
export function codeView(code: number, rules: RuleSet, catalogue: Catalogue): CodeView {
  const entry = catalogue.lookup(code);
  const rule = ruleOfCode(code, rules);
  const level = entry?.level ?? null;
  return {
    code,
    known: isKnown(code, rules),
    title: rule?.title ?? entry?.title ?? `Unknown error ${code}`,
    level,
    product: rule?.product ?? entry?.product ?? unknownProduct,
    docsUrl: rule?.docsUrl ?? docsUrlOf(code),
    rule:
      rule === null
        ? null
        : {
            id: rule.id,
            severity: rule.severity ?? severityOfLevel(level ?? "ERROR"),
            meaning: rule.meaning ?? null,
            firstThing: rule.firstThing ?? null,
            causes: (rule.causes ?? []).map(causeView),
            remedies: (rule.remedies ?? []).map(remedyView),
          },
  };
}

/** All rules, in the order in which they are asked. */
export function ruleList(rules: RuleSet): readonly RuleView[] {
  return [
    ...rules.userRules.map((rule) => ruleView(rule, "user")),
    ...rules.builtInRules.map((rule) => ruleView(rule, "built-in")),
  ];
}

/** The text of a remedy, saying what its command interrupts: nobody should run one without having read that. */
export function remedyText(remedy: RemedyTemplate): string {
  return remedy.interrupts === undefined ? remedy.text : `${remedy.text} Interrupts: ${remedy.interrupts}`;
}

/** How a cause is told is for the documentation: programs get the verdict. */
function causeView({ id, text }: Cause): CauseView {
  return { id, text };
}

function remedyView(remedy: RemedyTemplate): RemedyView {
  const { id, command, curl } = remedy;
  return {
    id,
    text: remedyText(remedy),
    ...(command === undefined ? {} : { command }),
    ...(curl === undefined ? {} : { curl }),
  };
}

function ruleView(rule: Rule, origin: RuleView["origin"]): RuleView {
  return {
    id: rule.id,
    origin,
    match: rule.match,
    title: rule.title ?? null,
    product: rule.product ?? null,
    severity: rule.severity ?? null,
    groupBy: rule.groupBy ?? null,
    quietPeriod: rule.quietPeriod ?? null,
    silence: rule.silence ?? false,
    ownOutage: rule.ownOutage ?? false,
    docsUrl: rule.docsUrl ?? null,
    meaning: rule.meaning ?? null,
    firstThing: rule.firstThing ?? null,
    causes: (rule.causes ?? []).map(causeView),
    remedies: (rule.remedies ?? []).map(remedyView),
  };
}
