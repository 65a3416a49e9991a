import { describe, expect, test } from "vitest";
import { dashboardUids } from "../../alerts/links.ts";
import { dashboardFiles, dashboardText } from "../../dashboards/files.ts";
import { committedDashboard, committedText, dashboardFileNames } from "../support/dashboard-queries.ts";

test("there are three dashboards, with the uids that alerts link to", () => {
  const made = dashboardFiles();
  expect(made.map(({ file }) => file)).toEqual([...dashboardFileNames]);
  expect(made.map(({ dashboard }) => dashboard.uid)).toEqual(Object.values(dashboardUids));
});

describe.each(dashboardFileNames)("%s", (file) => {
  test("is what its sources make", () => {
    const made = dashboardFiles().find((each) => each.file === file);
    if (made === undefined) throw new Error(`expected a source of ${file}`);
    expect(committedText(file), "stale: run `npm run dashboards` and commit").toBe(dashboardText(made.dashboard));
  });

  test("works in Grafana 11 and 12, and on import as well as by provisioning", () => {
    const board = committedDashboard(file);
    // The schema of Grafana 11.0 is 39, of 12.0 it is 41; a newer Grafana brings an older schema up to its own.
    expect(board.schemaVersion).toBeGreaterThanOrEqual(36);
    expect(board.schemaVersion).toBeLessThanOrEqual(39);
    expect(board.uid).toMatch(/^[a-z-]{8,40}$/);
    expect(board.tags).toContain("faultline");
    expect(Object.keys(board)).not.toContain("id");
    expect(Object.keys(board)).not.toContain("__inputs");
  });

  test("links to the two others, keeping time and variables", () => {
    const board = committedDashboard(file);
    const others = Object.values(dashboardUids).filter((uid) => uid !== board.uid);
    expect(board.links.map(({ url }) => url)).toEqual(others.map((uid) => `/d/${uid}`));
    expect(board.links.every(({ keepTime, includeVars }) => keepTime && includeVars)).toBe(true);
  });

  test("starts with a row that says how things are now, in numbers", () => {
    const [heading, ...rest] = committedDashboard(file).panels;
    const firstRow = rest.slice(
      0,
      rest.findIndex(({ type }) => type === "row"),
    );
    expect(heading?.title).toContain("Is something wrong now, and what?");
    expect(new Set(firstRow.map(({ type }) => type))).toEqual(new Set(["stat"]));
    expect(new Set(firstRow.map(({ gridPos }) => gridPos.y))).toEqual(new Set([1]));
  });

  test("hides neither links nor marks in a menu", () => {
    expect(committedText(file)).not.toContain("inControlsMenu");
  });

  test("marks when incidents opened and were resolved", () => {
    const names = committedDashboard(file).annotations.list.map(({ name }) => name);
    expect(names).toEqual(["Incidents opened", "Incidents resolved"]);
  });
});

test("the dashboards of Twilio's health can be narrowed to accounts, products and codes", () => {
  for (const file of ["twilio-errors.json", "proxy-and-conversations.json"]) {
    const names = committedDashboard(file).templating.list.map(({ name }) => name);
    expect(names, file).toEqual(["datasource", "job", "instance", "account", "product", "code"]);
  }
});
