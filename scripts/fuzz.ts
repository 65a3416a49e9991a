/*
 * Feeds what reads strangers' bytes with broken, nested, huge and misleading ones: `npm run fuzz -- --cases 1000000 --seed 7`.
 * Cases that reach new code become the start of others. Exit code 1 when something was found wrong; every finding is printed
 * with its input, and `--target <name> --input <base64>` (or `-`: on standard input) runs that again.
 */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { CoverageGuide } from "./fuzz/coverage.ts";
import { type Fared, type Finding, fuzz, tried } from "./fuzz/fuzz.ts";
import { type Target, targets } from "./fuzz/targets.ts";

const { values } = parseArgs({
  options: {
    cases: { type: "string", default: "100000" },
    seed: { type: "string" },
    target: { type: "string" },
    input: { type: "string" },
    canary: { type: "boolean", default: false },
    unguided: { type: "boolean", default: false },
  },
});
const seed = Number(values.seed ?? Math.floor(Math.random() * 1e9));
const cases = Number(values.cases);
if (!Number.isInteger(cases) || cases < 1 || !Number.isInteger(seed))
  throw new Error("expected whole numbers for --cases and --seed");

const chosen = targets.filter(({ name }) => values.target === undefined || name === values.target);
if (chosen.length === 0) throw new Error(`expected a target of ${targets.map(({ name }) => `"${name}"`).join(", ")}`);
if (values.input === undefined) await fuzzAll();
else {
  const text = values.input === "-" ? readFileSync(0, "utf8") : values.input;
  for (const target of chosen) await again(target, Buffer.from(text, "base64"));
}

async function fuzzAll(): Promise<void> {
  console.log(`seed ${seed}, ${cases} cases over ${chosen.length} targets`);
  const guide = values.unguided ? null : new CoverageGuide();
  await guide?.start();
  const all: Fared[] = [];
  for (const target of chosen) {
    const found = await fuzz(target, {
      seed,
      cases: Math.ceil(cases / chosen.length),
      ...(guide !== null && { guide }),
    });
    const fared = { ...found, findings: found.findings.filter(isStillOne) };
    all.push(fared);
    console.log(line(fared, target));
    for (const { fault, made } of fared.findings) {
      const canary = made.hasCanary ? " --canary" : "";
      console.log(`  ${fault}\n  --target "${target.name}"${canary} --input ${made.input.toString("base64")}`);
    }
  }
  await guide?.stop();
  const done = all.reduce((sum, fared) => sum + fared.cases, 0);
  const found = all.reduce((sum, { findings }) => sum + findings.length, 0);
  console.log(`${done} cases, ${found} findings (seed ${seed})`);
  process.exitCode = found > 0 ? 1 : 0;
}

/** Watched code takes twice its time: what was only slow has to be so in a process that watches nothing. */
function isStillOne({ target, fault, made }: Finding): boolean {
  if (!fault.startsWith("took ")) return true;
  const args = [import.meta.filename, "--target", target, "--input", "-", ...(made.hasCanary ? ["--canary"] : [])];
  const { status } = spawnSync(process.execPath, args, { input: made.input.toString("base64") });
  if (status === 0) console.log(`  ${target}: ${fault} while it was watched, and less than that by itself`);
  return status !== 0;
}

function line({ target, cases: done, seconds, slowestMs }: Fared, { corpus }: Target): string {
  const rate = Math.round(done / seconds);
  return `${target}: ${done} cases, ${rate}/s, slowest ${slowestMs.toFixed(1)} ms, corpus ${corpus.length}`;
}

async function again(target: Target, input: Buffer): Promise<void> {
  const { fault, ms } = await tried(target, { input, hasCanary: values.canary });
  console.log(`${target.name}: ${fault ?? "nothing wrong"} (${ms.toFixed(1)} ms)`);
  if (fault !== null) process.exitCode = 1;
}
