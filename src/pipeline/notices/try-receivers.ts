import type { IncidentView } from "../../core/incident-view.ts";
import type { IncidentNotice } from "../../core/notice/notice.ts";
import type { Notifier, SendResult } from "../notice-ports.ts";
import type { Clock } from "../ports.ts";
import { noLinks } from "./compose.ts";

/** What a receiver answered to a test notice. */
export interface Tried {
  readonly receiver: string;
  readonly kind: Notifier["kind"];
  readonly result: SendResult;
}

/**
 * Sends a notice that is marked as a test to every receiver, one attempt each. A page it opened is closed again: at
 * PagerDuty nobody else would.
 */
export async function tryReceivers(notifiers: readonly Notifier[], clock: Clock): Promise<readonly Tried[]> {
  const now = clock.now();
  return await Promise.all(
    notifiers.map(async (notifier) => {
      const { name: receiver, kind } = notifier;
      const opened = await notifier.send(testNotice(receiver, "opened", now), null);
      if (!opened.ok || kind !== "pagerduty") return { receiver, kind, result: opened };
      return { receiver, kind, result: await notifier.send(testNotice(receiver, "resolved", now), opened.reference) };
    }),
  );
}

function testNotice(receiver: string, transition: "opened" | "resolved", now: Date): IncidentNotice {
  const id = `test-${receiver}-${now.getTime().toString(36)}`;
  return {
    kind: "incident",
    id: `${id}-${transition}`,
    transition,
    reason: transition === "opened" ? "first" : "resolved",
    incident: testIncident(id, transition, now),
    links: noLinks,
    at: now.toISOString(),
    test: true,
  };
}

function testIncident(id: string, transition: "opened" | "resolved", now: Date): IncidentView {
  const at = now.toISOString();
  return {
    id,
    fingerprint: id,
    state: transition === "opened" ? "open" : "resolved",
    severity: "info",
    code: 0,
    title: "Test notice: nothing is wrong",
    product: "Faultline",
    account: "none",
    service: null,
    count: 1,
    firstSeen: at,
    lastSeen: at,
    resolvedAt: transition === "opened" ? null : at,
    docsUrl: "",
    ruleId: null,
    matched: [],
    causes: [],
    conflicts: [],
    evidence: [],
    remedies: [],
    notices: [],
  };
}
