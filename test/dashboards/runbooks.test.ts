import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { runbookUrl } from "../../alerts/links.ts";
import { ruleGroups } from "../../alerts/rule-groups.ts";
import { committedDashboard, dashboardFileNames } from "../support/dashboard-queries.ts";

const alerts = ruleGroups().flatMap(({ rules }) => rules.flatMap((rule) => ("alert" in rule ? [rule.alert] : [])));
const folder = join(import.meta.dirname, "..", "..", "docs", "runbooks");

const linked = dashboardFileNames
  .map(committedDashboard)
  .flatMap(({ uid, panels }) => panels.flatMap(({ links }) => links.map(({ url }) => ({ uid, url }))));

test("panels link to runbooks of alerts that exist", () => {
  const known = new Set(alerts.map(runbookUrl));
  expect(linked.filter(({ url }) => !known.has(url))).toEqual([]);
});

test("every alert's runbook is linked from the dashboard it sends people to", () => {
  const missing = ruleGroups()
    .flatMap(({ rules }) => rules)
    .flatMap((rule) => ("alert" in rule ? [rule.annotations] : []))
    .filter(
      ({ runbook_url, dashboard_url }) =>
        !linked.some(({ uid, url }) => url === runbook_url && dashboard_url === `/d/${uid}`),
    );
  expect(missing.map(({ runbook_url }) => runbook_url)).toEqual([]);
});

test.skipIf(!existsSync(folder))("the linked pages are there (needs docs/runbooks)", () => {
  const pages = linked.map(({ url }) => join(folder, url.slice(url.lastIndexOf("/") + 1)));
  expect(pages.filter((page) => !existsSync(page))).toEqual([]);
});
