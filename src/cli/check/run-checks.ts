import type { Config } from "../../config.ts";
import { checkDeliveries } from "./check-deliveries.ts";
import { checkStorage } from "./check-storage.ts";
import { checkTwilio } from "./check-twilio.ts";
import type { CheckResult } from "./result.ts";

/** Checks everything a start needs: whom deliveries are taken from, database, queue, Twilio's API. Never rejects. */
export async function runChecks(config: Config): Promise<CheckResult[]> {
  const [storage, twilio] = await Promise.all([checkStorage(config), checkTwilio(config)]);
  const results = [...checkDeliveries(config), ...storage, ...twilio];
  return results.map((result) => ({ ...result, detail: withoutSecrets(result.detail, config) }));
}

/** Details quote errors of drivers, and those may quote what they were given. */
function withoutSecrets(text: string, config: Config): string {
  const secrets = [
    config.adminToken,
    config.sealingSecret,
    config.databaseUrl,
    config.redisUrl,
    config.apiKey?.secret ?? null,
    ...[...config.accounts.values()].flatMap(({ tokens }) => tokens),
  ];
  const values = secrets.flatMap((secret) => (secret === null ? [] : [secret.reveal(), passwordIn(secret.reveal())]));
  return values
    .filter((value) => value !== "")
    .reduce((rest, value) => rest.replaceAll(value, "[secret]"), text)
    .replace(/:\/\/[^\s/@]{1,500}@/g, "://[secret]@");
}

function passwordIn(text: string): string {
  return URL.parse(text)?.password ?? "";
}
