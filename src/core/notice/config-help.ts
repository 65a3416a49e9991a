import { severities } from "../rules/rule.ts";
import { labelNames } from "./labels.ts";
import { ReceiverEntry, receiverKeys } from "./receivers.ts";
import { Route } from "./route.ts";
import { RouteMatch } from "./route-conditions.ts";
import { MuteTimeInterval, TimeInterval } from "./time-intervals.ts";

type Help = readonly [expected: string, fix: string];

const oneOrMore = "a text of 1 to 200 characters, or a list of such texts";
const url: Help = ["an http:// or https:// URL", "write the whole URL"];
const path: Help = ["a path", "write the path of the file"];
const secret: Help = ["a text", "put it in quotes"];

/** What each place takes and how to mend it; list positions left out, nested routes taken for the root. */
const help: Readonly<Record<string, Help>> = {
  "": ["keys and values", "write one key a line"],
  receivers: ["a list of receivers", "write `- name: …` and under it one kind, such as `slack:`"],
  "receivers[]": ["a receiver", "write `- name: …` and under it one kind, such as `slack:`"],
  "receivers[].name": ["1 to 40 small letters, digits, hyphens and underscores", "rename it"],
  "receivers[].slack": [receiverKeys.slack.join(", "), "write one key a line"],
  "receivers[].slack.webhookUrl": secret,
  "receivers[].slack.webhookUrlFile": path,
  "receivers[].slack.botToken": secret,
  "receivers[].slack.botTokenFile": path,
  "receivers[].slack.channel": ["a text of 1 to 80 characters", "write the id or name of the channel in quotes"],
  "receivers[].slack.apiUrl": url,
  "receivers[].pagerduty": [receiverKeys.pagerduty.join(", "), "write one key a line"],
  "receivers[].pagerduty.routingKey": secret,
  "receivers[].pagerduty.routingKeyFile": path,
  "receivers[].pagerduty.url": url,
  "receivers[].alertmanager": [receiverKeys.alertmanager.join(", "), "write one key a line"],
  "receivers[].alertmanager.urls": ["a list of 1 to 20 base URLs", "write one `- http://…` an Alertmanager"],
  "receivers[].alertmanager.urls[]": url,
  "receivers[].webhook": [receiverKeys.webhook.join(", "), "write one key a line"],
  "receivers[].webhook.url": secret,
  "receivers[].webhook.urlFile": path,
  "receivers[].webhook.secret": secret,
  "receivers[].webhook.secretFile": path,
  route: ["a route", "write `receivers:`, and `routes:` with one `- match: …` a route"],
  "route.match": [`conditions on ${Object.keys(RouteMatch.shape).join(", ")}`, "write one a line"],
  "route.match.severity": [`one or a list of ${severities.join(", ")}`, "pick from these"],
  "route.match.product": [oneOrMore, "write the product as Twilio names it"],
  "route.match.code": [
    "a code from 1 to 999999, a range such as 30001-30008, or a list of both",
    "write digits only, the lower end of a range first",
  ],
  "route.match.account": [oneOrMore, "write the SID of the account"],
  "route.match.service": [oneOrMore, "write the SID of the Service"],
  "route.match.labels": [`values by label: ${labelNames.join(", ")}`, "use one of these labels"],
  "route.match.labels.*": [oneOrMore, "write the value as text"],
  "route.matchers": ['a list of conditions such as severity=~"error|critical"', "write one `- '…'` a condition"],
  "route.matchers[]": ['a condition such as severity=~"error|critical"', "write it as text, in single quotes"],
  "route.receivers": ["a list of names of receivers", "write `[name]`, or `[]` for nobody"],
  "route.receivers[]": ["the name of a receiver", "write it as text"],
  "route.groupBy": [`a list of ${labelNames.join(", ")}`, "pick from these, or leave it out"],
  "route.repeatInterval": ["a period from 1s to 31d such as 30m or 4h", "write a whole number and s, m, h or d"],
  "route.muteTimeIntervals": ["a list of names of mute time intervals", "write `[name]`, or leave it out"],
  "route.muteTimeIntervals[]": ["the name of a mute time interval", "write it as text"],
  "route.continue": ["true or false", "write one of them, or leave it out"],
  "route.routes": ["a list of routes", "write one `- match: …` a route"],
  muteTimeIntervals: ["a list of mute time intervals", "write `- name: …` and under it `intervals:`"],
  "muteTimeIntervals[]": ["a mute time interval", "write `- name: …` and under it `intervals:`"],
  "muteTimeIntervals[].name": ["a text of 1 to 80 characters", "name it"],
  "muteTimeIntervals[].intervals": ["a list of intervals", "write one `- times: …` or `- weekdays: …` an interval"],
  "muteTimeIntervals[].intervals[]": [
    "at least one of times, weekdays, daysOfMonth, months",
    "write one of them; location alone says nothing",
  ],
  "muteTimeIntervals[].intervals[].times": [
    'a list of times of day such as "22:00-24:00"',
    "put them in quotes, and write one that crosses midnight as two",
  ],
  "muteTimeIntervals[].intervals[].weekdays": [
    "a list of weekdays such as saturday or monday:friday",
    "write them out in English; a week begins on sunday",
  ],
  "muteTimeIntervals[].intervals[].daysOfMonth": [
    'a list of days such as "1:5", or "-1" for the last day',
    "put them in quotes, the earlier day first",
  ],
  "muteTimeIntervals[].intervals[].months": [
    "a list of months such as december, 12 or june:august",
    "put them in quotes, the earlier month first",
  ],
  "muteTimeIntervals[].intervals[].location": [
    "the name of a time zone such as Europe/Berlin",
    "see the list of the IANA",
  ],
  stormThreshold: ["a whole number from 1 to 1000", "write how many new incidents a minute are told one by one"],
  links: ["pages by kind: incident, runbook, grafana", "write one a line"],
  "links.incident": url,
  "links.runbook": url,
  "links.grafana": url,
};

/** The keys of the maps that have a fixed set of them. */
const keys: Readonly<Record<string, readonly string[]>> = {
  "receivers[]": Object.keys(ReceiverEntry.shape),
  "receivers[].slack": receiverKeys.slack,
  "receivers[].pagerduty": receiverKeys.pagerduty,
  "receivers[].alertmanager": receiverKeys.alertmanager,
  "receivers[].webhook": receiverKeys.webhook,
  route: Object.keys(Route.shape),
  "route.match": Object.keys(RouteMatch.shape),
  "route.match.labels": labelNames,
  "muteTimeIntervals[]": Object.keys(MuteTimeInterval.shape),
  "muteTimeIntervals[].intervals[]": Object.keys(TimeInterval.shape),
  links: ["incident", "runbook", "grafana"],
};

/** Help for a path such as `["route", "routes", 1, "match", "code"]`: its own, else that of the nearest field around it. */
export function configHelp(at: readonly PropertyKey[]): { readonly expected: string; readonly fix: string } {
  for (let length = at.length; length >= 0; length -= 1) {
    const found = help[generic(at.slice(0, length))];
    if (found !== undefined) return { expected: found[0], fix: found[1] };
  }
  return { expected: "another value", fix: "correct it" };
}

/** The keys a map may have. */
export function knownKeys(at: readonly PropertyKey[]): readonly string[] {
  return keys[generic(at)] ?? [];
}

function generic(at: readonly PropertyKey[]): string {
  const text = at
    .map((part) => (typeof part === "number" ? "[]" : `.${String(part)}`))
    .join("")
    .replace(/^\./, "");
  return text.replaceAll(".routes[]", "").replace(/^(route\.match\.labels)\..*$/s, "$1.*");
}
