import { type Received, type ReceiverAnswer, type ReceiverDouble, startReceiver } from "./server.ts";

type Fields = Record<string, unknown>;

/** An alert as it was posted. */
export interface PostedAlert {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly startsAt?: string;
  readonly endsAt?: string;
  readonly generatorURL?: string;
}

/** An Alertmanager that only takes alerts. `url` is its base URL. */
export interface AlertmanagerDouble extends ReceiverDouble {
  /** Every alert taken, in order; the same labels are the same alert again. */
  readonly alerts: readonly PostedAlert[];
}

/** Label names of Prometheus. */
const labelName = /^[a-zA-Z_][a-zA-Z0-9_]*$/;

/**
 * Speaks POST /api/v2/alerts: 200, or 400 with a JSON string.
 * https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml
 */
export async function startAlertmanagerDouble(): Promise<AlertmanagerDouble> {
  const alerts: PostedAlert[] = [];

  function answer(request: Received): ReceiverAnswer {
    if (request.method !== "POST" || request.path !== "/am/api/v2/alerts") return { status: 404, body: "not found" };
    if (!Array.isArray(request.json)) return { status: 400, body: JSON.stringify("parsing alerts body failed") };
    const faults = request.json.flatMap(alertFaults);
    if (faults.length > 0) return { status: 400, body: JSON.stringify(faults.join("; ")) };
    alerts.push(...request.json);
    return { status: 200 };
  }

  const server = await startReceiver(answer);
  return { ...server, url: `${server.url}/am/`, alerts };
}

/** What Alertmanager has against an alert; nothing for a good one. */
export function alertFaults(alert: unknown): string[] {
  if (!isFields(alert)) return ["alert must be an object"];
  const { labels, annotations = {}, startsAt, endsAt } = alert;
  if (!isFields(labels) || !isFields(annotations)) return ["labels and annotations must be objects"];
  const faults: string[] = [];
  const set = Object.entries(labels).filter(([, value]) => value !== "");
  if (set.length === 0) faults.push("at least one label pair required");
  for (const [name, value] of [...Object.entries(labels), ...Object.entries(annotations)]) {
    if (!labelName.test(name)) faults.push(`invalid name ${name}`);
    if (typeof value !== "string" || !value.isWellFormed()) faults.push(`invalid value of ${name}`);
  }
  const [start, end] = [startsAt, endsAt].map((time) => (typeof time === "string" ? Date.parse(time) : undefined));
  if ([start, end].some(Number.isNaN)) faults.push("invalid time");
  if (start !== undefined && end !== undefined && end < start) faults.push("start time must be before end time");
  return faults;
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
