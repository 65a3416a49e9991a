/*
 * A notice as an alert of Alertmanager's API v2. Labels are its identity, so they hold nothing that changes while the
 * incident lasts, except the severity: one that is raised is another alert, and the old one ends when nobody repeats it.
 * https://prometheus.io/docs/alerting/latest/alerts_api/
 */
import type { IncidentView } from "../../incident-view.ts";
import type { IncidentNotice, Notice } from "../notice.ts";
import { asTyped, cut, oneLine, webUrl } from "./clean.ts";
import { conflictText } from "./text.ts";
import { causeStory, events, nameOf, possibleHeading, timeText } from "./wording.ts";

/** One alert of `POST /api/v2/alerts`, which takes a list of them. */
export interface AlertmanagerAlert {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  /** RFC 3339. */
  readonly startsAt: string;
  /** Set when the incident is resolved. */
  readonly endsAt?: string;
  readonly generatorURL?: string;
}

/** How long a test alert lasts, in milliseconds. */
const testLastsMs = 60_000;

/** The alert of an incident; null for a digest, which is no state that lasts. */
export function renderAlertmanager(notice: Notice): AlertmanagerAlert | null {
  if (notice.kind === "digest") return null;
  const { incident, links } = notice;
  const endsAt = endOf(notice);
  const generator = webUrl(links.incident, 2_000) ?? webUrl(incident.docsUrl, 2_000);
  return {
    labels: labelsOf(notice),
    annotations: annotationsOf(notice),
    startsAt: incident.firstSeen,
    ...(endsAt !== null && { endsAt }),
    ...(generator !== null && { generatorURL: generator }),
  };
}

function endOf({ incident, transition, test, at }: IncidentNotice): string | null {
  if (test) return new Date(Date.parse(at) + testLastsMs).toISOString();
  return transition === "resolved" || incident.state === "resolved" ? (incident.resolvedAt ?? at) : null;
}

function labelsOf({ incident, test }: IncidentNotice): Record<string, string> {
  const label = (text: string) => cut(oneLine(text), 255);
  const service = label(incident.service ?? "");
  return {
    alertname: "TwilioIncident",
    code: String(incident.code),
    product: label(incident.product) || "unknown",
    severity: test ? "info" : incident.severity,
    account: label(incident.account) || "unknown",
    ...(service !== "" && { service }),
    incident: label(incident.id) || "unknown",
    ...(test && { test: "true" }),
  };
}

function annotationsOf(notice: IncidentNotice): Record<string, string> {
  const { incident, links, test } = notice;
  const runbook = webUrl(links.runbook, 2_000) ?? webUrl(incident.docsUrl, 2_000);
  const dashboard = webUrl(links.grafana, 2_000);
  return {
    summary: cut(oneLine(`${test ? "[TEST] " : ""}${nameOf(incident)} (${incident.product})`), 500),
    description: cut(descriptionOf(incident), 8_000),
    ...(runbook !== null && { runbook_url: runbook }),
    ...(dashboard !== null && { dashboard_url: dashboard }),
  };
}

/** Cause, what is in the way and what to do, in the order in which they help. */
function descriptionOf(incident: IncidentView): string {
  const line = (text: string) => cut(oneLine(text), 1_000);
  const [remedy] = incident.remedies;
  const command = remedy?.command ?? remedy?.curl;
  return [
    ...causeLines(incident).map(line),
    ...incident.evidence.slice(0, 5).map(({ text }) => line(`- ${text}`)),
    ...incident.conflicts.slice(0, 5).map((conflict) => line(`In the way: ${conflictText(conflict)}`)),
    ...(remedy === undefined ? [] : [line(`To do: ${remedy.text}`)]),
    ...(command === undefined || command.length > 2_500 ? [] : [asTyped(command)]),
    `${events(incident.count)} since ${timeText(incident.firstSeen)}.`,
  ].join("\n");
}

function causeLines(incident: IncidentView): string[] {
  const story = causeStory(incident);
  switch (story.kind) {
    case "leading":
      return [`Cause, ${story.certainty}: ${story.cause.text}`];
    case "possible":
      return [possibleHeading(story), ...story.causes.slice(0, 5).map(({ text }) => `- ${text}`)];
    case "all-ruled-out":
      return ["Every documented cause is ruled out."];
    case "undocumented":
      return [];
  }
}
