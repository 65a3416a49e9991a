/*
 * Which rule applies to an event. Rules are tried in order: the user's, in the order of their file, then the built-in
 * ones; the first whose every condition holds applies. A user's rule keeps what it does not say from the built-in rule
 * that would have applied, so it may change a severity or a title and still show causes and remedies.
 *
 * Candidates are looked up by code and remembered, so the cost of an event does not grow with the number of rules.
 */
import { type Catalogue, docsUrlOf, unknownProduct } from "../catalogue.ts";
import { type DebuggerEvent, messageOf } from "../event.ts";
import { codeRanges } from "./code-pattern.ts";
import { type Condition, conditionsOf, type Facts } from "./condition.ts";
import { durationMs } from "./duration.ts";
import { defaultGroupBy, type GroupField, type Rule, type Severity } from "./rule.ts";
import { matchedLength } from "./safe-pattern.ts";

/** What the rules make of an event. */
export interface Classification {
  /** Id of the rule that applies, null without one. */
  readonly ruleId: string | null;
  /** That rule, with what it keeps from the built-in rule of the same code. */
  readonly rule: Rule | null;
  /** Why it applies: one short phrase a condition, such as `code 80604`. */
  readonly matched: readonly string[];
  readonly title: string;
  readonly product: string;
  readonly severity: Severity;
  readonly docsUrl: string;
  readonly groupBy: readonly GroupField[];
  /** Milliseconds, null where the rule says nothing. */
  readonly quietPeriodMs: number | null;
  /** Whether the event is to be counted and open no incident. */
  readonly silenced: boolean;
  /** Whether the code is in the catalogue or has a built-in rule of its own. */
  readonly known: boolean;
}

/** Rules made ready for matching. Built by {@link compileRules}. */
export interface RuleSet {
  readonly userRules: readonly Rule[];
  readonly builtInRules: readonly Rule[];
  readonly catalogue: Catalogue;
  /** The rules that may apply to a code, in order. */
  candidates(code: number): Candidates;
}

/** The rules that may apply to one code. */
export interface Candidates {
  readonly user: readonly Compiled[];
  readonly builtIn: readonly Compiled[];
  /** A user's rule together with what it keeps from a built-in one; made once a pair. */
  merged(user: Compiled, builtIn: Compiled): Rule;
}

/** A rule ready for matching against events of a code it names. */
export interface Compiled {
  readonly rule: Rule;
  /** Why the code matches, null for a rule that names none. */
  readonly codePhrase: string | null;
  /** What else must hold. */
  readonly conditions: readonly Condition[];
}

/** So many codes are remembered; beyond that the memory starts afresh, for codes come from the network. */
const rememberedCodes = 10_000;

/** Makes rules ready for matching. The rules must have come through parse.ts or Rule.parse. */
export function compileRules(userRules: readonly Rule[], builtInRules: readonly Rule[], catalogue: Catalogue): RuleSet {
  const user = index(userRules);
  const builtIn = index(builtInRules);
  const remembered = new Map<number, Candidates>();
  return {
    userRules,
    builtInRules,
    catalogue,
    candidates(code) {
      const known = remembered.get(code);
      if (known !== undefined) return known;
      if (remembered.size >= rememberedCodes) remembered.clear();
      const found = { user: user(code), builtIn: builtIn(code), merged: rememberMerged() };
      remembered.set(code, found);
      return found;
    },
  };
}

/** Classifies one event. Total: every code and every level gets an answer. */
export function classify(event: DebuggerEvent, rules: RuleSet): Classification {
  const candidates = rules.candidates(event.code);
  const entry = rules.catalogue.lookup(event.code);
  const message = messageReader(event);
  const products = [event.productName, entry?.product ?? null];
  const builtIn = firstMatch(candidates.builtIn, { event, message, products });
  products.push(builtIn?.compiled.rule.product ?? null);
  const user = firstMatch(candidates.user, { event, message, products });
  const hit = user ?? builtIn;
  const rule =
    user !== null && builtIn !== null
      ? candidates.merged(user.compiled, builtIn.compiled)
      : (hit?.compiled.rule ?? null);
  const matched = hit?.matched ?? [];
  return {
    ruleId: rule?.id ?? null,
    rule,
    matched: user !== null && builtIn !== null ? [...matched, `built-in rule ${builtIn.compiled.rule.id}`] : matched,
    title: rule?.title ?? entry?.title ?? `Unknown error ${event.code}`,
    product: rule?.product ?? productOf(entry?.product ?? unknownProduct, event.productName),
    severity: rule?.severity ?? severityOfLevel(event.level),
    docsUrl: rule?.docsUrl ?? docsUrlOf(event.code),
    groupBy: rule?.groupBy ?? defaultGroupBy,
    quietPeriodMs: rule?.quietPeriod === undefined ? null : durationMs(rule.quietPeriod),
    silenced: rule?.silence ?? false,
    known: isKnown(event.code, rules),
  };
}

/** Whether anybody knows a code: Twilio's catalogue lists it, or a built-in rule names it. */
export function isKnown(code: number, rules: RuleSet): boolean {
  if (rules.catalogue.lookup(code) !== null) return true;
  return rules.candidates(code).builtIn.some(({ codePhrase }) => codePhrase !== null);
}

/** The rule that applies to a code when nothing but the code is known of an event: the one documentation shows. */
export function ruleOfCode(code: number, rules: RuleSet): Rule | null {
  const candidates = rules.candidates(code);
  const user = candidates.user.find(byCodeAlone);
  const builtIn = candidates.builtIn.find(byCodeAlone);
  if (user !== undefined && builtIn !== undefined) return candidates.merged(user, builtIn);
  return user?.rule ?? builtIn?.rule ?? null;
}

function byCodeAlone({ codePhrase, conditions }: Compiled): boolean {
  return codePhrase !== null && conditions.length === 0;
}

/** The codes that have a rule of their own, ascending: those of the catalogue, and those a rule names one by one. */
export function codesWithRules(rules: RuleSet): readonly number[] {
  const codes = new Set<number>();
  for (const rule of [...rules.userRules, ...rules.builtInRules]) {
    if (rule.match.code === undefined) continue;
    for (const { from, to } of codeRanges(rule.match.code) ?? []) {
      if (from === to) codes.add(from);
      else for (const code of rules.catalogue.codes) if (code >= from && code <= to) codes.add(code);
    }
  }
  return [...codes].sort((a, b) => a - b);
}

/** The severity of a level when no rule says better. */
export function severityOfLevel(level: string): Severity {
  const upper = level.toUpperCase();
  if (upper === "ERROR") return "error";
  return upper === "WARNING" ? "warning" : "info";
}

/** Looks rules up by code, in the order of the file. Exact codes come from a map, the few ranges are tried in turn. */
function index(rules: readonly Rule[]): (code: number) => readonly Compiled[] {
  const byCode = new Map<number, [number, Compiled][]>();
  const ranges: { from: number; to: number; entry: [number, Compiled] }[] = [];
  const anyCode: [number, Compiled][] = [];
  for (const [order, rule] of rules.entries()) {
    const conditions = conditionsOf(rule.match);
    if (rule.match.code === undefined) {
      anyCode.push([order, { rule, codePhrase: null, conditions }]);
      continue;
    }
    for (const { from, to } of codeRanges(rule.match.code) ?? []) {
      if (from === to) {
        const entry: [number, Compiled] = [order, { rule, codePhrase: `code ${from}`, conditions }];
        const list = byCode.get(from);
        if (list === undefined) byCode.set(from, [entry]);
        else list.push(entry);
      } else ranges.push({ from, to, entry: [order, { rule, codePhrase: `code ${from}-${to}`, conditions }] });
    }
  }
  return (code) => {
    const inRange = ranges.filter(({ from, to }) => code >= from && code <= to).map(({ entry }) => entry);
    const all = [...(byCode.get(code) ?? []), ...inRange, ...anyCode];
    return all.sort(([a], [b]) => a - b).map(([, compiled]) => compiled);
  };
}

function firstMatch(candidates: readonly Compiled[], facts: Facts): { compiled: Compiled; matched: string[] } | null {
  for (const compiled of candidates) {
    const matched = compiled.codePhrase === null ? [] : [compiled.codePhrase];
    const holds = compiled.conditions.every((condition) => {
      const phrase = condition(facts);
      if (phrase !== null) matched.push(phrase);
      return phrase !== null;
    });
    if (holds) return { compiled, matched };
  }
  return null;
}

/** The event's sentence, read at most once and cut to what patterns may look at. */
function messageReader(event: DebuggerEvent): () => string {
  let text: string | null = null;
  return () => {
    text ??= (messageOf(event.payload) ?? "").slice(0, matchedLength);
    return text;
  };
}

function rememberMerged(): Candidates["merged"] {
  const pairs = new Map<Compiled, Map<Compiled, Rule>>();
  return (user, builtIn) => {
    const rules = pairs.get(user) ?? new Map<Compiled, Rule>();
    const merged = rules.get(builtIn) ?? { ...builtIn.rule, ...user.rule };
    pairs.set(user, rules.set(builtIn, merged));
    return merged;
  };
}

function productOf(published: string, inEvent: string | null): string {
  return published === unknownProduct ? (inEvent ?? unknownProduct) : published;
}
