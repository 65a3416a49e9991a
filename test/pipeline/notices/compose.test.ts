import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Diagnosis } from "../../../src/core/diagnosis/verdict.ts";
import type { Incident } from "../../../src/core/incident.ts";
import type { IncidentView } from "../../../src/core/incident-view.ts";
import type { DigestNotice } from "../../../src/core/notice/notice.ts";
import type { PendingNotice } from "../../../src/pipeline/notice-ports.ts";
import { type ComposeParts, compose, noticeIdOf } from "../../../src/pipeline/notices/compose.ts";
import { now } from "../fakes.ts";

const incident: Incident = {
  id: "inc_1",
  fingerprint: "fp",
  state: "open",
  severity: "error",
  code: 80604,
  title: "Proxy identifier in use",
  product: "Proxy",
  account: `AC${"a".repeat(32)}`,
  service: null,
  count: 3,
  firstSeen: now.toISOString(),
  lastSeen: now.toISOString(),
  resolvedAt: null,
  docsUrl: "https://www.twilio.com/docs/api/errors/80604",
  ruleId: "proxy-80604",
  matched: [],
};

const confirmed: Diagnosis = {
  eventSid: `NO${"1".repeat(32)}`,
  at: now.toISOString(),
  calls: 3,
  failedRequest: null,
  causes: [{ id: "reopened-session", verdict: "confirmed", evidence: [] }],
  conflicts: [],
  evidence: [],
  remedies: [],
};

const pending: PendingNotice = {
  id: "36",
  receiver: "slack",
  incidentId: "inc_1",
  transition: "grew",
  reason: "grew",
  digest: null,
  about: null,
  decidedAt: now,
};

const digest: DigestNotice = {
  kind: "digest",
  id: "as it was written",
  total: 20,
  groups: [{ product: "Proxy", code: 80604, title: "Proxy identifier in use", count: 20 }],
  since: now.toISOString(),
  at: now.toISOString(),
  links: { incident: null, runbook: null, grafana: null, console: null },
};

/** A record with one incident; `asked` has what was read of it. */
function world(found: Incident | null = incident) {
  const asked: string[] = [];
  const parts: ComposeParts = {
    reader: {
      incident: async (id) => {
        asked.push(`incident ${id}`);
        return found;
      },
      diagnoses: async (id, limit) => {
        asked.push(`diagnoses ${id} ${limit}`);
        return [confirmed];
      },
    },
    advice: ({ ruleId }) => ({
      causes: [{ id: "reopened-session", text: `A Session was reopened (${ruleId}).` }],
      remedies: [],
    }),
    links: { incident: "https://faultline.example.com/incidents", runbook: "https://books.example.com", grafana: null },
  };
  return { parts, asked };
}

describe("a notice", () => {
  test("about an incident says what the record says now: state, causes by the rule, links", async () => {
    const resolved = { ...incident, state: "resolved", resolvedAt: now.toISOString(), count: 7 } as const;
    const { parts, asked } = world(resolved);
    expect(await compose(pending, parts)).toMatchObject({
      kind: "incident",
      id: "ntc_10",
      transition: "grew",
      reason: "grew",
      incident: {
        id: "inc_1",
        state: "resolved",
        count: 7,
        causes: [{ id: "reopened-session", verdict: "confirmed", text: "A Session was reopened (proxy-80604)." }],
      },
      links: {
        incident: "https://faultline.example.com/incidents/inc_1",
        runbook: "https://books.example.com/80604",
        grafana: null,
      },
      at: now.toISOString(),
      test: false,
    });
    expect(asked).toEqual(["incident inc_1", "diagnoses inc_1 50"]);
  });

  test("about an incident that retention has taken is none", async () => {
    const { parts, asked } = world(null);
    expect(await compose(pending, parts)).toBeNull();
    expect(asked).toEqual(["incident inc_1"]);
  });

  test("about no incident at all is none, and nothing is read", async () => {
    const { parts, asked } = world();
    expect(await compose({ ...pending, incidentId: null }, parts)).toBeNull();
    expect(await compose({ ...pending, transition: "digest", reason: "digest" }, parts)).toBeNull();
    expect(asked).toEqual([]);
  });

  test("that is a digest says what was written, under the id of the notice", async () => {
    const { parts, asked } = world();
    const told = { ...pending, incidentId: null, transition: "digest", reason: "digest", digest } as const;
    expect(await compose(told, parts)).toEqual({ ...digest, id: "ntc_10" });
    expect(asked).toEqual([]);
  });

  test("about Faultline itself says what was written and links to nothing", async () => {
    const { parts, asked } = world();
    const about = { id: "receiver-pagerduty-1", title: "Receiver pagerduty takes no notices" } as IncidentView;
    const told = { ...pending, incidentId: null, transition: "opened", reason: "first", about } as const;
    expect(await compose(told, parts)).toEqual({
      kind: "incident",
      id: "ntc_10",
      transition: "opened",
      reason: "first",
      incident: about,
      links: { incident: null, runbook: null, grafana: null, console: null },
      at: now.toISOString(),
      test: false,
    });
    expect(asked).toEqual([]);
  });
});

test("the id of a notice is the same on every attempt, no other notice has it, and it may stand in a header", () => {
  const row = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }).map(String);
  fc.assert(
    fc.property(row, row, (one, other) => {
      expect(noticeIdOf(one)).toMatch(/^ntc_[0-9a-z]{1,11}$/);
      expect(noticeIdOf(one) === noticeIdOf(other)).toBe(one === other);
    }),
  );
});
