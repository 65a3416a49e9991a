/*
 * A notice as plain text: for terminals, and one line of it where a receiver shows only a line.
 */
import type { IncidentView } from "../../incident-view.ts";
import type { DigestNotice, IncidentNotice, Notice } from "../notice.ts";
import { asTyped, cut, oneLine, webUrl } from "./clean.ts";
import {
  causeStory,
  changeOf,
  events,
  headlineOf,
  nameOf,
  number,
  possibleHeading,
  restOf,
  severityWord,
  timeText,
} from "./wording.ts";

/** As many of each are shown; the rest is in the API. */
const most = { causes: 10, evidence: 10, conflicts: 10, groups: 30 } as const;

/** The whole notice, one fact a line. */
export function renderText(notice: Notice): string {
  return notice.kind === "digest" ? digestText(notice) : incidentText(notice);
}

/** What a notification shows: what, how bad, why, and what is in the way, on one line of at most `max` units. */
export function renderLine(notice: Notice, max = 500): string {
  if (notice.kind === "digest") {
    const [first] = notice.groups;
    const most = first === undefined ? "" : `, most of them ${nameOf(first)} (${number(first.count)})`;
    return cut(oneLine(`${headlineOf(notice)}${most}`), max);
  }
  const { incident } = notice;
  const story = causeStory(incident);
  const [conflict] = incident.conflicts;
  const parts = [
    `${cut(oneLine(headlineOf(notice)), 200)} (${incident.severity}, ${events(incident.count)})`,
    story.kind === "leading" ? `Cause, ${story.certainty}: ${cut(oneLine(story.cause.text), 250)}` : null,
    conflict === undefined || notice.transition === "resolved" ? null : `In the way: ${conflictText(conflict)}`,
  ];
  return cut(
    parts
      .filter((part) => part !== null)
      .map((part) => part.replace(/\.+$/, ""))
      .join(". "),
    max,
  );
}

/** `Session KC… (open)`. */
export function conflictText({ kind, sid, state }: IncidentView["conflicts"][number]): string {
  return `${kind === "session" ? "Session" : "Conversation"} ${cut(oneLine(sid), 60)} (${cut(oneLine(state), 40)})`;
}

function incidentText(notice: IncidentNotice): string {
  const { incident, links } = notice;
  const rest = restOf(notice);
  const line = (text: string) => cut(oneLine(text), 2_500, `… (cut; the rest is in ${rest})`);
  const isOver = notice.transition === "resolved";
  const where = [incident.product, incident.account, ...(incident.service === null ? [] : [incident.service])];
  const lines = [
    line(headlineOf(notice)),
    line(
      `${severityWord(incident.severity)} · ${where.join(" · ")} · ${events(incident.count)} since ${timeText(incident.firstSeen)}`,
    ),
    ...(notice.transition === "opened" ? [] : [line(changeOf(notice))]),
    ...causeLines(incident, line),
    ...some(incident.evidence, most.evidence, rest, ({ text, source }) => `  - ${line(`${text} [${source}]`)}`),
    ...some(incident.conflicts, most.conflicts, rest, (conflict) =>
      line(`In the way: ${conflictText(conflict)} ${webUrl(conflict.url) ?? ""}`),
    ),
  ];
  const [remedy] = incident.remedies;
  if (remedy !== undefined && !isOver) {
    lines.push(line(`${causeStory(incident).kind === "leading" ? "Do this" : "What may help"}: ${remedy.text}`));
    const command = remedy.command ?? remedy.curl;
    if (command !== undefined)
      lines.push(
        ...asTyped(command)
          .split("\n")
          .map((each) => `    ${each}`),
      );
  }
  const pages = [
    ["Documentation", incident.docsUrl],
    ["Runbook", links.runbook],
    ["Incident", links.incident],
    ["Grafana", links.grafana],
    ["Console", links.console],
  ] as const;
  for (const [label, url] of pages) if (webUrl(url) !== null) lines.push(`${label}: ${webUrl(url)}`);
  return lines.join("\n");
}

function causeLines(incident: IncidentView, line: (text: string) => string): string[] {
  const story = causeStory(incident);
  switch (story.kind) {
    case "leading":
      return [line(`Cause, ${story.certainty}: ${story.cause.text}`)];
    case "possible": {
      const shown = story.causes.slice(0, most.causes).map(({ text }, index) => `  ${index + 1}. ${line(text)}`);
      const left = story.causes.length - shown.length;
      return [possibleHeading(story), ...shown, ...(left > 0 ? [`  and ${number(left)} more`] : [])];
    }
    case "all-ruled-out":
      return ["Every documented cause is ruled out."];
    case "undocumented":
      return [];
  }
}

function some<T>(items: readonly T[], most: number, rest: string, show: (item: T) => string): string[] {
  const shown = items.slice(0, most).map(show);
  return items.length > most ? [...shown, `  and ${number(items.length - most)} more: ${rest}`] : shown;
}

function digestText(notice: DigestNotice): string {
  return [
    oneLine(headlineOf(notice)),
    ...some(
      notice.groups,
      most.groups,
      restOf(notice),
      (group) => `  ${cut(oneLine(`${number(group.count)} × ${nameOf(group)} · ${group.product}`), 400)}`,
    ),
    `Each of them: ${webUrl(notice.links.incident) ?? restOf(notice)}`,
  ].join("\n");
}
