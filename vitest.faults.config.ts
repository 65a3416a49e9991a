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
    // A machine with other things to do may once take longer than ten seconds. What was lost or came twice is never tried again.
    retry: { count: process.env.CI === undefined ? 0 : 1, condition: /milliseconds until all was as before/ },
    reporters: ["default", new FaultTable()],
  },
});
