import { readFileSync } from "node:fs";
import { setTimeout as wait } from "node:timers/promises";
import { expect } from "vitest";
import type { Faultline } from "../support/faultline.ts";
import { until } from "../support/until.ts";
import { readinessOf } from "./fault.ts";
import { outageSeconds } from "./settings.ts";

/** So soon /readyz knows of an outage, in milliseconds. */
const noticedMs = 5_000;

/** What a process says of itself while a server is out of reach. */
export interface Expected {
  readonly process: Faultline;
  /** The check that fails. */
  readonly check: "database" | "queue";
  readonly status: 200 | 503;
}

/** Has the outage last, and looks at /readyz twice a second. */
export async function lastsAndIsTold(expected: readonly Expected[], meanwhile?: () => Promise<void>): Promise<void> {
  const began = performance.now();
  const saysSo = async ({ process, check, status }: Expected) => {
    const said = await readinessOf(process);
    return said.status === status && said.checks[check] !== "ok";
  };
  for (const each of expected) await until("/readyz to tell", noticedMs, () => saysSo(each));
  const going = meanwhile?.();
  while (performance.now() - began < outageSeconds * 1_000) {
    await wait(500);
    const said = await Promise.all(expected.map(({ process }) => readinessOf(process)));
    for (const [index, { status, checks }] of said.entries()) {
      const { check, status: wanted } = expected[index] ?? {};
      expect([status, checks[check ?? ""] === "ok"], `readyz of process ${index}: ${JSON.stringify(checks)}`).toEqual([
        wanted,
        false,
      ]);
    }
  }
  await going;
}

/** Memory a process holds, in MiB. https://man7.org/linux/man-pages/man5/proc_pid_status.5.html */
export function residentMib({ pid }: Faultline): number {
  const kib = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  return Number(kib) / 1024;
}
