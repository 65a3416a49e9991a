import { expect, test } from "vitest";
import { createCohort } from "../../src/receive/cohort.ts";

test("lets all who came in one round go on together, in their order, and those who come later after them", async () => {
  const cohort = createCohort();
  const seen: string[] = [];
  const one = async (name: string) => {
    await cohort();
    seen.push(name);
  };
  const first = [one("a"), one("b"), one("c")];
  const rest = first.concat(
    Promise.all(first).then(async () => {
      seen.push("|");
      await one("d");
    }),
  );
  expect(seen).toEqual([]);
  await Promise.all(rest);
  expect(seen).toEqual(["a", "b", "c", "|", "d"]);
});

test("comes after what is read in the same round", async () => {
  const cohort = createCohort();
  const seen: string[] = [];
  const waiting = cohort().then(() => seen.push("gone on"));
  process.nextTick(() => seen.push("read"));
  queueMicrotask(() => seen.push("read"));
  await waiting;
  expect(seen).toEqual(["read", "read", "gone on"]);
});
