import { describe, expect, test } from "vitest";
import { dashboardUids, dashboardUrl, runbookBase } from "../../alerts/links.ts";
import { recordings } from "../../alerts/recording-rules.ts";
import { ruleGroups } from "../../alerts/rule-groups.ts";
import { webhookCodes } from "../../alerts/twilio-alerts.ts";
import { loadCatalogue } from "../../src/core/catalogue.ts";
import { codeView } from "../../src/core/rules/code-view.ts";
import { codesWithRules, compileRules, ruleOfCode } from "../../src/core/rules/match.ts";
import { loadBuiltInRules } from "../../src/rule-packs.ts";
import { type MetricDefinition, metrics } from "../../src/telemetry/metric-names.ts";
import { alertRules } from "./promtool.ts";

const catalogue = loadCatalogue();
const rules = compileRules([], loadBuiltInRules(), catalogue);
const expressions = [...alertRules, ...Object.values(recordings)].map(({ expr }) => expr);

/** What Prometheus itself and the process give; the others are ours. */
const foreign = ["up", "process_start_time_seconds"];
const definitions: readonly MetricDefinition[] = Object.values(metrics);

describe.each(alertRules)("$alert", ({ alert, for: lasting, labels, annotations }) => {
  test("is named, ranked and described as mixins are", () => {
    expect(alert).toMatch(/^(?:Twilio|Faultline)(?:[A-Z][a-z0-9]+)+$/);
    expect(["critical", "warning", "info"]).toContain(labels.severity);
    expect(lasting).toMatch(/^[1-9]\d*m$/);
    expect(annotations.summary).toMatch(/^[A-Z][^{}]{10,100}\.$/);
    expect(annotations.description).toMatch(/\{\{ .*\$(?:labels|value).* \}\}/);
  });

  test("leads to its runbook and to a dashboard there is", () => {
    expect(annotations.runbook_url).toBe(`${runbookBase}/${alert}.md`);
    expect(Object.values(dashboardUids).map((uid) => `/d/${uid}`)).toContain(annotations.dashboard_url);
  });
});

test("all alerts have different names, and so have recordings and groups", () => {
  for (const names of [
    alertRules.map(({ alert }) => alert),
    Object.values(recordings).map(({ record }) => record),
    ruleGroups().map(({ name }) => name),
  ]) {
    expect(new Set(names).size).toBe(names.length);
  }
});

test("expressions use only metrics and recordings there are", () => {
  const known = new Set<string>([
    ...foreign,
    ...definitions.flatMap(({ name, type }) => (type === "histogram" ? [`${name}_bucket`, `${name}_count`] : [name])),
    ...Object.values(recordings).map(({ record }) => record),
  ]);
  const used = expressions.flatMap(
    (expr) => expr.replaceAll(/"[^"]*"/g, "").match(/\b(?:(?:twilio|faultline|process|http|job)_[\w:]+|up)\b/g) ?? [],
  );
  expect(used.length).toBeGreaterThan(expressions.length);
  expect([...new Set(used)].filter((name) => !known.has(name))).toEqual([]);
});

test("expressions select and keep only labels there are", () => {
  const known = new Set(["job", "instance", "le", ...definitions.flatMap(({ labels }) => labels)]);
  const selected = expressions.flatMap((expr) => [...expr.matchAll(/(\w+)(?:=~|=|!=|!~)"/g)].map(([, name]) => name));
  const kept = expressions.flatMap((expr) =>
    [...expr.matchAll(/\b(?:by|on) \(([^)]*)\)/g)].flatMap(([, names = ""]) => names.split(", ")),
  );
  expect([...new Set([...selected, ...kept])].filter((name) => !known.has(name ?? ""))).toEqual([]);
});

test.each([
  ["TwilioProxyIdentifierInUse", 80604],
  ["TwilioProxyUnknownParticipant", 80903],
  ["TwilioProxyUnknownScenario", 80905],
  ["TwilioConversationBindingExists", 50416],
  ["TwilioFrontlineConversationExists", 48031],
])("%s carries code %i and the product its events have", (name, code) => {
  const rule = alertRules.find(({ alert }) => alert === name);
  expect(rule?.labels).toEqual({
    severity: "warning",
    code: String(code),
    product: codeView(code, rules, catalogue).product,
  });
});

test("the webhook alerts are about the codes diagnosed as failed webhooks, and other failed requests", () => {
  const pattern = new RegExp(`^(?:${webhookCodes})$`);
  const codes = [...codesWithRules(rules)];
  const diagnosed = codes.filter((code) => ruleOfCode(code, rules)?.diagnostician === "http-retrieval");
  expect(diagnosed.length).toBeGreaterThan(10);
  expect(diagnosed.filter((code) => !pattern.test(String(code)))).toEqual([]);
  const products = codes
    .filter((code) => pattern.test(String(code)))
    .map((code) => codeView(code, rules, catalogue).product);
  expect([...new Set(products)]).toEqual(["Webhooks"]);
});

describe("options", () => {
  const text = JSON.stringify(ruleGroups({ job: "monitoring/faultline", grafanaUrl: "https://grafana.example.com/" }));

  test("name another scrape job", () => {
    expect(text).toContain('up{job=\\"monitoring/faultline\\"}');
    expect(text).not.toContain('job=\\"faultline\\"');
  });

  test("make links to dashboards whole", () => {
    expect(text).toContain('"https://grafana.example.com/d/faultline-self"');
    expect(text).not.toContain('"/d/');
    expect(dashboardUrl("twilioErrors")).toBe("/d/faultline-twilio-errors");
  });

  test("give plain objects, as a PrometheusRule needs them", () => {
    const groups = ruleGroups();
    expect(JSON.parse(JSON.stringify(groups))).toEqual(groups);
  });
});
