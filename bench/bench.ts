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

/** Ends contenders and passes on what they complained about. */
export async function stopAll(contenders: readonly Contender[], bench: Pick<Bench, "say">): Promise<void> {
  for (const contender of contenders) {
    await contender.stop();
    // Emptying a queue cuts off jobs under way, and BullMQ misses them.
    const [first] = contender.warnings().filter((warning) => !warning.includes("Missing key for job"));
    if (first !== undefined) bench.say(`${contender.name}: a warning: ${first}`);
  }
}
