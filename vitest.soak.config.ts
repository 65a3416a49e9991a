import { defineConfig } from "vitest/config";

/** Apart from `npm test`, and alone on the machine. `npm run soak` */
export default defineConfig({
  test: {
    name: "soak",
    include: ["test/soak/**/*.test.ts"],
    globalSetup: ["test/support/global-setup.ts"],
    hookTimeout: 60_000,
    disableConsoleIntercept: true,
  },
});
