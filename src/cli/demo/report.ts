import { wrapText } from "../wrap.ts";
import type { Observation, ObservedIncident } from "./observe.ts";
import type { Scene } from "./traffic.ts";
import type { Check } from "./verify.ts";

const width = 96;
const maxCauses = 5;
const maxRemedies = 4;

/** The demo's report, for a person: what came in, which incidents, what was refused, a few metrics, and the verdict. */
export function report(scenes: readonly Scene[], observed: Observation, checks: readonly Check[]): string {
  return [
    heading("What came in"),
    ...scenes.filter(({ expected }) => expected === 204).map(sceneLine),
    heading("What was refused"),
    ...scenes.filter(({ expected }) => expected !== 204).map(sceneLine),
    heading(`Incidents (${observed.incidents.length})`),
    ...observed.incidents.toSorted((a, b) => b.count - a.count).flatMap(incidentLines),
    heading("Some metrics"),
    ...metricLines(observed.metrics),
    heading("Counted exactly once?"),
    ...checks.map(
      ({ what, expected, seen }) =>
        `  ${expected === seen ? "ok  " : "FAIL"} ${what}: expected ${expected}, seen ${seen}`,
    ),
  ].join("\n");
}

function heading(text: string): string {
  return `\n${text}\n${"-".repeat(text.length)}`;
}

function sceneLine({ what, statuses }: Scene): string {
  const counts = new Map<number, number>();
  for (const status of statuses) counts.set(status, (counts.get(status) ?? 0) + 1);
  const answers = [...counts].map(([status, count]) => (count === 1 ? `${status}` : `${count} × ${status}`)).join(", ");
  return `  ${what.padEnd(56)} ${answers}`;
}

function incidentLines(incident: ObservedIncident): string[] {
  const { code, title, severity, product, count, state, docsUrl } = incident;
  return [
    "",
    `${code} ${title}`,
    `  ${severity}, ${product}, ${count} ${count === 1 ? "event" : "events"}, ${state}   ${docsUrl}`,
    ...incident.evidence.slice(0, 3).flatMap(({ text, source }) => hanging("  seen: ", `${text} (${source})`)),
    ...incident.conflicts.map(({ sid, kind, state: held }) => `  in the way: ${kind} ${sid} (${held})`),
    ...(incident.causes.length === 0 ? [] : ["  documented causes:"]),
    ...causeLines(incident),
    ...remedyLines(incident),
  ];
}

/** The documented causes; of a long list only those that lead. */
function causeLines({ causes, code }: ObservedIncident): string[] {
  const supported = causes.filter(({ verdict }) => verdict === "confirmed" || verdict === "likely");
  const shown = causes.length <= maxCauses ? causes : supported.length > 0 ? supported : causes.slice(0, maxCauses);
  return [
    ...shown.flatMap(({ text, verdict }) => hanging(`    [${verdict}] `, text)),
    ...more(causes.length - shown.length, code),
  ];
}

function remedyLines({ remedies, code }: ObservedIncident): string[] {
  const shown = remedies.slice(0, maxRemedies);
  return [
    ...(shown.length === 0 ? [] : ["  remedies:"]),
    ...shown.flatMap(({ text, command }) => [
      ...hanging("    - ", text),
      ...(command === undefined ? [] : [`        $ ${command}`]),
    ]),
    ...more(remedies.length - shown.length, code),
  ];
}

function more(count: number, code: number): string[] {
  return count <= 0 ? [] : [`    … and ${count} more: faultline explain ${code}`];
}

/** Text behind a lead, its further lines indented below. */
function hanging(lead: string, text: string): string[] {
  const [first = "", ...rest] = wrapText(
    `${lead.trim().replaceAll(" ", "\u00a0")} ${text}`,
    width,
    lead.slice(0, lead.search(/\S/)),
  );
  return [first.replaceAll("\u00a0", " "), ...rest.map((line) => `  ${line}`)];
}

const shownMetrics = [
  /^twilio_debugger_events_total\{.*code="(80604|50416)"/,
  /^faultline_event_outcomes_total\{/,
  /^twilio_incidents_open\{/,
];

function metricLines(text: string): string[] {
  return text
    .split("\n")
    .filter((line) => shownMetrics.some((pattern) => pattern.test(line)) && !line.endsWith(" 0"))
    .map((line) => `  ${line}`);
}
