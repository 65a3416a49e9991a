/*
 * Storms: when more incidents open than anybody can read one by one, they are told together.
 */
import type { Incident } from "../incident.ts";
import type { DigestNotice, NoticeLinks } from "./notice.ts";

/** The minute by which openings are counted, in milliseconds. */
export const stormWindowMs = 60_000;

/** So many openings a minute are told one by one where nothing is configured. */
export const defaultStormThreshold = 10;

/** An incident opened (or reopened) at a time. */
export interface Opening {
  readonly id: string;
  readonly at: Date;
}

/** The ids of the openings, in the order of time. */
export interface Split {
  readonly individually: readonly string[];
  readonly inDigest: readonly string[];
}

/**
 * Which openings are told one by one: those before which fewer than `threshold` others opened in the same minute. The
 * rest falls into a digest, until fewer open again. `recent` has all openings of the time in question and of the minute
 * before it; each has one fate, whatever comes after it.
 */
export function splitStorm(recent: readonly Opening[], threshold: number = defaultStormThreshold): Split {
  const openings = recent.toSorted((a, b) => a.at.getTime() - b.at.getTime() || (a.id < b.id ? -1 : 1));
  const individually: string[] = [];
  const inDigest: string[] = [];
  let first = 0;
  for (const [index, { id, at }] of openings.entries()) {
    while ((openings[first]?.at.getTime() ?? 0) <= at.getTime() - stormWindowMs) first += 1;
    if (index - first < threshold) individually.push(id);
    else inDigest.push(id);
  }
  return { individually, inDigest };
}

/** What a digest of these incidents says: how many of each product and code, the most first. */
export function digestOf(
  incidents: readonly Pick<Incident, "product" | "code" | "title">[],
  since: Date,
  id: string,
  at: Date,
  links: NoticeLinks,
): DigestNotice {
  const groups = new Map<string, DigestNotice["groups"][number]>();
  for (const { product, code, title } of incidents) {
    const key = JSON.stringify([product, code]);
    const known = groups.get(key);
    groups.set(key, { product, code, title: known?.title ?? title, count: (known?.count ?? 0) + 1 });
  }
  return {
    kind: "digest",
    id,
    total: incidents.length,
    groups: [...groups.values()].sort((a, b) => b.count - a.count || a.code - b.code),
    since: since.toISOString(),
    at: at.toISOString(),
    links,
  };
}
