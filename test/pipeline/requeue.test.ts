import { expect, it } from "vitest";
import type { Work } from "../../src/pipeline/ports.ts";
import { createRequeue } from "../../src/pipeline/requeue.ts";

function workOf(count: number): Work[] {
  return Array.from({ length: count }, (_, nth) => ({
    id: String(nth),
    kind: "diagnose" as const,
    incidentId: "1",
    eventSid: `NO${String(nth).padStart(32, "0")}`,
    first: false,
  }));
}

/** A requeue over this much work and a queue that takes `takes` batches. */
function requeueOf(count: number, takes: number) {
  const batches: number[] = [];
  const asked: number[] = [];
  const requeue = createRequeue({
    works: {
      async requeue(limit) {
        asked.push(limit);
        return workOf(count).slice(0, limit);
      },
    },
    dispatcher: {
      async dispatchNow(work) {
        batches.push(work.length);
        return batches.length <= takes;
      },
    },
  });
  return { requeue, batches, asked };
}

it("hands what is taken up again to the queue, a bounded number at a time", async () => {
  const { requeue, batches, asked } = requeueOf(1_200, 10);
  expect(await requeue(10_000)).toBe(1_200);
  expect([batches, asked]).toEqual([[500, 500, 200], [10_000]]);
});

it("leaves the rest to the sweep when the queue is away, and counts it all the same", async () => {
  const { requeue, batches } = requeueOf(1_200, 1);
  expect(await requeue(1_100)).toBe(1_100);
  expect(batches).toEqual([500, 500]);
});

it("asks the queue nothing when there is nothing to do", async () => {
  const { requeue, batches } = requeueOf(0, 1);
  expect(await requeue(5)).toBe(0);
  expect(batches).toEqual([]);
});
