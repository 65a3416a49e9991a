import { systemClock } from "../../app.ts";
import type { Config } from "../../config.ts";
import type { SendFailureReason } from "../../core/notice/notice.ts";
import { createNotifier } from "../../notify/create-notifier.ts";
import { tryReceivers } from "../../pipeline/notices/try-receivers.ts";
import type { CheckResult } from "./result.ts";

/** What each failure means to somebody who configures. */
const fixes = {
  authError: "it refuses the key, token or URL; copy it again from the receiver",
  clientError: "it refuses what is sent; correct the URL or the channel",
  rateLimited: "it answers 429, too many requests; try again in a minute",
  serverError: "it answers with an error of its own; try again, and see its status page",
  timeout: "it did not answer within 10 s; let this machine reach it",
  network: "it cannot be reached; correct the URL, or let this machine reach it",
} as const satisfies Record<SendFailureReason, string>;

/** Says which receivers there are; with `sendTest`, sends each a notice marked as a test and says what it answered. */
export async function checkReceivers(config: Config, sendTest: boolean): Promise<CheckResult[]> {
  const { receivers } = config.notices;
  if (!sendTest) {
    return receivers.map(({ name, kind }) => {
      return { what: `receiver ${name}`, ok: true, detail: `${kind}, not tried; --send-test sends it a test notice` };
    });
  }
  if (receivers.length === 0) {
    const detail = "none to test; set SLACK_WEBHOOK_URL, PAGERDUTY_ROUTING_KEY, ALERTMANAGER_URL or WEBHOOK_URL";
    return [{ what: "receivers", ok: false, detail }];
  }
  const notifiers = receivers.map((each) => createNotifier(each, { clock: systemClock }));
  const tried = await tryReceivers(notifiers, systemClock);
  return tried.map(({ receiver, kind, result }) => {
    const what = `receiver ${receiver}`;
    if (result.ok) return { what, ok: true, detail: `${kind} took the test notice` };
    return { what, ok: false, detail: `${kind}, ${result.reason}: ${fixes[result.reason]}` };
  });
}
