import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { digestOf, type Opening, splitStorm } from "../../../src/core/notice/storm.ts";
import { incident, links } from "./example.ts";

const at = (seconds: number) => new Date(Date.UTC(2026, 0, 2, 3, 0, 0) + seconds * 1000);
const openings = (count: number, everySeconds: number, from = 0): Opening[] =>
  Array.from({ length: count }, (_, index) => ({
    id: `inc-${from}-${String(index).padStart(4, "0")}`,
    at: at(from + index * everySeconds),
  }));

describe("a storm", () => {
  it("is none while no more than the threshold open in a minute", () => {
    expect(splitStorm(openings(10, 1), 10)).toEqual({
      individually: openings(10, 1).map(({ id }) => id),
      inDigest: [],
    });
    expect(splitStorm(openings(100, 7), 10).inDigest).toEqual([]);
  });

  it("leaves the first ones to be told one by one, and puts the rest into the digest", () => {
    const { individually, inDigest } = splitStorm(openings(200, 0.3), 10);
    expect(individually).toEqual(
      openings(10, 0.3)
        .slice(0, 10)
        .map(({ id }) => id),
    );
    expect(inDigest).toHaveLength(190);
  });

  it("is over when fewer open again", () => {
    const calm = openings(3, 20, 200);
    expect(splitStorm([...openings(200, 0.3), ...calm], 10).individually.slice(10)).toEqual(calm.map(({ id }) => id));
  });

  it("gives each opening one fate, whatever comes after it and in which order it is given", () => {
    const times = fc.array(fc.integer({ min: 0, max: 300 }), { maxLength: 60 });
    fc.assert(
      fc.property(times, fc.integer({ min: 1, max: 12 }), fc.nat(), (seconds, threshold, cutAt) => {
        const all = seconds.map((each, index) => ({ id: `i${index}`, at: at(each) }));
        const sorted = all.toSorted((a, b) => a.at.getTime() - b.at.getTime() || (a.id < b.id ? -1 : 1));
        const whole = splitStorm(all, threshold);
        expect([...whole.individually, ...whole.inDigest].toSorted()).toEqual(all.map(({ id }) => id).toSorted());
        const part = splitStorm(sorted.slice(0, cutAt % (all.length + 1)), threshold);
        for (const id of part.individually) expect(whole.individually).toContain(id);
        for (const id of part.inDigest) expect(whole.inDigest).toContain(id);
      }),
    );
  });
});

it("a digest counts incidents by product and code, the most first", () => {
  const voice = { ...incident, code: 11200, product: "Voice", title: "HTTP retrieval failure" };
  const digest = digestOf([voice, incident, incident, voice, incident], at(0), "digest-1", at(60), links);
  expect(digest).toEqual({
    kind: "digest",
    id: "digest-1",
    total: 5,
    groups: [
      { product: "Proxy", code: 80604, title: "Proxy identifier in use", count: 3 },
      { product: "Voice", code: 11200, title: "HTTP retrieval failure", count: 2 },
    ],
    since: "2026-01-02T03:00:00.000Z",
    at: "2026-01-02T03:01:00.000Z",
    links,
  });
});
