import { expect, it } from "vitest";
import { createDispatcher } from "../../src/pipeline/dispatch.ts";
import type { Housekeeping } from "../../src/pipeline/ports.ts";
import { createSweep } from "../../src/pipeline/sweep.ts";
import { countingTelemetry, fixedClock, memoryQueue, memoryWorks, now, recordingLog, workOf } from "./fakes.ts";

const day = 24 * 60 * 60 * 1000;

function createWorld(housekeeping: Partial<Housekeeping> = {}) {
  const journal: string[] = [];
  const queue = memoryQueue(journal);
  const works = memoryWorks(journal);
  const log = recordingLog();
  const telemetry = countingTelemetry();
  const sweep = createSweep({
    housekeeping: {
      resolveQuiet: async () => [],
      deleteBefore: async () => ({ events: 0, incidents: 0, quarantined: 0 }),
      ...housekeeping,
    },
    works,
    dispatcher: createDispatcher({ queue, works, clock: fixedClock, log }),
    telemetry,
    clock: fixedClock,
    log,
    retentionMs: 30 * day,
  });
  return { sweep, journal, queue, works, log, telemetry };
}

it("counts each incident that went quiet, by the time of now", async () => {
  const asked: Date[] = [];
  const { sweep, telemetry } = createWorld({
    resolveQuiet: async (at) => {
      asked.push(at);
      return [
        { id: "inc_1", code: 80604 },
        { id: "inc_2", code: 80604 },
      ];
    },
  });
  await sweep.resolveQuiet();
  expect(asked).toEqual([now]);
  expect(telemetry.transitions).toEqual([
    [80604, "resolved"],
    [80604, "resolved"],
  ]);
});

it("hands over again what was left for a minute, and marks it", async () => {
  const { sweep, journal, queue, works } = createWorld();
  works.overdueWork = [workOf(1), workOf(2)];
  await sweep.redispatch();
  expect(journal).toEqual(["overdue before 2026-01-15T09:59:00.000Z", "add", "added", "marked"]);
  expect(queue.added).toEqual([workOf(1), workOf(2)]);
  expect(works.dispatched).toEqual(["w_1", "w_2"]);
});

it("hands over a bounded number at a time, so that a restart does not flood the queue", async () => {
  const { sweep, queue, works } = createWorld();
  works.overdueWork = Array.from({ length: 2_000 }, (_, index) => workOf(index));
  await sweep.redispatch();
  expect(queue.added).toHaveLength(500);
});

it("says nothing and does nothing when nothing is left", async () => {
  const { sweep, queue, log } = createWorld();
  await sweep.redispatch();
  await sweep.forget();
  await sweep.resolveQuiet();
  expect([queue.added, log.lines]).toEqual([[], []]);
});

it("survives a queue that is still away", async () => {
  const { sweep, queue, works } = createWorld();
  works.overdueWork = [workOf(1)];
  queue.failure = new Error("away");
  await sweep.redispatch();
  expect(works.dispatched).toEqual([]);
});

it("forgets what is older than the retention period, and says how much", async () => {
  const asked: string[] = [];
  const { sweep, log } = createWorld({
    deleteBefore: async (before) => {
      asked.push(before.toISOString());
      return { events: 3, incidents: 1, quarantined: 0 };
    },
  });
  await sweep.forget();
  expect(asked).toEqual(["2025-12-16T10:00:00.000Z"]);
  expect(log.lines).toEqual([expect.stringContaining('"events":3,"incidents":1,"quarantined":0')]);
});

it("lets a failure of the database reach whoever runs it", async () => {
  const { sweep } = createWorld({ resolveQuiet: () => Promise.reject(new Error("away")) });
  await expect(sweep.resolveQuiet()).rejects.toThrow("away");
});
