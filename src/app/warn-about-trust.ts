import { type Config, isLoopback } from "../config.ts";
import type { Log } from "../pipeline/ports.ts";

/** Says loudly what a configuration lets in, or keeps out, that a person may not expect. */
export function warnAboutTrust(config: Config, log: Log, publicPort: number | null): void {
  if (publicPort === null) return;
  if (config.allowUnsigned) {
    log.warn(
      {},
      "NO AUTH TOKEN: unsigned deliveries are taken, from this machine only. Set TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN.",
    );
  } else if (config.publicUrl === null) {
    log.warn(
      { assumed: `http://localhost:${publicPort}` },
      "PUBLIC_URL is not set: signatures made for any other URL are refused",
    );
  } else if (!isLoopback(config.host) && config.accounts.size === 0) {
    log.warn(
      {},
      "No account is configured: every delivery will be refused. Set TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN.",
    );
  }
}
