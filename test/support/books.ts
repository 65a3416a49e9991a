import { expect } from "vitest";
import type { OperateClient } from "./operate-client.ts";

/**
 * Holds the record against itself and against the sender's book: every acknowledged event is there, none twice, none that
 * was not sent, and each incident counts exactly its events.
 */
export async function expectExactBooks(
  record: OperateClient,
  book: { acknowledged: ReadonlySet<string>; sent: ReadonlySet<string> },
): Promise<{ events: number; incidents: number }> {
  const [events, incidents] = [await record.events(), await record.incidents()];
  const sids = new Set(events.map(({ sid }) => sid));

  expect(sids.size, "distinct sids among the events").toBe(events.length);
  expect(
    [...book.acknowledged].filter((sid) => !sids.has(sid)),
    "acknowledged events that are lost",
  ).toEqual([]);
  expect(
    [...sids].filter((sid) => !book.sent.has(sid)),
    "events nobody sent",
  ).toEqual([]);

  const perIncident = new Map(incidents.map(({ id }) => [id, 0]));
  for (const { incidentId } of events) {
    const id = incidentId ?? "none";
    perIncident.set(id, (perIncident.get(id) ?? 0) + 1);
  }
  expect(new Map(incidents.map(({ id, count }) => [id, count])), "count of each incident").toEqual(perIncident);
  expect(
    incidents.reduce((sum, { count }) => sum + count, 0),
    "sum of the counts",
  ).toBe(events.length);

  const fingerprints = new Set(incidents.map(({ fingerprint }) => fingerprint));
  expect(fingerprints.size, "incidents with a fingerprint of their own").toBe(incidents.length);
  expect(incidents.length, "incidents").toBe(new Set(events.map(({ code }) => code)).size);
  return { events: events.length, incidents: incidents.length };
}
