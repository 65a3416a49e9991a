import { describe, expect, it } from "vitest";
import { loadCatalogue } from "../../src/core/catalogue.ts";
import { codeView, ruleList } from "../../src/core/rules/code-view.ts";
import { compileRules } from "../../src/core/rules/match.ts";
import { components } from "../../src/operate/schemas.ts";
import { loadBuiltInRules } from "../../src/rule-packs.ts";
import { incident, recordOf, serve } from "./fakes.ts";

const catalogue = loadCatalogue();
const rules = compileRules([], loadBuiltInRules(), catalogue);
const codes = {
  codeView: (code: number) => codeView(code, rules, catalogue),
  ruleList: () => ruleList(rules),
};

describe("the shipped catalogue and rules", () => {
  it("fit the schemas of the API, every one of them", () => {
    expect(components.RuleList.safeParse({ rules: codes.ruleList() }).error?.issues ?? []).toEqual([]);
    for (const code of catalogue.codes) {
      expect(components.Code.safeParse(codes.codeView(code)).error?.issues ?? [], String(code)).toEqual([]);
    }
  });

  it.each([80604, 80903, 80905, 50416, 48031])(
    "give an incident of code %i every documented cause as possible, and no command with a gap in it",
    async (code) => {
      const rule = codes.codeView(code).rule;
      await using server = await serve({
        codes,
        reader: recordOf({ incidents: [incident(1, { code, ruleId: rule?.id ?? null })] }),
      });
      const detail = components.IncidentDetail.parse(await (await server.get("/api/v1/incidents/inc-1")).json());
      expect(detail.causes.map(({ id }) => id)).toEqual(rule?.causes.map(({ id }) => id));
      expect(detail.causes.length).toBeGreaterThan(2);
      expect(detail.remedies.map(({ id }) => id)).toEqual(rule?.remedies.map(({ id }) => id));
      for (const { command, curl } of detail.remedies) expect(`${command} ${curl}`).not.toMatch(/\{\w+\}/);
      expect(server.log.said).toEqual([]);
    },
  );
});
