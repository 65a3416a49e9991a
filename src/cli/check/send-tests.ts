import type { IncidentView } from "../../core/incident-view.ts";
import type { IncidentNotice, SendFailureReason } from "../../core/notice/notice.ts";
import type { Notifier, SendResult } from "../../pipeline/notice-ports.ts";
import type { CheckResult } from "./result.ts";

/** What each failure means to somebody who configures. */
const fixes = {
  authError: "it refuses our credentials; copy token, key or URL from its settings again",
  rateLimited: "it says that too much is sent to it (429); try again in a minute",
  clientError: "it does not take the notice; check that URL and channel exist and are of this kind of receiver",
  serverError: "it answers with an error of its own; try again, and see its status page",
  timeout: "it did not answer in time; try again, and check what is between it and this machine",
  network: "it cannot be reached; check its URL, and that this machine may connect to it",
} as const satisfies Record<SendFailureReason, string>;

/** Sends every receiver a notice that says it is only a test, and tells what each answered. Never rejects. */
export function sendTests(notifiers: readonly Notifier[], now: Date): Promise<CheckResult[]> {
  return Promise.all(notifiers.map((notifier) => sendTest(notifier, now)));
}

async function sendTest(notifier: Notifier, now: Date): Promise<CheckResult> {
  const what = `receiver ${notifier.name} (${notifier.kind})`;
  const opened = await notifier.send(testNotice(now, "opened"), null);
  if (!opened.ok) return { what, ok: false, detail: fixes[opened.reason] };
  if (notifier.kind !== "pagerduty") return { what, ok: true, detail: "took the test notice" };
  // Left open, it would go on calling people.
  const resolved: SendResult = await notifier.send(testNotice(now, "resolved"), opened.reference);
  if (resolved.ok) return { what, ok: true, detail: "took the test notice, and its end" };
  return {
    what,
    ok: false,
    detail: `took the test notice but not its end, so resolve it there: ${fixes[resolved.reason]}`,
  };
}

/** An incident that never was. Its id tells one test from another, so that none continues the one before. */
function testNotice(now: Date, transition: "opened" | "resolved"): IncidentNotice {
  const at = now.toISOString();
  const id = `test-${now.getTime().toString(36)}`;
  const incident: IncidentView = {
    id,
    fingerprint: id,
    state: transition === "resolved" ? "resolved" : "open",
    severity: "info",
    code: 0,
    title: "Test of Faultline's notices",
    product: "Faultline",
    account: "none",
    service: null,
    count: 1,
    firstSeen: at,
    lastSeen: at,
    resolvedAt: transition === "resolved" ? at : null,
    docsUrl: "https://www.twilio.com/docs/api/errors",
    ruleId: null,
    matched: [],
    causes: [],
    conflicts: [],
    evidence: [],
    remedies: [],
    notices: [],
  };
  const links = { incident: null, runbook: null, grafana: null, console: null };
  const reason = transition === "resolved" ? "resolved" : "first";
  return { kind: "incident", id: `${id}-${transition}`, transition, reason, incident, links, at, test: true };
}
