import type { ErrorEvent } from "../support/sign.ts";
import type { AccountSetup } from "../support/simulated-twilio/account.ts";
import type { Stage } from "./stage.ts";

/** The codes of the labelled set. */
export const labelledCodes = [80604, 80903, 80905, 50416, 48031] as const;

/** What is true of a staged account, and so what a diagnosis must find. */
export interface Label {
  /** Every cause that the facts prove, the leading one first. Any other that is confirmed is wrong. */
  readonly confirmed: readonly string[];
  /** The cause that must lead as likely; it goes before what is proven and true of every conflict. */
  readonly likely?: string;
  /** Sids of the resources in the way: in `conflicts`, all of them and no others. Absent: nothing is in the way. */
  readonly conflicts?: readonly string[];
  /** Texts, mostly sids, that the evidence must show. */
  readonly shows?: readonly string[];
  /** Texts that the diagnosis must not contain anywhere. */
  readonly hides?: readonly string[];
  /** Why Twilio could not be read at all. */
  readonly failure?: string;
}

/** A remedy whose commands must make the failed action succeed. */
export interface Fix {
  readonly remedy: string;
  /** Shell variables that a person would set. */
  readonly env?: Readonly<Record<string, string>>;
  /** The failed action again, or what the page says to do instead; true when it succeeds. */
  readonly succeeds: () => boolean | Promise<boolean>;
}

/** What a scenario hands to the runner. */
export interface Told {
  /** The event as Twilio reports it. */
  readonly event: ErrorEvent;
  /** How it comes; both carry the same facts. */
  readonly via: "debugger" | "event_streams";
  /** Events of the same incident that came before. */
  readonly earlier?: readonly ErrorEvent[];
  /** What happens between the diagnosis of the first of those and that of the event; absent: only the event is diagnosed. */
  readonly meanwhile?: () => void;
  readonly label: Label;
  readonly fixes?: readonly Fix[];
}

/** One simulated account in which something went wrong. */
export interface Scenario {
  readonly code: number;
  readonly name: string;
  /** Stages it, performs the action that fails, and says what is true. Always the same, sids included. */
  readonly stage: (stage: Stage) => Told | Promise<Told>;
  /** Accounts at Twilio; absent: one. */
  readonly accounts?: readonly AccountSetup[];
  /** Auth tokens that Faultline has been given; absent: those of all accounts. */
  readonly tokens?: ReadonlyMap<string, readonly string[]>;
}

/** Starts a list of scenarios of one code. */
export function scenariosOf(code: number): {
  readonly all: readonly Scenario[];
  add(name: string, stage: Scenario["stage"], more?: Pick<Scenario, "accounts" | "tokens">): void;
} {
  const all: Scenario[] = [];
  return {
    all,
    add(name, stage, more = {}) {
      all.push({ code, name, stage, ...more });
    },
  };
}
