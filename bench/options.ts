import { parseArgs } from "node:util";

/** The groups of measurements, in the order in which they run. */
export const scenarioNames = ["requests", "streams", "storm", "growth", "start", "jobs", "classify", "flood"] as const;
export type ScenarioName = (typeof scenarioNames)[number];

/** How much is measured. */
export interface Options {
  readonly quick: boolean;
  readonly only: readonly ScenarioName[];
  /** Every contender is measured so many times, in turns; the median counts. */
  readonly rounds: number;
  /** Length of one measurement, in whole seconds. */
  readonly seconds: number;
  /** Where the JSON goes. Null: nowhere. */
  readonly out: string | null;
}

export const usage = `usage: npm run bench -- [options]
  --quick             one short round of everything, for trying it out: its figures mean little
  --only <scenario>   ${scenarioNames.join(", ")}; several separated by commas
  --rounds <n>        rounds of each measurement (3; quick: 1)
  --seconds <n>       length of one measurement (3; quick: 1)
  --out <file>        where the JSON goes (bench/results/latest.json; with --quick or --only nowhere)`;

/** @throws Error with what was expected, for words that cannot be read */
export function readOptions(args: readonly string[]): Options | "help" {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: "boolean", default: false },
      only: { type: "string" },
      rounds: { type: "string" },
      seconds: { type: "string" },
      out: { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return "help";
  const { quick } = values;
  const partial = quick || values.only !== undefined;
  return {
    quick,
    only: values.only === undefined ? scenarioNames : values.only.split(",").map(scenarioNamed),
    rounds: wholeNumber("--rounds", values.rounds, quick ? 1 : 3),
    seconds: wholeNumber("--seconds", values.seconds, quick ? 1 : 3),
    out: values.out ?? (partial ? null : new URL("results/latest.json", import.meta.url).pathname),
  };
}

function scenarioNamed(word: string): ScenarioName {
  const name = scenarioNames.find((known) => known === word.trim());
  if (name === undefined)
    throw new Error(`--only: expected some of ${scenarioNames.join(", ")}, got ${JSON.stringify(word)}`);
  return name;
}

function wholeNumber(name: string, text: string | undefined, otherwise: number): number {
  if (text === undefined) return otherwise;
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > 600)
    throw new Error(`${name}: expected a whole number from 1 to 600, got ${JSON.stringify(text)}`);
  return value;
}
