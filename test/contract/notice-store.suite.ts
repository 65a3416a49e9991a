import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Diagnosis } from "../../src/core/diagnosis/verdict.ts";
import type { IncidentView } from "../../src/core/incident-view.ts";
import type { PendingNotice, SilenceStore } from "../../src/pipeline/notice-ports.ts";
import {
  claimMs,
  type DueIncident,
  type HeldNotice,
  type Judgement,
  type LookContext,
  type NewNotice,
  type NoticeStore,
  type Verdict,
} from "../../src/pipeline/notice-record-ports.ts";
import type { ClassifiedEvent, Recorded } from "../../src/pipeline/ports.ts";
import { createHousekeeping } from "../../src/store/housekeeping.ts";
import { createNoticeStore } from "../../src/store/notice-store.ts";
import { createSilenceStore } from "../../src/store/silence-store.ts";
import { classifiedEvent, type FreshStore, freshStore, type StoreMode } from "../support/store.ts";

/*
 * What every log of notices must do, wherever it is kept. Time is passed in.
 */

const start = new Date("2026-01-15T10:20:00.000Z");
const seconds = (count: number) => new Date(start.getTime() + count * 1_000);
const minutes = (count: number) => seconds(count * 60);
const limits = { incidents: 25, openings: 11, digests: true };

const diagnosis = (eventSid: string): Diagnosis => ({
  eventSid,
  at: seconds(1).toISOString(),
  calls: 1,
  failedRequest: null,
  causes: [{ id: "reopened-session", verdict: "confirmed", evidence: [] }],
  conflicts: [],
  evidence: [],
  remedies: [],
});

/** Runs the suite on one kind of database. */
export function noticeStoreSuite(mode: StoreMode): void {
  let fresh: FreshStore;
  let store: NoticeStore;
  let silences: SilenceStore;
  beforeAll(async () => {
    fresh = await freshStore(mode);
    store = createNoticeStore(fresh.db);
    silences = createSilenceStore(fresh.db);
  });
  afterAll(() => fresh.dispose());
  beforeEach(() => fresh.clear());

  async function record(event: ClassifiedEvent = classifiedEvent()): Promise<Recorded & { incidentId: string }> {
    const [result] = await fresh.store.record([event]);
    if (result?.incidentId == null) throw new Error("expected an incident");
    return { ...result, incidentId: result.incidentId };
  }

  /** Looks, and gives what was seen; `decide` says what comes of each incident. */
  async function look(
    now: Date,
    decide: (due: DueIncident) => Partial<Verdict> = () => ({}),
    digests: (context: LookContext) => Judgement["digests"] = () => [],
  ) {
    const seen: DueIncident[] = [];
    const contexts: LookContext[] = [];
    const result = await store.look(now, limits, (due, context) => {
      seen.push(...due);
      contexts.push(context);
      const verdicts = due.map((each) => {
        return { incidentId: each.incident.id, tell: [], hold: [], lookAt: null, growAt: null, ...decide(each) };
      });
      return { verdicts, digests: digests(context) };
    });
    const [context] = contexts;
    if (context === undefined) throw new Error("expected to look");
    return { ...result, seen, context };
  }

  const told = (overrides: Partial<NewNotice> = {}): NewNotice => ({
    receiver: "slack",
    transition: "opened",
    reason: "first",
    since: start,
    count: 1,
    severity: "error",
    leadingCause: null,
    ...overrides,
  });
  const held = (overrides: Partial<HeldNotice> = {}): HeldNotice => ({
    receiver: "slack",
    transition: "opened",
    reason: "suppressed_storm",
    count: 1,
    severity: "error",
    leadingCause: null,
    group: null,
    ...overrides,
  });

  /** Has one notice decided about the one incident that is due. */
  async function decided(now: Date, overrides: Partial<NewNotice> = {}): Promise<PendingNotice> {
    const { notices } = await look(now, () => ({ tell: [told(overrides)] }));
    const [notice] = notices;
    if (notice === undefined || notices.length > 1) throw new Error(`expected one notice, got ${notices.length}`);
    return notice;
  }
  /** Makes the incident due again by an event that raises its severity. */
  async function stir(at: Date, severity: ClassifiedEvent["severity"]): Promise<void> {
    await record(classifiedEvent({ receivedAt: at, severity }));
  }

  describe("a look is due", () => {
    test("at once when an incident opens, and not again until something happens", async () => {
      const { incidentId } = await record();
      expect(await store.isDue(start)).toBe(true);
      const first = await look(start);
      expect(first.seen.map(({ incident }) => incident.id)).toEqual([incidentId]);
      expect(first.seen[0]).toMatchObject({
        diagnosed: false,
        openedAt: start,
        quietAt: minutes(30),
        last: [],
        diagnoses: [],
      });
      expect(await store.isDue(minutes(60))).toBe(false);

      await record();
      expect((await look(minutes(60))).seen).toEqual([]);
    });

    test("when the time has come that the last look named", async () => {
      await record();
      await look(start, () => ({ lookAt: seconds(10) }));
      expect(await store.isDue(seconds(9))).toBe(false);
      expect((await look(seconds(9))).seen).toEqual([]);
      expect((await look(seconds(10))).seen).toHaveLength(1);
    });

    test("when the cause is known, though the look was put off", async () => {
      const { work } = await record();
      await look(start, () => ({ lookAt: seconds(10) }));
      if (work === null) throw new Error("expected work");
      await fresh.work.finish(work, diagnosis(work.eventSid), () => "reopened-session");
      const [due] = (await look(seconds(1))).seen;
      expect(due).toMatchObject({ diagnosed: true });
      expect(due?.diagnoses).toEqual([diagnosis(work.eventSid)]);
    });

    test("when the first diagnosis found no cause: there is nothing to wait for any more", async () => {
      const { work } = await record();
      await look(start, () => ({ lookAt: seconds(10) }));
      if (work === null) throw new Error("expected work");
      await fresh.work.finish(work, diagnosis(work.eventSid), () => null);
      expect((await look(seconds(1))).seen).toMatchObject([{ diagnosed: true }]);
    });

    test("when the severity rises, but not when it falls", async () => {
      await record();
      await look(start);
      await stir(seconds(1), "warning");
      expect(await store.isDue(seconds(1))).toBe(false);
      await stir(seconds(2), "critical");
      expect((await look(seconds(2))).seen).toMatchObject([{ incident: { severity: "critical", count: 3 } }]);
    });

    test("when the count reaches what the last look named, once", async () => {
      await record();
      await look(start, () => ({ growAt: 3 }));
      await record();
      expect(await store.isDue(minutes(1))).toBe(false);
      await fresh.store.record([classifiedEvent(), classifiedEvent()]);
      expect((await look(minutes(1), () => ({ growAt: 3 }))).seen).toMatchObject([{ incident: { count: 4 } }]);
      await record();
      expect(await store.isDue(minutes(1))).toBe(false);
    });

    test("when it resolves and when it reopens", async () => {
      await record();
      await look(start);
      await fresh.housekeeping.resolveQuiet(minutes(31));
      expect((await look(minutes(31))).seen).toMatchObject([{ incident: { state: "resolved" } }]);
      await record(classifiedEvent({ receivedAt: minutes(40) }));
      const [due] = (await look(minutes(40))).seen;
      expect(due).toMatchObject({ incident: { state: "open" }, openedAt: minutes(40) });
    });

    test("one at a time: a second look at the same moment comes to nothing", async () => {
      await record();
      const results = await Promise.all(
        [1, 2, 3].map(() =>
          store.look(start, limits, (due) => ({
            verdicts: due.map(({ incident }) => {
              return { incidentId: incident.id, tell: [told()], hold: [], lookAt: null, growAt: null };
            }),
            digests: [],
          })),
        ),
      );
      expect(results.flatMap(({ notices }) => notices)).toHaveLength(1);
    });

    test("a judgement that throws leaves everything as it was", async () => {
      await record();
      const failing = store.look(start, limits, () => {
        throw new Error("judge");
      });
      await expect(failing).rejects.toThrow("judge");
      expect((await look(start)).seen).toHaveLength(1);
    });

    test("says when more is due than one look takes", async () => {
      await fresh.store.record(
        Array.from({ length: 30 }, (_, index) => classifiedEvent({ fingerprint: `fp-${index}` })),
      );
      const first = await look(start);
      expect([first.seen.length, first.more]).toEqual([25, true]);
      const second = await look(start);
      expect([second.seen.length, second.more]).toEqual([5, false]);
    });
  });

  test("an incident is not resolved before a look that is due, where somebody looks", async () => {
    const housekeeping = createHousekeeping(fresh.db, true);
    const { incidentId } = await record();
    expect(await housekeeping.resolveQuiet(minutes(31))).toEqual([]);
    const first = await look(minutes(31), () => ({ tell: [told()] }));
    expect(first.seen[0]).toMatchObject({ incident: { id: incidentId, state: "open" }, quietAt: minutes(30) });
    expect(await housekeeping.resolveQuiet(minutes(31))).toEqual([{ id: incidentId, code: 80604 }]);
    const last = await look(minutes(31));
    expect(last.seen[0]).toMatchObject({ incident: { state: "resolved" }, last: [{ transition: "opened" }] });
  });

  test("a look that lies ahead keeps no incident open", async () => {
    const housekeeping = createHousekeeping(fresh.db, true);
    const { incidentId } = await record();
    await look(start, () => ({ lookAt: minutes(32) }));
    expect(await housekeeping.resolveQuiet(minutes(31))).toEqual([{ id: incidentId, code: 80604 }]);
  });

  describe("what was told", () => {
    test("is the last notice of each receiver, as things stood then, whatever became of it", async () => {
      await record();
      const { notices } = await look(start, () => ({ tell: [told(), told({ receiver: "pagerduty" })] }));
      await stir(seconds(5), "critical");
      const grew = told({ reason: "grew", transition: "grew", count: 20, leadingCause: "x", severity: "critical" });
      await look(seconds(5), () => ({ tell: [grew] }));
      await store.giveUp(notices[1]?.id ?? "", "clientError", seconds(6));
      await fresh.housekeeping.resolveQuiet(minutes(31));
      const [due] = (await look(minutes(31))).seen;
      expect(due?.last.toSorted((a, b) => (a.receiver < b.receiver ? -1 : 1))).toEqual([
        {
          receiver: "pagerduty",
          transition: "opened",
          at: start.toISOString(),
          count: 1,
          severity: "error",
          leadingCause: null,
          grewAt: null,
        },
        {
          receiver: "slack",
          transition: "grew",
          at: seconds(5).toISOString(),
          count: 20,
          severity: "critical",
          leadingCause: "x",
          grewAt: seconds(5).toISOString(),
        },
      ]);
    });

    test("does not count what was suppressed, but says why it was", async () => {
      await record();
      await look(start, () => ({ hold: [held({ reason: "suppressed_silence" })], lookAt: seconds(1) }));
      const [due] = (await look(seconds(1), () => ({ tell: [told()], lookAt: seconds(2) }))).seen;
      expect(due?.last).toEqual([]);
      expect(due?.suppressed).toEqual(new Map([["slack", "suppressed_silence"]]));
      const [later] = (await look(seconds(2))).seen;
      expect(later?.suppressed).toEqual(new Map());
    });

    test("is shown by incident, the oldest first, with what came of it and why", async () => {
      const { incidentId } = await record();
      await look(start, () => ({ hold: [held({ reason: "suppressed_silence" })], lookAt: seconds(1) }));
      const first = await decided(seconds(1));
      await store.claim(first.id, seconds(1));
      await store.confirm(first.id, null, seconds(2));
      await stir(seconds(3), "critical");
      const second = await decided(seconds(3), { transition: "severity_raised", reason: "severity_raised" });
      await store.giveUp(second.id, "authError", seconds(4));
      const shown = await store.noticesOf([incidentId, "inc_1", "nonsense"], 50);
      expect([...shown.keys()]).toEqual([incidentId]);
      expect(shown.get(incidentId)).toEqual([
        {
          receiver: "slack",
          transition: "opened",
          outcome: "suppressed",
          reason: "suppressed_silence",
          at: start.toISOString(),
        },
        {
          receiver: "slack",
          transition: "opened",
          outcome: "delivered",
          reason: "first",
          at: seconds(2).toISOString(),
        },
        {
          receiver: "slack",
          transition: "severity_raised",
          outcome: "given_up",
          reason: "authError",
          at: seconds(4).toISOString(),
        },
      ]);
      expect((await store.noticesOf([incidentId], 1)).get(incidentId)).toMatchObject([{ reason: "authError" }]);
      expect((await store.noticesOf([], 50)).size).toBe(0);
    });
  });

  describe("the trace of a notice", () => {
    const trace = (nth: number) => `00-${"a".repeat(32)}-${String(nth).padStart(16, "0")}-01`;
    const traced = (nth: number, more: Partial<ClassifiedEvent> = {}) =>
      classifiedEvent({ trace: trace(nth), ...more });
    /** Looks, and gives the one notice that came of it. */
    async function notice(at: Date, transition: NewNotice["transition"], more: Partial<Verdict> = {}) {
      const { notices } = await look(at, () => ({ tell: [told({ transition })], ...more }));
      expect(notices).toHaveLength(1);
      return notices[0];
    }

    test("is that of what changed its incident last: a delivery that opens, a diagnosis, a delivery that lets it grow", async () => {
      const { work } = await record(traced(1));
      expect(await notice(start, "opened", { growAt: 3 })).toMatchObject({ trace: trace(1) });
      if (work !== null) await fresh.work.finish(work, diagnosis(work.eventSid), () => "reopened-session", trace(2));
      expect(await notice(seconds(2), "diagnosed", { growAt: 3 })).toMatchObject({ trace: trace(2) });
      await record(traced(3));
      expect(await notice(seconds(3), "repeated", { growAt: 3 }).catch(() => null)).toBeNull();
      await record(traced(4));
      expect(await notice(seconds(4), "grew")).toMatchObject({ trace: trace(4) });
      await record(traced(5));
      await record(traced(6, { severity: "critical" }));
      expect(await notice(seconds(6), "severity_raised")).toMatchObject({ trace: trace(6) });
    });

    test("is none when time has resolved it, but says what went before; a delivery reopens with its own", async () => {
      await record(traced(1));
      await notice(start, "opened");
      await fresh.housekeeping.resolveQuiet(minutes(31));
      const resolved = await notice(minutes(31), "resolved");
      expect(resolved).toMatchObject({ follows: trace(1) });
      expect(resolved).not.toHaveProperty("trace");
      await record(traced(2, { receivedAt: minutes(40) }));
      const reopened = await notice(minutes(40), "reopened");
      expect(reopened).toMatchObject({ trace: trace(2) });
      // Handed over again, it is still the same.
      expect(await store.overdue(["slack"], minutes(50), minutes(50), 10)).toContainEqual(reopened);
    });

    test("is none where nothing is traced, also after times when it was", async () => {
      await record(traced(1));
      await fresh.housekeeping.resolveQuiet(minutes(31));
      await record(classifiedEvent({ receivedAt: minutes(40) }));
      const reopened = await notice(minutes(40), "reopened");
      expect(reopened).not.toHaveProperty("trace");
      expect(reopened).not.toHaveProperty("follows");
    });
  });

  describe("a storm", () => {
    test("shows each incident with the openings of the minute before it, no more than asked for", async () => {
      await fresh.store.record(
        Array.from({ length: 20 }, (_, index) =>
          classifiedEvent({ fingerprint: `fp-${index}`, receivedAt: seconds(index) }),
        ),
      );
      const { context } = await look(seconds(19), () => ({ tell: [told()] }));
      expect(context.openings).toHaveLength(20);
      expect(context.openings.map(({ at }) => at)).toContainEqual(seconds(0));
      await record(classifiedEvent({ fingerprint: "later", receivedAt: seconds(70) }));
      const later = await look(seconds(70));
      // Itself and the ten latest that opened after second 10.
      expect(later.context.openings.map(({ at }) => at).toSorted((a, b) => a.getTime() - b.getTime())).toEqual([
        ...Array.from({ length: 9 }, (_, index) => seconds(index + 11)),
        seconds(70),
      ]);
      expect(later.context.openingsTold).toEqual(new Map([["slack", 20]]));
      expect((await look(seconds(80))).context.openingsTold).toEqual(new Map());
    });

    test("waits for its digest by receiver, group, product and code, and is told once", async () => {
      await fresh.store.record(
        Array.from({ length: 5 }, (_, index) =>
          classifiedEvent({ fingerprint: `fp-${index}`, event: { code: index < 2 ? 80604 : 80903 } }),
        ),
      );
      await look(start, ({ incident }) => ({
        hold: [held(), held({ receiver: "webhook", group: incident.code === 80604 ? "a" : "b" })],
      }));
      expect(await store.isDue(start)).toBe(true);
      const digest = {
        kind: "digest",
        total: 5,
        groups: [{ product: "Proxy", code: 80903, title: "x", count: 3 }],
        since: start.toISOString(),
        at: seconds(10).toISOString(),
        links: { incident: null, runbook: null, grafana: null, console: null },
      } as const;
      const { context, notices } = await look(
        seconds(10),
        () => ({}),
        () => [{ receiver: "slack", group: null, digest }],
      );
      const byReceiver = context.undigested.map(({ receiver, group, code, count, since }) => {
        return { receiver, group, code, count, since };
      });
      expect(byReceiver.toSorted((a, b) => a.receiver.localeCompare(b.receiver) || a.code - b.code)).toEqual([
        { receiver: "slack", group: null, code: 80604, count: 2, since: start },
        { receiver: "slack", group: null, code: 80903, count: 3, since: start },
        { receiver: "webhook", group: "a", code: 80604, count: 2, since: start },
        { receiver: "webhook", group: "b", code: 80903, count: 3, since: start },
      ]);
      expect(notices).toMatchObject([
        { receiver: "slack", incidentId: null, transition: "digest", reason: "digest", about: null, digest },
      ]);
      const without = await store.look(
        seconds(10),
        { ...limits, digests: false },
        (_due, { undigested, lastDigests }) => {
          expect([undigested, lastDigests]).toEqual([[], []]);
          return { verdicts: [], digests: [] };
        },
      );
      expect(without.notices).toEqual([]);
      const after = await look(seconds(11));
      expect(after.context.undigested.map(({ receiver }) => receiver)).toEqual(["webhook", "webhook"]);
      expect(after.context.lastDigests).toEqual([{ receiver: "slack", group: null, at: seconds(10) }]);
    });

    test("an incident of a storm counts as told in a digest", async () => {
      await record();
      await look(start, () => ({ hold: [held()], lookAt: seconds(1) }));
      expect((await look(seconds(1))).seen[0]?.last).toMatchObject([{ receiver: "slack", transition: "digest" }]);
    });
  });

  describe("silences", () => {
    test("are kept, listed while they last, and in force from their start to their end", async () => {
      const made = await silences.create({
        matchers: [{ name: "code", value: "80604", isRegex: false, isEqual: true }],
        comment: "planned\0",
        createdBy: "somebody",
        startsAt: minutes(1).toISOString(),
        endsAt: minutes(3).toISOString(),
      });
      expect(made).toMatchObject({ id: expect.stringMatching(/^sil_/), comment: "planned\uFFFD" });
      expect(await silences.get(made.id)).toEqual(made);
      expect(await silences.get("sil_zzz")).toBeNull();
      expect(await silences.get("else")).toBeNull();
      expect(await silences.list({ at: start, ended: false, limit: 10 })).toEqual([made]);
      expect(await silences.list({ at: minutes(3), ended: false, limit: 10 })).toEqual([]);
      expect(await silences.list({ at: minutes(3), ended: true, limit: 10 })).toEqual([made]);
      const inForce = async (at: Date) => (await look(at)).context.silences.map(({ id }) => id);
      expect(await inForce(start)).toEqual([]);
      expect(await inForce(minutes(1))).toEqual([made.id]);
      expect(await inForce(minutes(3))).toEqual([]);
    });

    test("ended early, what they kept quiet is looked at again", async () => {
      const made = await silences.create({
        matchers: [],
        comment: "c",
        createdBy: "b",
        startsAt: start.toISOString(),
        endsAt: minutes(60).toISOString(),
      });
      await record();
      await look(start, () => ({ hold: [held({ reason: "suppressed_silence" })], lookAt: minutes(60) }));
      expect(await silences.expire(made.id, minutes(5))).toBe(true);
      expect(await silences.expire(made.id, minutes(5))).toBe(false);
      expect((await look(minutes(5))).seen).toHaveLength(1);
      expect(await silences.get(made.id)).toMatchObject({ endsAt: minutes(5).toISOString() });
    });
  });

  describe("sending", () => {
    test("a notice is claimed by one worker, confirmed, and over", async () => {
      await record();
      const notice = await decided(start);
      const claims = await Promise.all([1, 2, 3].map(() => store.claim(notice.id, start)));
      expect(claims.map(({ kind }) => kind).toSorted()).toEqual(["send", "wait", "wait"]);
      expect(claims.find(({ kind }) => kind === "send")).toEqual({
        kind: "send",
        notice,
        since: start,
        attempts: 0,
        earlier: null,
        superseded: 0,
      });
      await store.confirm(notice.id, { channel: "C1", ts: "1" }, seconds(1));
      expect(await store.claim(notice.id, seconds(2))).toEqual({ kind: "over", now: null, receiver: "slack" });
      expect(await store.claim("999", start)).toEqual({ kind: "over", now: null, receiver: null });
    });

    test("the claim of a worker that died is taken over once, then the notice is given up", async () => {
      await record();
      const notice = await decided(start);
      await store.claim(notice.id, start);
      const soon = new Date(start.getTime() + claimMs - 1_000);
      expect(await store.claim(notice.id, soon)).toEqual({ kind: "wait", ms: 1_000 });
      const then = new Date(start.getTime() + claimMs);
      expect(await store.claim(notice.id, then)).toMatchObject({ kind: "send" });
      expect(await store.claim(notice.id, then)).toEqual({ kind: "wait", ms: claimMs });
      const end = new Date(then.getTime() + claimMs);
      expect(await store.claim(notice.id, end)).toEqual({ kind: "over", now: "given_up", receiver: "slack" });
    });

    test("a failed attempt waits for the next, counts, and does not use up the take-over", async () => {
      await record();
      const notice = await decided(start);
      await store.claim(notice.id, start);
      await store.release(notice.id, "serverError", seconds(1), seconds(4));
      expect(await store.claim(notice.id, seconds(2))).toEqual({ kind: "wait", ms: 2_000 });
      expect(await store.claim(notice.id, seconds(4))).toMatchObject({ kind: "send", attempts: 1 });
      const taken = await store.claim(notice.id, new Date(seconds(4).getTime() + claimMs));
      expect(taken).toMatchObject({ kind: "send" });
    });

    test("a receiver that asked to be left alone is, over all its notices", async () => {
      await record();
      const notice = await decided(start);
      await store.pause("slack", seconds(30));
      await store.pause("slack", seconds(20));
      expect(await store.claim(notice.id, seconds(5))).toEqual({ kind: "wait", ms: 25_000 });
      expect(await store.claim(notice.id, seconds(30))).toMatchObject({ kind: "send" });
    });

    test("a notice overtaken by a newer one is superseded, whichever comes up first", async () => {
      await record();
      const opened = await decided(start);
      await stir(seconds(1), "critical");
      const raised = await decided(seconds(1), { transition: "severity_raised", reason: "severity_raised" });
      expect(await store.claim(opened.id, seconds(2))).toEqual({ kind: "over", now: "superseded", receiver: "slack" });
      expect(await store.claim(raised.id, seconds(2))).toMatchObject({ kind: "send", superseded: 0 });
      await store.confirm(raised.id, null, seconds(2));

      await fresh.housekeeping.resolveQuiet(minutes(31));
      const repeated = await decided(minutes(31), { transition: "repeated", reason: "repeat_interval" });
      await record(classifiedEvent({ receivedAt: minutes(40) }));
      const reopened = await decided(minutes(40), { transition: "reopened", reason: "reopened" });
      expect(await store.claim(reopened.id, minutes(40))).toMatchObject({ kind: "send", superseded: 1 });
      expect(await store.claim(repeated.id, minutes(40))).toEqual({ kind: "over", now: null, receiver: "slack" });
    });

    test("a newer notice waits for the older one that is on its way", async () => {
      await record();
      const opened = await decided(start);
      await store.claim(opened.id, start);
      await stir(seconds(1), "critical");
      const raised = await decided(seconds(1), { transition: "severity_raised", reason: "severity_raised" });
      expect(await store.claim(raised.id, seconds(1))).toEqual({ kind: "wait", ms: 1_000 });
      await store.confirm(opened.id, { ts: "1" }, seconds(2));
      expect(await store.claim(raised.id, seconds(2))).toMatchObject({ kind: "send", earlier: { ts: "1" } });
    });

    test("an attempt that failed after a newer notice was decided is not made again", async () => {
      await record();
      const opened = await decided(start);
      await store.claim(opened.id, start);
      await stir(seconds(1), "critical");
      const raised = await decided(seconds(1), { transition: "severity_raised", reason: "severity_raised" });
      await store.release(opened.id, "timeout", seconds(2), seconds(4));
      expect(await store.claim(opened.id, seconds(4))).toEqual({ kind: "over", now: "superseded", receiver: "slack" });
      expect(await store.claim(raised.id, seconds(4))).toMatchObject({ kind: "send" });
    });

    test("receivers and incidents do not hold up each other", async () => {
      await record();
      const { notices } = await look(start, () => ({ tell: [told(), told({ receiver: "pagerduty" })] }));
      await record(classifiedEvent({ fingerprint: "another" }));
      const another = await decided(start);
      for (const { id } of [...notices, another]) {
        expect(await store.claim(id, start)).toMatchObject({ kind: "send", superseded: 0 });
      }
    });

    test("what the queue has lost and what a dead worker has left is handed over again", async () => {
      await record();
      const notice = await decided(start);
      expect(await store.overdue(["slack"], seconds(1), start, 10)).toEqual([notice]);
      expect(await store.overdue(["removed"], seconds(1), start, 10)).toEqual([]);
      await store.markDispatched([notice.id], seconds(1));
      expect(await store.overdue(["slack"], seconds(10), seconds(1), 10)).toEqual([]);
      expect(await store.overdue(["slack"], seconds(20), seconds(5), 10)).toEqual([notice]);
      await store.claim(notice.id, seconds(20));
      expect(await store.overdue(["slack"], seconds(25), seconds(25), 10)).toEqual([]);
      const dead = new Date(seconds(20).getTime() + claimMs);
      expect(await store.overdue(["slack"], dead, dead, 10)).toEqual([notice]);
      await store.claim(notice.id, dead);
      await store.release(notice.id, "network", dead, minutes(10));
      expect(await store.overdue(["slack"], minutes(9), minutes(9), 10)).toEqual([]);
      expect(await store.overdue(["slack"], minutes(10), minutes(10), 10)).toEqual([notice]);
      await store.giveUp(notice.id, "network", minutes(10));
      expect(await store.overdue(["slack"], minutes(20), minutes(20), 10)).toEqual([]);
    });

    test("what was given up is taken up again on request, unless something newer was told", async () => {
      await record();
      const opened = await decided(start);
      await store.giveUp(opened.id, "clientError", seconds(1));
      await record(classifiedEvent({ fingerprint: "another" }));
      const other = await decided(seconds(1));
      await store.giveUp(other.id, "clientError", seconds(1));
      await stir(seconds(2), "critical");
      const raised = await decided(seconds(2), { transition: "severity_raised", reason: "severity_raised" });

      const again = await store.requeueNotices(10, minutes(5));
      expect(again).toEqual([{ ...other, decidedAt: minutes(5) }]);
      expect(await store.claim(other.id, minutes(5))).toMatchObject({ kind: "send", attempts: 0 });
      expect(await store.requeueNotices(10, minutes(5))).toEqual([]);
      expect(await store.claim(raised.id, minutes(5))).toMatchObject({ kind: "send" });
    });
  });

  describe("Alertmanager's repeats", () => {
    const bounds = (now: Date) => ({
      everyMs: 60_000,
      resolvedAfter: new Date(now.getTime() - 5 * 60_000),
      limit: 10,
    });
    const take = async (now: Date) =>
      (await store.takeRefreshes(["am"], now, bounds(now))).map((each) => each.notice.id);

    test("come every minute while the incident is open, and for five minutes after", async () => {
      await record();
      const opened = await decided(start, { receiver: "am" });
      expect(await take(minutes(5))).toEqual([]);
      await store.confirm(opened.id, null, start);
      expect(await take(seconds(59))).toEqual([]);
      expect(await take(seconds(60))).toEqual([opened.id]);
      expect(await take(seconds(61))).toEqual([]);
      expect(await take(seconds(120))).toEqual([opened.id]);
      expect(await store.takeRefreshes(["other"], minutes(9), bounds(minutes(9)))).toEqual([]);

      await fresh.housekeeping.resolveQuiet(minutes(31));
      expect(await take(minutes(31))).toEqual([]);
      const resolved = await decided(minutes(31), { receiver: "am", transition: "resolved", reason: "resolved" });
      expect(await take(minutes(32))).toEqual([]);
      await store.confirm(resolved.id, null, minutes(32));
      expect(await take(minutes(33))).toEqual([resolved.id]);
      expect(await take(minutes(35))).toEqual([resolved.id]);
      expect(await take(minutes(36))).toEqual([]);
    });

    test("are taken by one process each", async () => {
      await record();
      const opened = await decided(start, { receiver: "am" });
      await store.confirm(opened.id, null, start);
      const taken = await Promise.all([1, 2, 3].map(() => take(minutes(2))));
      expect(taken.flat()).toEqual([opened.id]);
    });
  });

  describe("receivers", () => {
    test("have their numbers", async () => {
      await record();
      const first = await decided(start);
      await store.claim(first.id, start);
      await store.release(first.id, "timeout", seconds(1), seconds(2));
      const tallies = async () => (await store.tallies(["slack", "unused"])).get("slack");
      expect(await tallies()).toEqual({
        lastDeliveredAt: null,
        lastFailureAt: seconds(1),
        lastFailureReason: "timeout",
        givenUpInARow: 0,
        pending: 1,
        tryingSince: start,
        failingSince: null,
      });
      await store.giveUp(first.id, "serverError", seconds(3));
      expect(await tallies()).toMatchObject({ givenUpInARow: 1, pending: 0, tryingSince: null });
      await stir(seconds(4), "critical");
      const second = await decided(seconds(4));
      await store.claim(second.id, seconds(4));
      await store.confirm(second.id, null, seconds(5));
      expect(await tallies()).toMatchObject({ givenUpInARow: 0, lastDeliveredAt: seconds(5) });
      expect((await store.tallies(["unused"])).get("unused")).toMatchObject({ pending: 0, lastDeliveredAt: null });
    });

    test("that fail are noted once over all processes, with notices about it; so is the end", async () => {
      const view = { id: "receiver-slack-1", title: "Receiver slack" } as IncidentView;
      const notices = [told({ receiver: "webhook" })];
      const noted = await Promise.all([1, 2].map(() => store.noteFailing("slack", start, { view, notices }, start)));
      const written = noted.flatMap((each) => each ?? []);
      expect(written).toMatchObject([{ receiver: "webhook", incidentId: null, about: view, digest: null }]);
      expect((await store.tallies(["slack"])).get("slack")?.failingSince).toEqual(start);
      await store.claim(written[0]?.id ?? "", start);
      await store.confirm(written[0]?.id ?? "", { ts: "7" }, start);

      const ended = await store.noteFailing("slack", null, { view, notices }, minutes(1));
      expect(await store.claim(ended?.[0]?.id ?? "", minutes(1))).toMatchObject({ kind: "send", earlier: { ts: "7" } });
      expect(await store.noteFailing("slack", null, { view, notices }, minutes(1))).toBeNull();
    });
  });

  test("retention takes the notices of its incidents, old digests and old silences", async () => {
    await record();
    const notice = await decided(start);
    await store.confirm(notice.id, null, start);
    const view = { id: "receiver-slack-1" } as IncidentView;
    const about = await store.noteFailing("slack", start, { view, notices: [told()] }, start);
    await store.confirm(about?.[0]?.id ?? "", null, start);
    const silence = { matchers: [], comment: "c", createdBy: "b", startsAt: start.toISOString() };
    await silences.create({ ...silence, endsAt: minutes(1).toISOString() });
    await fresh.housekeeping.resolveQuiet(minutes(31));
    await fresh.housekeeping.deleteBefore(minutes(60));
    const left = await fresh.db.pool.query(
      "select (select count(*) from faultline.notices) as notices, (select count(*) from faultline.silences) as silences",
    );
    expect(left.rows).toEqual([{ notices: "0", silences: "0" }]);
  });
}
