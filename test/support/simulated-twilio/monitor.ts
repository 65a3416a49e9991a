import { type Exchange, errorReply, notFound, type Reply } from "./exchange.ts";
import { listReply } from "./paging.ts";
import type { Route } from "./router.ts";
import { newestFirst, stamp, type World } from "./world.ts";

/** Source: https://www.twilio.com/docs/usage/monitor-alert. Its long fields are url-encoded pairs, or null. */
export interface Alert {
  sid: string;
  account_sid: string;
  alert_text: string;
  api_version: string;
  error_code: string;
  log_level: string;
  more_info: string;
  request_method: string | null;
  request_url: string | null;
  request_variables: string | null;
  request_headers: string | null;
  resource_sid: string | null;
  service_sid: string | null;
  response_body: string | null;
  response_headers: string | null;
  date_created: string;
  date_generated: string;
  date_updated: string;
}

/** What an Alert is made from; pairs are encoded as Twilio encodes them. */
export interface AlertFields {
  readonly sid?: string;
  readonly code: number;
  readonly level?: "error" | "warning" | "notice" | "debug";
  readonly text?: Record<string, string>;
  readonly method?: string | null;
  readonly url?: string | null;
  readonly variables?: Record<string, string> | null;
  readonly responseHeaders?: Record<string, string> | null;
  readonly responseBody?: string | null;
  readonly resource?: string | null;
  readonly service?: string | null;
  readonly at?: Date;
}

/** Monitor of one account. */
export class SimulatedMonitor {
  readonly alerts = new Map<string, Alert>();
  readonly account: string;
  readonly world: World;

  constructor(account: string, world: World) {
    this.account = account;
    this.world = world;
  }

  addAlert(fields: AlertFields): Alert {
    const at = stamp(fields.at ?? this.world.now());
    const level = fields.level ?? "error";
    const alert: Alert = {
      sid: fields.sid ?? this.world.nextSid("NO"),
      account_sid: this.account,
      alert_text: pairs({ ErrorCode: String(fields.code), LogLevel: level.toUpperCase(), ...fields.text }),
      api_version: "2010-04-01",
      error_code: String(fields.code),
      log_level: level,
      more_info: `https://www.twilio.com/docs/errors/${fields.code}`,
      request_method: fields.method ?? null,
      request_url: fields.url ?? null,
      request_variables: fields.variables ? pairs(fields.variables) : null,
      request_headers: null,
      resource_sid: fields.resource ?? null,
      service_sid: fields.service ?? null,
      response_body: fields.responseBody ?? null,
      response_headers: fields.responseHeaders ? pairs(fields.responseHeaders) : null,
      date_created: at,
      date_generated: at,
      date_updated: at,
    };
    this.alerts.set(alert.sid, alert);
    return alert;
  }
}

function pairs(values: Record<string, string>): string {
  return new URLSearchParams(values).toString();
}

/** `GET /v1/Alerts` with LogLevel, StartDate, EndDate and paging; `GET /v1/Alerts/{NO…}` with the request and response. */
export function monitorRoutes(of: (account: string) => SimulatedMonitor): Route[] {
  const host = "monitor.twilio.com";
  return [
    {
      method: "GET",
      host,
      pattern: "/v1/Alerts",
      handle: (exchange) => listAlerts(of(exchange.account), exchange),
    },
    {
      method: "GET",
      host,
      pattern: "/v1/Alerts/:sid",
      handle: (exchange, params) => {
        const alert = of(exchange.account).alerts.get(params.sid ?? "");
        return alert === undefined ? notFound(exchange.path) : { status: 200, body: withUrl(alert) };
      },
    },
  ];
}

function listAlerts(monitor: SimulatedMonitor, exchange: Exchange): Reply {
  const level = exchange.query.get("LogLevel");
  const start = time(exchange.query.get("StartDate"), 0);
  const end = time(exchange.query.get("EndDate"), 24 * 60 * 60 * 1000 - 1);
  if (start === "invalid" || end === "invalid")
    return errorReply(400, 20001, "Dates are YYYY-MM-DD or YYYY-MM-DDThh:mm:ssZ");
  const found = newestFirst(monitor.alerts.values())
    .filter((alert) => {
      const at = Date.parse(alert.date_generated);
      return (
        (level === null || alert.log_level === level) && (start === null || at >= start) && (end === null || at <= end)
      );
    })
    // A query returns at most 10,000 Alerts.
    .slice(0, 10_000)
    .map(withUrl)
    .map(({ request_variables: _v, request_headers: _h, response_body: _b, response_headers: _r, ...shown }) => shown);
  return listReply(exchange, found, { key: "alerts", cap: 1000 });
}

function withUrl(alert: Alert): Alert & { url: string } {
  return { ...alert, url: `https://monitor.twilio.com/v1/Alerts/${alert.sid}` };
}

/** A bare date as EndDate means its last moment. */
function time(text: string | null, bareDatePlusMs: number): number | null | "invalid" {
  if (text === null) return null;
  const at = Date.parse(text);
  if (Number.isNaN(at)) return "invalid";
  return text.length === 10 ? at + bareDatePlusMs : at;
}
