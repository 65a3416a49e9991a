import { expect, it } from "vitest";
import { renderAlertmanager } from "../../../../src/core/notice/render/alertmanager.ts";
import { account, command, conflicting, digest, incident, notice, resolved, service, undiagnosed } from "../example.ts";

it("an incident is an alert: who it is in the labels, what it says in the annotations", () => {
  expect(renderAlertmanager(notice())).toEqual({
    labels: {
      alertname: "TwilioIncident",
      code: "80604",
      product: "Proxy",
      severity: "warning",
      account,
      service,
      incident: "inc-1",
    },
    annotations: {
      summary: "80604 Proxy identifier in use (Proxy)",
      description: [
        "Cause, confirmed in 34 of 36 sampled events: A closed Session was opened again while a pair of it was active in another Session.",
        `- Session ${conflicting} is in-progress and pairs +1********01 with the Proxy number +1********77.`,
        `In the way: Session ${conflicting} (in-progress)`,
        "To do: Close the other Session, then open this one again. Interrupts: the two people of the other Session.",
        command,
        "36 events since 2026-01-02 03:00 UTC.",
      ].join("\n"),
      runbook_url: "https://runbooks.example.com/80604?a=1&b=2",
      dashboard_url: "https://grafana.example.com/d/twilio",
    },
    startsAt: "2026-01-02T03:00:00.000Z",
    generatorURL: "https://faultline.example.com/incidents/inc-1",
  });
});

it("what changes while it lasts changes no label, so it stays the same alert", () => {
  const first = renderAlertmanager(notice({ incident: undiagnosed }))?.labels;
  expect(renderAlertmanager(notice({ transition: "diagnosed" }))?.labels).toEqual(first);
  expect(renderAlertmanager(notice({ transition: "grew", incident: { ...incident, count: 9_999 } }))?.labels).toEqual(
    first,
  );
  const end = renderAlertmanager(notice({ transition: "resolved", incident: resolved }));
  expect(end?.labels).toEqual(first);
  expect(end?.endsAt).toBe("2026-01-02T03:42:00.000Z");
});

it("one that is over has ended, whatever is told of it", () => {
  expect(renderAlertmanager(notice({ transition: "repeated", incident: resolved }))?.endsAt).toBe(resolved.resolvedAt);
  const at = "2026-01-02T05:00:00.000Z";
  expect(renderAlertmanager(notice({ transition: "resolved", at }))?.endsAt).toBe(at);
});

it("two incidents are two alerts, and no label is empty", () => {
  const other = renderAlertmanager(notice({ incident: { ...incident, id: "inc-2", service: null, product: "" } }));
  expect(other?.labels).toEqual({
    alertname: "TwilioIncident",
    code: "80604",
    product: "unknown",
    severity: "warning",
    account,
    incident: "inc-2",
  });
});

it("without a runbook of ours Twilio's page is the runbook", () => {
  const none = { incident: null, runbook: null, grafana: null, console: null };
  const alert = renderAlertmanager(notice({ links: none }));
  expect(alert?.annotations.runbook_url).toBe(incident.docsUrl);
  expect(alert?.generatorURL).toBe(incident.docsUrl);
  expect(alert?.annotations).not.toHaveProperty("dashboard_url");
});

it("a test says so, wakes nobody and ends by itself", () => {
  const alert = renderAlertmanager(notice({ test: true }));
  expect(alert?.labels).toMatchObject({ test: "true", severity: "info" });
  expect(alert?.annotations.summary).toMatch(/^\[TEST\] /);
  expect(alert?.endsAt).toBe("2026-01-02T03:01:03.000Z");
});

it("a digest is no alert", () => {
  expect(renderAlertmanager(digest)).toBe(null);
});
