import type { Telemetry } from "../pipeline/ports.ts";

/** What an event is counted by. */
export type CountedEvent = Parameters<Telemetry["eventRecorded"]>[0];

/**
 * Event counts that nobody has looked at. To prom-client a counter is known by a text of all its labels, made anew for every
 * increment: 1.5 µs an event, of which this leaves 0.2.
 */
export interface EventTally {
  add(event: CountedEvent): void;
  /** Hands on what has come together, in the order in which each kind came first. */
  flush(): void;
}

interface Counted {
  readonly event: CountedEvent;
  count: number;
}

/** What differs comes from the network: no more of it than this is kept. */
const mostKinds = 1_000;

/** Makes an empty one. */
export function createEventTally(handOn: (event: CountedEvent, count: number) => void): EventTally {
  const byCode = new Map<number, Counted[]>();
  const inOrder: Counted[] = [];

  function flush(): void {
    for (const { event, count } of inOrder) handOn(event, count);
    inOrder.length = 0;
    byCode.clear();
  }

  return {
    add(event) {
      const ofCode = byCode.get(event.code);
      const known = ofCode?.find((each) => isSame(each.event, event));
      if (known !== undefined) {
        known.count += 1;
        return;
      }
      const counted = { event, count: 1 };
      if (ofCode === undefined) byCode.set(event.code, [counted]);
      else ofCode.push(counted);
      if (inOrder.push(counted) >= mostKinds) flush();
    },
    flush,
  };
}

function isSame(one: CountedEvent, other: CountedEvent): boolean {
  return (
    one.account === other.account &&
    one.product === other.product &&
    one.level === other.level &&
    one.source === other.source
  );
}
