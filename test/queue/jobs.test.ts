import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { defaultRetry, JobData, jobId, maxAskedWaitMs, waitBeforeRetry } from "../../src/queue/jobs.ts";
import { createTrouble, describeError } from "../../src/queue/trouble.ts";
import { memoryLog, work } from "../contract/work-queue.suite.ts";

describe("waitBeforeRetry", () => {
  test("doubles from the base to the bound, at most half of it taken off", () => {
    const policy = { attempts: 8, baseMs: 1_000, maxMs: 5_000 };
    expect([1, 2, 3, 4, 5].map((failed) => waitBeforeRetry(failed, undefined, policy, () => 0))).toEqual([
      1_000, 2_000, 4_000, 5_000, 5_000,
    ]);
    expect(waitBeforeRetry(1, undefined, policy, () => 0.999)).toBe(501);
  });

  test("never comes before the time asked for, and bounds it", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: -10, max: 10 * maxAskedWaitMs }),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (asked, random) => {
          const wait = waitBeforeRetry(1, asked, defaultRetry, () => random);
          expect(wait).toBeGreaterThanOrEqual(Math.min(Math.max(asked, 0), maxAskedWaitMs));
          expect(wait).toBeLessThanOrEqual(maxAskedWaitMs * 1.1 + 1);
        },
      ),
    );
  });

  test("the default policy spans five to twelve minutes", () => {
    const total = (random: number) =>
      Array.from({ length: defaultRetry.attempts - 1 }, (_, index) =>
        waitBeforeRetry(index + 1, undefined, defaultRetry, () => random),
      ).reduce((sum, wait) => sum + wait, 0);
    expect(total(0.999)).toBeGreaterThan(5 * 60_000);
    expect(total(0)).toBeLessThan(12 * 60_000);
  });
});

describe("jobId", () => {
  test("is one to one and free of colons", () => {
    expect(jobId(work("42"))).toBe("diagnose-42");
    expect(jobId(work("a:b"))).toBe("diagnose-a%3Ab");
    fc.assert(
      fc.property(fc.string(), fc.string(), (one, other) => {
        expect(jobId(work(one))).not.toContain(":");
        expect(jobId(work(one)) === jobId(work(other))).toBe(one === other);
      }),
    );
  });
});

test("job data of a newer version is taken, of another shape refused", () => {
  expect(JobData.parse({ ...work("1"), added: "later" })).toEqual(work("1"));
  expect(JobData.safeParse({ ...work("1"), kind: "other" }).success).toBe(false);
  expect(JobData.safeParse(null).success).toBe(false);
});

describe("trouble", () => {
  test("an outage is one line at its start and one at its end", () => {
    const log = memoryLog();
    const trouble = createTrouble(log, { connection: "redis worker" });
    trouble.connected();
    for (let index = 0; index < 100; index += 1) trouble.disconnected(new Error("refused"));
    trouble.connected();
    trouble.connected();
    expect(log.lines.map(({ level, sentence }) => `${level} ${sentence}`)).toEqual([
      "warn Queue connection lost; trying again",
      "info Queue connection restored",
    ]);
  });

  test("other errors are one line a minute", () => {
    const log = memoryLog();
    const trouble = createTrouble(log, { connection: "redis worker" });
    for (let index = 0; index < 100; index += 1) trouble.failed(new Error("out of memory"));
    expect(log.lines).toEqual([
      {
        level: "error",
        fields: { connection: "redis worker", code: "Error", reason: "out of memory", suppressed: 0 },
        sentence: "Queue error",
      },
    ]);
  });

  test("of an error only code and message are told", () => {
    const error = Object.assign(new Error("WRONGPASS"), { command: { name: "auth", args: ["secret"] } });
    expect(describeError(error)).toEqual({ code: "Error", reason: "WRONGPASS" });
    expect(describeError(new AggregateError([], ""))).toEqual({ code: "AggregateError", reason: "AggregateError" });
    expect(describeError("text")).toEqual({ code: "unknown", reason: "not an Error" });
  });
});
