import { defineConfig } from "vitest/config";

const unit = ["test/{core,pipeline,receive,operate,telemetry,cli,config,notify}/**/*.test.ts", "test/*.test.ts"];

// What a user is promised within seconds, and what takes all of the machine: alone on it.
const timed = [
  "test/acceptance/{notices,bursts,diagnosis}.test.ts",
  "test/hostile/connections.test.ts",
  "test/integration/metrics-exposition.test.ts",
];

/*
 * Four groups, one after the other: what is quick; real processes; what has to happen in time, one by one; what mostly waits
 * for something to fail or to come back, several side by side.
 */
export default defineConfig({
  test: {
    projects: [
      { test: { name: "unit", include: unit, maxWorkers: 2 } },
      {
        test: {
          name: "integration",
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
          include: timed,
          globalSetup: ["test/support/global-setup.ts"],
          testTimeout: 180_000,
          hookTimeout: 60_000,
          fileParallelism: false,
          sequence: { groupOrder: 2 },
        },
      },
      {
        test: {
          name: "outages",
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
