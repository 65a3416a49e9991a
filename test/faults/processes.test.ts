import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { postgresAndRedis } from "../support/backends.ts";
import { useFaultlines } from "../support/faultline.ts";
import { useSurroundings } from "../support/notices.ts";
import { until } from "../support/until.ts";
import { processesOf, strike } from "./fault.ts";
import { roundMs, rounds, settleMs } from "./settings.ts";
import { splitSite } from "./site.ts";

/*
 * What happens to the processes themselves: an orderly end under load and a clock that jumps.
 */

const builder = { surroundings: useSurroundings(), faultlines: useFaultlines() };
const hourMs = 3_600_000;

describe.skipIf(!postgresAndRedis.available)("processes", () => {
  test(
    "SIGTERM under load",
    async (context) => {
      const site = await splitSite(builder);
      await strike(context, site, {
        name: "SIGTERM of ingest and worker",
        rounds,
        breaksConnections: true,
        strike: async ({ number, ended }) => {
          const place = number % 2 === 0 ? site.worker : site.ingest;
          // Fails unless it ends with code 0.
          await place.stop();
          ended();
          await place.start();
        },
        // Whoever had got through got an answer. The kernel takes a connection before the process does, and at the end has
        // to reset it.
        afterwards: async ({ answers }) => {
          const known = ["204", "503", "ECONNREFUSED", "ECONNRESET"];
          expect([...answers.keys()].filter((answer) => !known.includes(answer))).toEqual([]);
          expect(answers.get("ECONNRESET") ?? 0, "connections reset").toBeLessThanOrEqual(Math.ceil(rounds / 2));
        },
      });
    },
    rounds * roundMs + settleMs * 2,
  );

  test(
    "the clock jumps by an hour, forth and back",
    async (context) => {
      const clock = { NODE_OPTIONS: `--import ${join(import.meta.dirname, "shifted-clock.ts")}` };
      const site = await splitSite(builder, clock);
      // Ends where it began.
      const jumps = Math.ceil(Math.min(rounds, 8) / 4) * 4;
      await strike(context, site, {
        name: "clock jumps of an hour",
        rounds: jumps,
        mayComeTwice: jumps,
        strike: async ({ number, flow, ended }) => {
          for (const { pid } of processesOf(site)) process.kill(pid, "SIGUSR2");
          ended();
          const shift = [0, hourMs, 0, -hourMs][number % 4] ?? 0;
          await until(`the clock to be ${shift} ms off`, 5_000, async () => {
            const events = await site.ingest.now().events({ code: await flow.probe() });
            return events.some(({ receivedAt }) => Math.abs(Date.parse(receivedAt) - shift - Date.now()) < 60_000);
          });
        },
      });
    },
    12 * roundMs + settleMs * 2,
  );
});
