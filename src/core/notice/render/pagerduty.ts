/*
 * A notice as an event of PagerDuty's Events API v2. https://developer.pagerduty.com/docs/send-alert-event
 */
import type { IncidentView } from "../../incident-view.ts";
import type { Severity } from "../../rules/rule.ts";
import type { DigestNotice, IncidentNotice, Notice, NoticeLinks } from "../notice.ts";
import { cut, oneLine, webUrl } from "./clean.ts";
import { causeStory, changeOf, headlineOf, nameOf, number, restOf } from "./wording.ts";

export interface PagerDutyLink {
  readonly href: string;
  readonly text: string;
}

export interface PagerDutyImage {
  /** https. */
  readonly src: string;
  readonly href?: string;
  readonly alt?: string;
}

/** An event without its routing key, which the sender adds. */
export type PagerDutyEvent =
  | {
      readonly event_action: "trigger";
      readonly dedup_key: string;
      readonly client: string;
      readonly client_url?: string;
      readonly links: readonly PagerDutyLink[];
      readonly images?: readonly PagerDutyImage[];
      readonly payload: {
        readonly summary: string;
        readonly source: string;
        readonly severity: Severity;
        readonly timestamp: string;
        readonly component: string;
        readonly group: string;
        readonly class: string;
        readonly custom_details: Readonly<Record<string, unknown>>;
      };
    }
  | { readonly event_action: "resolve"; readonly dedup_key: string };

type Trigger = Extract<PagerDutyEvent, { event_action: "trigger" }>;

/** Characters of a summary at most. */
const longestSummary = 1_024;

/** Bytes of an event at most, as PagerDuty's own clients count 512 KB; room is left for the routing key. */
const largestEvent = 512_000 - 200;

/**
 * An event that opens, updates or resolves the alert of an incident; all about one incident have the same dedup_key. A
 * digest opens an alert of its own.
 */
export function renderPagerDuty(notice: Notice, images: readonly PagerDutyImage[] = []): PagerDutyEvent {
  if (notice.kind === "digest") return fitting(digestEvent(notice), notice);
  const dedupKey = `faultline-${notice.incident.id}`.slice(0, 255);
  if (notice.transition === "resolved") return { event_action: "resolve", dedup_key: dedupKey };
  const event = incidentEvent(notice, dedupKey);
  return fitting(images.length === 0 ? event : { ...event, images }, notice);
}

function incidentEvent(notice: IncidentNotice, dedupKey: string): Trigger {
  const { incident, links, test } = notice;
  return {
    event_action: "trigger",
    dedup_key: dedupKey,
    ...clientOf(links),
    links: linksOf(links, incident.docsUrl),
    payload: {
      summary: cut(oneLine(summaryOf(notice)), longestSummary),
      source: short(incident.account),
      // A test of the way is no reason to wake anybody.
      severity: test ? "info" : incident.severity,
      timestamp: incident.firstSeen,
      component: short(incident.product),
      group: short(incident.service ?? incident.account),
      class: `twilio_${incident.code}`,
      custom_details: detailsOf(notice),
    },
  };
}

/** What a phone shows: code, title, whose, how often, and why. */
function summaryOf({ incident, test }: IncidentNotice): string {
  const { code, title, product, account, count } = incident;
  const story = causeStory(incident);
  const cause = story.kind === "leading" ? `. Cause, ${story.certainty}: ${story.cause.text}` : "";
  return `${test ? "[TEST] " : ""}${code === 0 ? "" : `[${code}] `}${title} — ${product}, ${account}, ${number(count)}×${cause}`;
}

/** The diagnosis first, then what it is about. */
function detailsOf(notice: IncidentNotice): Record<string, unknown> {
  const { incident } = notice;
  const [remedy, ...others] = incident.remedies;
  return {
    ...causeDetails(incident),
    in_the_way: incident.conflicts.map(({ kind, sid, state, url }) => `${kind} ${sid} (${state}) ${url}`),
    evidence: incident.evidence.map(({ text, source }) => `${text} [${source}]`),
    ...(remedy !== undefined && {
      what_to_do: remedy.text,
      ...(remedy.command !== undefined && { command: remedy.command }),
      ...(remedy.curl !== undefined && { curl: remedy.curl }),
    }),
    ...(others.length > 0 && { or: others.map(({ text }) => text) }),
    news: changeOf(notice),
    events: incident.count,
    first_seen: incident.firstSeen,
    last_seen: incident.lastSeen,
    code: incident.code,
    title: incident.title,
    product: incident.product,
    account: incident.account,
    service: incident.service,
    incident: incident.id,
    reason: notice.reason,
  };
}

function causeDetails(incident: IncidentView): Record<string, unknown> {
  const story = causeStory(incident);
  switch (story.kind) {
    case "leading":
      return { cause: story.cause.text, certainty: story.certainty, cause_id: story.cause.id };
    case "possible":
      return { cause: "not known yet", possible_causes: story.causes.map(({ text }) => text) };
    case "all-ruled-out":
      return { cause: "every documented cause is ruled out" };
    case "undocumented":
      return { cause: "no causes are documented" };
  }
}

function digestEvent(notice: DigestNotice): Trigger {
  return {
    event_action: "trigger",
    dedup_key: `faultline-digest-${notice.id}`.slice(0, 255),
    ...clientOf(notice.links),
    links: linksOf(notice.links, null),
    payload: {
      summary: cut(oneLine(digestSummary(notice)), longestSummary),
      source: "faultline",
      severity: "error",
      timestamp: notice.since,
      component: "faultline",
      group: "digest",
      class: "twilio_digest",
      custom_details: {
        incidents: notice.total,
        by_code: notice.groups.map((group) => `${group.count} × ${nameOf(group)} (${group.product})`),
        each_of_them: webUrl(notice.links.incident) ?? restOf(notice),
      },
    },
  };
}

function digestSummary(notice: DigestNotice): string {
  const kinds = notice.groups.slice(0, 5).map((group) => `${number(group.count)} × ${nameOf(group)}`);
  return `${headlineOf(notice)}${kinds.length === 0 ? "" : `: ${kinds.join(", ")}`}`;
}

/** What is too large loses its details, not itself. */
function fitting(event: Trigger, notice: Notice): Trigger {
  if (Buffer.byteLength(JSON.stringify(event)) <= largestEvent) return event;
  const note = `The details are too large for PagerDuty (512 KB). They are in ${webUrl(notice.links.incident, 2_000) ?? restOf(notice)}`;
  return { ...event, payload: { ...event.payload, custom_details: { note } } };
}

function clientOf(links: NoticeLinks): { client: string; client_url?: string } {
  const url = webUrl(links.incident);
  return url === null ? { client: "Faultline" } : { client: "Faultline", client_url: url };
}

function linksOf(links: NoticeLinks, docsUrl: string | null): PagerDutyLink[] {
  const pages = [
    { text: "Runbook", href: webUrl(links.runbook) },
    { text: "Documentation", href: webUrl(docsUrl) },
    { text: "Incident", href: webUrl(links.incident) },
    { text: "Grafana", href: webUrl(links.grafana) },
    { text: "Twilio Console", href: webUrl(links.console) },
  ];
  return pages.flatMap(({ text, href }) => (href === null ? [] : [{ href, text }]));
}

/** A short field, never empty: PagerDuty refuses an event without a source. */
function short(text: string): string {
  return cut(oneLine(text), 255) || "unknown";
}
