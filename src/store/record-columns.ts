import { type Severity, severities } from "../core/rules/rule.ts";
import type { ClassifiedEvent } from "../pipeline/ports.ts";
import { bigintArray, integerArray, jsonbArray, textArray, timeArray } from "./binary-array.ts";
import { storableJson } from "./storable-text.ts";

/*
 * A batch in the form that the database takes it in (migrations/0006-record-columns.ts): incidents, the kinds of events, and
 * the events, each as columns. Places are counted from 0 here and from 1 there.
 */

/** Stands for a sealed subject that has been left out. */
const leftOut = "";

/** What the events of one incident come to; of none of them where the fingerprint is null. */
interface Group {
  readonly fingerprint: string | null;
  events: number;
  firstAt: number;
  lastAt: number;
  quietAt: number;
  worst: number;
  readonly first: number;
}

/** Stands where a batch has no incident. */
const noGroup: Group = { fingerprint: null, events: 0, firstAt: 0, lastAt: 0, quietAt: 0, worst: 1, first: 0 };

/** What many events have in common. */
interface Kind {
  readonly of: ClassifiedEvent;
  readonly group: number | null;
}

/** A batch of events, no two with the same sid. */
export interface Batch {
  readonly events: readonly ClassifiedEvent[];
  /** The place of each event's kind. */
  readonly kindOf: readonly number[];
  readonly kinds: readonly Kind[];
  readonly groups: readonly Group[];
}

/** So many kinds of one incident are looked at, the latest; one of an older kind begins another that is equal, to no harm. */
const comparedKinds = 8;

/** Sorts events by incident and kind. */
export function batchOf(events: readonly ClassifiedEvent[]): Batch {
  const groups: Group[] = [];
  const kinds: Kind[] = [];
  const kindOf: number[] = [];
  const known = new Map<string | null, { readonly group: number | null; readonly kinds: number[] }>();
  for (const [ord, event] of events.entries()) {
    let incident = known.get(event.fingerprint);
    if (incident === undefined) {
      const group = event.fingerprint === null ? null : groups.push(groupOf(event.fingerprint, ord)) - 1;
      incident = { group, kinds: [] };
      known.set(event.fingerprint, incident);
    }
    let place = incident.kinds.find((candidate) => isSameKind(kinds[candidate]?.of, event));
    if (place === undefined) {
      place = kinds.push({ of: event, group: incident.group }) - 1;
      if (incident.kinds.unshift(place) > comparedKinds) incident.kinds.pop();
    }
    kindOf.push(place);
    const group = groups[incident.group ?? -1];
    if (group !== undefined) addTo(group, event);
  }
  return { events, kindOf, kinds, groups };
}

/** Whether two events are of one kind. */
function isSameKind(one: ClassifiedEvent | undefined, other: ClassifiedEvent): boolean {
  return (
    one !== undefined &&
    one.event.code === other.event.code &&
    one.event.account === other.event.account &&
    one.event.service === other.event.service &&
    one.event.level === other.event.level &&
    one.event.source === other.event.source &&
    one.event.parentAccount === other.event.parentAccount &&
    one.product === other.product &&
    one.title === other.title &&
    one.severity === other.severity &&
    one.ruleId === other.ruleId &&
    one.docsUrl === other.docsUrl &&
    one.quietPeriodMs === other.quietPeriodMs &&
    one.matched.length === other.matched.length &&
    one.matched.every((words, index) => words === other.matched[index])
  );
}

function groupOf(fingerprint: string, first: number): Group {
  return {
    fingerprint,
    events: 0,
    firstAt: Number.POSITIVE_INFINITY,
    lastAt: Number.NEGATIVE_INFINITY,
    quietAt: Number.NEGATIVE_INFINITY,
    worst: severities.length,
    first,
  };
}

function addTo(group: Group, event: ClassifiedEvent): void {
  const at = event.receivedAt.getTime();
  group.events += 1;
  group.firstAt = Math.min(group.firstAt, at);
  group.lastAt = Math.max(group.lastAt, at);
  group.quietAt = Math.max(group.quietAt, at + event.quietPeriodMs);
  group.worst = Math.min(group.worst, rankOf(event.severity));
}

function rankOf(severity: Severity): number {
  return severities.indexOf(severity) + 1;
}

/**
 * The arguments of `faultline.record_columns`, but for the limits.
 * @param leavesOut whether to leave out the sealed subject of an event that has one
 */
export function columnsOf(batch: Batch, leavesOut: (event: ClassifiedEvent) => boolean): (Buffer | null)[] {
  const { events } = batch;
  // Of a batch without any incident in which some events were known the function makes null of this list, and fails at it.
  const groups = batch.groups.length > 0 ? batch.groups : [noGroup];
  const kinds = batch.kinds.map((kind) => kind.of);
  const isTraced = events.some(({ trace }) => trace != null);
  return [
    textArray(groups.map(({ fingerprint }) => fingerprint)),
    integerArray(groups.map((group) => group.events)),
    timeArray(groups.map(({ firstAt }) => firstAt)),
    timeArray(groups.map(({ lastAt }) => lastAt)),
    timeArray(groups.map(({ quietAt }) => quietAt)),
    integerArray(groups.map(({ worst }) => worst)),
    integerArray(groups.map(({ first }) => first + 1)),

    integerArray(batch.kinds.map(({ group }) => (group === null ? null : group + 1))),
    integerArray(kinds.map(({ severity }) => rankOf(severity))),
    bigintArray(kinds.map(({ quietPeriodMs }) => quietPeriodMs)),
    textArray(kinds.map(({ event }) => event.source)),
    textArray(kinds.map(({ event }) => event.account)),
    textArray(kinds.map(({ event }) => event.parentAccount)),
    bigintArray(kinds.map(({ event }) => event.code)),
    textArray(kinds.map(({ event }) => event.level)),
    textArray(kinds.map(({ product }) => product)),
    textArray(kinds.map(({ title }) => title)),
    textArray(kinds.map(({ event }) => event.service)),
    textArray(
      kinds.map(({ ruleId, matched, docsUrl }) => storableJson({ rule_id: ruleId, matched, docs_url: docsUrl })),
    ),

    integerArray(batch.kindOf.map((place) => place + 1)),
    textArray(events.map(({ event }) => event.sid)),
    timeArray(events.map(({ receivedAt }) => receivedAt.getTime())),
    textArray(events.map(({ event }) => event.occurredAt)),
    textArray(events.map(({ event }) => event.resource)),
    textArray(events.map(({ subject }) => subject)),
    textArray(events.map((event) => (leavesOut(event) ? leftOut : (event.sealedSubject?.() ?? null)))),
    isTraced ? textArray(events.map(({ trace }) => trace ?? null)) : null,
    jsonbArray(events.map(({ event }) => storableJson(event.payload))),
  ];
}
