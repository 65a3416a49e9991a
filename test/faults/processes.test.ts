import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { postgresAndRedis } from "../support/backends.ts";
import { deliver, webhookParcel } from "../support/deliver.ts";
import { useFaultlines } from "../support/faultline.ts";
import { useSurroundings } from "../support/notices.ts";
import { errorEvent } from "../support/sign.ts";
import { patternedSid } from "../support/simulated-twilio/world.ts";
import { until } from "../support/until.ts";
import { processesOf, strike } from "./fault.ts";
import { roundMs, rounds, settleMs } from "./settings.ts";
import { splitSite } from "./site.ts";

/*
 * What happens to the processes themselves: an orderly end under load, a clock that jumps, a job that kills whoever takes it.
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
        // Whoever had got through got an answer.
        afterwards: async (flow) =>
          expect([...flow.answers.keys()].filter((answer) => !["204", "503", "ECONNREFUSED"].includes(answer))).toEqual(
            [],
          ),
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
          await flow.probe();
          const shift = [0, hourMs, 0, -hourMs][number % 4] ?? 0;
          await until(`the clock to be ${shift} ms off`, 5_000, async () => {
            const answer = await site.ingest.now().get("/api/v1/events?limit=500");
            const { events } = (await answer.json()) as { events: { receivedAt: string }[] };
            return events.some(({ receivedAt }) => Math.abs(Date.parse(receivedAt) - shift - Date.now()) < 60_000);
          });
        },
      });
    },
    12 * roundMs + settleMs * 2,
  );

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
        mayComeTwice: 8,
        strike: async ({ flow, ended }) => {
          (flow.sent as Set<string>).add(poison.sid);
          expect((await deliver(site.ingest.port, webhookParcel(poison))).status).toBe(204);
          (flow.acknowledged as Set<string>).add(poison.sid);
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
          // The sweep does not bring it back.
          const before = kills;
          await wait(80_000);
          expect(kills, "workers killed after it was given up").toBe(before);
        },
      });
    },
    400_000 + roundMs + settleMs * 2,
  );
});
