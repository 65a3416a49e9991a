import { readFileSync } from "node:fs";

/** Clock ticks in which Linux counts processor time: a hundred a second on every platform that Node runs on. */
const ticksPerSecond = 100;

/** Processor time that processes have used since their start, user and system, in milliseconds. Linux only, else NaN. */
export function processorMs(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + (ticksOf(pid) * 1000) / ticksPerSecond, 0);
}

function ticksOf(pid: number): number {
  try {
    // The name, in brackets, may hold anything.
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
      .replace(/^.*\) /s, "")
      .split(" ");
    return Number(fields[11]) + Number(fields[12]);
  } catch {
    return Number.NaN;
  }
}
