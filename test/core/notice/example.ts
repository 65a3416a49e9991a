import type { IncidentView } from "../../../src/core/incident-view.ts";
import type { DigestNotice, IncidentNotice, NoticeLinks } from "../../../src/core/notice/notice.ts";

export const account = `AC${"a".repeat(32)}`;
export const service = `KS${"b".repeat(32)}`;
export const conflicting = `KC${"c".repeat(32)}`;
export const command = `twilio api:proxy:v1:services:sessions:update --service-sid ${service} --sid ${conflicting} --status closed`;

/** An incident of 80604 whose cause is confirmed: one other Session is in the way. */
export const incident: IncidentView = {
  id: "inc-1",
  fingerprint: "f1",
  state: "open",
  severity: "warning",
  code: 80604,
  title: "Proxy identifier in use",
  product: "Proxy",
  account,
  service,
  count: 36,
  firstSeen: "2026-01-02T03:00:00.000Z",
  lastSeen: "2026-01-02T03:04:05.000Z",
  resolvedAt: null,
  docsUrl: "https://www.twilio.com/docs/api/errors/80604",
  ruleId: "proxy-identifier-in-use",
  matched: ["code 80604"],
  causes: [
    {
      id: "reopened-session",
      text: "A closed Session was opened again while a pair of it was active in another Session.",
      verdict: "confirmed",
      confirmed: 34,
      likely: 0,
      ruledOut: 0,
      unknown: 2,
    },
    {
      id: "pool-too-small",
      text: "The Service has too few Proxy numbers.",
      verdict: "unknown",
      confirmed: 0,
      likely: 0,
      ruledOut: 30,
      unknown: 6,
    },
  ],
  conflicts: [
    {
      sid: conflicting,
      kind: "session",
      state: "in-progress",
      url: `https://proxy.twilio.com/v1/Services/${service}/Sessions/${conflicting}`,
    },
  ],
  evidence: [
    {
      text: `Session ${conflicting} is in-progress and pairs +1********01 with the Proxy number +1********77.`,
      source: `GET /v1/Services/${service}/Sessions`,
      observedAt: "2026-01-02T03:00:02.000Z",
    },
  ],
  remedies: [
    {
      id: "reopen-when-free",
      text: "Close the other Session, then open this one again. Interrupts: the two people of the other Session.",
      command,
      curl: "curl -X POST …",
    },
    { id: "add-numbers", text: "Add a number to the Service." },
  ],
  notices: [],
};

/** The same with a verdict on no cause. */
export const undiagnosed: IncidentView = {
  ...incident,
  causes: incident.causes.map((cause) => ({ ...cause, verdict: "unknown", confirmed: 0, ruledOut: 0, unknown: 0 })),
  conflicts: [],
  evidence: [],
};

export const resolved: IncidentView = { ...incident, state: "resolved", resolvedAt: "2026-01-02T03:42:00.000Z" };

export const links: NoticeLinks = {
  incident: "https://faultline.example.com/incidents/inc-1",
  runbook: "https://runbooks.example.com/80604?a=1&b=2",
  grafana: "https://grafana.example.com/d/twilio",
  console: null,
};

export function notice(more: Partial<IncidentNotice> = {}): IncidentNotice {
  return {
    kind: "incident",
    id: "notice-1",
    transition: "opened",
    reason: "first",
    incident,
    links,
    at: "2026-01-02T03:00:03.000Z",
    test: false,
    ...more,
  };
}

export const digest: DigestNotice = {
  kind: "digest",
  id: "digest-1",
  total: 200,
  groups: [
    { product: "Proxy", code: 80604, title: "Proxy identifier in use", count: 150 },
    { product: "Voice", code: 11200, title: "HTTP retrieval failure", count: 50 },
  ],
  since: "2026-01-02T03:00:00.000Z",
  at: "2026-01-02T03:01:00.000Z",
  links: { incident: "https://faultline.example.com/incidents", runbook: null, grafana: null, console: null },
};
