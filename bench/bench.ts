import type { Contender } from "./contenders/contender.ts";
import type { Servers } from "./contenders/servers.ts";
import type { GeneratorName } from "./load/load.ts";
import type { Options } from "./options.ts";
import type { Figures } from "./report/figures.ts";
import type { Table } from "./report/table.ts";

/** What every scenario is given. */
export interface Bench {
  readonly options: Options;
  readonly servers: Servers;
  /** Where traces, notices and requests to Twilio go. */
  readonly sinkUrl: string;
  /** A folder that goes away afterwards. */
  readonly folder: string;
  readonly generator: GeneratorName;
  /** Tells people what is going on. */
  say(sentence: string): void;
}

/** What a scenario found. */
export interface Findings {
  readonly tables: readonly Table[];
  /** The figures that are held against what must be reached. */
  readonly figures: Figures;
  /** Events lost or counted twice, refusals nobody asked for: with one of these a figure is worth nothing. */
  readonly problems: readonly string[];
}

/** One group of measurements. */
export type Scenario = (bench: Bench) => Promise<Findings>;

/** Ends contenders, passes on what they complained about, and gives what is wrong with the records they left behind. */
export async function stopAll(contenders: readonly Contender[], bench: Pick<Bench, "say">): Promise<string[]> {
  const problems: string[] = [];
  for (const contender of contenders) {
    await contender.stop();
    const problem = (await contender.leftBehind?.()) ?? null;
    if (problem !== null) problems.push(`${contender.name}: ${problem}`);
    // Emptying a queue cuts off jobs under way, and BullMQ misses them.
    const [first] = contender.warnings().filter((warning) => !warning.includes("Missing key for job"));
    if (first !== undefined) bench.say(`${contender.name}: a warning: ${first}`);
  }
  return problems;
}
