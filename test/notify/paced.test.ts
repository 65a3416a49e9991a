import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { paced } from "../../src/notify/paced.ts";
import type { Notifier } from "../../src/pipeline/notice-ports.ts";
import { incidentNotice } from "./notices.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** Notes when each send began; each takes `takesMs`. */
function recording(rate: Notifier["rate"], takesMs: number): { readonly notifier: Notifier; readonly began: number[] } {
  const began: number[] = [];
  return {
    began,
    notifier: {
      name: "slack",
      kind: "slack",
      rate,
      async send() {
        began.push(performance.now());
        await new Promise((resolve) => setTimeout(resolve, takesMs));
        return { ok: true, reference: null };
      },
    },
  };
}

const notice = incidentNotice();

test("sends that are asked for together begin a rate's step apart, and do not wait for each other's answers", async () => {
  const { notifier, began } = recording({ max: 1, perMs: 1_000 }, 5_000);
  const slow = paced(notifier);
  const results = [1, 2, 3].map(() => slow.send(notice, null));
  await vi.advanceTimersByTimeAsync(2_100);
  expect(began).toHaveLength(3);
  expect((began[1] ?? 0) - (began[0] ?? 0)).toBeGreaterThanOrEqual(1_000);
  expect((began[2] ?? 0) - (began[1] ?? 0)).toBeGreaterThanOrEqual(1_000);
  await vi.advanceTimersByTimeAsync(5_000);
  expect(await Promise.all(results)).toEqual([1, 2, 3].map(() => ({ ok: true, reference: null })));
});

test("the step counts from when a send really began, and one after a pause begins at once", async () => {
  const { notifier, began } = recording({ max: 2, perMs: 1_000 }, 0);
  const slow = paced(notifier);
  await Promise.all([slow.send(notice, null), vi.advanceTimersByTimeAsync(1)]);
  await vi.advanceTimersByTimeAsync(400);
  const second = slow.send(notice, null);
  await vi.advanceTimersByTimeAsync(200);
  await second;
  expect((began[1] ?? 0) - (began[0] ?? 0)).toBeGreaterThanOrEqual(500);
  await vi.advanceTimersByTimeAsync(10_000);
  const asked = performance.now();
  await Promise.all([slow.send(notice, null), vi.advanceTimersByTimeAsync(1)]);
  expect((began[2] ?? 0) - asked).toBeLessThanOrEqual(1);
});
