import type { Faultline } from "../support/faultline.ts";
import type { Received } from "../support/receivers/server.ts";
import type { Receivers } from "./site.ts";

/** What the receivers got, held against the log of notices. */
export interface NoticesBook {
  /** Requests that were taken. */
  readonly delivered: number;
  /** Requests about a notice that had been taken already. */
  readonly twice: number;
  /** Who does not know that an incident is over. */
  readonly wrong: readonly string[];
}

/** Severities that PagerDuty hears of. */
const paged = new Set(["error", "critical"]);

/** Reads the receivers' books; every incident must be resolved. */
export async function readNotices(observer: Faultline, receivers: Receivers): Promise<NoticesBook> {
  const { webhook, pagerduty, slack } = receivers;
  const taken = { webhook: takenBy(webhook.received), pagerduty: takenBy(pagerduty.received) };
  const told = new Map<string, string>();
  for (const { body } of taken.webhook) {
    const { type, data } = JSON.parse(body) as { type: string; data: { incident?: { id: string } } };
    if (data.incident !== undefined) told.set(data.incident.id, type);
  }
  const wrong: string[] = [];
  const logged = { pagerduty: 0, slack: 0 };
  let posts = 0;
  for (const { id } of await observer.incidents()) {
    const { code, severity, notices } = await observer.incident(id);
    const delivered = notices.filter(({ outcome }) => outcome === "delivered");
    logged.pagerduty += delivered.filter(({ receiver }) => receiver === "pagerduty").length;
    logged.slack += delivered.filter(({ receiver }) => receiver === "slack").length;
    if (told.get(id) !== "incident.resolved") wrong.push(`webhook: ${id} (${code}) is ${told.get(id)}`);
    const alerts = pagerduty.alerts.filter(({ dedupKey }) => dedupKey === `faultline-${id}`);
    const isPaged = paged.has(severity);
    if (isPaged !== alerts.length > 0 || alerts.some(({ state }) => state !== "resolved")) {
      wrong.push(
        `pagerduty: ${id} (${code}, ${severity}) has ${alerts.map(({ state }) => state).join(", ") || "no alert"}`,
      );
    }
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
  const ids = new Set(taken.webhook.map(({ headers }) => headers["webhook-id"]));
  return {
    delivered: taken.webhook.length + taken.pagerduty.length + takenBy(slack.received).length,
    twice:
      taken.webhook.length -
      ids.size +
      Math.max(0, taken.pagerduty.length - logged.pagerduty) +
      Math.max(0, posts - logged.slack),
    wrong,
  };
}

function takenBy(received: readonly Received[]): readonly Received[] {
  return received.filter(({ status }) => status >= 200 && status < 300);
}
