import { describe, expect, it } from "vitest";
import { explainRouting } from "../../src/cli/route.ts";
import type { Route } from "../../src/core/notice/route.ts";
import { incident, recordOf, serve } from "../operate/fakes.ts";
import { noticesOf, silence, silencesOf } from "../operate/notice-fakes.ts";
import { clientOf } from "./admin-address.ts";

const route: Route = {
  receivers: ["slack"],
  routes: [
    { match: { severity: "critical" }, receivers: ["pagerduty"], repeatInterval: "1h" },
    { match: { code: 11200 }, receivers: [] },
  ],
};
const reader = recordOf({
  incidents: [incident(0), incident(1, { severity: "critical", title: "Über & = ?", service: "KS1", ruleId: null })],
});

function running(silences: Parameters<typeof silencesOf>[0] = []) {
  return serve({ reader, notices: noticesOf({ route, silences: silencesOf(silences) }) });
}

describe("route", () => {
  it("prints the way of an incident on record, by its own labels", async () => {
    await using server = await running();
    const { ok, text } = await explainRouting(clientOf(server.port), ["inc-1"]);
    expect(ok).toBe(true);
    expect(text).toContain('severity="critical"');
    expect(text).toContain('title="Über & = ?"');
    expect(text).toContain('incident="inc-1"');
    expect(text).toContain("route.routes[0]: yes, severity: critical");
    expect(text).toContain("pagerduty by route.routes[0], again every 1h");
    expect(text).not.toContain("slack by");
  });

  it("prints the way of labels that are made up", async () => {
    await using server = await running();
    const { ok, text } = await explainRouting(clientOf(server.port), ["severity=warning", 'title="a b"']);
    expect(ok).toBe(true);
    expect(text).toContain('severity="warning" title="a b"');
    expect(text).toContain("slack by route, again every 4h");
  });

  it("says when nobody is told", async () => {
    await using server = await running();
    const { ok, text } = await explainRouting(clientOf(server.port), ["code=11200"]);
    expect([ok, text.split("\n").at(-1)]).toEqual([true, "Nobody is told."]);
  });

  it("says which silence keeps it quiet all the same", async () => {
    await using server = await running([silence(1, { comment: "Being\nrepaired" })]);
    const { text } = await explainRouting(clientOf(server.port), ["code=80604"]);
    expect(text.split("\n").at(-1)).toBe(
      "But sil_1 keeps quiet about it until 2026-01-02T04:00:00.000Z, by somebody: Being repaired",
    );
  });

  it("says that an incident is not on record", async () => {
    await using server = await running();
    const { ok, text } = await explainRouting(clientOf(server.port), ["inc-9"]);
    expect([ok, text]).toEqual([
      false,
      expect.stringContaining("expected the id of an incident on record, got inc-9."),
    ]);
  });

  it.each([[["cod=1"]], [["inc-1", "code=1"]], [["=x"]]])("says what is wrong with %j", async (words) => {
    await using server = await running();
    const { ok, text } = await explainRouting(clientOf(server.port), words);
    expect(ok).toBe(false);
    expect(text).toMatch(/^expected the id of an incident, or labels such as severity=error, got ".*" *\. Fix: write/);
  });

  it("says so when nothing runs there", async () => {
    expect((await explainRouting(clientOf(1), ["code=1"])).text).toContain("expected a running Faultline");
  });
});
