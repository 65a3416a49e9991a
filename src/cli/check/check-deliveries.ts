import type { Config } from "../../config.ts";
import type { CheckResult } from "./result.ts";

/** Whether deliveries will be believed, and the addresses to give to Twilio. */
export function checkDeliveries(config: Config): CheckResult[] {
  return [trustOf(config), ...addressesOf(config)];
}

function trustOf({ accounts, allowUnsigned }: Config): CheckResult {
  const what = "deliveries";
  if (allowUnsigned) {
    const detail = "UNSIGNED ones are taken, from this machine only; set TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN";
    return { what, ok: true, detail };
  }
  const without = [...accounts.values()].filter(({ tokens }) => tokens.length === 0);
  if (accounts.size > without.length) {
    const named = [...accounts.values()].filter(({ tokens }) => tokens.length > 0);
    const list = named.map(({ sid, name }) => (name === null ? sid : `${sid} (${name})`)).join(", ");
    return { what, ok: true, detail: `taken when signed by ${list}` };
  }
  const detail =
    "every one would be refused, for no account has an auth token; set TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN";
  return { what, ok: false, detail };
}

function addressesOf({ publicUrl, allowUnsigned, port }: Config): CheckResult[] {
  if (publicUrl === null && !allowUnsigned) {
    const got = `not set: signatures made for any address but http://localhost:${port} would be refused`;
    return [{ what: "PUBLIC_URL", ok: false, detail: `${got}; set it to the address Twilio calls` }];
  }
  const base = publicUrl ?? `http://localhost:${port}`;
  return [
    { what: "URL of the Debugger webhook", ok: true, detail: `${base}/twilio/debugger` },
    { what: "URL of the Event Streams sink", ok: true, detail: `${base}/twilio/events` },
    { what: "URL of Alarms", ok: true, detail: `${base}/twilio/alarms` },
  ];
}
