import { dice } from "./dice.ts";
import type { Case, Target } from "./targets.ts";

/** What was found wrong, with all that is needed to have it again. */
export interface Finding {
  readonly target: string;
  readonly fault: string;
  readonly made: Case;
}

/** How a target fared. */
export interface Fared {
  readonly target: string;
  readonly cases: number;
  readonly seconds: number;
  /** The longest that a case took, in milliseconds, at its best of three. */
  readonly slowestMs: number;
  readonly findings: readonly Finding[];
}

/** The longest a case may take, in milliseconds; for inputs beyond 64 KiB in proportion. */
const slowMs = 50;
/** Faults of one kind tend to come in numbers. */
const enoughFindings = 20;

/** Tells what a batch of cases has reached that none did before; see coverage.ts. */
export interface Guide {
  worthKeeping(batch: readonly Case[], target: Target): Promise<readonly Case[]>;
}

/** Runs cases against a target until `cases` are done or `seconds` are over. */
export async function fuzz(
  target: Target,
  options: { readonly seed: number; readonly cases: number; readonly seconds?: number; readonly guide?: Guide },
): Promise<Fared> {
  const throws = dice(options.seed);
  const findings: Finding[] = [];
  const started = performance.now();
  const elapsed = () => (performance.now() - started) / 1000;
  let slowestMs = 0;
  let cases = 0;
  let batch: Case[] = [];
  while (cases < options.cases && elapsed() < (options.seconds ?? Number.POSITIVE_INFINITY)) {
    const made = target.make(throws);
    cases += 1;
    const { fault, ms } = await tried(target, made);
    slowestMs = Math.max(slowestMs, ms);
    if (fault !== null) findings.push({ target: target.name, fault, made });
    if (findings.length >= enoughFindings) break;
    if (options.guide === undefined) continue;
    batch.push(made);
    if (batch.length < 32) continue;
    // Not what has canaries in it: broken by a mutation they need not be found any more.
    const kept = (await options.guide.worthKeeping(batch, target)).filter(({ hasCanary }) => !hasCanary);
    target.corpus.push(...kept.map(({ input }) => input));
    batch = [];
  }
  return { target: target.name, cases, seconds: elapsed(), slowestMs, findings };
}

/**
 * Runs one case: what is wrong, and how much of the processor's time it took this thread, since others use the machine too. A
 * slow one is run again: the collector of garbage may have come in between.
 */
export async function tried(
  target: Target,
  made: Case,
): Promise<{ readonly fault: string | null; readonly ms: number }> {
  const allowed = (target.slowMs ?? slowMs) * Math.max(1, made.input.length / (64 * 1024));
  let best = Number.POSITIVE_INFINITY;
  let fault: string | null = null;
  for (let round = 0; round < 5 && best > allowed / 2; round += 1) {
    const started = process.threadCpuUsage();
    try {
      fault = await target.run(made);
    } catch (error) {
      fault = `threw ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
    }
    const { user, system } = process.threadCpuUsage(started);
    best = Math.min(best, (user + system) / 1000);
    if (fault !== null) break;
  }
  fault ??= pollution();
  if (fault === null && best > allowed) fault = `took ${Math.round(best)} ms for ${made.input.length} bytes`;
  return { fault, ms: best };
}

const prototypes = [
  Object.prototype,
  Array.prototype,
  String.prototype,
  Number.prototype,
  Function.prototype,
  Map.prototype,
];
const untouched = prototypes.map((prototype) => Reflect.ownKeys(prototype).length);
const ownDescriptors = JSON.stringify(Object.getOwnPropertyDescriptors(Object.prototype));

function pollution(): string | null {
  const grown = prototypes.findIndex((prototype, index) => Reflect.ownKeys(prototype).length !== untouched[index]);
  if (grown !== -1)
    return `a prototype has other properties than before: ${String(prototypes[grown]?.constructor.name)}`;
  return JSON.stringify(Object.getOwnPropertyDescriptors(Object.prototype)) === ownDescriptors
    ? null
    : "Object.prototype was changed";
}
