import { describe, expect, test, vi } from "vitest";
import { createGroupCommit, type GroupCommitOptions } from "../../src/store/group-commit.ts";

type Options = GroupCommitOptions<number, number>;

/** A group commit whose statements end when they are told to; each answers a call with the sum of its items. */
function held(options: Partial<Options> = {}) {
  const statements: { readonly calls: readonly (readonly number[])[]; end(): void }[] = [];
  const commit: Options["commit"] = (calls) =>
    new Promise((resolve) => {
      const end = () =>
        resolve(calls.map((items) => ({ ok: true, value: items.reduce((sum, item) => sum + item, 0) })));
      statements.push({ calls, end });
    });
  const group = createGroupCommit<number, number>({
    maxBatch: 10,
    maxWaiting: 100,
    deadlineMs: 60_000,
    commit,
    ...options,
  });
  const begun = (count: number) =>
    vi.waitFor(() => expect(statements).toHaveLength(count), { interval: 1, timeout: 15_000 });
  return { group, statements, begun };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe("group commit", () => {
  test("what comes while a statement is under way goes into the next one", async () => {
    const { group, statements, begun } = held();
    const results = [group.submit([1])];
    await begun(1);
    results.push(group.submit([2]), group.submit([3, 4]));
    await turn();
    await turn();
    expect(statements).toHaveLength(1);
    statements[0]?.end();
    await begun(2);
    expect(statements.map(({ calls }) => calls)).toEqual([[[1]], [[2], [3, 4]]]);
    statements[1]?.end();
    expect(await Promise.all(results)).toEqual([1, 2, 7]);
  });

  test("a second statement goes beside the first when a whole one waits; a third does not", async () => {
    const { group, statements, begun } = held({ maxBatch: 4 });
    const results = [group.submit([1])];
    await begun(1);
    results.push(group.submit([2, 2]), group.submit([3, 3]));
    await begun(2);
    results.push(group.submit([4, 4]), group.submit([5, 5]), group.submit([6]));
    await turn();
    await turn();
    expect(statements).toHaveLength(2);
    statements[0]?.end();
    await begun(3);
    statements[2]?.end();
    await turn();
    await turn();
    // What is left is not a whole one: it waits for the other to end.
    expect(statements).toHaveLength(3);
    statements[1]?.end();
    await begun(4);
    statements[3]?.end();
    expect(await Promise.all(results)).toEqual([1, 4, 6, 8, 10, 6]);
    expect(statements.map(({ calls }) => calls.flat().length)).toEqual([1, 4, 4, 1]);
  });

  test("where two whole ones wait at once, both go at once", async () => {
    const { group, statements, begun } = held({ maxBatch: 4 });
    const results = [1, 2, 3].map((item) => group.submit(Array(4).fill(item)));
    await begun(2);
    statements[0]?.end();
    await begun(3);
    for (const { end } of statements) end();
    expect(await Promise.all(results)).toEqual([4, 8, 12]);
  });

  test("calls of one round of the event loop share a statement, also those that come after a microtask", async () => {
    const { group, statements, begun } = held();
    const first = group.submit([1]);
    const later = Promise.resolve().then(() => Promise.resolve().then(() => group.submit([2])));
    await begun(1);
    expect(statements[0]?.calls).toEqual([[1], [2]]);
    statements[0]?.end();
    expect(await Promise.all([first, later])).toEqual([1, 2]);
  });

  test("a statement takes whole calls up to its bound, and one that is larger by itself", async () => {
    const { group, statements, begun } = held();
    const results = [
      group.submit([1, 2, 3, 4, 5, 6]),
      group.submit([1, 2, 3, 4, 5, 6]),
      group.submit(Array(50).fill(1)),
    ];
    await begun(2);
    statements[0]?.end();
    await begun(3);
    for (const { end } of statements) end();
    expect(await Promise.all(results)).toEqual([21, 21, 50]);
    expect(statements.map(({ calls }) => calls.length)).toEqual([1, 1, 1]);
  });

  test("a call past its deadline is refused, and left out where it only waits", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    try {
      const { group, statements } = held({ deadlineMs: 100 });
      const settled = Promise.allSettled([group.submit([1]), turn().then(() => group.submit([2]))]);
      await turn();
      await turn();
      await vi.advanceTimersByTimeAsync(100);
      const results = await settled;
      for (const result of results) expect(result).toMatchObject({ reason: { reason: "database_unavailable" } });
      statements[0]?.end();
      const last = group.submit([3]);
      await turn();
      await turn();
      expect(statements.map(({ calls }) => calls)).toEqual([[[1]], [[3]]]);
      statements[1]?.end();
      expect(await last).toBe(3);
    } finally {
      vi.useRealTimers();
    }
  });
});
