/*
 * A notice as a Slack message. What somebody woken up needs comes first: what broke, why, what is in the way, what to type.
 *
 * Limits: 50 blocks, 3,000 characters a section, 150 a header, 75 a button, 3,000 a URL
 * (https://docs.slack.dev/reference/block-kit/blocks). All text together stays under 9,000 characters, because Slack refuses
 * longer messages with `msg_blocks_too_long` at a length it does not document. The most each part may take is in `most`;
 * together they stay below that, whatever the incident says.
 */
import type { IncidentView } from "../../incident-view.ts";
import type { DigestNotice, IncidentNotice, Notice, NoticeLinks } from "../notice.ts";
import { joinWithin, webUrl } from "./clean.ts";
import { codeBlock, link, plain, prose, when } from "./mrkdwn.ts";
import { context, header, linkButtons, type SlackBlock, type SlackMessage, section } from "./slack-blocks.ts";
import { conflictText, renderLine } from "./text.ts";
import {
  causeStory,
  changeOf,
  events,
  headlineOf,
  lasted,
  nameOf,
  number,
  possibleHeading,
  restOf,
  severityWord,
} from "./wording.ts";

/** Characters each part may take; all of a message together take less than 9,000. */
const most = {
  fallback: 500,
  header: 150,
  facts: 500,
  cause: 1_000,
  evidence: 900,
  conflicts: 1_100,
  remedy: 1_000,
  command: 2_400,
  others: 500,
  groups: 2_900,
} as const;

const emojis = { critical: "🔴", error: "🟠", warning: "🟡", info: "🔵" } as const;

/** The message that shows the present state of an incident, or a digest. */
export function renderSlack(notice: Notice): SlackMessage {
  const blocks = notice.kind === "digest" ? digestBlocks(notice) : incidentBlocks(notice);
  return { text: fallback(notice), blocks };
}

/** What goes into the thread of the incident's message: what changed, and why. A digest has no thread. */
export function renderSlackThread(notice: Notice): SlackMessage {
  if (notice.kind === "digest") return renderSlack(notice);
  const { incident, transition } = notice;
  const lead = `${notice.test ? "*[TEST]* " : ""}${emojiOf(notice)} ${prose(changeOf(notice), most.cause, rest(notice))}`;
  const tellsCause = transition === "diagnosed" || transition === "cause_changed" || transition === "reopened";
  const cause = tellsCause ? causeText(notice) : "";
  const blocks = [
    section(`${lead} ${when(transition === "resolved" ? (incident.resolvedAt ?? notice.at) : notice.at)}`),
  ];
  return { text: fallback(notice), blocks: cause === "" ? blocks : [...blocks, section(cause)] };
}

function incidentBlocks(notice: IncidentNotice): SlackBlock[] {
  const { incident, links } = notice;
  const isOver = notice.transition === "resolved";
  const texts = [factsText(notice), causeText(notice), isOver ? "" : conflictsText(notice)];
  const buttons = buttonsOf(links, incident.docsUrl);
  const small = isOver ? "" : othersText(notice);
  return [
    header(plain(`${emojiOf(notice)} ${headlineOf(notice)}`, most.header)),
    ...texts.filter((text) => text !== "").map(section),
    ...(isOver ? [] : remedyBlocks(notice)),
    ...(buttons.length === 0 ? [] : [linkButtons(buttons)]),
    ...(small === "" ? [] : [context(small)]),
    context(identityText(incident)),
  ];
}

/** How bad, how often, since when; for an update also what changed, where the header does not say it all. */
function factsText(notice: IncidentNotice): string {
  const { incident, transition } = notice;
  const until = transition === "resolved" ? ` until ${when(incident.lastSeen)}` : "";
  const line = `*${severityWord(incident.severity)}* · ${prose(incident.product, 100)} · *${events(incident.count)}* since ${when(incident.firstSeen)}${until}`;
  const saysMore = transition === "cause_changed" || transition === "severity_raised" || transition === "grew";
  return saysMore ? `${line}\n${prose(changeOf(notice), 250, rest(notice))}` : line;
}

function causeText(notice: IncidentNotice): string {
  const { incident } = notice;
  const story = causeStory(incident);
  const evidence = incident.evidence
    .slice(0, 3)
    .map(({ text }) => `• ${prose(text, most.evidence / 3 - 3, rest(notice))}`);
  const seen = evidence.length === 0 ? "" : `\n${evidence.join("\n")}`;
  switch (story.kind) {
    case "leading":
      return `*Cause, ${story.certainty}:* ${prose(story.cause.text, most.cause - 100, rest(notice))}${seen}`;
    case "possible": {
      const causes = story.causes.map(({ text }, index) => `${index + 1}. ${prose(text, 250)}`);
      const list = joinWithin(causes, "\n", most.cause - 100, (left) => `and ${number(left)} more: ${place(notice)}`);
      return `*${possibleHeading(story)}*\n${list}${seen}`;
    }
    case "all-ruled-out":
      return `*Every documented cause is ruled out.*${seen}`;
    case "undocumented":
      return evidence.length === 0 ? "" : `*What was seen:*${seen}`;
  }
}

/** The Sessions or Conversations in the way. */
function conflictsText(notice: IncidentNotice): string {
  const items = notice.incident.conflicts.slice(0, 20).map((each) => link(each.url, conflictText(each)));
  if (items.length === 0) return "";
  const all = notice.incident.conflicts.length;
  const more = (left: number) => `and ${number(left + all - items.length)} more: ${place(notice)}`;
  const list = joinWithin(items, "\n", most.conflicts - 100, more);
  const isWhole = list === items.join("\n");
  return `*In the way:* ${list}${isWhole && all > items.length ? `\n${more(0)}` : ""}`;
}

/** The best way out with the command to type. Nobody is shown a command whose warning is not there in full. */
function remedyBlocks(notice: IncidentNotice): SlackBlock[] {
  const { incident } = notice;
  const [remedy] = incident.remedies;
  if (remedy === undefined) return [];
  const label = causeStory(incident).kind === "leading" ? "Do this" : "What may help";
  const text = prose(remedy.text, most.remedy - 50, rest(notice));
  const command = remedy.command ?? remedy.curl;
  const first = `*${label}:* ${text}`;
  if (command === undefined) return [section(first)];
  const block = text.endsWith(rest(notice)) ? null : codeBlock(command, most.command, place(notice));
  return block === null
    ? [section(`${first}\nIts command is too long for Slack; it is in ${place(notice)}`)]
    : [section(first), section(block)];
}

/** The ways out that come after the best one. */
function othersText(notice: IncidentNotice): string {
  const others = notice.incident.remedies.slice(1).map(({ text }) => `• ${prose(text, 200)}`);
  if (others.length === 0) return "";
  return `*Or:*\n${joinWithin(others, "\n", most.others - 50, (left) => `and ${number(left)} more: ${place(notice)}`)}`;
}

/** What tells this incident from others of its kind. */
function identityText(incident: IncidentView): string {
  const service = incident.service === null ? [] : [`Service ${prose(incident.service, 60)}`];
  return [`Account ${prose(incident.account, 60)}`, ...service, `incident ${prose(incident.id, 80)}`].join(" · ");
}

function digestBlocks(notice: DigestNotice): SlackBlock[] {
  const lines = notice.groups.map(
    (group) => `*${number(group.count)}* × ${prose(nameOf(group), 150)} · ${prose(group.product, 60)}`,
  );
  const list = joinWithin(lines, "\n", most.groups, (left) => `and ${number(left)} more kinds: ${place(notice)}`);
  const buttons = buttonsOf(notice.links, null).map((each) =>
    each.label === "Incident" ? { ...each, label: "Incidents" } : each,
  );
  return [
    header(plain(`🌊 ${headlineOf(notice)}`, most.header)),
    ...(list === "" ? [] : [section(list)]),
    ...(buttons.length === 0 ? [] : [linkButtons(buttons)]),
    context(
      `So many at once are told together. Since ${when(notice.since)}, in ${lasted(notice.since, notice.at)}. Each of them: ${place(notice)}`,
    ),
  ];
}

function buttonsOf(links: NoticeLinks, docsUrl: string | null): { label: string; url: string }[] {
  const pages = [
    { label: "Documentation", url: webUrl(docsUrl) },
    { label: "Runbook", url: webUrl(links.runbook) },
    { label: "Incident", url: webUrl(links.incident) },
    { label: "Grafana", url: webUrl(links.grafana) },
    { label: "Console", url: webUrl(links.console) },
  ];
  return pages.flatMap(({ label, url }) => (url === null ? [] : [{ label, url }]));
}

function emojiOf({ transition, incident }: IncidentNotice): string {
  return transition === "resolved" ? "✅" : emojis[incident.severity];
}

function fallback(notice: Notice): string {
  return prose(renderLine(notice, most.fallback), most.fallback);
}

/** Marks that something was cut, and says where the rest is. */
function rest(notice: Notice): string {
  return ` … (cut; the rest is in ${place(notice)})`;
}

function place(notice: Notice): string {
  return restOf(notice).replace(/[^\w/.%-]/g, "_");
}
