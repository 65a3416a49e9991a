/*
 * An hour of deliveries at half of what this machine can take, with a fault every minute; `--minutes 10` for less. Prints what
 * became of memory, connections and jobs, and fails when one of them grows. Needs PostgreSQL and Redis installed.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { parseArgs } from "node:util";

const { values } = parseArgs({ options: { minutes: { type: "string", default: "60" } } });
const minutes = Number(values.minutes);
if (!Number.isInteger(minutes) || minutes < 3) {
  throw new Error(`--minutes: expected a whole number from 3, got ${JSON.stringify(values.minutes)}`);
}
const root = join(import.meta.dirname, "..");
const vitest = join(root, "node_modules/vitest/vitest.mjs");
const child = spawn(process.execPath, [vitest, "run", "--config", "vitest.soak.config.ts"], {
  cwd: root,
  stdio: "inherit",
  env: { ...process.env, SOAK_MINUTES: String(minutes) },
});
const [code] = await once(child, "exit");
process.exitCode = typeof code === "number" ? code : 1;
