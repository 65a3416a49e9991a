/*
 * Whatever an incident says, no receiver refuses its message: renderings against what the doubles know of the limits.
 */
import fc from "fast-check";
import { expect, test } from "vitest";
import type { IncidentNotice } from "../../src/core/notice/notice.ts";
import { renderAlertmanager } from "../../src/core/notice/render/alertmanager.ts";
import { renderPagerDuty } from "../../src/core/notice/render/pagerduty.ts";
import { renderSlack, renderSlackThread } from "../../src/core/notice/render/slack.ts";
import { alertFaults } from "../support/receivers/alertmanager.ts";
import { eventErrors, pagerDutyKey } from "../support/receivers/pagerduty.ts";
import { pingsIn, slackRefusal } from "../support/receivers/slack-limits.ts";
import { incidentNotice } from "./notices.ts";

const Wild = fc.oneof(
  fc.string({ unit: "binary", maxLength: 200 }),
  fc.constantFrom(
    "",
    "<!channel>",
    "@here",
    "<@U0000000A>",
    "```",
    "&".repeat(4_000),
    "\u{1F525}".repeat(4_000),
    "\uD800",
  ),
  fc.tuple(fc.string({ unit: "binary" }), fc.nat(4_000)).map(([text, count]) => text.repeat(count).slice(0, 20_000)),
);
const Many = { maxLength: 60, size: "max" } as const;
const At = fc.constantFrom("2026-01-02T03:04:05.000Z", "2026-01-02T03:40:00.000Z");
const Transition = fc.constantFrom<IncidentNotice["transition"][]>(
  "opened",
  "diagnosed",
  "cause_changed",
  "severity_raised",
  "grew",
  "repeated",
  "resolved",
  "reopened",
);

const Cause = fc.record({
  id: Wild,
  text: Wild,
  verdict: fc.constantFrom("confirmed" as const, "likely" as const, "ruled-out" as const, "unknown" as const),
  confirmed: fc.nat(),
  likely: fc.nat(),
  ruledOut: fc.nat(),
  unknown: fc.nat(),
});

const Incident = fc.record({
  id: Wild,
  title: Wild,
  product: Wild,
  account: Wild,
  service: fc.option(Wild),
  docsUrl: fc.oneof(Wild, fc.webUrl()),
  severity: fc.constantFrom("critical" as const, "error" as const, "warning" as const, "info" as const),
  code: fc.nat(99_999),
  count: fc.nat(),
  causes: fc.array(Cause, Many),
  conflicts: fc.array(
    fc.record({
      sid: Wild,
      kind: fc.constantFrom("session" as const, "conversation" as const),
      state: Wild,
      url: Wild,
    }),
    Many,
  ),
  evidence: fc.array(fc.record({ text: Wild, source: Wild, observedAt: At }), Many),
  remedies: fc.array(fc.record({ id: Wild, text: Wild, command: Wild, curl: Wild }), Many),
});

const Links = fc.record({
  incident: fc.option(fc.oneof(Wild, fc.webUrl())),
  runbook: fc.option(fc.oneof(Wild, fc.webUrl())),
  grafana: fc.option(Wild),
  console: fc.option(Wild),
});

const WildNotice = fc
  .record({ incident: Incident, transition: Transition, links: Links, test: fc.boolean() })
  .map((parts) => incidentNotice(parts));

test("Slack takes every message, and nobody's phone rings for what others wrote", () => {
  fc.assert(
    fc.property(WildNotice, (notice) => {
      for (const message of [renderSlack(notice), renderSlackThread(notice)]) {
        expect(slackRefusal({ ...message })).toBeNull();
        expect(pingsIn(message)).toEqual([]);
      }
    }),
    { numRuns: 150 },
  );
});

test("PagerDuty takes every event", () => {
  fc.assert(
    fc.property(WildNotice, (notice) => {
      const event = { ...renderPagerDuty(notice), routing_key: pagerDutyKey };
      expect(eventErrors(event)).toEqual([]);
      expect(Buffer.byteLength(JSON.stringify(event))).toBeLessThanOrEqual(512_000);
    }),
    { numRuns: 100 },
  );
});

test("Alertmanager takes every alert", () => {
  fc.assert(
    fc.property(WildNotice, (notice) => {
      expect(alertFaults(renderAlertmanager(notice))).toEqual([]);
    }),
    { numRuns: 100 },
  );
});
