import type { Faultline } from "../support/faultline.ts";
import type { Received } from "../support/receivers/server.ts";
import type { Receivers } from "./site.ts";

/** What the receivers got, held against the log of notices. */
export interface NoticesBook {
  /** Requests that were taken. */
  readonly delivered: number;
  /** Requests about a notice that had been taken already, by receiver. */
  readonly twice: Readonly<Record<"webhook" | "pagerduty" | "slack", number>>;
  /** How often the notice came that came most often. */
  readonly mostTimes: number;
  /** Who does not know that an incident is over. */
  readonly wrong: readonly string[];
}

/** Severities that PagerDuty hears of. */
const paged = new Set(["error", "critical"]);

/** Reads the receivers' books; every incident must be resolved. */
export async function readNotices(observer: Faultline, receivers: Receivers): Promise<NoticesBook> {
  const { pagerduty, slack } = receivers;
  const taken = { webhook: takenBy(receivers.webhook.received), pagerduty: takenBy(pagerduty.received) };
  const [toldWebhook, toldPagerDuty] = [lastTold(taken.webhook, ofWebhook), lastTold(taken.pagerduty, ofPagerDuty)];
  const wrong: string[] = [];
  const logged = { pagerduty: 0, slack: 0 };
  let posts = 0;
  for (const { id } of await observer.incidents()) {
    const { code, severity, notices } = await observer.incident(id);
    const delivered = notices.filter(({ outcome }) => outcome === "delivered");
    logged.pagerduty += delivered.filter(({ receiver }) => receiver === "pagerduty").length;
    logged.slack += delivered.filter(({ receiver }) => receiver === "slack").length;

    const webhook = toldWebhook.get(id);
    if (webhook !== "incident.resolved") wrong.push(`webhook: ${id} (${code}) is ${webhook}`);

    // Of what was over before it could be told there is no alert, only its end.
    const page = toldPagerDuty.get(`faultline-${id}`);
    const alerts = pagerduty.alerts.filter(({ dedupKey }) => dedupKey === `faultline-${id}`);
    if (page !== (paged.has(severity) ? "resolve" : undefined) || alerts.some(({ state }) => state !== "resolved"))
      wrong.push(`pagerduty: ${id} (${code}, ${severity}) is ${page}, ${alerts.length} alerts`);

    const messages = slack
      .messages()
      .filter((message) => message.threadTs === null && message.text.includes(String(code)));
    const threads = new Set(messages.map(({ ts }) => ts));
    // A notice is one post, the first into the channel, the others into its thread.
    posts += messages.length + slack.messages().filter(({ threadTs }) => threads.has(threadTs ?? "")).length;
    if (!messages.some(({ text }) => /resolved/i.test(text))) {
      wrong.push(`slack: ${id} (${code}) stands as ${messages.map(({ text }) => text).join("; ") || "no message"}`);
    }
  }
  const byId = Map.groupBy(taken.webhook, ({ headers }) => headers["webhook-id"]);
  return {
    delivered: taken.webhook.length + taken.pagerduty.length + takenBy(slack.received).length,
    twice: {
      webhook: taken.webhook.length - byId.size,
      pagerduty: Math.max(0, taken.pagerduty.length - logged.pagerduty),
      slack: Math.max(0, posts - logged.slack),
    },
    mostTimes: Math.max(0, ...[...byId.values()].map(({ length }) => length)),
    wrong,
  };
}

/** What a receiver was told last, by what it was about. */
function lastTold(
  taken: readonly Received[],
  of: (request: Received) => readonly [about: string, what: string] | null,
): Map<string, string> {
  const last = new Map<string, string>();
  for (const request of taken) {
    const [about, what] = of(request) ?? [];
    if (about !== undefined && what !== undefined) last.set(about, what);
  }
  return last;
}

function ofWebhook({ body }: Received): readonly [string, string] | null {
  const { type, data } = JSON.parse(body) as { type: string; data: { incident?: { id: string } } };
  return data.incident === undefined ? null : [data.incident.id, type];
}

function ofPagerDuty({ body }: Received): readonly [string, string] {
  const { event_action: action, dedup_key: key } = JSON.parse(body) as { event_action: string; dedup_key: string };
  return [key, action];
}

function takenBy(received: readonly Received[]): readonly Received[] {
  return received.filter(({ status }) => status >= 200 && status < 300);
}
