import { defineConfig } from "vitest/config";

const unit = ["test/{core,pipeline,receive,operate,telemetry,cli,config,notify}/**/*.test.ts", "test/*.test.ts"];

export default defineConfig({
  test: {
    projects: [
      { test: { name: "unit", include: unit } },
      {
        test: {
          name: "integration",
          include: ["test/{integration,contract,store,queue,twilio,dashboards,alerts,helm}/**/*.test.ts"],
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
        },
      },
    ],
  },
});
