import type { DebuggerEvent } from "../event.ts";
import type { Match } from "./rule.ts";

/** What conditions look at. */
export interface Facts {
  readonly event: DebuggerEvent;
  /** What the product is called: in the event, in the catalogue, in the built-in rule. */
  readonly products: readonly (string | null)[];
  /** The event's sentence, cut to the length patterns may look at. */
  readonly message: () => string;
}

/** A condition other than the code: a short phrase saying why it holds, or null when it does not. */
export type Condition = (facts: Facts) => string | null;

/** The conditions of a match besides its code, cheapest first. */
export function conditionsOf(match: Match): readonly Condition[] {
  const { level, account, service, product, message } = match;
  const conditions: Condition[] = [];
  if (level !== undefined) conditions.push(anyCase("level", level, ({ event }) => [event.level]));
  if (account !== undefined) {
    conditions.push(exact("account", account, ({ event }) => [event.account, event.parentAccount]));
  }
  if (service !== undefined) conditions.push(exact("service", service, ({ event }) => [event.service]));
  if (product !== undefined) {
    conditions.push(anyCase("product", product, ({ products }) => products));
  }
  if (message !== undefined) for (const source of listOf(message)) conditions.push(found(source));
  return conditions;
}

type Values = (facts: Facts) => readonly (string | null)[];

function exact(name: string, wanted: string | readonly string[], values: Values): Condition {
  const set = new Set(listOf(wanted));
  return (facts) => {
    const hit = values(facts).find((value) => value !== null && set.has(value));
    return hit === undefined ? null : `${name} ${hit}`;
  };
}

/** Case makes no difference; the phrase gives the word as the rule writes it. */
function anyCase(name: string, wanted: string | readonly string[], values: Values): Condition {
  const byLowerCase = new Map(listOf(wanted).map((word) => [word.toLowerCase(), word]));
  return (facts) => {
    for (const value of values(facts)) {
      const hit = value === null ? undefined : byLowerCase.get(value.toLowerCase());
      if (hit !== undefined) return `${name} ${hit}`;
    }
    return null;
  };
}

function found(source: string): Condition {
  const pattern = new RegExp(source, "i");
  return ({ message }) => (pattern.test(message()) ? `message /${source}/` : null);
}

function listOf(value: string | readonly string[]): readonly string[] {
  return typeof value === "string" ? [value] : value;
}
