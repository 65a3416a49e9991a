import { type Role, startApp } from "../app.ts";
import { loadConfig, mistakesOfRole, mistakesText } from "../config.ts";
import { noTracing, type Tracing } from "../pipeline/trace-ports.ts";
import { createLog } from "../telemetry/log.ts";
import { startTracing } from "../telemetry/tracing.ts";
import { version } from "../version.ts";
import { giveBackMemory } from "./give-back-memory.ts";

/** Exit code of a start that the configuration stopped. */
const configurationError = 2;

/** How long traces are sent at the end, in milliseconds. */
const lastTracesMs = 3_000;

/** Runs until SIGTERM or SIGINT, then finishes what was accepted. A second signal ends at once. Returns the exit code. */
export async function serve(role: Role): Promise<number> {
  const loaded = loadConfig();
  const mistakes = loaded.ok ? mistakesOfRole(loaded.config, role) : loaded.mistakes;
  if (!loaded.ok || mistakes.length > 0) {
    process.stderr.write(`${mistakesText(mistakes)}\n`);
    return configurationError;
  }
  const { logLevel, tracing: traced, shutdownTimeoutMs } = loaded.config;
  let tracing: Tracing = noTracing;
  const log = createLog({
    level: logLevel,
    pretty: process.stdout.isTTY,
    ...(traced !== null && { currentSpan: () => tracing.current() }),
  });
  const running = await startTracing(traced === null ? null : { ...traced, version }, log);
  tracing = running;
  const signalled = firstSignal();
  const lost = Promise.withResolvers<null>();
  let app: Awaited<ReturnType<typeof startApp>>;
  try {
    app = await startApp(loaded.config, log, { role, tracing, onLost: () => lost.resolve(null) });
  } catch (error) {
    log.error({ err: error }, "Faultline could not start");
    return 1;
  }
  giveBackMemory();
  const signal = await Promise.race([signalled, lost.promise]);
  if (signal === null) log.error({}, "Stopping: nothing can be stored any more; to be started again");
  else log.info({ signal }, "Stopping: finishing what was accepted");
  await app.stop();
  const sent = await running.stop(Math.min(lastTracesMs, shutdownTimeoutMs));
  log.info({}, "Stopped");
  const exitCode = signal === null ? 1 : 0;
  // Everything of ours has ended; only the request to the collector would keep the process, as long as it has patience.
  if (!sent) process.exit(exitCode);
  return exitCode;
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
