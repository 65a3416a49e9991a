import { slidingWindow } from "./rate-limits.ts";
import { type Received, type ReceiverAnswer, type ReceiverDouble, startReceiver } from "./server.ts";

/** An alert as a service shows it. */
export interface PagerDutyAlert {
  readonly dedupKey: string;
  state: "triggered" | "resolved";
  /** The bodies of its triggers, the latest last. */
  readonly triggers: Fields[];
}

export interface PagerDutyOptions {
  /** Integration keys there are; default {@link pagerDutyKey}. */
  readonly routingKeys?: readonly string[];
  /** Events a minute and key; default 120. */
  readonly perMinute?: number;
}

/** PagerDuty's Events API v2. `url` is the whole one, for PAGERDUTY_URL. */
export interface PagerDutyDouble extends ReceiverDouble {
  readonly routingKey: string;
  /** In the order they opened. After a resolve the same dedup_key opens another. */
  readonly alerts: readonly PagerDutyAlert[];
}

type Fields = Record<string, unknown>;

/** The integration key of a double. */
export const pagerDutyKey = "0123456789abcdef0123456789abcdef";

const actions = ["trigger", "acknowledge", "resolve"];
const severities = ["critical", "error", "warning", "info"];

/** 512 KB, in bytes. */
const maxEventBytes = 512 * 1_024;

/**
 * A PagerDuty that takes events: 202, 400 with what is wrong, 429 above the limit, one open alert a dedup_key.
 * https://developer.pagerduty.com/docs/send-alert-event and https://developer.pagerduty.com/docs/events-api-v2-overview
 */
export async function startPagerDuty(options: PagerDutyOptions = {}): Promise<PagerDutyDouble> {
  const alerts: PagerDutyAlert[] = [];
  const keys = options.routingKeys ?? [pagerDutyKey];
  const limit = slidingWindow(options.perMinute ?? 120, 60_000);

  function answer(request: Received): ReceiverAnswer {
    if (request.method !== "POST" || request.path !== "/v2/enqueue") return { status: 404, body: {} };
    if (Buffer.byteLength(request.body) > maxEventBytes) return { status: 413, body: { status: "event too large" } };
    if (!isFields(request.json)) return invalid(["JSON is invalid"]);
    const event = request.json;
    const errors = eventErrors(event);
    if (errors.length > 0) return invalid(errors);
    const key = String(event.routing_key);
    if (!keys.includes(key)) return { status: 403, body: { status: "Forbidden", message: "invalid routing key" } };
    if (limit.take(key) > 0)
      return {
        status: 429,
        body: {
          status: "throttle exceeded",
          message: "Requests for this service are arriving too quickly.  Please retry later.",
        },
      };
    return { status: 202, body: { status: "success", message: "Event processed", dedup_key: apply(key, event) } };
  }

  function apply(routingKey: string, event: Fields): string {
    const dedupKey = isText(event.dedup_key) ? event.dedup_key : `generated-${alerts.length}`;
    // Follow-ups apply only through the key the alert came by.
    const open = alerts.find(
      (alert) =>
        alert.dedupKey === dedupKey && alert.state === "triggered" && alert.triggers[0]?.routing_key === routingKey,
    );
    if (event.event_action === "trigger" && open === undefined) {
      alerts.push({ dedupKey, state: "triggered", triggers: [event] });
    } else if (event.event_action === "trigger") {
      open?.triggers.push(event);
    } else if (event.event_action === "resolve" && open !== undefined) {
      open.state = "resolved";
    }
    return dedupKey;
  }

  const server = await startReceiver(answer);
  return { ...server, url: `${server.url}/v2/enqueue`, routingKey: keys[0] ?? pagerDutyKey, alerts };
}

/** What PagerDuty says is wrong with an event; nothing for a good one. */
export function eventErrors(event: Fields): string[] {
  const { routing_key: key, event_action: action, dedup_key: dedupKey, payload, links, images } = event;
  const errors: string[] = [];
  if (typeof key !== "string") errors.push("'routing_key' is missing or blank");
  else if (key.length !== 32) errors.push("Length of 'routing_key' is incorrect (should be 32 characters)");
  if (!actions.includes(String(action))) errors.push("'event_action' is missing or blank");
  if (dedupKey !== undefined && (typeof dedupKey !== "string" || dedupKey.length > 255)) {
    errors.push("'dedup_key' is invalid (should be at most 255 characters)");
  }
  if (action !== "trigger") return dedupKey === undefined ? [...errors, "'dedup_key' is missing or blank"] : errors;
  return [...errors, ...payloadErrors(payload), ...linkErrors(links), ...imageErrors(images)];
}

function payloadErrors(payload: unknown): string[] {
  if (!isFields(payload)) return ["'payload' is missing or blank"];
  const { summary, source, severity, timestamp, custom_details: details } = payload;
  const errors: string[] = [];
  if (!isText(summary)) errors.push("'payload.summary' is missing or blank");
  else if (summary.length > 1_024) errors.push("'payload.summary' is too long (should be at most 1024 characters)");
  if (!isText(source)) errors.push("'payload.source' is missing or blank");
  if (!severities.includes(String(severity)))
    errors.push(`'payload.severity' is invalid (must be one of ${severities})`);
  if (timestamp !== undefined && !(isText(timestamp) && Date.parse(timestamp) > 0)) {
    errors.push("'payload.timestamp' is invalid (should be ISO 8601)");
  }
  if (details !== undefined && !isFields(details)) errors.push("'payload.custom_details' is invalid");
  for (const name of ["component", "group", "class"]) {
    if (payload[name] !== undefined && typeof payload[name] !== "string") errors.push(`'payload.${name}' is invalid`);
  }
  return errors;
}

function linkErrors(links: unknown): string[] {
  return items(links).flatMap((link) => (isFields(link) && isText(link.href) ? [] : ["'links.href' is missing"]));
}

function imageErrors(images: unknown): string[] {
  return items(images).flatMap((image) =>
    isFields(image) && String(image.src).startsWith("https://") ? [] : ["'images.src' is invalid (should be https)"],
  );
}

function invalid(errors: readonly string[]): ReceiverAnswer {
  return { status: 400, body: { status: "invalid event", message: "Event object is invalid", errors } };
}

function items(value: unknown): readonly unknown[] {
  return value === undefined ? [] : Array.isArray(value) ? value : [value];
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
