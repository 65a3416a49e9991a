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

test("lets those of a crowd who have gone on get further before it is the turn of the next", async () => {
  const cohort = createCohort();
  const seen: string[] = [];
  const one = async (name: number) => {
    await cohort();
    seen.push(`${name} begins`);
    await new Promise((resolve) => setImmediate(resolve));
    seen.push(`${name} is further`);
  };
  await Promise.all(Array.from({ length: 40 }, (_, name) => one(name)));
  const places = (first: number, last: number, what: string) =>
    seen.flatMap((entry, place) => {
      const name = Number.parseInt(entry, 10);
      return name >= first && name <= last && entry.endsWith(what) ? [place] : [];
    });
  expect(seen).toHaveLength(80);
  expect(Math.max(...places(0, 15, "is further"))).toBeLessThan(Math.min(...places(16, 31, "begins")));
  expect(Math.max(...places(16, 31, "is further"))).toBeLessThan(Math.min(...places(32, 39, "begins")));
});
