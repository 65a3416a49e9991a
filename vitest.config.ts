import { defineConfig } from "vitest/config";

const unit = ["test/{core,pipeline,receive,operate,telemetry,cli,config,notify}/**/*.test.ts", "test/*.test.ts"];

// What a user is promised within seconds, and what takes all of the machine: alone on it.
const timed = [
  "test/acceptance/{notices,bursts,diagnosis}.test.ts",
  "test/hostile/connections.test.ts",
  "test/integration/metrics-exposition.test.ts",
];

/** A machine with other things to do is given time: what is waited for still has to come. */
const expectations = { poll: { timeout: 15_000 } };

/*
 * Four groups, one after the other: what is quick; real processes; what has to happen in time, one by one; what mostly waits
 * for something to fail or to come back, several side by side.
 */
export default defineConfig({
  test: {
    projects: [
      { test: { name: "unit", include: unit, testTimeout: 30_000, expect: expectations, maxWorkers: 2 } },
      {
        test: {
          name: "integration",
          expect: expectations,
          include: ["test/{integration,contract,store,queue,twilio,dashboards,alerts,helm,hostile}/**/*.test.ts"],
          exclude: timed,
          globalSetup: ["test/support/global-setup.ts"],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          maxWorkers: 2,
        },
      },
      {
        test: {
          name: "acceptance",
          expect: expectations,
          include: ["test/acceptance/**/*.test.ts"],
          exclude: timed,
          globalSetup: ["test/support/global-setup.ts"],
          testTimeout: 180_000,
          hookTimeout: 60_000,
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: "timed",
          expect: expectations,
          include: timed,
          globalSetup: ["test/support/global-setup.ts"],
          testTimeout: 180_000,
          hookTimeout: 60_000,
          fileParallelism: false,
          // What took too long may have met something else that this machine does; once more tells. Nothing else is tried again.
          retry: { count: 1, condition: /expected .+ (to be less than \d+|within \d+ ms)/ },
          sequence: { groupOrder: 2 },
        },
      },
      {
        test: {
          name: "outages",
          expect: expectations,
          include: ["test/outages/**/*.test.ts"],
          globalSetup: ["test/support/global-setup.ts"],
          testTimeout: 180_000,
          hookTimeout: 60_000,
          maxWorkers: 2,
          sequence: { groupOrder: 3 },
        },
      },
    ],
  },
});
