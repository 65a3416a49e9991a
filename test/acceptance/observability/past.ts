import { recordings } from "../../../alerts/recording-rules.ts";
import { metrics } from "../../../src/telemetry/metric-names.ts";
import { account } from "../../support/faultline.ts";

const hour = 3_600;
const day = 24 * hour;

/** What was scraped of a quiet week, for whatever compares with it: OpenMetrics text. `now` and all times in seconds. */
export function quietPast(now: number, instance: string): string {
  const target = { job: "faultline", instance };
  const event = { account: account.sid, product: "Proxy", code: "80604", level: "WARNING" };
  const lastWeek = times(now - 7 * day - 3 * hour, now - 7 * day + hour);
  const yesterday = times(now - day - 2 * hour, now - day + hour);
  const events = metrics.debuggerEvents.name;
  return [
    `# TYPE ${events.replace(/_total$/, "")} counter`,
    // One event every ten minutes.
    ...lastWeek.map((time, index) =>
      sample(events, { ...target, ...event, source: "debugger" }, Math.floor(index / 10), time),
    ),
    `# TYPE ${metrics.buildInfo.name} gauge`,
    ...[...lastWeek, ...yesterday].map((time) =>
      sample(metrics.buildInfo.name, { ...target, version: "0.1.0", node: "v24.0.0" }, 1, time),
    ),
    `# TYPE ${recordings.eventsIncrease1h.record} gauge`,
    ...lastWeek.map((time) => sample(recordings.eventsIncrease1h.record, { job: target.job, ...event }, 6, time)),
    "# EOF\n",
  ].join("\n");
}

/** One a minute. */
function times(from: number, to: number): number[] {
  return Array.from({ length: Math.floor((to - from) / 60) }, (_, minute) => Math.round(from + minute * 60));
}

function sample(name: string, labels: Readonly<Record<string, string>>, value: number, time: number): string {
  const pairs = Object.entries(labels).map(([key, text]) => `${key}="${text}"`);
  return `${name}{${pairs.join(",")}} ${value} ${time}`;
}
