/*
 * Runs the labelled set of test/diagnosis and prints how well the diagnoses did; exit code 1 when that is not well
 * enough. `node scripts/score-diagnosis.ts 80604 reopened` runs only scenarios whose name holds these words.
 */
import { type Judged, judge, type Score, scoreOf, shortfalls } from "../test/diagnosis/judge.ts";
import { runScenario } from "../test/diagnosis/run-scenario.ts";
import { scenarios } from "../test/diagnosis/scenarios.ts";

const words = process.argv.slice(2);
const chosen = scenarios.filter(({ code, name }) => words.every((word) => `${code} ${name}`.includes(word)));
const judged: Judged[] = [];
for (const scenario of chosen) judged.push(judge(scenario, await runScenario(scenario)));

const scores = scoreOf(judged);
console.log(table(scores));
const misses = judged.flatMap((each) => each.misses);
for (const { scenario, measure, text } of misses) console.log(`\n${scenario}\n  ${measure}: ${text}`);
const short = scores.slice(-1).flatMap(shortfalls);
for (const text of short) console.log(`\nBelow the mark: ${text}`);
process.exitCode = short.length > 0 ? 1 : 0;

function table(lines: readonly Score[]): string {
  const heads = [
    "code",
    "scenarios",
    "right leading cause",
    "conflicts named",
    "remedies that work",
    "wrong confirmed",
    "median calls",
    "max calls",
    "median ms",
  ];
  const share = (value: number | null) => (value === null ? "–" : `${value} %`);
  const rows = lines.map((score) => [
    score.name,
    String(score.scenarios),
    share(score.leading),
    share(score.conflicts),
    share(score.remedies),
    String(score.wrongConfirmed),
    String(score.medianCalls),
    String(score.maxCalls),
    String(score.medianMs),
  ]);
  const widths = heads.map((head, column) => Math.max(head.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]) => cells.map((cell, column) => cell.padStart(widths[column] ?? 0)).join("  ");
  return [heads, ...rows].map(line).join("\n");
}
