import { describe, expect, it } from "vitest";
import { type PagerDutyEvent, renderPagerDuty } from "../../../../src/core/notice/render/pagerduty.ts";
import { account, command, conflicting, digest, incident, notice, resolved, service, undiagnosed } from "../example.ts";

function trigger(event: PagerDutyEvent): Extract<PagerDutyEvent, { event_action: "trigger" }> {
  if (event.event_action !== "trigger") throw new Error("no trigger");
  return event;
}

it("an incident triggers an alert with every field, the diagnosis first", () => {
  const event = trigger(renderPagerDuty(notice()));
  const { custom_details: details, ...payload } = event.payload;
  expect({ ...event, payload }).toEqual({
    event_action: "trigger",
    dedup_key: "faultline-inc-1",
    client: "Faultline",
    client_url: "https://faultline.example.com/incidents/inc-1",
    links: [
      { href: "https://runbooks.example.com/80604?a=1&b=2", text: "Runbook" },
      { href: "https://www.twilio.com/docs/api/errors/80604", text: "Documentation" },
      { href: "https://faultline.example.com/incidents/inc-1", text: "Incident" },
      { href: "https://grafana.example.com/d/twilio", text: "Grafana" },
    ],
    payload: {
      summary:
        `[80604] Proxy identifier in use — Proxy, ${account}, 36×. Cause, confirmed in 34 of 36 sampled events: ` +
        "A closed Session was opened again while a pair of it was active in another Session.",
      source: account,
      severity: "warning",
      timestamp: "2026-01-02T03:00:00.000Z",
      component: "Proxy",
      group: service,
      class: "twilio_80604",
    },
  });
  expect(Object.keys(details).slice(0, 7)).toEqual([
    "cause",
    "certainty",
    "cause_id",
    "in_the_way",
    "evidence",
    "what_to_do",
    "command",
  ]);
  expect(details).toMatchObject({
    in_the_way: [expect.stringContaining(`session ${conflicting} (in-progress)`)],
    command,
    events: 36,
    incident: "inc-1",
    reason: "first",
  });
});

it("its end resolves the same alert, and has nothing else in it", () => {
  const end = renderPagerDuty(notice({ transition: "resolved", incident: resolved }));
  expect(end).toEqual({ event_action: "resolve", dedup_key: renderPagerDuty(notice()).dedup_key });
});

it("every transition but the end is about the same alert", () => {
  const all = ["opened", "diagnosed", "cause_changed", "severity_raised", "grew", "repeated", "reopened"] as const;
  for (const transition of all) {
    expect(trigger(renderPagerDuty(notice({ transition }))).dedup_key).toBe("faultline-inc-1");
  }
  expect(renderPagerDuty(notice({ incident: { ...incident, id: "inc-2" } })).dedup_key).toBe("faultline-inc-2");
});

it("without a Service the group is the account; without a cause the documented ones are given as possible", () => {
  const { payload } = trigger(renderPagerDuty(notice({ incident: { ...undiagnosed, service: null } })));
  expect(payload.group).toBe(account);
  expect(payload.summary).toBe(`[80604] Proxy identifier in use — Proxy, ${account}, 36×`);
  expect(payload.custom_details).toMatchObject({
    cause: "not known yet",
    possible_causes: undiagnosed.causes.map(({ text }) => text),
  });
});

it("a test says so and wakes nobody", () => {
  const { payload } = trigger(renderPagerDuty(notice({ test: true, incident: { ...incident, severity: "critical" } })));
  expect(payload.severity).toBe("info");
  expect(payload.summary).toMatch(/^\[TEST\] \[80604\]/);
});

describe("limits", () => {
  it("a long summary is cut between characters", () => {
    const { payload } = trigger(renderPagerDuty(notice({ incident: { ...incident, title: "👩".repeat(2_000) } })));
    expect(payload.summary.length).toBeLessThanOrEqual(1_024);
    expect(payload.summary.length).toBeGreaterThan(1_020);
    expect(payload.summary).toMatch(/👩…$/u);
  });

  it("too many details give way to a note that says where they are", () => {
    const evidence = Array.from({ length: 600 }, () => ({ text: "x".repeat(1_000), source: "event", observedAt: "" }));
    const { payload, links } = trigger(renderPagerDuty(notice({ incident: { ...incident, evidence } })));
    expect(payload.custom_details).toEqual({
      note: "The details are too large for PagerDuty (512 KB). They are in https://faultline.example.com/incidents/inc-1",
    });
    expect(payload.summary).toMatch(/^\[80604\]/);
    expect(links).toHaveLength(4);
  });

  it("details just below it stay", () => {
    const evidence = Array.from({ length: 480 }, () => ({ text: "x".repeat(1_000), source: "event", observedAt: "" }));
    const { payload } = trigger(renderPagerDuty(notice({ incident: { ...incident, evidence } })));
    expect(payload.custom_details).toHaveProperty("evidence.479");
  });
});

it("images are there when they are given", () => {
  const image = { src: "https://grafana.example.com/render/x.png", alt: "events" };
  expect(renderPagerDuty(notice())).not.toHaveProperty("images");
  expect(renderPagerDuty(notice(), [image])).toHaveProperty("images", [image]);
});

it("a digest is an alert of its own", () => {
  const event = trigger(renderPagerDuty(digest));
  expect(event.dedup_key).toBe("faultline-digest-digest-1");
  expect(event.payload.summary).toBe(
    "200 new incidents in 1 min: 150 × 80604 Proxy identifier in use, 50 × 11200 HTTP retrieval failure",
  );
  expect(event.payload.custom_details).toEqual({
    incidents: 200,
    by_code: ["150 × 80604 Proxy identifier in use (Proxy)", "50 × 11200 HTTP retrieval failure (Voice)"],
    each_of_them: "https://faultline.example.com/incidents",
  });
});
