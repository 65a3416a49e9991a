import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { startTimers } from "../src/timers.ts";
import { recordingLog } from "./pipeline/fakes.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A promise and what settles it. */
function deferred() {
  let resolve: () => void = () => undefined;
  const promise = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}

it("runs each chore at its own interval", async () => {
  const runs = { a: 0, b: 0 };
  const count = (name: "a" | "b") => async () => {
    runs[name] += 1;
  };
  const timers = startTimers(
    [
      { name: "a", everyMs: 10, run: count("a") },
      { name: "b", everyMs: 25, run: count("b") },
    ],
    recordingLog(),
  );
  await vi.advanceTimersByTimeAsync(105);
  expect(runs).toEqual({ a: 10, b: 4 });
  await timers.stop();
  await vi.advanceTimersByTimeAsync(1_000);
  expect(runs).toEqual({ a: 10, b: 4 });
});

it("never runs a chore twice at the same time, and waits for it when stopping", async () => {
  const { promise, resolve } = deferred();
  let runs = 0;
  const run = () => {
    runs += 1;
    return promise;
  };
  const timers = startTimers([{ name: "slow", everyMs: 10, run }], recordingLog());
  await vi.advanceTimersByTimeAsync(100);
  expect(runs).toBe(1);
  let stopped = false;
  const stopping = timers.stop().then(() => {
    stopped = true;
  });
  await vi.advanceTimersByTimeAsync(100);
  expect([runs, stopped]).toEqual([1, false]);
  resolve();
  await stopping;
  expect([runs, stopped]).toEqual([1, true]);
});

it("logs a chore that fails, in whichever way, and runs it again", async () => {
  const log = recordingLog();
  let runs = 0;
  const run = () => {
    runs += 1;
    if (runs === 1) throw new Error("at once");
    return runs === 2 ? Promise.reject(new Error("later")) : Promise.resolve();
  };
  const timers = startTimers([{ name: "retention", everyMs: 10, run }], log);
  await vi.advanceTimersByTimeAsync(35);
  await timers.stop();
  expect(runs).toBe(3);
  expect(log.lines).toHaveLength(2);
  for (const line of log.lines) expect(line).toMatch(/^warn Housekeeping failed.*"chore":"retention"/);
});
