import { execFileSync } from "node:child_process";
import { expect, it } from "vitest";

/** Fills the room for new objects, and tells its size in MiB before and after; then whether our code could collect. */
const script = `
  import { getHeapSpaceStatistics } from "node:v8";
  import { giveBackMemory } from "${new URL("../../src/cli/give-back-memory.ts", import.meta.url).href}";
  const size = () => getHeapSpaceStatistics().find(({ space_name }) => space_name === "new_space").physical_space_size / 2 ** 20;
  let kept = [];
  for (let round = 0; round < 200; round++) kept = Array.from({ length: 20_000 }, (_, place) => ({ place, round }));
  const before = size();
  giveBackMemory();
  console.log(JSON.stringify({ before, after: size(), kept: kept.length, gc: typeof globalThis.gc }));
`;

it("what starting took is given back, and nothing else can collect", () => {
  const text = execFileSync(process.execPath, ["--input-type=module", "--eval", script], { encoding: "utf8" });
  const { before, after, kept, gc } = JSON.parse(text) as Record<string, unknown>;
  expect(before).toBeGreaterThan(8);
  expect(after).toBeLessThan(2);
  expect({ kept, gc }).toEqual({ kept: 20_000, gc: "undefined" });
});
