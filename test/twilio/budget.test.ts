import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Budget, createBudget } from "../../src/twilio/budget.ts";

/** Time that moves only when told. */
function createTime() {
  let now = 0;
  const alarms: { at: number; run: () => void }[] = [];
  return {
    now: () => now,
    after(milliseconds: number, run: () => void) {
      alarms.push({ at: now + milliseconds, run });
    },
    async advance(milliseconds: number) {
      const end = now + milliseconds;
      for (;;) {
        await settle();
        const next = alarms.toSorted((a, b) => a.at - b.at)[0];
        if (next === undefined || next.at > end) break;
        alarms.splice(alarms.indexOf(next), 1);
        now = next.at;
        next.run();
      }
      now = end;
      await settle();
    },
  };
}

/** Lets everything that waits for nothing but promises go on. */
async function settle(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

function startCalls(budget: Budget, count: number, call: (index: number) => Promise<void>): void {
  for (let index = 0; index < count; index += 1) void budget.run(() => call(index));
}

describe("budget", () => {
  test("lets a burst through, then so many a second, in the order of asking", async () => {
    const time = createTime();
    const budget = createBudget({ concurrency: 100, perSecond: 5, ...time });
    const started: { index: number; at: number }[] = [];
    startCalls(budget, 12, async (index) => {
      started.push({ index, at: time.now() });
    });
    await time.advance(0);
    expect(started.map(({ index }) => index)).toEqual([0, 1, 2, 3, 4]);
    await time.advance(1_000);
    expect(started).toHaveLength(10);
    await time.advance(10_000);
    expect(started.map(({ index }) => index)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
    expect(started.map(({ at }) => at)).toEqual([0, 0, 0, 0, 0, 200, 400, 600, 800, 1_000, 1_200, 1_400]);
  });

  test("askers take turns, so a storm of calls does not hold up another's first", async () => {
    const time = createTime();
    const budget = createBudget({ concurrency: 100, perSecond: 1, ...time });
    const order: string[] = [];
    const [storm, other] = [{}, {}];
    const ask = (asker: object, name: string) => void budget.run(async () => void order.push(name), asker);
    for (let index = 0; index < 20; index += 1) ask(storm, `storm ${index}`);
    ask(other, "other 0");
    ask(other, "other 1");

    await time.advance(4_000);

    expect(order).toEqual(["storm 0", "storm 1", "other 0", "storm 2", "other 1"]);
  });

  test("a rest saves up one second's calls, no more", async () => {
    const time = createTime();
    const budget = createBudget({ concurrency: 100, perSecond: 5, ...time });
    await time.advance(60_000);
    let started = 0;
    startCalls(budget, 20, async () => {
      started += 1;
    });
    await time.advance(0);
    expect(started).toBe(5);
  });

  test("holds calls until one of those running ends, however it ends", async () => {
    const time = createTime();
    const budget = createBudget({ concurrency: 2, perSecond: 1_000, ...time });
    const ends: (() => void)[] = [];
    const results = [0, 1, 2].map((index) =>
      budget
        .run(
          () =>
            new Promise<number>((resolve, reject) => {
              ends.push(index === 0 ? () => reject(new Error("failed")) : () => resolve(index));
            }),
        )
        .catch((error: Error) => error.message),
    );
    await time.advance(60_000);
    expect(ends).toHaveLength(2);
    ends[0]?.();
    await time.advance(0);
    expect(ends).toHaveLength(3);
    ends[1]?.();
    ends[2]?.();
    expect(await Promise.all(results)).toEqual(["failed", 1, 2]);
  });

  test("never exceeds its limits and always finishes, whatever the load", async () => {
    const load = fc.array(
      fc.record({ wait: fc.integer({ min: 0, max: 300 }), lasts: fc.integer({ min: 0, max: 700 }) }),
      {
        maxLength: 30,
      },
    );
    await fc.assert(
      fc.asyncProperty(
        load,
        fc.integer({ min: 1, max: 4 }),
        fc.integer({ min: 1, max: 10 }),
        async (calls, concurrency, perSecond) => {
          const time = createTime();
          const budget = createBudget({ concurrency, perSecond, ...time });
          const starts: number[] = [];
          let running = 0;
          let most = 0;
          let ended = 0;
          for (const { wait, lasts } of calls) {
            await time.advance(wait);
            void budget.run(async () => {
              starts.push(time.now());
              running += 1;
              most = Math.max(most, running);
              await new Promise<void>((resolve) => time.after(lasts, resolve));
              running -= 1;
              ended += 1;
            });
          }
          await time.advance(60_000);
          expect(ended).toBe(calls.length);
          expect(most).toBeLessThanOrEqual(concurrency);
          // A bucket lets at most its content plus what flows in through any window.
          for (const [index, start] of starts.entries()) {
            const within = starts.filter((other) => other >= start && other < start + 1_000).length;
            expect(within, `from start ${index}`).toBeLessThanOrEqual(2 * perSecond);
          }
        },
      ),
      { numRuns: 50 },
    );
  });
});
