/*
 * Which receivers an incident goes to: a tree, as Alertmanager's users know it.
 * https://prometheus.io/docs/alerting/latest/configuration/#route
 *
 * The walk begins at the root, which takes everything. At each route the children are tried in order; the first that
 * matches takes the incident, and so do further ones as long as those before say `continue: true`. A route none of whose
 * children matches takes it itself. A child that says nothing of receivers, groupBy or repeatInterval keeps its
 * parent's; mute times are never kept. A muted route takes its incidents and does not tell of them.
 */
import { z } from "zod";
import { durationMs } from "../rules/duration.ts";
import { type Severity, severities } from "../rules/rule.ts";
import { type Labels, labelNames } from "./labels.ts";
import { type Condition, labelValue, parseMatcher } from "./matcher.ts";
import { conditionsOf, RouteMatch } from "./route-conditions.ts";
import { type Calendar, compileCalendar, type MuteTimeInterval } from "./time-intervals.ts";

/** A route as faultline.yaml writes it. */
export interface Route {
  readonly match?: RouteMatch;
  /** In Alertmanager's notation, all must hold: `severity=~"error|critical"`. */
  readonly matchers?: readonly string[];
  /** Names of receivers. None at all: nobody is told. */
  readonly receivers?: readonly string[];
  /** Labels by which incidents share a digest when too many open at once; without: one digest a receiver. */
  readonly groupBy?: readonly (typeof labelNames)[number][];
  /** How often what stays open is told again: `4h`. */
  readonly repeatInterval?: string;
  /** Names of mute time intervals. */
  readonly muteTimeIntervals?: readonly string[];
  /** Whether the routes after it are tried, too. */
  readonly continue?: boolean;
  readonly routes?: readonly Route[];
}

const name = z.string().min(1).max(80);

export const Route = z.strictObject({
  match: RouteMatch.exactOptional(),
  matchers: z
    .array(
      z.string().superRefine((text, context) => {
        const parsed = parseMatcher(text);
        if (!parsed.ok) context.addIssue({ code: "custom", message: parsed.fix });
      }),
    )
    .min(1)
    .exactOptional(),
  receivers: z.array(name).exactOptional(),
  groupBy: z.array(z.enum(labelNames)).min(1).exactOptional(),
  repeatInterval: z
    .string()
    .refine((text) => durationMs(text) !== null)
    .exactOptional(),
  muteTimeIntervals: z.array(name).min(1).exactOptional(),
  continue: z.boolean().exactOptional(),
  get routes() {
    return z.array(Route as z.ZodType<Route>).exactOptional();
  },
});

/** A receiver an incident goes to, and why. */
export interface Routed {
  readonly receiver: string;
  /** Where the route stands, e.g. `route.routes[1]`. */
  readonly path: string;
  readonly repeatMs: number;
  /** The labels by which incidents share a digest, and their values here; null for one digest a receiver. */
  readonly group: Labels | null;
  readonly muted: boolean;
  /** When to look again while muted: the end, or a day ahead if that comes first. */
  readonly mutedUntil: Date | null;
  /** The conditions that hold, on the way from the root; and the mute times in force. */
  readonly why: readonly string[];
}

/** A tree made ready to be asked. */
export interface Routing {
  readonly root: Node;
}

interface Node {
  readonly path: string;
  readonly conditions: readonly Condition[];
  readonly receivers: readonly string[];
  readonly groupBy: Route["groupBy"] | null;
  readonly repeatMs: number;
  readonly mute: Calendar;
  readonly continues: boolean;
  readonly children: readonly Node[];
}

/** What was tried, for {@link explainRoute}. */
interface Tried {
  readonly node: Node;
  readonly depth: number;
  readonly holds: boolean;
  /** Of each condition up to the first that does not hold. */
  readonly why: readonly string[];
}

/** Repeat interval where none is written, in milliseconds; Alertmanager's default. */
const defaultRepeatMs = 4 * 60 * 60 * 1000;

/** Makes a tree ready. It and the intervals must have come through the schemas; intervals nobody has defined never hold. */
export function compileRouting(route: Route, intervals: readonly MuteTimeInterval[]): Routing {
  const nothing = { receivers: [], groupBy: null, repeatMs: defaultRepeatMs };
  return { root: compileNode(route, "route", nothing, intervals) };
}

/**
 * The tree without any configuration: everybody hears of warnings and worse, PagerDuty only of what may wake somebody.
 */
export function defaultRoute(receivers: readonly { readonly name: string; readonly kind: string }[]): Route {
  const names = (isPager: boolean) =>
    receivers.filter(({ kind }) => (kind === "pagerduty") === isPager).map((receiver) => receiver.name);
  const upTo = (least: Severity) => severities.slice(0, severities.indexOf(least) + 1);
  const routes: Route[] = [
    { match: { severity: upTo("warning") }, receivers: names(false), continue: true },
    { match: { severity: upTo("error") }, receivers: names(true) },
  ];
  return { receivers: [], routes: routes.filter((route) => (route.receivers ?? []).length > 0) };
}

/**
 * The receivers of an incident, each once. One that several routes lead to gets the first that is not muted, and is
 * muted only when all are.
 */
export function routesFor(labels: Labels, { root }: Routing, now: Date): readonly Routed[] {
  const found = new Map<string, Routed>();
  for (const { node, why } of take(root, labels, [], 0, [])) {
    const mutes = node.mute.activeAt(now);
    const muted = mutes.length > 0;
    for (const receiver of node.receivers) {
      const known = found.get(receiver);
      if (known !== undefined && (!known.muted || muted)) continue;
      found.set(receiver, {
        receiver,
        path: node.path,
        repeatMs: node.repeatMs,
        group: groupOf(labels, node.groupBy),
        muted,
        mutedUntil: muted ? node.mute.activeUntil(now) : null,
        why: [...why, ...mutes.map((each) => `muted by ${each}`)],
      });
    }
  }
  return [...found.values()];
}

/** The way through the tree in lines for a terminal: what was tried, what held, who is told. */
export function explainRoute(labels: Labels, routing: Routing, now: Date): readonly string[] {
  const tried: Tried[] = [];
  take(routing.root, labels, [], 0, tried);
  const shown = labelNames.filter((each) => labelValue(labels, each) !== "");
  const routed = routesFor(labels, routing, now);
  return [
    `Labels: ${shown.map((each) => `${each}=${JSON.stringify(labelValue(labels, each))}`).join(" ") || "none"}`,
    "Routes tried:",
    ...tried.map(({ node, depth, holds, why }) => {
      const reason = why.length === 0 ? "takes everything" : why.at(-1);
      const all = holds && why.length > 1 ? why.join(" and ") : reason;
      return `${"  ".repeat(depth + 1)}${node.path}: ${holds ? "yes" : "no"}, ${all}`;
    }),
    routed.length === 0 ? "Nobody is told." : "Told:",
    ...routed.map(receiverLine),
  ];
}

function receiverLine({ receiver, path, repeatMs, muted, mutedUntil, why }: Routed): string {
  const until = mutedUntil === null ? "" : ` until ${mutedUntil.toISOString()}`;
  const mutes = why.filter((each) => each.startsWith("muted by ")).join(", ");
  const quiet = muted ? `, ${mutes}${until}` : "";
  return `  ${receiver} by ${path}, again every ${periodText(repeatMs)}${quiet}`;
}

/** `4h`. */
function periodText(ms: number): string {
  for (const [unit, size] of [
    ["d", 86_400_000],
    ["h", 3_600_000],
    ["m", 60_000],
  ] as const) {
    if (ms % size === 0) return `${ms / size}${unit}`;
  }
  return `${ms / 1000}s`;
}

type Taken = readonly { readonly node: Node; readonly why: readonly string[] }[];

/** The routes at and below a node that take the incident; none when the node does not match. Notes what it tried. */
function take(node: Node, labels: Labels, above: readonly string[], depth: number, tried: Tried[]): Taken {
  const own: string[] = [];
  let holds = true;
  for (const condition of node.conditions) {
    const result = condition(labels);
    own.push(result.why);
    holds = result.holds;
    if (!holds) break;
  }
  tried.push({ node, depth, holds, why: own });
  if (!holds) return [];
  const why = [...above, ...own];
  const taken: Taken[number][] = [];
  for (const child of node.children) {
    const below = take(child, labels, why, depth + 1, tried);
    taken.push(...below);
    if (below.length > 0 && !child.continues) break;
  }
  return taken.length > 0 ? taken : [{ node, why }];
}

type Inherited = Pick<Node, "receivers" | "groupBy" | "repeatMs">;

function compileNode(route: Route, path: string, parent: Inherited, intervals: readonly MuteTimeInterval[]): Node {
  const own: Inherited = {
    receivers: route.receivers ?? parent.receivers,
    groupBy: route.groupBy ?? parent.groupBy,
    repeatMs: (route.repeatInterval === undefined ? null : durationMs(route.repeatInterval)) ?? parent.repeatMs,
  };
  const wanted = new Set(route.muteTimeIntervals ?? []);
  return {
    ...own,
    path,
    conditions: conditionsOf(route.match, route.matchers),
    mute: compileCalendar(intervals.filter((interval) => wanted.has(interval.name))),
    continues: route.continue ?? false,
    children: (route.routes ?? []).map((child, index) =>
      compileNode(child, `${path}.routes[${index}]`, own, intervals),
    ),
  };
}

function groupOf(labels: Labels, groupBy: Node["groupBy"]): Labels | null {
  if (groupBy == null) return null;
  return Object.fromEntries(groupBy.map((each) => [each, labelValue(labels, each)]));
}
