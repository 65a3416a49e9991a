import { systemClock } from "../../app.ts";
import type { Account } from "../../config/accounts.ts";
import type { Config } from "../../config.ts";
import type { DiagnosisFailure } from "../../core/diagnosis/verdict.ts";
import { textField } from "../../core/json.ts";
import type { Log } from "../../pipeline/ports.ts";
import { apiUrl } from "../../twilio/base-url.ts";
import { createRest, type RestOptions } from "../../twilio/rest.ts";
import type { CheckResult } from "./result.ts";

const nothing = () => undefined;
/** What goes wrong is said by the results. */
const silent: Log = { debug: nothing, info: nothing, warn: nothing, error: nothing };

/** What each failure means to somebody who configures. */
const fixes = {
  unauthorized: "Twilio refuses it; correct it, or remove it if it has been rotated out",
  not_found: "Twilio knows no such account; correct its SID",
  rate_limited: "Twilio answers 429, too many requests; try again in a minute",
  timeout: "Twilio did not answer within 5 s; try again, and see https://status.twilio.com",
  network: "Twilio cannot be reached; let this machine reach *.twilio.com by HTTPS (or correct TWILIO_API_BASE_URL)",
  server_error: "Twilio answers with an error of its own; try again, and see https://status.twilio.com",
  client_error: "Twilio does not take the request; correct the account's SID",
  no_credentials: "there are none; set TWILIO_AUTH_TOKEN, or TWILIO_API_KEY and TWILIO_API_SECRET",
  not_an_alert: "Twilio does not take the request; correct the account's SID",
} as const satisfies Record<DiagnosisFailure, string>;

/** Tries every token and the API key by itself: while tokens are rotated, one may be right and another wrong. */
export async function checkTwilio(config: Config): Promise<CheckResult[]> {
  const accounts = [...config.accounts.values()];
  const results = await Promise.all([
    ...accounts.flatMap((account) => account.tokens.map((_, index) => checkToken(config, account, index))),
    ...(config.apiKey === null ? [] : [checkApiKey(config, config.apiKey)]),
  ]);
  if (results.length > 0) return results;
  const detail = "no credentials: diagnoses will rest on the events alone";
  return [{ what: "Twilio's API", ok: true, detail }];
}

async function checkToken(config: Config, { sid, tokens }: Account, index: number): Promise<CheckResult> {
  const what = `auth token ${index + 1} of ${tokens.length} of ${sid}`;
  const rest = restOf(config, { accounts: new Map([[sid, [tokens[index]?.reveal() ?? ""]]]) });
  // https://www.twilio.com/docs/iam/api/account#fetch-an-account-resource
  const url = apiUrl("api.twilio.com", ["2010-04-01", "Accounts", `${sid}.json`]);
  const answer = await rest.get({ account: sid, parentAccount: null }, "api.accounts.fetch", url);
  if (!answer.ok) return { what, ok: false, detail: fixes[answer.reason] };
  const status = textField(answer.value, "status") ?? "unknown";
  if (status === "active") return { what, ok: true, detail: "works" };
  return { what, ok: false, detail: `works, but the account is ${status}; see the Console` };
}

async function checkApiKey(config: Config, apiKey: NonNullable<Config["apiKey"]>): Promise<CheckResult> {
  const what = `API key ${apiKey.key} of ${apiKey.account}`;
  const rest = restOf(config, { accounts: new Map(), apiKey: { ...apiKey, secret: apiKey.secret.reveal() } });
  // Standard keys may not read /Accounts; Alerts are what diagnoses need anyway. https://www.twilio.com/docs/iam/api-keys
  const url = apiUrl("monitor.twilio.com", ["v1", "Alerts"], { PageSize: "1" });
  const answer = await rest.get({ account: apiKey.account, parentAccount: null }, "monitor.alerts.list", url);
  if (answer.ok) return { what, ok: true, detail: "works, and may read Alerts" };
  const restricted =
    answer.reason === "unauthorized" ? "; a restricted key needs to be allowed to read Monitor Alerts" : "";
  return { what, ok: false, detail: fixes[answer.reason] + restricted };
}

function restOf(config: Config, credentials: Pick<RestOptions, "accounts" | "apiKey">) {
  return createRest({
    ...credentials,
    baseUrl: config.twilioApiBaseUrl,
    telemetry: { twilioRequest: nothing },
    clock: systemClock,
    random: Math.random,
    log: silent,
  });
}
