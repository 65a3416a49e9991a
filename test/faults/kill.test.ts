import { describe, test } from "vitest";
import { postgresAndRedis } from "../support/backends.ts";
import { useFaultlines } from "../support/faultline.ts";
import { useSurroundings } from "../support/notices.ts";
import { strike } from "./fault.ts";
import { roundMs, rounds, settleMs } from "./settings.ts";
import { embeddedSite, type Site, type SplitSite, splitSite } from "./site.ts";

/*
 * kill -9 at random moments, and started again as a supervisor does.
 */

const builder = { surroundings: useSurroundings(), faultlines: useFaultlines() };

interface Victim {
  readonly name: string;
  kill(site: SplitSite): Promise<void>;
  start(site: SplitSite): Promise<unknown>;
  readonly breaksConnections?: boolean;
  readonly mayComeTwice?: number;
}

const victims: readonly Victim[] = [
  {
    name: "ingest",
    kill: ({ ingest }) => ingest.kill9(),
    start: ({ ingest }) => ingest.start(),
    breaksConnections: true,
  },
  {
    name: "worker",
    kill: ({ worker }) => worker.kill9(),
    start: ({ worker }) => worker.start(),
    mayComeTwice: rounds,
  },
  { name: "Redis", kill: ({ redis }) => redis.kill9(), start: ({ redis }) => redis.start() },
  {
    name: "PostgreSQL",
    kill: ({ postgres }) => postgres.kill9(),
    start: ({ postgres }) => postgres.restart(),
    mayComeTwice: rounds,
  },
];

/** Has receivers take a moment for each notice, so that it is often being sent when the worker is killed. */
function takeTime({ receivers }: Site): void {
  for (const { faults } of Object.values(receivers)) faults.add({ delayMs: 200 });
}

describe.skipIf(!postgresAndRedis.available)("on PostgreSQL and Redis", () => {
  for (const victim of victims) {
    test(
      `kill -9 of ${victim.name}`,
      async (context) => {
        const site = await splitSite(builder);
        takeTime(site);
        await strike(context, site, {
          ...victim,
          name: `kill -9 of ${victim.name}`,
          rounds,
          async strike({ ended }) {
            await victim.kill(site);
            ended();
            await victim.start(site);
          },
        });
      },
      rounds * roundMs + settleMs * 2,
    );
  }
});

test(
  "kill -9 of a process with its embedded database",
  async (context) => {
    const folder = builder.faultlines.folder();
    const site = await embeddedSite(builder, `${folder}/data`);
    takeTime(site);
    await strike(context, site, {
      name: "kill -9, embedded",
      rounds,
      breaksConnections: true,
      mayComeTwice: rounds,
      async strike({ ended }) {
        await site.ingest.kill9();
        ended();
        await site.ingest.start();
      },
    });
  },
  rounds * roundMs + settleMs * 2,
);
