import fc from "fast-check";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Diagnosis } from "../../src/core/diagnosis/verdict.ts";
import { type ClassifiedEvent, type Page, type Recorded, StoreUnavailable } from "../../src/pipeline/ports.ts";
import { classifiedEvent, type FreshStore, freshStore, quarantinedItem, type StoreMode } from "../support/store.ts";

/*
 * What every record must do, wherever it is kept. Time is passed in by the events (receivedAt) and by `now`.
 */

const start = new Date("2026-01-15T10:20:00.000Z");
const minutes = (count: number) => new Date(start.getTime() + count * 60_000);
const day = 24 * 60;

const noLead = () => null;

const diagnosis = (eventSid: string): Diagnosis => ({
  eventSid,
  at: start.toISOString(),
  calls: 1,
  failedRequest: { host: "example.com", path: "/hook", method: "POST", status: 502, reason: null },
  causes: [{ id: "endpoint-down", verdict: "likely", evidence: [] }],
  conflicts: [],
  evidence: [],
  remedies: [],
});

/** Runs the suite on one kind of database. */
export function eventStoreSuite(mode: StoreMode): void {
  let fresh: FreshStore;
  beforeAll(async () => {
    fresh = await freshStore(mode);
  });
  afterAll(() => fresh.dispose());
  beforeEach(() => fresh.clear());

  const one = async (event: ClassifiedEvent): Promise<Recorded> => {
    const [result] = await fresh.store.record([event]);
    if (result === undefined) throw new Error("expected one result");
    return result;
  };
  const incidentOf = async (result: Recorded | undefined) => {
    const incident = await fresh.reader.incident(result?.incidentId ?? "");
    if (incident === null) throw new Error(`expected an incident, got none for ${result?.incidentId}`);
    return incident;
  };
  async function allPages<T>(read: (cursor?: string) => Promise<Page<T> | "invalid_cursor">): Promise<T[]> {
    const items: T[] = [];
    let cursor: string | undefined;
    do {
      const page = await read(cursor);
      if (page === "invalid_cursor") throw new Error("expected a page");
      items.push(...page.items);
      cursor = page.nextCursor ?? undefined;
    } while (cursor !== undefined);
    return items;
  }

  describe("counting", () => {
    test("the same sid by another source is a duplicate and not counted", async () => {
      const event = classifiedEvent();
      const first = await one(event);
      const again = await one({ ...event, event: { ...event.event, source: "event_streams" } });
      expect(first).toMatchObject({ outcome: "recorded", transition: "opened" });
      expect(again).toEqual({ outcome: "duplicate", incidentId: first.incidentId, transition: null, work: null });
      expect((await incidentOf(first)).count).toBe(1);
    });

    test("the second of two equal sids in one batch is a duplicate", async () => {
      const event = classifiedEvent();
      const results = await fresh.store.record([event, classifiedEvent(), event]);
      expect(results.map((result) => result.outcome)).toEqual(["recorded", "recorded", "duplicate"]);
      expect((await incidentOf(results[0])).count).toBe(2);
    });

    test("the same sid in two calls at once is recorded once", async () => {
      const event = classifiedEvent();
      const results = await Promise.all([one(event), one(event), one(event)]);
      expect(results.map((result) => result.outcome).toSorted()).toEqual(["duplicate", "duplicate", "recorded"]);
    });

    test("an event without a fingerprint is kept and opens nothing", async () => {
      const result = await one(classifiedEvent({ fingerprint: null, event: { level: "INFO" } }));
      expect(result).toEqual({ outcome: "recorded", incidentId: null, transition: null, work: null });
      const page = await fresh.reader.events({ limit: 10 });
      expect(page).toMatchObject({ items: [{ level: "INFO", incidentId: null }] });
      expect(await fresh.reader.incidents({ limit: 10 })).toEqual({ items: [], nextCursor: null });
    });

    test("a call without events has no results and touches nothing", async () => {
      expect(await fresh.store.record([])).toEqual([]);
      expect(fresh.batches).toEqual([]);
    });

    test("10,000 events by two stores at once, twice each, are counted exactly once", async () => {
      const events = Array.from({ length: 10_000 }, (_, n) =>
        classifiedEvent({ fingerprint: `fp-${n % 40}`, subject: `s-${n % 60}` }),
      );
      const stores = [fresh.store, fresh.another({ maxBatch: 300 })];
      const outcomes = { recorded: 0, duplicate: 0 };
      const opened: string[] = [];
      await Promise.all(
        stores.flatMap((store, side) =>
          [0, 1].map(async (round) => {
            for (let from = 0; from < events.length; from += 1_000) {
              const part = events.slice(from, from + 1_000);
              // Each side and round in another order: locks must not depend on it.
              if ((side + round) % 2 === 1) part.reverse();
              const results = await Promise.all(
                Array.from({ length: 100 }, (_, n) => store.record(part.slice(n * 10, n * 10 + 10))),
              );
              for (const result of results.flat()) {
                outcomes[result.outcome] += 1;
                if (result.transition === "opened") opened.push(result.incidentId ?? "");
              }
            }
          }),
        ),
      );
      expect(outcomes).toEqual({ recorded: 10_000, duplicate: 30_000 });
      expect(opened).toHaveLength(40);
      expect(new Set(opened).size).toBe(40);
      const incidents = await allPages((cursor) =>
        fresh.reader.incidents({ limit: 500, ...(cursor === undefined ? {} : { cursor }) }),
      );
      expect(incidents.map((incident) => incident.count)).toEqual(Array.from({ length: 40 }, () => 250));
      const { rows } = await fresh.db.pool.query(
        `select i.count, count(*) as events from faultline.incidents i join faultline.events e on e.incident_id = i.id
         group by i.id having i.count <> count(*)`,
      );
      expect(rows).toEqual([]);
    });

    test("calls that come at once share statements, and all of them are told their own results", async () => {
      const events = Array.from({ length: 400 }, () => classifiedEvent());
      const results = await Promise.all(events.map((event) => one(event)));
      expect(fresh.batches.length).toBeLessThanOrEqual(3);
      expect(fresh.batches.reduce((sum, size) => sum + size, 0)).toBe(400);
      expect(results.filter((result) => result.transition === "opened")).toHaveLength(1);
      const { rows } = await fresh.db.pool.query<{ sid: string; id: string }>(
        "select event_sid as sid, id from faultline.work",
      );
      for (const [index, result] of results.entries()) {
        if (result.work === null) continue;
        expect(result.work.eventSid).toBe(events[index]?.event.sid);
        expect(rows).toContainEqual({ sid: result.work.eventSid, id: result.work.id });
      }
    });
  });

  describe("incidents", () => {
    test("the first event opens one, with its own words; later ones count", async () => {
      const first = await one(classifiedEvent({ title: "First", matched: ["code 80604", "product Proxy"] }));
      const later = await one(classifiedEvent({ title: "Second", ruleId: "other", receivedAt: minutes(5) }));
      expect([first.transition, later.transition]).toEqual(["opened", null]);
      expect(later.incidentId).toBe(first.incidentId);
      expect(await incidentOf(first)).toEqual({
        id: first.incidentId,
        fingerprint: "fp-default",
        state: "open",
        severity: "error",
        code: 80604,
        title: "First",
        product: "Proxy",
        account: `AC${"a".repeat(32)}`,
        service: null,
        count: 2,
        firstSeen: start.toISOString(),
        lastSeen: minutes(5).toISOString(),
        resolvedAt: null,
        docsUrl: "https://www.twilio.com/docs/api/errors/80604",
        ruleId: "proxy-80604",
        matched: ["code 80604", "product Proxy"],
      });
    });

    test("exactly one event of a batch carries the transition of each incident", async () => {
      const results = await fresh.store.record(
        ["a", "b", "a", null, "b", "a"].map((fingerprint) => classifiedEvent({ fingerprint })),
      );
      expect(results.map((result) => result.transition)).toEqual(["opened", "opened", null, null, null, null]);
    });

    test("severity rises with a worse event and never falls", async () => {
      const first = await one(classifiedEvent({ severity: "warning" }));
      await one(classifiedEvent({ severity: "critical" }));
      await one(classifiedEvent({ severity: "info" }));
      expect((await incidentOf(first)).severity).toBe("critical");
    });

    test("events that arrive out of order never move lastSeen back", async () => {
      const first = await one(classifiedEvent({ receivedAt: minutes(10) }));
      await one(classifiedEvent({ receivedAt: minutes(4) }));
      expect(await incidentOf(first)).toMatchObject({
        firstSeen: minutes(4).toISOString(),
        lastSeen: minutes(10).toISOString(),
        count: 2,
      });
    });

    test("a quiet one is resolved when its own period is over, and not before", async () => {
      const quick = await one(classifiedEvent({ fingerprint: "quick", quietPeriodMs: 5 * 60_000 }));
      const slow = await one(classifiedEvent({ fingerprint: "slow", quietPeriodMs: 60 * 60_000 }));
      expect(await fresh.housekeeping.resolveQuiet(new Date(minutes(5).getTime() - 1))).toEqual([]);
      expect(await fresh.housekeeping.resolveQuiet(minutes(5))).toEqual([{ id: quick.incidentId, code: 80604 }]);
      expect(await fresh.housekeeping.resolveQuiet(minutes(5))).toEqual([]);
      expect(await incidentOf(quick)).toMatchObject({ state: "resolved", resolvedAt: minutes(5).toISOString() });
      expect(await incidentOf(slow)).toMatchObject({ state: "open", resolvedAt: null });
    });

    test("an event before the end of the quiet period keeps it open", async () => {
      const first = await one(classifiedEvent());
      await one(classifiedEvent({ receivedAt: minutes(29) }));
      expect(await fresh.housekeeping.resolveQuiet(minutes(31))).toEqual([]);
      expect((await fresh.housekeeping.resolveQuiet(minutes(59))).map(({ id }) => id)).toEqual([first.incidentId]);
    });

    test("several processes resolving at once resolve each incident once", async () => {
      await fresh.store.record(Array.from({ length: 300 }, (_, n) => classifiedEvent({ fingerprint: `fp-${n}` })));
      const rounds = await Promise.all([1, 2, 3, 4].map(() => fresh.housekeeping.resolveQuiet(minutes(60))));
      expect(new Set(rounds.flat().map(({ id }) => id)).size).toBe(300);
      expect(rounds.flat()).toHaveLength(300);
    });

    test("an event within a day of resolving reopens it and the count goes on", async () => {
      const first = await one(classifiedEvent());
      await fresh.housekeeping.resolveQuiet(minutes(30));
      const back = await one(classifiedEvent({ receivedAt: minutes(30 + day) }));
      expect(back).toMatchObject({ transition: "reopened", incidentId: first.incidentId });
      expect(back.work?.incidentId).toBe(first.incidentId);
      expect(await incidentOf(first)).toMatchObject({ state: "open", resolvedAt: null, count: 2 });
      expect(await fresh.housekeeping.resolveQuiet(minutes(59 + day))).toEqual([]);
      expect(await fresh.housekeeping.resolveQuiet(minutes(60 + day))).toHaveLength(1);
    });

    test("an event later than a day opens a new one; the old one stays resolved for good", async () => {
      const first = await one(classifiedEvent());
      await fresh.housekeeping.resolveQuiet(minutes(30));
      const next = await one(classifiedEvent({ receivedAt: new Date(minutes(30 + day).getTime() + 1) }));
      expect(next.transition).toBe("opened");
      expect(next.incidentId).not.toBe(first.incidentId);
      expect(await incidentOf(first)).toMatchObject({ state: "resolved", count: 1 });
      expect(await incidentOf(next)).toMatchObject({ state: "open", count: 1 });
      expect((await one(classifiedEvent({ receivedAt: minutes(31 + day) }))).incidentId).toBe(next.incidentId);
    });

    test("a duplicate of an old event does not reopen", async () => {
      const event = classifiedEvent();
      const first = await one(event);
      await fresh.housekeeping.resolveQuiet(minutes(30));
      expect(await one({ ...event, receivedAt: minutes(40) })).toMatchObject({
        outcome: "duplicate",
        transition: null,
      });
      expect((await incidentOf(first)).state).toBe("resolved");
    });

    test("the same event from two stores at once opens, and later reopens, one incident", async () => {
      const stores = [fresh.store, fresh.another(), fresh.another()];
      const everywhere = async (event: ClassifiedEvent) =>
        (await Promise.all(stores.map((store) => store.record([event]))))
          .flat()
          .flatMap((result) => result.transition ?? []);
      expect(await everywhere(classifiedEvent())).toEqual(["opened"]);
      await fresh.housekeeping.resolveQuiet(minutes(30));
      expect(await everywhere(classifiedEvent({ receivedAt: minutes(45) }))).toEqual(["reopened"]);
      await fresh.housekeeping.resolveQuiet(minutes(80));
      expect(await everywhere(classifiedEvent({ receivedAt: minutes(3 * day) }))).toEqual(["opened"]);
    });

    test("open ones are counted by code and severity", async () => {
      await fresh.store.record([
        classifiedEvent({ fingerprint: "a" }),
        classifiedEvent({ fingerprint: "b" }),
        classifiedEvent({ fingerprint: "c", severity: "warning", event: { code: 11200 } }),
      ]);
      expect(await fresh.reader.openIncidents()).toEqual([
        { code: 11200, severity: "warning", count: 1 },
        { code: 80604, severity: "error", count: 2 },
      ]);
    });
  });

  describe("sampling", () => {
    const worked = (results: readonly Recorded[]) => results.filter((result) => result.work !== null).length;

    test("one subject is sampled once, however often it comes", async () => {
      const results = await fresh.store.record(Array.from({ length: 50 }, () => classifiedEvent({ subject: "same" })));
      expect(worked(results)).toBe(1);
      expect(results[0]?.work).toMatchObject({ kind: "diagnose", incidentId: results[0]?.incidentId });
      expect((await one(classifiedEvent({ subject: "same" }))).work).toBeNull();
    });

    test("distinct subjects are sampled up to the bound of the hour, anew in the next hour", async () => {
      const distinct = (at: Date) => Array.from({ length: 30 }, () => classifiedEvent({ receivedAt: at }));
      expect(worked(await fresh.store.record(distinct(start)))).toBe(12);
      expect(worked(await fresh.store.record(distinct(minutes(20))))).toBe(0);
      expect(worked(await fresh.store.record(distinct(minutes(45))))).toBe(12);
      expect(worked(await fresh.store.record(distinct(minutes(20))))).toBe(0);
    });

    test("the event that opens or reopens is sampled though the bound is nought and its subject known", async () => {
      const store = fresh.another({ samplesPerHour: 0 });
      expect(worked(await store.record([classifiedEvent({ subject: "s" }), classifiedEvent()]))).toBe(1);
      await fresh.housekeeping.resolveQuiet(minutes(30));
      expect(worked(await store.record([classifiedEvent({ subject: "s", receivedAt: minutes(31) })]))).toBe(1);
    });
  });

  describe("sealing", () => {
    /** An event that counts how often it is sealed. */
    const sealed = (overrides: Parameters<typeof classifiedEvent>[0], seals: string[] = []) => {
      const event = classifiedEvent(overrides);
      return {
        ...event,
        sealedSubject: () => {
          seals.push(event.event.sid);
          return `sealed ${event.event.sid}`;
        },
      };
    };
    const expectAllSealed = async () => {
      const { rows } = await fresh.db.pool.query<{ event_sid: string; sealed_subject: string | null }>(
        "select event_sid, sealed_subject from faultline.work",
      );
      for (const row of rows) expect(row.sealed_subject).toBe(`sealed ${row.event_sid}`);
      return rows.length;
    };

    test("is left out for events that are not diagnosed: their subject was, or enough are in this hour", async () => {
      const store = fresh.another();
      const seals: string[] = [];
      await store.record([sealed({ subject: "same" }, seals)]);
      await store.record([sealed({ subject: "same" }, seals)]);
      for (let n = 0; n < 10; n += 1) await store.record([sealed({ subject: "same" }, seals)]);
      expect(seals).toHaveLength(1);
      await store.record(Array.from({ length: 11 }, () => sealed({}, seals)));
      expect(seals).toHaveLength(12);
      await store.record(Array.from({ length: 50 }, () => sealed({}, seals)));
      expect(seals).toHaveLength(12);
      expect(await expectAllSealed()).toBe(12);
      await store.record([sealed({ receivedAt: minutes(45), quietPeriodMs: day * 60_000 }, seals)]);
      expect(seals).toHaveLength(13);
      expect(await expectAllSealed()).toBe(13);
    });

    test("is made up for when an event is diagnosed against expectation, and everything is recorded once", async () => {
      const store = fresh.another();
      for (let n = 0; n < 3; n += 1)
        await store.record([sealed({ subject: "same" }), sealed({ fingerprint: "other" })]);
      // Long before its time: nobody can expect that.
      await fresh.db.pool.query("update faultline.incidents set state = 'resolved', resolved_at = $1", [start]);
      const seals: string[] = [];
      const again = await store.record([
        sealed({ subject: "same" }, seals),
        classifiedEvent({ fingerprint: "third" }),
        sealed({ fingerprint: "other" }, seals),
      ]);
      expect(again.map(({ transition }) => transition)).toEqual(["reopened", "opened", "reopened"]);
      expect(again.every(({ work }) => work !== null)).toBe(true);
      const { rows } = await fresh.db.pool.query(
        "select sealed_subject is null as bare, count(*)::int as count from faultline.work group by 1 order by 1",
      );
      expect(rows).toEqual([
        { bare: false, count: 6 },
        { bare: true, count: 1 },
      ]);
      expect((await incidentOf(again[0])).count).toBe(4);
    });

    test("whatever comes and whenever incidents end, all that is diagnosed has its subject, sealed", async () => {
      const event = fc.record({
        fingerprint: fc.constantFrom("a", "b"),
        subject: fc.constantFrom("s", "t", "u"),
        minute: fc.integer({ min: 0, max: 90 }),
        quiet: fc.constantFrom(1, 30),
      });
      const steps = fc.array(
        fc.oneof(
          fc.array(event, { minLength: 1, maxLength: 8 }),
          fc.integer({ min: 0, max: 200 }),
          fc.constant("all" as const),
        ),
        { maxLength: 12 },
      );
      await fc.assert(
        fc.asyncProperty(steps, async (all) => {
          await fresh.clear();
          const store = fresh.another({ samplesPerHour: 3 });
          for (const one of all) {
            if (one === "all")
              await fresh.db.pool.query("update faultline.incidents set state = 'resolved', resolved_at = $1", [start]);
            // What has been resolved is wiped; here it is put back, to be able to tell what was never sealed.
            else if (typeof one === "number") {
              await expectAllSealed();
              await fresh.housekeeping.resolveQuiet(minutes(one));
              await fresh.db.pool.query("update faultline.work set sealed_subject = 'sealed ' || event_sid");
            } else {
              await store.record(
                one.map(({ fingerprint, subject, minute, quiet }) =>
                  sealed({ fingerprint, subject, receivedAt: minutes(minute), quietPeriodMs: quiet * 60_000 }),
                ),
              );
            }
          }
          await expectAllSealed();
        }),
        { numRuns: 40 },
      );
    });

    test("an event with nothing to seal is diagnosed without", async () => {
      const { work } = await one({ ...classifiedEvent(), sealedSubject: () => null });
      expect(work).not.toBeNull();
      const { rows } = await fresh.db.pool.query("select sealed_subject from faultline.work");
      expect(rows).toEqual([{ sealed_subject: null }]);
    });
  });

  describe("work", () => {
    const workOf = async () => {
      const event = classifiedEvent();
      const { work } = await one(event);
      if (work === null) throw new Error("expected work");
      return { event, work };
    };

    test("is overdue from its writing until it is dispatched, and again when that is too long ago", async () => {
      const { work } = await workOf();
      expect(await fresh.work.overdue(start, 10)).toEqual([]);
      expect(await fresh.work.overdue(minutes(1), 10)).toEqual([work]);
      await fresh.work.markDispatched([work.id], minutes(2));
      expect(await fresh.work.overdue(minutes(2), 10)).toEqual([]);
      expect(await fresh.work.overdue(minutes(3), 10)).toEqual([work]);
    });

    test("the oldest overdue comes first, no more than asked for", async () => {
      const results = await fresh.store.record(
        [3, 1, 2].map((n) => classifiedEvent({ fingerprint: `fp-${n}`, receivedAt: minutes(n) })),
      );
      const ids = (await fresh.work.overdue(minutes(9), 2)).map((work) => work.id);
      expect(ids).toEqual([results[1]?.work?.id, results[2]?.work?.id]);
    });

    test("carries the trace of its event, now and when it is handed over again", async () => {
      const trace = `00-${"a".repeat(32)}-${"b".repeat(16)}-01`;
      const [traced, other] = await fresh.store.record([
        classifiedEvent({ trace }),
        classifiedEvent({ fingerprint: "untraced", trace: null }),
      ]);
      expect(traced?.work?.trace).toBe(trace);
      expect(other?.work).not.toHaveProperty("trace");
      expect(await fresh.work.overdue(minutes(1), 10)).toEqual([traced?.work, other?.work]);
      for (const result of [traced, other]) if (result?.work != null) await fresh.work.abandon(result.work, "odd");
      const again = await fresh.work.requeue(10);
      expect(new Map(again.map((work) => [work.id, work]))).toEqual(
        new Map([traced, other].map((result) => [result?.work?.id, result?.work])),
      );
    });

    test("finished twice leaves one diagnosis, the first", async () => {
      const { event, work } = await workOf();
      await fresh.work.finish(work, diagnosis(event.event.sid), noLead);
      await fresh.work.finish(work, { ...diagnosis(event.event.sid), calls: 9 }, noLead);
      expect(await fresh.reader.diagnoses(work.incidentId, 10)).toEqual([diagnosis(event.event.sid)]);
      expect(await fresh.work.overdue(minutes(60), 10)).toEqual([]);
    });

    test("diagnoses of an incident come newest first, no more than asked for", async () => {
      const results = await fresh.store.record([classifiedEvent(), classifiedEvent(), classifiedEvent()]);
      for (const { work } of results)
        if (work !== null) await fresh.work.finish(work, diagnosis(work.eventSid), noLead);
      const found = await fresh.reader.diagnoses(results[0]?.incidentId ?? "", 2);
      expect(found.map((one) => one.eventSid)).toEqual([results[2]?.work?.eventSid, results[1]?.work?.eventSid]);
    });

    test("diagnoses of several incidents come at once: by incident, the latest first, no more than asked for of each", async () => {
      const results = await fresh.store.record(
        ["one", "one", "one", "two", "without"].map((fingerprint) => classifiedEvent({ fingerprint })),
      );
      const [first, second, third, other, without] = results;
      // Finished out of turn: what counts is when they looked.
      for (const [result, place] of [
        [third, 3],
        [first, 1],
        [other, 1],
        [second, 2],
      ] as const) {
        const at = `2026-01-01T00:00:0${place}.000Z`;
        if (result?.work) await fresh.work.finish(result.work, { ...diagnosis(result.work.eventSid), at }, noLead);
      }
      const ids = [other, first, without].map((result) => result?.incidentId ?? "");
      const found = await fresh.reader.diagnosesOf([...ids, "inc_0", "nobody"], 2);
      expect(new Map([...found].map(([id, of]) => [id, of.map(({ eventSid }) => eventSid)]))).toEqual(
        new Map([
          [ids[0], [other?.work?.eventSid]],
          [ids[1], [third?.work?.eventSid, second?.work?.eventSid]],
        ]),
      );
      expect(await fresh.reader.diagnosesOf([], 2)).toEqual(new Map());
    });

    test("the leading cause is told once when it is found and once when it changes", async () => {
      const results = await fresh.store.record([classifiedEvent(), classifiedEvent(), classifiedEvent()]);
      const told: unknown[] = [];
      for (const [index, lead] of ["a-cause", "a-cause", "another-cause"].entries()) {
        const work = results[index]?.work;
        if (!work) throw new Error("expected work for each of three subjects");
        told.push(await fresh.work.finish(work, diagnosis(work.eventSid), () => lead));
      }
      expect(told).toEqual(["diagnosed", null, "cause_changed"]);
    });

    test("the sealed subject comes with the event and is wiped when the incident resolves", async () => {
      const { work } = await one(classifiedEvent({ sealedSubject: () => "sealed", quietPeriodMs: 60_000 }));
      if (work === null) throw new Error("expected work");
      expect((await fresh.work.workEvent(work))?.sealedSubject).toBe("sealed");

      await fresh.housekeeping.resolveQuiet(minutes(60));

      expect((await fresh.work.workEvent(work))?.sealedSubject).toBeNull();
    });

    test("requeue takes up what was abandoned or could read nothing, and nothing else", async () => {
      const results = await fresh.store.record([classifiedEvent(), classifiedEvent(), classifiedEvent()]);
      const [read, unread, abandoned] = results.map(({ work }) => work);
      if (!read || !unread || !abandoned) throw new Error("expected work for each of three subjects");
      await fresh.work.finish(read, diagnosis(read.eventSid), noLead);
      await fresh.work.finish(unread, { ...diagnosis(unread.eventSid), failure: "timeout" }, noLead);
      await fresh.work.abandon(abandoned, "event_deleted");

      const again = await fresh.work.requeue(10);

      expect(again.map(({ id }) => id).toSorted()).toEqual([unread.id, abandoned.id].toSorted());
      expect(await fresh.work.finish(unread, diagnosis(unread.eventSid), () => "a-cause")).toBe("diagnosed");
    });

    test("abandoned is over, and finishing it later changes nothing", async () => {
      const { event, work } = await workOf();
      await fresh.work.abandon(work, "no_credentials");
      await fresh.work.finish(work, diagnosis(event.event.sid), noLead);
      expect(await fresh.work.overdue(minutes(60), 10)).toEqual([]);
      expect(await fresh.reader.diagnoses(work.incidentId, 10)).toEqual([]);
      const { rows } = await fresh.db.pool.query("select abandoned from faultline.work");
      expect(rows).toEqual([{ abandoned: "no_credentials" }]);
    });

    test("knows its event until retention takes it", async () => {
      const { event, work } = await workOf();
      expect(await fresh.work.workEvent(work)).toMatchObject({ sid: event.event.sid, incidentId: work.incidentId });
      await fresh.housekeeping.deleteBefore(minutes(1));
      expect(await fresh.work.workEvent(work)).toBeNull();
    });
  });

  describe("reading", () => {
    test("an event comes back whole", async () => {
      const event = classifiedEvent({
        event: {
          parentAccount: `AC${"b".repeat(32)}`,
          resource: `KC${"c".repeat(32)}`,
          service: `KS${"d".repeat(32)}`,
          payload: { more_info: { Msg: "é 🎈", list: [1, null, { deep: true }] } },
        },
      });
      const { incidentId } = await one(event);
      expect(await fresh.reader.events({ limit: 1 })).toEqual({
        items: [
          {
            sid: event.event.sid,
            source: "debugger",
            account: event.event.account,
            parentAccount: event.event.parentAccount,
            code: 80604,
            level: "ERROR",
            product: "Proxy",
            title: "Proxy identifier already in use",
            occurredAt: "2026-01-15T10:19:59.000Z",
            receivedAt: start.toISOString(),
            resource: event.event.resource,
            service: event.event.service,
            incidentId,
            payload: event.event.payload,
          },
        ],
        nextCursor: null,
      });
    });

    test("filters by incident, code and state", async () => {
      const [a, b] = await fresh.store.record([
        classifiedEvent({ fingerprint: "a", quietPeriodMs: 1 }),
        classifiedEvent({ fingerprint: "b", event: { code: 11200 } }),
      ]);
      await fresh.housekeeping.resolveQuiet(minutes(1));
      const ids = async (query: { state?: "open" | "resolved"; code?: number }) => {
        const page = await fresh.reader.incidents({ ...query, limit: 10 });
        return page === "invalid_cursor" ? page : page.items.map((incident) => incident.id);
      };
      expect(await ids({})).toEqual([b?.incidentId, a?.incidentId]);
      expect(await ids({ state: "open" })).toEqual([b?.incidentId]);
      expect(await ids({ state: "resolved" })).toEqual([a?.incidentId]);
      expect(await ids({ code: 11200 })).toEqual([b?.incidentId]);
      expect(await fresh.reader.events({ code: 11200, limit: 10 })).toMatchObject({ items: [{ code: 11200 }] });
      expect(await fresh.reader.events({ incident: a?.incidentId ?? "", limit: 10 })).toMatchObject({
        items: [{ incidentId: a?.incidentId }],
      });
    });

    test("an id that is none of ours finds nothing", async () => {
      for (const id of ["", "inc_", "inc_zzzzzzzzz", "inc_1;drop", "x".repeat(500), "inc_-1"]) {
        expect(await fresh.reader.incident(id)).toBeNull();
        expect(await fresh.reader.events({ incident: id, limit: 5 })).toEqual({ items: [], nextCursor: null });
        expect(await fresh.reader.diagnoses(id, 5)).toEqual([]);
      }
    });

    test("any text as a cursor is a page or refused, never an error", async () => {
      const wild = fc.oneof(
        fc.string(),
        fc.base64String(),
        fc.string().map((text) => Buffer.from(text).toString("base64url")),
        fc
          .tuple(fc.constantFrom("a", "r"), fc.bigInt(), fc.bigInt())
          .map((parts) => Buffer.from(parts.join(".")).toString("base64url")),
      );
      await fc.assert(
        fc.asyncProperty(wild, async (cursor) => {
          for (const list of ["incidents", "events", "quarantine"] as const) {
            const page = await fresh.reader[list]({ limit: 1, cursor });
            expect(page === "invalid_cursor" || page.items.length === 0).toBe(true);
          }
        }),
        { numRuns: 100 },
      );
    });

    test("pages neither overlap nor skip, newest first, while more arrives", async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.integer({ min: 0, max: 5 }), { minLength: 1, maxLength: 40 }),
          fc.integer({ min: 1, max: 7 }),
          async (arrivals, limit) => {
            await fresh.clear();
            const events = arrivals.map((minute, n) =>
              classifiedEvent({ fingerprint: `fp-${n}`, receivedAt: minutes(minute) }),
            );
            await fresh.store.record(events);
            await fresh.store.quarantine(arrivals.map((minute) => quarantinedItem({ receivedAt: minutes(minute) })));
            let newer = 0;
            const withCursor = (cursor: string | undefined) => ({ limit, ...(cursor === undefined ? {} : { cursor }) });

            const seen = await allPages(async (cursor) => {
              const page = await fresh.reader.events(withCursor(cursor));
              newer += 1;
              await fresh.store.record([classifiedEvent({ fingerprint: null, receivedAt: minutes(60 + newer) })]);
              return page;
            });
            expect(seen.map((event) => event.receivedAt)).toEqual(
              events
                .map((event) => event.receivedAt.toISOString())
                .toSorted()
                .toReversed(),
            );
            expect(new Set(seen.map((event) => event.sid)).size).toBe(events.length);

            const incidents = await allPages((cursor) => fresh.reader.incidents(withCursor(cursor)));
            expect(new Set(incidents.map((incident) => incident.fingerprint)).size).toBe(events.length);
            expect(incidents).toHaveLength(events.length);
            const kept = await allPages((cursor) => fresh.reader.quarantine(withCursor(cursor)));
            expect(new Set(kept.map((item) => item.id)).size).toBe(events.length);
            expect(kept).toHaveLength(events.length);
          },
        ),
        { numRuns: 15 },
      );
    });

    test("answers a ping", async () => {
      await expect(fresh.reader.ping()).resolves.toBeUndefined();
    });
  });

  describe("quarantine", () => {
    test("the same text of a source is kept once, of another source again", async () => {
      const item = quarantinedItem({ raw: "<html>" });
      await Promise.all([fresh.store.quarantine([item, item]), fresh.another().quarantine([item])]);
      await fresh.store.quarantine([item, { ...item, source: "event_streams", account: "AC1" }]);
      const page = await fresh.reader.quarantine({ limit: 10 });
      if (page === "invalid_cursor") throw new Error("expected a page");
      expect(page.items.map(({ source, raw, account }) => ({ source, raw, account })).toReversed()).toEqual([
        { source: "debugger", raw: "<html>", account: null },
        { source: "event_streams", raw: "<html>", account: "AC1" },
      ]);
    });

    test("text PostgreSQL cannot hold is kept with the replacement character", async () => {
      await fresh.store.quarantine([quarantinedItem({ raw: "a\0b\ud800c" })]);
      expect(await fresh.reader.quarantine({ limit: 1 })).toMatchObject({ items: [{ raw: "a\uFFFDb\uFFFDc" }] });
    });
  });

  describe("retention", () => {
    test("takes what is older by arrival, leaves open incidents and their counts", async () => {
      const open = await one(classifiedEvent({ fingerprint: "open" }));
      const resolved = await one(classifiedEvent({ fingerprint: "resolved", quietPeriodMs: 1 }));
      if (resolved.work !== null) await fresh.work.finish(resolved.work, diagnosis(resolved.work.eventSid), noLead);
      await fresh.housekeeping.resolveQuiet(minutes(1));
      await one(classifiedEvent({ fingerprint: "open", receivedAt: minutes(20) }));
      await fresh.store.quarantine([quarantinedItem(), quarantinedItem({ receivedAt: minutes(20) })]);

      expect(await fresh.housekeeping.deleteBefore(minutes(10))).toEqual({ events: 2, incidents: 1, quarantined: 1 });
      expect(await fresh.housekeeping.deleteBefore(minutes(10))).toEqual({ events: 0, incidents: 0, quarantined: 0 });
      expect((await incidentOf(open)).count).toBe(2);
      expect(await fresh.reader.incident(resolved.incidentId ?? "")).toBeNull();
      expect(await fresh.reader.diagnoses(resolved.incidentId ?? "", 5)).toEqual([]);
      expect(await fresh.reader.events({ limit: 10 })).toMatchObject({
        items: [{ receivedAt: minutes(20).toISOString() }],
      });
    });

    test("several batches by several processes add up", async () => {
      await fresh.store.record(Array.from({ length: 3_500 }, () => classifiedEvent({ fingerprint: null })));
      const rounds = await Promise.all([1, 2].map(() => fresh.housekeeping.deleteBefore(minutes(1))));
      expect(rounds.reduce((sum, round) => sum + round.events, 0)).toBe(3_500);
      const { rows } = await fresh.db.pool.query("select count(*)::int as keys from faultline.event_keys");
      expect(rows).toEqual([{ keys: 0 }]);
    });
  });

  describe("trouble", () => {
    test("an event that cannot be stored does not fail the calls that share its statement", async () => {
      // Too long for an index entry even when compressed; the rest of the batch has nothing to do with it.
      const noise = Array.from({ length: 3_000 }, (_, n) => String.fromCharCode(0x4e00 + ((n * 7_919) % 20_000))).join(
        "",
      );
      const poison = classifiedEvent({ event: { sid: noise } });
      const results = await Promise.allSettled([one(classifiedEvent()), one(poison), one(classifiedEvent())]);
      expect(results.map((result) => result.status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
      expect(results[1]).toMatchObject({ reason: { reason: "database_unavailable" } });
      expect(results[1]?.status === "rejected" && results[1].reason).toBeInstanceOf(StoreUnavailable);
    });

    test("NUL characters and broken surrogates in any field are stored as the replacement character", async () => {
      const payload = { "ke\0y": ["va\0lue", "\ud800", { "\udc00": "\0" }] };
      await one(classifiedEvent({ title: "a\0b", event: { payload, service: "s\0" } }));
      expect(await fresh.reader.events({ limit: 1 })).toMatchObject({
        items: [
          {
            title: "a\uFFFDb",
            service: "s\uFFFD",
            payload: { "ke\uFFFDy": ["va\uFFFDlue", "\uFFFD", { "\uFFFD": "\uFFFD" }] },
          },
        ],
      });
    });

    test("any JSON payload is kept as it is", async () => {
      await fc.assert(
        fc.asyncProperty(fc.dictionary(fc.string(), fc.jsonValue()), async (wild) => {
          const payload = JSON.parse(JSON.stringify(wild).replaceAll("\\u0000", "").replaceAll("-0", "0"));
          const event = classifiedEvent({ fingerprint: null, event: { payload } });
          await one(event);
          // Compared where it is stored: JSON.parse of Node 24 may read the key `"` as `\` after one of that name.
          const { rows } = await fresh.db.pool.query(
            "select payload = $2::jsonb as same from faultline.events where sid = $1",
            [event.event.sid, JSON.stringify(payload)],
          );
          expect(rows).toEqual([{ same: true }]);
        }),
        { numRuns: 60 },
      );
    });

    test("too many waiting events are refused as overloaded, those taken are recorded", async () => {
      const store = fresh.another({ maxWaiting: 50, maxBatch: 10 });
      const results = await Promise.allSettled(Array.from({ length: 80 }, () => store.record([classifiedEvent()])));
      const refused = results.filter((result) => result.status === "rejected");
      expect(refused).toHaveLength(30);
      for (const { reason } of refused)
        expect(reason).toMatchObject({ name: "StoreUnavailable", reason: "overloaded" });
      expect(await store.record([classifiedEvent()])).toMatchObject([{ outcome: "recorded" }]);
    });

    test("one delivery larger than all bounds is taken when nothing waits", async () => {
      const store = fresh.another({ maxWaiting: 50, maxBatch: 10 });
      const results = await store.record(Array.from({ length: 1_000 }, () => classifiedEvent()));
      expect(results.filter((result) => result.outcome === "recorded")).toHaveLength(1_000);
    });
  });
}
