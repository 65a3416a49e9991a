import { setTimeout as wait } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { postgresAndRedis } from "../support/backends.ts";
import { useFaultlines } from "../support/faultline.ts";
import { useSurroundings } from "../support/notices.ts";
import { strike } from "./fault.ts";
import { outageSeconds, roundMs, settleMs } from "./settings.ts";
import { splitSite } from "./site.ts";

/*
 * What is not ours is slow, or away: those who are told, and Twilio's API.
 */

const builder = { surroundings: useSurroundings(), faultlines: useFaultlines() };

describe.skipIf(!postgresAndRedis.available)("others in trouble", () => {
  for (const [name, fault] of [
    [`receivers that take 4 s for ${outageSeconds} s`, { delayMs: 4_000 }],
    [`receivers that hang for ${outageSeconds} s`, { hang: true }],
  ] as const) {
    test(
      name,
      async (context) => {
        const site = await splitSite(builder);
        await strike(context, site, {
          name,
          rounds: 1,
          strike: async ({ flow, ended }) => {
            const mends = Object.values(site.receivers).map(({ faults }) => faults.add(fault));
            await flow.probe();
            await wait(outageSeconds * 1_000);
            for (const mend of mends) mend();
            ended();
          },
          afterwards: async (flow) => expect([...flow.answers.keys()]).toEqual(["204"]),
        });
      },
      outageSeconds * 1_000 + roundMs + settleMs * 2,
    );
  }

  test(
    "Twilio's API answers 503",
    async (context) => {
      const site = await splitSite(builder);
      await strike(context, site, {
        name: `Twilio's API is down for ${outageSeconds} s`,
        rounds: 1,
        strike: async ({ ended, flow }) => {
          const mend = site.twilio.faults.add({ path: "/", status: 503 });
          await flow.probe();
          await wait(outageSeconds * 1_000);
          mend();
          ended();
        },
        afterwards: async (flow) => expect([...flow.answers.keys()]).toEqual(["204"]),
      });
    },
    outageSeconds * 1_000 + roundMs + settleMs * 2,
  );
});
