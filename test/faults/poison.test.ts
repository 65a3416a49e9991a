import { setTimeout as wait } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { postgresAndRedis } from "../support/backends.ts";
import { useFaultlines } from "../support/faultline.ts";
import { useSurroundings } from "../support/notices.ts";
import { errorEvent } from "../support/sign.ts";
import { patternedSid } from "../support/simulated-twilio/world.ts";
import { until } from "../support/until.ts";
import { strike } from "./fault.ts";
import { usualCodes } from "./flow.ts";
import { roundMs, settleMs } from "./settings.ts";
import { splitSite } from "./site.ts";

const builder = { surroundings: useSurroundings(), faultlines: useFaultlines() };

describe.skipIf(!postgresAndRedis.available)("jobs", () => {
  test(
    "a job that kills every worker that takes it",
    async (context) => {
      const site = await splitSite(builder);
      const poison = errorEvent({ code: 80604, sid: patternedSid("NO", 0xdead) });
      let kills = 0;
      let killing: Promise<unknown> = Promise.resolve();
      site.twilio.faults.add({
        path: poison.sid,
        // Asked for when the request has come in: the worker is in the middle of it.
        get latencyMs() {
          killing = killing.then(async () => {
            kills += 1;
            await site.worker.kill9();
            await site.worker.start();
          });
          return 1_000;
        },
      });
      await strike(context, site, {
        name: "poison job",
        rounds: 1,
        // The first event of an incident is always looked into; later ones only until there have been enough this hour.
        codes: usualCodes.filter((code) => code !== poison.code),
        mayComeTwice: 8,
        strike: async ({ flow, ended }) => {
          await flow.deliver(poison);
          await until("it to be given up", 300_000, async () =>
            site.worker
              .now()
              .logs()
              .some(({ msg }) => msg === "Job given up: it ended every worker that took it"),
          );
          ended();
          await killing;
          // Taken once and taken over three times.
          expect(kills, "workers killed").toBeLessThanOrEqual(4);
        },
        // Nor does the sweep bring it back.
        afterwards: async () => {
          const before = kills;
          await wait(75_000);
          expect(kills, "workers killed after it was given up").toBe(before);
        },
      });
    },
    400_000 + roundMs + settleMs * 2,
  );
});
