import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { onceAMinute } from "../../src/receive/once-a-minute.ts";
import { createRateLimit } from "../../src/receive/rate-limit.ts";
import { createAdmission } from "../../src/receive/rate-limit-signed.ts";

/** A clock that stands until it is set. */
function clock() {
  const time = { ms: 1_000_000 };
  return { time, now: () => time.ms };
}

const tenASecond = { count: 10, periodMs: 1_000 };

/** Whether there was room; takes it. */
function tryOne(limit: ReturnType<typeof createRateLimit>, key: string): boolean {
  if (limit.waitMs(key) > 0) return false;
  limit.take(key);
  return true;
}

describe("a limit", () => {
  it("has room for its count at once, then for as many a period, evenly", () => {
    const { time, now } = clock();
    const limit = createRateLimit(tenASecond, now);
    expect(Array.from({ length: 12 }, () => tryOne(limit, "a"))).toEqual([...Array(10).fill(true), false, false]);
    expect(limit.waitMs("a")).toBeCloseTo(100);
    time.ms += 99;
    expect(tryOne(limit, "a")).toBe(false);
    time.ms += 1;
    expect([tryOne(limit, "a"), tryOne(limit, "a")]).toEqual([true, false]);
    time.ms += 1_000;
    expect(Array.from({ length: 11 }, () => tryOne(limit, "a")).filter(Boolean)).toHaveLength(10);
  });

  it("keeps each key to itself", () => {
    const { now } = clock();
    const limit = createRateLimit({ count: 1, periodMs: 60_000 }, now);
    expect([tryOne(limit, "a"), tryOne(limit, "a"), tryOne(limit, "b")]).toEqual([true, false, true]);
  });

  it("does not grow a debt beyond one period, however much is taken", () => {
    const { time, now } = clock();
    const limit = createRateLimit(tenASecond, now);
    for (let count = 0; count < 1_000; count += 1) limit.take("a");
    expect(limit.waitMs("a")).toBeLessThanOrEqual(100);
    time.ms += 1_000;
    expect(limit.waitMs("a")).toBe(0);
  });

  it("remembers so many keys and no more: what was used longest ago is forgotten first", () => {
    const { now } = clock();
    const limit = createRateLimit({ count: 1, periodMs: 60_000 }, now, 3);
    for (const key of ["a", "b", "c"]) limit.take(key);
    limit.take("a");
    limit.take("d");
    expect(["a", "b", "c", "d"].map((key) => limit.waitMs(key) > 0)).toEqual([true, false, true, true]);
  });

  it("takes no more memory for a flood from a million addresses", () => {
    const { now } = clock();
    const limit = createRateLimit(tenASecond, now, 100);
    const forgotten = Array.from({ length: 10_000 }, (_, nth) => `k${nth}`);
    for (const key of forgotten) for (let count = 0; count < 10; count += 1) limit.take(key);
    expect(forgotten.filter((key) => limit.waitMs(key) > 0)).toEqual(forgotten.slice(-100));
  });

  it("never lets more through than the count and what the time has given (property)", () => {
    fc.assert(
      fc.property(
        fc.record({ count: fc.integer({ min: 1, max: 1_000 }), periodMs: fc.constantFrom(1_000, 60_000, 3_600_000) }),
        fc.array(fc.integer({ min: 0, max: 5_000 }), { maxLength: 300 }),
        (rate, pauses) => {
          const { time, now } = clock();
          const started = time.ms;
          const limit = createRateLimit(rate, now);
          let passed = 0;
          for (const pause of pauses) {
            time.ms += pause;
            if (tryOne(limit, "a")) passed += 1;
          }
          const given = ((time.ms - started) * rate.count) / rate.periodMs;
          expect(passed).toBeLessThanOrEqual(rate.count + given + 0.001);
        },
      ),
    );
  });
});

describe("signed deliveries", () => {
  it("are not limited unless it is configured", () => {
    expect(createAdmission({ perAddress: null, perAccount: null }, () => undefined)).toBeUndefined();
  });

  it("count for their sender and once for each account in them; what is sent away counts for nobody", () => {
    const { time, now } = clock();
    let turnedAway = 0;
    const admit = createAdmission(
      {
        perAddress: createRateLimit({ count: 3, periodMs: 3_000 }, now),
        perAccount: createRateLimit({ count: 1, periodMs: 2_000 }, now),
      },
      () => {
        turnedAway += 1;
      },
    );
    if (admit === undefined) throw new Error("expected a limit");
    expect(admit("s", ["A", "A", "B"])).toBe(0);
    // Of A there is no room: nothing of the sender's or of C's is used up by being sent away.
    for (let count = 0; count < 5; count += 1) expect(admit("s", ["A", "C"])).toBe(2);
    expect(turnedAway).toBe(5);
    expect([admit("s", ["C"]), admit("s", []), admit("s", [])]).toEqual([0, 0, 1]);
    expect(admit("other", ["D"])).toBe(0);
    expect(admit(null, [])).toBe(0);
    time.ms += 2_000;
    expect(admit("other", ["A", "B", "C", "D"])).toBe(0);
  });
});

it("what happens all the time is said once a minute, with how often", () => {
  const { time, now } = clock();
  const said: number[] = [];
  const happened = onceAMinute(now, (times) => said.push(times));
  for (let count = 0; count < 500; count += 1) happened();
  expect(said).toEqual([1]);
  time.ms += 59_999;
  happened();
  expect(said).toEqual([1]);
  time.ms += 1;
  happened();
  expect(said).toEqual([1, 501]);
});
