import fc from "fast-check";
import { expect, test } from "vitest";
import { type CountedEvent, createEventTally } from "../../src/telemetry/event-tally.ts";

const event: fc.Arbitrary<CountedEvent> = fc.record({
  source: fc.constantFrom("debugger", "event_streams"),
  account: fc.constantFrom("AC1", "AC2"),
  product: fc.constantFrom("Proxy", "Messaging"),
  code: fc.constantFrom(80604, 80903),
  level: fc.constantFrom("ERROR", "WARNING"),
});

test("hands on as many of each kind as came, in the order in which the kinds came first", () => {
  fc.assert(
    fc.property(fc.array(event, { maxLength: 60 }), (events) => {
      const handedOn: [string, number][] = [];
      const tally = createEventTally((of, count) => handedOn.push([JSON.stringify(of), count]));
      for (const each of events) tally.add(each);
      expect(handedOn).toEqual([]);
      tally.flush();
      tally.flush();

      const expected = new Map<string, number>();
      for (const each of events) expected.set(JSON.stringify(each), (expected.get(JSON.stringify(each)) ?? 0) + 1);
      expect(handedOn).toEqual([...expected]);
    }),
  );
});

test("keeps no more than a thousand kinds, however many come", () => {
  const counts = new Map<number, number>();
  const tally = createEventTally(({ code }, count) => counts.set(code, (counts.get(code) ?? 0) + count));
  for (let code = 1; code <= 2_500; code++)
    tally.add({ source: "debugger", account: "AC1", product: "Proxy", code, level: "ERROR" });
  expect(counts.size).toBe(2_000);
  tally.flush();
  expect([...counts.values()]).toEqual(Array.from({ length: 2_500 }, () => 1));
});
