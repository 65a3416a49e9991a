import { durationMs } from "./rules/duration.ts";

/** How often something may happen: `count` times at once, and after that as often as it goes evenly into the period. */
export interface Rate {
  readonly count: number;
  readonly periodMs: number;
}

/** A rate such as `50/s`, `100/m` or `5000/h`; null for anything else, and beyond a million. */
export function rateOf(text: string): Rate | null {
  const match = /^([1-9][0-9]{0,6})\/([smh])$/.exec(text);
  const count = Number(match?.[1] ?? 0);
  const periodMs = durationMs(`1${match?.[2]}`);
  return periodMs === null || count > 1_000_000 ? null : { count, periodMs };
}
