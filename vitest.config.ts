import { defineConfig } from "vitest/config";

const unit = ["test/{core,pipeline,receive,operate,telemetry,cli,config,notify}/**/*.test.ts", "test/*.test.ts"];

/*
 * Three groups, one after the other: what is quick; what asserts how long something takes, alone on the machine; what mostly
 * waits for something to fail or to come back, side by side.
 */
export default defineConfig({
  test: {
    projects: [
      { test: { name: "unit", include: unit, maxWorkers: 2 } },
      {
        test: {
          name: "integration",
          include: ["test/{integration,contract,store,queue,twilio,dashboards,alerts,helm,hostile}/**/*.test.ts"],
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
          globalSetup: ["test/support/global-setup.ts"],
          testTimeout: 180_000,
          hookTimeout: 60_000,
          fileParallelism: false,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: "outages",
          include: ["test/outages/**/*.test.ts"],
          globalSetup: ["test/support/global-setup.ts"],
          testTimeout: 180_000,
          hookTimeout: 60_000,
          maxWorkers: 3,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
