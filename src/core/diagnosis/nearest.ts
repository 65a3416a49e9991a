/** How one address nearly equals another, in words that go on from "differs"; null when it does not. */
export interface Nearness {
  readonly how: string;
  /** Smaller is nearer. */
  readonly distance: number;
}

/** The fewest last digits that make two numbers look alike: a subscriber number without its area code. */
const alikeDigits = 7;

/**
 * Compares two addresses that are not equal: whitespace, a channel prefix such as `whatsapp:`, a missing `+`,
 * punctuation, a country code, or only the last digits in common.
 */
export function nearness(address: string, other: string): Nearness | null {
  if (address === other) return null;
  const stages: readonly [string, (text: string) => string][] = [
    ["only in whitespace", (text) => text.replace(/\s+/g, "")],
    ["only in upper and lower case", (text) => text.toLowerCase()],
    ["in the channel prefix", (text) => text.replace(/^[a-z][a-z_-]{1,19}:/, "")],
    ["in the leading +", (text) => text.replace(/^\+/, "")],
    ["in punctuation", (text) => text.replace(/[().-]/g, "")],
  ];
  let [left, right] = [address.slice(0, 300), other.slice(0, 300)];
  for (const [distance, [how, simplify]] of stages.entries()) {
    [left, right] = [simplify(left), simplify(right)];
    if (left === right) return left === "" ? null : { how, distance };
  }
  if (!/^\d+$/.test(left) || !/^\d+$/.test(right)) return null;
  const shared = sharedTail(left, right);
  return shared < alikeDigits
    ? null
    : { how: `before the last ${shared} digits, which are the same`, distance: 100 - shared };
}

function sharedTail(left: string, right: string): number {
  let count = 0;
  while (count < Math.min(left.length, right.length) && left.at(-1 - count) === right.at(-1 - count)) count += 1;
  return Math.min(count, 20);
}
