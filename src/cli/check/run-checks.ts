import type { Config } from "../../config.ts";
import { Secret } from "../../core/secret.ts";
import { checkDeliveries } from "./check-deliveries.ts";
import { checkReceivers } from "./check-receivers.ts";
import { checkStorage } from "./check-storage.ts";
import { checkTwilio } from "./check-twilio.ts";
import type { CheckResult } from "./result.ts";

/**
 * Checks everything a start needs: whom deliveries are taken from, database, queue, Twilio's API, receivers. Never rejects.
 *
 * @param sendTest whether receivers are tried, by a notice that is marked as a test
 */
export async function runChecks(config: Config, sendTest = false): Promise<CheckResult[]> {
  const [storage, twilio, receivers] = await Promise.all([
    checkStorage(config),
    checkTwilio(config),
    checkReceivers(config, sendTest),
  ]);
  const results = [...checkDeliveries(config), ...storage, ...twilio, ...receivers];
  return results.map((result) => ({ ...result, detail: withoutSecrets(result.detail, config) }));
}

/** Details quote errors of drivers, and those may quote what they were given. */
function withoutSecrets(text: string, config: Config): string {
  const secrets = [
    config.adminToken,
    config.sealingSecret,
    config.databaseUrl,
    config.redisUrl,
    config.redis.sentinel?.password ?? null,
    config.apiKey?.secret ?? null,
    ...[...config.accounts.values()].flatMap(({ tokens }) => tokens),
    ...config.notices.receivers.flatMap((receiver) =>
      Object.values(receiver).flatMap((value) => (Array.isArray(value) ? value : [value])),
    ),
  ].filter((value) => value instanceof Secret);
  const values = secrets.flatMap((secret) => [secret.reveal(), passwordIn(secret.reveal())]);
  return values
    .filter((value) => value !== "")
    .reduce((rest, value) => rest.replaceAll(value, "[secret]"), text)
    .replace(/:\/\/[^\s/@]{1,500}@/g, "://[secret]@");
}

function passwordIn(text: string): string {
  return URL.parse(text)?.password ?? "";
}
