import { describe, expect, it } from "vitest";
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

describe("notices given up", () => {
  const notices = Array.from({ length: 3 }, (_, nth) => ({
    id: String(nth),
    receiver: "slack",
    incidentId: "1",
    transition: "opened" as const,
    reason: "first" as const,
    digest: null,
    about: null,
    decidedAt: new Date("2026-01-02T03:04:05Z"),
  }));
  const clock = { now: () => new Date("2026-01-02T04:00:00Z") };

  function withNotices(work: number, queueIsThere: boolean) {
    const asked: [number, Date][] = [];
    const added: string[] = [];
    const requeue = createRequeue({
      works: { requeue: async (limit) => workOf(work).slice(0, limit) },
      dispatcher: { dispatchNow: async () => queueIsThere },
      notices: {
        clock,
        reader: {
          async requeueNotices(limit, at) {
            asked.push([limit, at]);
            return notices.slice(0, limit);
          },
        },
        queue: {
          async add(some) {
            if (!queueIsThere) throw new Error("away");
            added.push(...some.map(({ id }) => id));
          },
        },
      },
    });
    return { requeue, asked, added };
  }

  it("go out again too, within the same limit", async () => {
    const { requeue, asked, added } = withNotices(4, true);
    expect(await requeue(6)).toBe(6);
    expect([asked, added]).toEqual([[[2, clock.now()]], ["0", "1"]]);
  });

  it("are left alone when diagnoses take up the whole limit", async () => {
    const { requeue, asked } = withNotices(4, true);
    expect(await requeue(4)).toBe(4);
    expect(asked).toEqual([]);
  });

  it("are counted also when their queue is away: the sweep brings them", async () => {
    const { requeue, added } = withNotices(1, false);
    expect(await requeue(10)).toBe(4);
    expect(added).toEqual([]);
  });
});
