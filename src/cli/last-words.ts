import { redactFields } from "../telemetry/log-redaction.ts";

/**
 * Keeps secrets out of what a crash leaves behind. Node prints an error that nobody caught with all its properties, and
 * clients hang on them the command or the request that failed, credentials included; so it is printed as the log would print it,
 * as one line on stderr, and the process ends with code 1, as it would have. Diagnostic reports, for whom they are switched
 * on, come without the environment.
 */
export function guardLastWords(): void {
  process.report.excludeEnv = true;
  process.on("uncaughtException", (error: unknown) => {
    const msg = "Ended by an error that nobody caught; this is a mistake in Faultline";
    process.stderr.write(`${JSON.stringify({ level: "fatal", ...redactFields({ err: error }), msg })}\n`);
    process.exit(1);
  });
}
