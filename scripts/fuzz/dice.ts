import { seededRandom } from "../../test/support/random.ts";

/** Throws that a seed determines. */
export interface Dice {
  /** From 0 to `below` - 1. */
  int(below: number): number;
  /** True one time in `times`. */
  once(times: number): boolean;
  pick<T>(items: readonly T[]): T;
}

/** Dice that fall the same way for the same seed. */
export function dice(seed: number): Dice {
  const random = seededRandom(seed);
  const int = (below: number): number => Math.floor(random() * below);
  return {
    int,
    once: (times) => int(times) === 0,
    pick(items) {
      const item = items[int(items.length)];
      if (item === undefined) throw new RangeError("expected something to pick from, got nothing");
      return item;
    },
  };
}
