import { expect, it } from "vitest";
import { renderLine, renderText } from "../../../../src/core/notice/render/text.ts";
import { lasted } from "../../../../src/core/notice/render/wording.ts";
import { account, command, conflicting, digest, incident, notice, resolved, service, undiagnosed } from "../example.ts";

it("an incident is one fact a line", () => {
  expect(renderText(notice({ transition: "grew" })).split("\n")).toEqual([
    "Grew to 36 events: 80604 Proxy identifier in use · Proxy",
    `Warning · Proxy · ${account} · ${service} · 36 events since 2026-01-02 03:00 UTC`,
    "It grew to 36 events.",
    "Cause, confirmed in 34 of 36 sampled events: A closed Session was opened again while a pair of it was active in another Session.",
    `  - Session ${conflicting} is in-progress and pairs +1********01 with the Proxy number +1********77. [GET /v1/Services/${service}/Sessions]`,
    `In the way: Session ${conflicting} (in-progress) https://proxy.twilio.com/v1/Services/${service}/Sessions/${conflicting}`,
    "Do this: Close the other Session, then open this one again. Interrupts: the two people of the other Session.",
    `    ${command}`,
    "Documentation: https://www.twilio.com/docs/api/errors/80604",
    "Runbook: https://runbooks.example.com/80604?a=1&b=2",
    "Incident: https://faultline.example.com/incidents/inc-1",
    "Grafana: https://grafana.example.com/d/twilio",
  ]);
});

it("while nothing is known the documented causes are numbered", () => {
  expect(
    renderText(notice({ incident: undiagnosed }))
      .split("\n")
      .slice(2, 6),
  ).toEqual([
    "Cause not known yet; the documented causes are:",
    "  1. A closed Session was opened again while a pair of it was active in another Session.",
    "  2. The Service has too few Proxy numbers.",
    "What may help: Close the other Session, then open this one again. Interrupts: the two people of the other Session.",
  ]);
});

it("what is over needs nothing done", () => {
  const text = renderText(notice({ transition: "resolved", incident: resolved }));
  expect(text).toMatch(/^Resolved after 42 min: 80604/);
  expect(text).not.toContain(command);
});

it("a digest is one kind a line, the first thirty", () => {
  expect(renderText(digest).split("\n")).toEqual([
    "200 new incidents in 1 min",
    "  150 × 80604 Proxy identifier in use · Proxy",
    "  50 × 11200 HTTP retrieval failure · Voice",
    "Each of them: https://faultline.example.com/incidents",
  ]);
  const groups = Array.from({ length: 100 }, (_, code) => ({ product: "P", code: code + 1, title: "T", count: 1 }));
  expect(renderText({ ...digest, groups })).toMatch(/\n {2}1 × 30 T · P\n {2}and 70 more: \/api\/v1\/incidents\n/);
});

it("one line is cut to what was asked for", () => {
  expect(renderLine(notice({ incident: { ...incident, title: "t".repeat(900) } }), 100)).toMatch(/^80604 t{93}…$/);
});

it.each([
  ["2026-01-02T03:00:00Z", "2026-01-02T03:00:42Z", "42 s"],
  ["2026-01-02T03:00:00Z", "2026-01-02T03:42:10Z", "42 min"],
  ["2026-01-02T03:00:00Z", "2026-01-02T07:00:00Z", "4 h"],
  ["2026-01-02T03:00:00Z", "2026-01-02T07:10:00Z", "4 h 10 min"],
  ["2026-01-02T03:00:00Z", "2026-01-05T05:30:00Z", "3 d 2 h"],
  ["2026-01-02T03:00:00Z", "2026-01-02T02:00:00Z", "0 s"],
  ["nonsense", "2026-01-02T02:00:00Z", "0 s"],
])("from %s to %s lasted %s", (from, to, expected) => {
  expect(lasted(from, to)).toBe(expected);
});
