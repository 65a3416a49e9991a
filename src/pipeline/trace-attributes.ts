/*
 * Names of attributes, from OpenTelemetry's semantic conventions 1.44. Of messaging they are still in development.
 *
 * https://opentelemetry.io/docs/specs/semconv/http/http-spans/
 * https://opentelemetry.io/docs/specs/semconv/messaging/messaging-spans/
 * https://opentelemetry.io/docs/specs/semconv/database/database-spans/
 */

/** Why it failed: a word of a closed set. Absent on success. */
export const errorType = "error.type";

export const http = {
  method: "http.request.method",
  /** The path as it is routed: never with a query. */
  route: "http.route",
  status: "http.response.status_code",
  scheme: "url.scheme",
} as const;

/** Where a request of ours goes: the host, never the path. */
export const server = { address: "server.address", port: "server.port" } as const;

export const messaging = {
  system: "messaging.system",
  operationName: "messaging.operation.name",
  operationType: "messaging.operation.type",
  destination: "messaging.destination.name",
  messageId: "messaging.message.id",
  /** Only where there are several. */
  batchSize: "messaging.batch.message_count",
} as const;

export const db = { system: "db.system.name" } as const;

/** What the conventions have no name for: how many events of a delivery met which outcome. */
export const events = {
  count: "faultline.events.count",
  recorded: "faultline.events.recorded",
  duplicate: "faultline.events.duplicate",
  quarantined: "faultline.events.quarantined",
} as const;
