import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createTurns } from "../../src/receive/turns.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const patienceMs = 400;

/** Asks for turns by name, notes who has begun, and ends them on demand. */
function crowd(size: number) {
  const turns = createTurns(size, patienceMs);
  const begun: string[] = [];
  const ends = new Map<string, () => void>();
  return {
    begun,
    async come(name: string, bytes: number) {
      ends.set(name, await turns(bytes));
      begun.push(name);
    },
    async end(name: string) {
      ends.get(name)?.();
      await vi.advanceTimersByTimeAsync(0);
    },
  };
}

test("so many bytes together have their turn, the others follow in their order", async () => {
  const { begun, come, end } = crowd(100);
  const all = [come("a", 60), come("b", 40), come("c", 50), come("d", 10), come("e", 50)];
  await vi.advanceTimersByTimeAsync(0);
  expect(begun).toEqual(["a", "b"]);
  // c would not fit yet, and d does not overtake it.
  await end("b");
  expect(begun).toEqual(["a", "b"]);
  await end("a");
  expect(begun).toEqual(["a", "b", "c", "d"]);
  await end("d");
  expect(begun).toEqual(["a", "b", "c", "d", "e"]);
  await Promise.all(all);
});

test("one that is larger than all together may be has its turn alone", async () => {
  const { begun, come, end } = crowd(100);
  const all = [come("small", 10), come("large", 500), come("next", 10)];
  await vi.advanceTimersByTimeAsync(0);
  expect(begun).toEqual(["small"]);
  await end("small");
  expect(begun).toEqual(["small", "large"]);
  await end("large");
  expect(begun).toEqual(["small", "large", "next"]);
  await Promise.all(all);
});

test("nobody waits for longer than the patience, and whoever went on regardless still counts", async () => {
  const { begun, come, end } = crowd(100);
  const all = [come("stuck", 100), come("b", 80)];
  await vi.advanceTimersByTimeAsync(patienceMs - 1);
  expect(begun).toEqual(["stuck"]);
  await vi.advanceTimersByTimeAsync(1);
  expect(begun).toEqual(["stuck", "b"]);
  all.push(come("c", 30));
  await end("stuck");
  expect(begun).toEqual(["stuck", "b"]);
  await end("b");
  expect(begun).toEqual(["stuck", "b", "c"]);
  await Promise.all(all);
});

test("a turn that has begun leaves no timer behind", async () => {
  const { come, end } = crowd(100);
  const all = [come("a", 100), come("b", 100)];
  await vi.advanceTimersByTimeAsync(0);
  expect(vi.getTimerCount()).toBe(1);
  await end("a");
  expect(vi.getTimerCount()).toBe(0);
  await Promise.all(all);
});
