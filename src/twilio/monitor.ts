import { type Json, textField } from "../core/json.ts";
import type { MonitorAlert, TwilioReader } from "../pipeline/ports.ts";
import { apiUrl } from "./base-url.ts";
import { failure } from "./failure.ts";
import type { Rest } from "./rest.ts";
import { readOne } from "./single.ts";

/** https://www.twilio.com/docs/usage/monitor-alert */
const alertSid = /^NO[0-9a-fA-F]{32}$/;

/** Reads Monitor. Events that did not come with an Alert's sid are `not_an_alert`, and Twilio is not asked. */
export function createMonitorReader(rest: Rest): TwilioReader {
  return {
    async fetchAlert(owner, sid) {
      if (!alertSid.test(sid)) return failure("not_an_alert", false);
      const url = apiUrl("monitor.twilio.com", ["v1", "Alerts", sid]);
      return await readOne(rest, owner, "monitor.alerts.fetch", url, toAlert);
    },
  };
}

function toAlert(value: Json): MonitorAlert | null {
  if (textField(value, "sid") === null) return null;
  return {
    alertText: textField(value, "alert_text"),
    requestMethod: textField(value, "request_method"),
    requestUrl: textField(value, "request_url"),
    requestVariables: textField(value, "request_variables"),
    responseBody: textField(value, "response_body"),
    responseHeaders: textField(value, "response_headers"),
  };
}
