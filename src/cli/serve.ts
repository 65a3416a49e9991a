import { type Role, startApp } from "../app.ts";
import { loadConfig, mistakesOfRole, mistakesText } from "../config.ts";
import { createLog } from "../telemetry/log.ts";

/** Exit code of a start that the configuration stopped. */
const configurationError = 2;

/** Runs until SIGTERM or SIGINT, then finishes what was accepted. A second signal ends at once. Returns the exit code. */
export async function serve(role: Role): Promise<number> {
  const loaded = loadConfig();
  const mistakes = loaded.ok ? mistakesOfRole(loaded.config, role) : loaded.mistakes;
  if (!loaded.ok || mistakes.length > 0) {
    process.stderr.write(`${mistakesText(mistakes)}\n`);
    return configurationError;
  }
  const log = createLog({ level: loaded.config.logLevel, pretty: process.stdout.isTTY });
  const signalled = firstSignal();
  let app: Awaited<ReturnType<typeof startApp>>;
  try {
    app = await startApp(loaded.config, log, role);
  } catch (error) {
    log.error({ err: error }, "Faultline could not start");
    return 1;
  }
  log.info({ signal: await signalled }, "Stopping: finishing what was accepted");
  await app.stop();
  log.info({}, "Stopped");
  return 0;
}

function firstSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    for (const signal of ["SIGTERM", "SIGINT"] as const) {
      process.once(signal, () => {
        resolve(signal);
        // The second signal is for people who will not wait; what was acknowledged is in the database already.
        process.once(signal, () => process.exit(130));
      });
    }
  });
}
