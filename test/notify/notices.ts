import type { DigestNotice, IncidentNotice, NoticeLinks } from "../../src/core/notice/notice.ts";

const links: NoticeLinks = {
  incident: "https://faultline.example.com/api/v1/incidents/1",
  runbook: "https://faultline.example.com/docs/codes/80604",
  grafana: null,
  console: "https://console.twilio.com/us1/monitor/logs/debugger/errors",
};

/** A notice about an incident whose cause is known, with what is given put over it. */
export function incidentNotice(
  more: Partial<Omit<IncidentNotice, "incident">> & { incident?: Partial<IncidentNotice["incident"]> } = {},
): IncidentNotice {
  const { incident, ...rest } = more;
  return {
    kind: "incident",
    id: "notice-1",
    transition: "opened",
    reason: "first",
    links,
    at: "2026-01-02T03:04:15.000Z",
    test: false,
    ...rest,
    incident: {
      id: "incident-1",
      fingerprint: "f".repeat(64),
      state: "open",
      severity: "error",
      code: 80604,
      title: "Participant's identifier is in use",
      product: "Proxy",
      account: `AC${"a".repeat(32)}`,
      service: `KS${"b".repeat(32)}`,
      count: 36,
      firstSeen: "2026-01-02T03:04:05.000Z",
      lastSeen: "2026-01-02T03:04:14.000Z",
      resolvedAt: null,
      docsUrl: "https://www.twilio.com/docs/api/errors/80604",
      ruleId: "proxy-80604",
      matched: ["code 80604"],
      causes: [
        {
          id: "open-session",
          text: "Another open Session holds the identifier",
          verdict: "confirmed",
          confirmed: 34,
          likely: 0,
          ruledOut: 2,
          unknown: 0,
        },
      ],
      conflicts: [
        {
          sid: `KC${"c".repeat(32)}`,
          kind: "session",
          state: "open",
          url: `https://proxy.twilio.com/v1/Services/KS${"b".repeat(32)}/Sessions/KC${"c".repeat(32)}`,
        },
      ],
      evidence: [
        {
          text: `Session KC${"c".repeat(32)} is open and has +1555***01 as participant`,
          source: "GET /v1/Services/KS…/Sessions",
          observedAt: "2026-01-02T03:04:10.000Z",
        },
      ],
      remedies: [
        {
          id: "close-session",
          text: "Close the Session that holds the identifier.",
          command: `twilio api:proxy:v1:services:sessions:update --sid KC${"c".repeat(32)} --status closed`,
        },
      ],
      notices: [],
      ...incident,
    },
  };
}

/** The same incident, resolved. */
export function resolvedNotice(): IncidentNotice {
  return incidentNotice({
    id: "notice-2",
    transition: "resolved",
    reason: "resolved",
    at: "2026-01-02T03:40:00.000Z",
    incident: { state: "resolved", resolvedAt: "2026-01-02T03:40:00.000Z" },
  });
}

/** Many incidents in a minute. */
export function digestNotice(): DigestNotice {
  return {
    kind: "digest",
    id: "digest-1",
    total: 40,
    groups: [
      { product: "Proxy", code: 80604, title: "Participant's identifier is in use", count: 30 },
      { product: "Voice", code: 11200, title: "HTTP retrieval failure", count: 10 },
    ],
    since: "2026-01-02T03:04:00.000Z",
    at: "2026-01-02T03:05:00.000Z",
    links,
  };
}
