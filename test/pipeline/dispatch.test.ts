import { expect, it } from "vitest";
import { createDispatcher } from "../../src/pipeline/dispatch.ts";
import { fixedClock, type Journal, memoryQueue, memoryWorks, recordingLog, workOf } from "./fakes.ts";

function createWorld() {
  const journal: Journal = [];
  const queue = memoryQueue(journal);
  const works = memoryWorks(journal);
  const log = recordingLog();
  return { journal, queue, works, log, dispatcher: createDispatcher({ queue, works, clock: fixedClock, log }) };
}

it("marks work as dispatched only once the queue has it", async () => {
  const { dispatcher, journal, works } = createWorld();
  expect(await dispatcher.dispatchNow([workOf(1), workOf(2)])).toBe(true);
  expect(journal).toEqual(["add", "added", "marked"]);
  expect(works.dispatched).toEqual(["w_1", "w_2"]);
});

it("leaves work unmarked when the queue is away, and does not throw", async () => {
  const { dispatcher, queue, works } = createWorld();
  queue.failure = new Error("away");
  expect(await dispatcher.dispatchNow([workOf(1)])).toBe(false);
  expect(works.dispatched).toEqual([]);
});

it("does not throw when marking fails either: the sweep hands the work over again", async () => {
  const { dispatcher, queue, works } = createWorld();
  works.failure = new Error("away");
  expect(await dispatcher.dispatchNow([workOf(1)])).toBe(false);
  expect(queue.added).toEqual([workOf(1)]);
});

it("does not make its caller wait, and can be waited for when stopping", async () => {
  const { dispatcher, queue, works } = createWorld();
  let open: () => void = () => undefined;
  queue.gate = new Promise((resolve) => {
    open = resolve;
  });
  dispatcher.dispatch([workOf(1)]);
  let settled = false;
  const stopping = dispatcher.settled().then(() => {
    settled = true;
  });
  await new Promise(setImmediate);
  expect([settled, works.dispatched]).toEqual([false, []]);
  open();
  await stopping;
  expect(works.dispatched).toEqual(["w_1"]);
  await dispatcher.settled();
});

it("hands over together what came for one commit, and what came meanwhile", async () => {
  const { dispatcher, queue, works, journal } = createWorld();
  let open: () => void = () => undefined;
  queue.gate = new Promise((resolve) => {
    open = resolve;
  });
  dispatcher.dispatch([workOf(1)]);
  dispatcher.dispatch([workOf(2), workOf(3)]);
  await expect.poll(() => journal).toEqual(["add"]);
  for (let n = 4; n <= 9; n += 1) dispatcher.dispatch([workOf(n)]);
  open();
  await dispatcher.settled();
  expect(journal).toEqual(["add", "added", "marked", "add", "added", "marked"]);
  expect(works.dispatched).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9].map((n) => `w_${n}`));
});

it("hands over no more than the queue takes in one go", async () => {
  const { dispatcher, journal, works } = createWorld();
  dispatcher.dispatch(Array.from({ length: 1_001 }, (_, n) => workOf(n)));
  await dispatcher.settled();
  expect(journal.filter((entry) => entry === "add")).toHaveLength(3);
  expect(new Set(works.dispatched).size).toBe(1_001);
});

it("leaves what gathered during a try that failed to the sweep, and tries again with what comes next", async () => {
  const { dispatcher, queue, works, journal } = createWorld();
  let open: () => void = () => undefined;
  queue.gate = new Promise((resolve) => {
    open = resolve;
  });
  queue.failure = new Error("away");
  dispatcher.dispatch([workOf(1)]);
  await expect.poll(() => journal).toEqual(["add"]);
  dispatcher.dispatch([workOf(2)]);
  open();
  await dispatcher.settled();
  expect([journal, works.dispatched]).toEqual([["add"], []]);
  queue.failure = null;
  dispatcher.dispatch([workOf(3)]);
  await dispatcher.settled();
  expect(works.dispatched).toEqual(["w_3"]);
});

it("leaves the queue alone when there is nothing to do", async () => {
  const { dispatcher, journal } = createWorld();
  dispatcher.dispatch([]);
  await dispatcher.settled();
  expect(journal).toEqual([]);
});

it("tells of an outage once, and of the next one again", async () => {
  const { dispatcher, queue, log } = createWorld();
  const failures = () => log.lines.filter((line) => line.startsWith("warn Work not handed to the queue")).length;
  queue.failure = new Error("away");
  for (let n = 1; n <= 5; n += 1) dispatcher.dispatch([workOf(n)]);
  await dispatcher.settled();
  expect(failures()).toBe(1);
  queue.failure = null;
  expect(await dispatcher.dispatchNow([workOf(6)])).toBe(true);
  queue.failure = new Error("away again");
  await dispatcher.dispatchNow([workOf(7)]);
  expect(failures()).toBe(2);
});
