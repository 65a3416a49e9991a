import { describe, expect, it } from "vitest";
import { labelsOf } from "../../../src/core/notice/labels.ts";
import { compileRouting, defaultRoute, explainRoute, Route, routesFor } from "../../../src/core/notice/route.ts";

import type { MuteTimeInterval } from "../../../src/core/notice/time-intervals.ts";
import { account, incident } from "./example.ts";

/** A Sunday, 03:00Z. */
const now = new Date("2026-01-04T03:00:00.000Z");
const hour = 3_600_000;
const intervals: MuteTimeInterval[] = [
  { name: "nights", intervals: [{ times: ["00:00-06:00"] }] },
  { name: "weekends", intervals: [{ weekdays: ["saturday", "sunday"] }] },
  { name: "noon", intervals: [{ times: ["12:00-13:00"] }] },
];

function routed(route: Route, more: Partial<typeof incident> = {}) {
  const routing = compileRouting(Route.parse(route), intervals);
  return routesFor(labelsOf({ ...incident, ...more }), routing, now);
}
const names = (route: Route, more: Partial<typeof incident> = {}) =>
  routed(route, more).map(({ receiver }) => receiver);

describe("the tree", () => {
  it("takes at the root what no route takes", () => {
    const route: Route = { receivers: ["root"], routes: [{ match: { product: "Voice" }, receivers: ["voice"] }] };
    expect(names(route)).toEqual(["root"]);
    expect(names(route, { product: "Voice" })).toEqual(["voice"]);
  });

  it("ends at the first route that matches, unless it says continue", () => {
    const first: Route = { match: { code: 80604 }, receivers: ["first"] };
    const routes: Route[] = [first, { match: { product: "proxy" }, receivers: ["second"] }];
    expect(names({ receivers: ["root"], routes })).toEqual(["first"]);
    expect(names({ receivers: ["root"], routes: [{ ...first, continue: true }, ...routes.slice(1)] })).toEqual([
      "first",
      "second",
    ]);
  });

  it("goes on only after routes that match", () => {
    const routes: Route[] = [
      { match: { code: 1 }, receivers: ["never"], continue: true },
      { receivers: ["all"] },
      { receivers: ["too-late"] },
    ];
    expect(names({ receivers: ["root"], routes })).toEqual(["all"]);
  });

  it("takes in a route what none of its children takes", () => {
    const child: Route = { match: { severity: "critical" }, receivers: ["pager"] };
    const route: Route = {
      receivers: ["root"],
      routes: [{ match: { product: "Proxy" }, receivers: ["proxy"], routes: [child] }],
    };
    expect(names(route)).toEqual(["proxy"]);
    expect(names(route, { severity: "critical" })).toEqual(["pager"]);
  });

  it("passes on receivers, grouping and interval, and not the mute times", () => {
    const route: Route = {
      receivers: ["ops"],
      repeatInterval: "12h",
      groupBy: ["product", "service"],
      routes: [{ match: { product: "Proxy" }, muteTimeIntervals: ["nights"], routes: [{ match: { code: 80604 } }] }],
    };
    expect(routed(route)).toEqual([
      {
        receiver: "ops",
        path: "route.routes[0].routes[0]",
        repeatMs: 12 * hour,
        group: { product: "Proxy", service: incident.service },
        muted: false,
        mutedUntil: null,
        why: ['product: Proxy (it is "Proxy")', 'code: 80604 (it is "80604")'],
      },
    ]);
  });

  it("repeats every four hours and makes one digest a receiver where nothing is said", () => {
    expect(routed({ receivers: ["ops"] })).toMatchObject([{ repeatMs: 4 * hour, group: null, path: "route", why: [] }]);
  });

  it("may tell nobody", () => {
    expect(routed({ receivers: [] })).toEqual([]);
  });
});

describe("a route", () => {
  const takes = (route: Route, more: Partial<typeof incident> = {}) =>
    names({ receivers: ["root"], routes: [{ ...route, receivers: ["hit"] }] }, more).includes("hit");

  it.each<[Route, boolean]>([
    [{ match: { severity: "warning" } }, true],
    [{ match: { severity: ["critical", "error"] } }, false],
    [{ match: { product: "PROXY" } }, true],
    [{ match: { code: "80604" } }, true],
    [{ match: { code: ["11200", "80600-80699"] } }, true],
    [{ match: { code: "80605-80699" } }, false],
    [{ match: { account: [account, `AC${"f".repeat(32)}`] } }, true],
    [{ match: { account: account.toUpperCase() } }, false],
    [{ match: { service: `KS${"e".repeat(32)}` } }, false],
    [{ match: { labels: { rule: "proxy-identifier-in-use" } } }, true],
    [{ match: { labels: { title: ["x", "Proxy identifier in use"] } } }, true],
    [{ match: { product: "Proxy", severity: "error" } }, false],
    [{ matchers: ['severity=~"error|warning"', 'code="80604"'] }, true],
    [{ matchers: ['severity=~"error|warning"', 'code!="80604"'] }, false],
    [{ match: { product: "Proxy" }, matchers: ['service=""'] }, false],
  ])("%j takes the incident: %s", (route, expected) => {
    expect(takes(route)).toBe(expected);
  });

  it("takes what has no service only when it does not ask for one", () => {
    expect(takes({ matchers: ['service=""'] }, { service: null })).toBe(true);
    expect(takes({ match: { service: "KS" } }, { service: null })).toBe(false);
  });
});

describe("a receiver", () => {
  it("is there once, by the first route that leads to it", () => {
    const routes: Route[] = [
      { receivers: ["ops", "ops"], repeatInterval: "1h", continue: true },
      { receivers: ["ops"], repeatInterval: "2h" },
    ];
    expect(routed({ receivers: [], routes })).toMatchObject([{ receiver: "ops", repeatMs: hour }]);
  });

  it("is muted with the times of its route, until the last of them ends", () => {
    const routes: Route[] = [{ receivers: ["ops"], muteTimeIntervals: ["nights", "weekends", "noon"] }];
    expect(routed({ receivers: [], routes })).toMatchObject([
      { muted: true, mutedUntil: new Date("2026-01-05T03:00:00.000Z"), why: ["muted by nights", "muted by weekends"] },
    ]);
    const noon: Route[] = [{ receivers: ["ops"], muteTimeIntervals: ["noon"] }];
    expect(routed({ receivers: [], routes: noon })).toMatchObject([{ muted: false, mutedUntil: null }]);
  });

  it("is muted only when every route to it is", () => {
    const muted: Route = { receivers: ["ops"], muteTimeIntervals: ["nights"], continue: true };
    const open: Route = { match: { severity: "warning" }, receivers: ["ops"], continue: true };
    expect(routed({ receivers: [], routes: [muted, open] })).toMatchObject([{ path: "route.routes[1]", muted: false }]);
    expect(routed({ receivers: [], routes: [open, muted] })).toMatchObject([{ path: "route.routes[0]", muted: false }]);
    expect(routed({ receivers: [], routes: [muted, muted] })).toMatchObject([{ path: "route.routes[0]", muted: true }]);
  });
});

describe("without any configuration", () => {
  const route = defaultRoute([
    { name: "slack", kind: "slack" },
    { name: "pagerduty", kind: "pagerduty" },
    { name: "alertmanager", kind: "alertmanager" },
  ]);

  it.each([
    ["critical", ["slack", "alertmanager", "pagerduty"]],
    ["error", ["slack", "alertmanager", "pagerduty"]],
    ["warning", ["slack", "alertmanager"]],
    ["info", []],
  ] as const)("%s goes to %j", (severity, expected) => {
    expect(names(route, { severity })).toEqual(expected);
  });

  it("a pager alone hears of errors, and no receiver of nothing", () => {
    const pager = defaultRoute([{ name: "pd", kind: "pagerduty" }]);
    expect(names(pager, { severity: "error" })).toEqual(["pd"]);
    expect(names(pager, { severity: "warning" })).toEqual([]);
    expect(names(defaultRoute([]), { severity: "critical" })).toEqual([]);
  });
});

it("the explanation shows what was tried, what held, and who is told", () => {
  const route = Route.parse({
    receivers: ["rest"],
    routes: [
      { match: { severity: ["critical", "error"] }, receivers: ["pager"] },
      {
        match: { product: "proxy" },
        matchers: ['code=~"806.."'],
        receivers: ["ops", "audit"],
        repeatInterval: "90s",
        muteTimeIntervals: ["nights"],
      },
    ],
  });
  const labels = { severity: "warning", product: "Proxy", code: "80604" };
  expect(explainRoute(labels, compileRouting(route, intervals), now)).toEqual([
    'Labels: severity="warning" product="Proxy" code="80604"',
    "Routes tried:",
    "  route: yes, takes everything",
    '    route.routes[0]: no, severity: critical, error (it is "warning")',
    '    route.routes[1]: yes, product: proxy (it is "Proxy") and code=~"806.." (it is "80604")',
    "Told:",
    "  ops by route.routes[1], again every 90s, muted by nights until 2026-01-04T06:00:00.000Z",
    "  audit by route.routes[1], again every 90s, muted by nights until 2026-01-04T06:00:00.000Z",
  ]);
  expect(explainRoute({}, compileRouting({ receivers: [] }, []), now)).toEqual([
    "Labels: none",
    "Routes tried:",
    "  route: yes, takes everything",
    "Nobody is told.",
  ]);
});
