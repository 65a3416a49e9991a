import { Session } from "node:inspector/promises";
import type { Guide } from "./fuzz.ts";
import type { Case, Target } from "./targets.ts";

/** Stretches of source, as offsets; sorted, none overlapping. */
type Ranges = readonly (readonly [start: number, end: number])[];

/**
 * Tells which inputs ran something of src/ that none before them did, by V8's own coverage of blocks. A batch that did is run
 * again in halves, until the inputs are found; that is rare, so the rest runs at full speed.
 */
export class CoverageGuide implements Guide {
  readonly #session = new Session();
  /** Of every function seen, what of it has never run. */
  readonly #never = new Map<string, Ranges>();

  async start(): Promise<void> {
    this.#session.connect();
    await this.#session.post("Profiler.enable");
    await this.#session.post("Profiler.startPreciseCoverage", { callCount: true, detailed: true });
  }

  async stop(): Promise<void> {
    await this.#session.post("Profiler.stopPreciseCoverage");
    this.#session.disconnect();
  }

  /** How many characters of the functions that ran at all have never run. */
  get untouched(): number {
    return [...this.#never.values()].reduce((sum, ranges) => sum + lengthOf(ranges), 0);
  }

  async worthKeeping(batch: readonly Case[], target: Target): Promise<readonly Case[]> {
    const before = new Map(this.#never);
    if (!(await this.#take())) return [];
    if (batch.length === 1) return batch;
    // As if it had not been: the halves are to find it again.
    this.#never.clear();
    for (const [name, ranges] of before) this.#never.set(name, ranges);
    const kept: Case[] = [];
    const middle = Math.ceil(batch.length / 2);
    for (const half of [batch.slice(0, middle), batch.slice(middle)]) {
      for (const made of half) await target.run(made);
      kept.push(...(await this.worthKeeping(half, target)));
    }
    return kept;
  }

  /** Adds what ran since the last time; true when something did that never had before. */
  async #take(): Promise<boolean> {
    const { result } = await this.#session.post("Profiler.takePreciseCoverage");
    let isNew = false;
    for (const { url, functions } of result) {
      if (!url.includes("/src/")) continue;
      for (const { functionName, ranges } of functions) {
        const [whole] = ranges;
        if (whole === undefined || whole.count === 0) continue;
        const name = `${url} ${functionName} ${whole.startOffset}`;
        const known = this.#never.get(name);
        const silent = silentParts(ranges);
        const left = known === undefined ? silent : intersection(known, silent);
        if (known === undefined || lengthOf(left) < lengthOf(known)) isNew = true;
        this.#never.set(name, left);
      }
    }
    return isNew;
  }
}

interface Range {
  readonly startOffset: number;
  readonly endOffset: number;
  readonly count: number;
}

/** What of a function did not run. Ranges nest, each inside of an earlier one. */
function silentParts(ranges: readonly Range[]): Ranges {
  const silent: [number, number][] = [];
  for (const { startOffset, endOffset, count } of ranges) {
    const last = silent.at(-1);
    if (count === 0 && (last === undefined || startOffset >= last[1])) silent.push([startOffset, endOffset]);
  }
  return silent;
}

function intersection(a: Ranges, b: Ranges): Ranges {
  const both: [number, number][] = [];
  for (const [startA, endA] of a) {
    for (const [startB, endB] of b) {
      const start = Math.max(startA, startB);
      const end = Math.min(endA, endB);
      if (start < end) both.push([start, end]);
    }
  }
  return both;
}

function lengthOf(ranges: Ranges): number {
  return ranges.reduce((sum, [start, end]) => sum + end - start, 0);
}
