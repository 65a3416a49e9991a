import { defineConfig } from "vitest/config";
import { FaultTable } from "./test/faults/table.ts";

/** Apart from `npm test`: these take their time. `npm run test:faults` */
export default defineConfig({
  test: {
    name: "faults",
    include: ["test/faults/**/*.test.ts"],
    globalSetup: ["test/support/global-setup.ts"],
    hookTimeout: 60_000,
    // Most of it is waiting; more at a time would be about the machine, not about the fault, and end no sooner.
    maxWorkers: 3,
    // The file is for the gate, which tells at its end what failed.
    reporters: ["default", new FaultTable(), ["json", { outputFile: "node_modules/.vitest/faults.json" }]],
  },
});
