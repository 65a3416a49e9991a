import { describe, expect, test } from "vitest";
import { fuzz } from "../../scripts/fuzz/fuzz.ts";
import { targets } from "../../scripts/fuzz/targets.ts";

/*
 * The short form of `npm run fuzz`. Each run throws other dice; a failure says how to have it again.
 */

const seed = Number(process.env.FUZZ_SEED ?? Math.floor(Math.random() * 1e9));
const secondsEach = 2.5;

describe(`what strangers may write (FUZZ_SEED=${seed})`, () => {
  test.each(targets)("$name: no throw, no hang, no pollution, nothing private kept", async (target) => {
    const { findings, cases } = await fuzz(target, { seed, cases: 20_000, seconds: secondsEach });
    const again = findings.map(({ fault, made: { input, hasCanary } }) => {
      return `${fault}\nnpm run fuzz -- --target "${target.name}"${hasCanary ? " --canary" : ""} --input ${input.toString("base64")}`;
    });
    expect(again.slice(0, 3).join("\n\n")).toBe("");
    expect(cases).toBeGreaterThan(20);
  });
});

describe("the fuzzer", () => {
  test("finds a leak, a hang, a throw and a pollution where there are some", async () => {
    const faulty = (run: () => string | null) =>
      fuzz(
        { name: "faulty", corpus: [], make: () => ({ input: Buffer.from("x"), hasCanary: true }), run },
        { seed, cases: 1 },
      );
    const faultOf = async (run: () => string | null) => (await faulty(run)).findings[0]?.fault ?? "";
    expect(await faultOf(() => "private: x")).toBe("private: x");
    expect(
      await faultOf(() => {
        throw new Error("oops");
      }),
    ).toMatch(/^threw Error: oops/);
    expect(
      await faultOf(() => {
        const started = process.threadCpuUsage();
        while (process.threadCpuUsage(started).user < 60_000);
        return null;
      }),
    ).toMatch(/^took \d+ ms for 1 bytes/);
    const polluted = await faultOf(() => {
      Object.defineProperty(Object.prototype, "polluted", { value: 1, configurable: true });
      return null;
    });
    Reflect.deleteProperty(Object.prototype, "polluted");
    expect(polluted).toBe("a prototype has other properties than before: Object");
  });
});
