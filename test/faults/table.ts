import type { Reporter, TestModule } from "vitest/node";

/** What came of one fault. */
export interface FaultRow {
  readonly fault: string;
  readonly rounds: number;
  /** Events the sender saw acknowledged, and events on record. */
  readonly acknowledged: number;
  readonly recorded: number;
  readonly duplicates: number;
  readonly lost: number;
  /** The longest of all rounds, in milliseconds from the end of the fault; null where there is nothing to recover from. */
  readonly recoveryMs: number | null;
  /** Notices delivered, and those that came twice. */
  readonly notices: number;
  readonly noticesTwice: number;
}

declare module "vitest" {
  interface TaskMeta {
    fault?: FaultRow;
  }
}

const heads = ["fault", "rounds", "acknowledged", "recorded", "duplicates", "lost", "recovery", "notices"];

/** Prints the table of all faults when the last test is over. */
export class FaultTable implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const rows = modules.flatMap((module) =>
      [...module.children.allTests()].flatMap((test) => test.meta().fault ?? []),
    );
    if (rows.length > 0) process.stdout.write(`\n${tableOf(rows)}\n`);
  }
}

/** The table as Markdown. */
export function tableOf(rows: readonly FaultRow[]): string {
  const lines = [heads, ...rows.map(cellsOf)];
  const widths = heads.map((_, column) => Math.max(...lines.map((cells) => cells[column]?.length ?? 0)));
  const print = (cells: readonly string[]) =>
    `| ${cells.map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0))).join(" | ")} |`;
  const [first = [], ...others] = lines;
  return [print(first), `|${widths.map((width) => "-".repeat(width + 2)).join("|")}|`, ...others.map(print)].join("\n");
}

function cellsOf(row: FaultRow): string[] {
  const recovery = row.recoveryMs === null ? "–" : `${(row.recoveryMs / 1000).toFixed(1)} s`;
  const twice = row.noticesTwice === 0 ? "" : ` (${row.noticesTwice} twice)`;
  const counts = [row.rounds, row.acknowledged, row.recorded, row.duplicates, row.lost].map(String);
  return [row.fault, ...counts, recovery, `${row.notices}${twice}`];
}
