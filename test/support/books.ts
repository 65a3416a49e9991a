import { expect } from "vitest";
import type { OperateClient } from "./operate-client.ts";

/** What the sender knows. */
export interface SenderBook {
  readonly acknowledged: ReadonlySet<string>;
  readonly sent: ReadonlySet<string>;
}

type Event = Awaited<ReturnType<OperateClient["events"]>>[number];
type Incident = Awaited<ReturnType<OperateClient["incidents"]>>[number];

/** The record, read whole and held against the sender's book. */
export interface Books {
  readonly events: readonly Event[];
  readonly incidents: readonly Incident[];
  /** Sids that were acknowledged and are not there. */
  readonly lost: readonly string[];
  /** Events beyond the first of their sid. */
  readonly duplicates: number;
}

/** Reads the record and compares. */
export async function readBooks(record: OperateClient, book: SenderBook): Promise<Books> {
  const [events, incidents] = [await record.events(), await record.incidents()];
  const sids = new Set(events.map(({ sid }) => sid));
  return {
    events,
    incidents,
    lost: [...book.acknowledged].filter((sid) => !sids.has(sid)),
    duplicates: events.length - sids.size,
  };
}

/**
 * Holds the record against itself and against the sender's book: every acknowledged event is there, none twice, none that
 * was not sent, and each incident counts exactly its events.
 */
export async function expectExactBooks(
  record: OperateClient,
  book: SenderBook,
): Promise<{ events: number; incidents: number }> {
  const books = await readBooks(record, book);
  expectExact(books, book);
  return { events: books.events.length, incidents: books.incidents.length };
}

/** The same of books that were read already. */
export function expectExact({ events, incidents, lost, duplicates }: Books, book: SenderBook): void {
  expect(duplicates, "events beyond the first of their sid").toBe(0);
  expect(lost, "acknowledged events that are lost").toEqual([]);
  expect(
    events.map(({ sid }) => sid).filter((sid) => !book.sent.has(sid)),
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
}
