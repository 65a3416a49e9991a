import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ClassifiedEvent } from "../../src/pipeline/ports.ts";
import { classifiedEvent, type FreshStore, freshStore, type StoreMode, storeAvailable } from "../support/store.ts";

/*
 * faultline.record_columns of migration 0006 makes of any batches what faultline.record_events of migration 0005 makes of them.
 */

const start = Date.parse("2026-01-15T10:20:00.000Z");
const reopenWindowMs = 3 * 3_600_000;
const samplesPerHour = 2;

/** An event in few words; equal numbers are equal sids. */
interface Sketch {
  readonly sid: number;
  readonly incident: number | null;
  readonly subject: number;
  readonly minute: number;
  readonly severity: "critical" | "error" | "warning" | "info";
  readonly quiet: number;
  readonly kind: number;
  readonly traced: boolean;
}
type Step = { readonly record: readonly Sketch[] } | { readonly resolveAt: number };

const sketch: fc.Arbitrary<Sketch> = fc.record({
  sid: fc.integer({ min: 0, max: 60 }),
  incident: fc.option(fc.integer({ min: 0, max: 3 })),
  subject: fc.integer({ min: 0, max: 4 }),
  minute: fc.integer({ min: 0, max: 90 }),
  severity: fc.constantFrom("critical", "error", "warning", "info"),
  quiet: fc.constantFrom(5, 30, 600),
  kind: fc.integer({ min: 0, max: 2 }),
  traced: fc.boolean(),
});
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ record: fc.array(sketch, { minLength: 1, maxLength: 12 }) }) },
  { weight: 1, arbitrary: fc.record({ resolveAt: fc.integer({ min: 0, max: 400 }) }) },
);

const quietly = (sid: number): Sketch => {
  return { sid, incident: null, subject: 0, minute: 0, severity: "info", quiet: 5, kind: 0, traced: false };
};
/** A batch without any incident, of which one event is known and the other is new. */
const oneKnownNoIncident: Step[] = [{ record: [quietly(0)] }, { record: [quietly(0), quietly(1)] }];

function eventOf(one: Sketch, hours: number): ClassifiedEvent {
  return classifiedEvent({
    event: {
      sid: `NO${one.sid}`,
      code: 80_000 + one.kind,
      account: `AC${one.kind}`,
      parentAccount: one.kind === 0 ? null : "AC9",
      resource: one.kind === 1 ? "KC1" : null,
      service: one.kind === 2 ? "KS2" : null,
      payload: { of: one.sid },
    },
    title: `title ${one.kind}`,
    ruleId: one.kind === 0 ? null : "rule",
    matched: one.kind === 0 ? [] : ["code", 'a "quoted" {word}'],
    fingerprint: one.incident === null ? null : `fp-${one.incident}`,
    subject: `s-${one.subject}`,
    sealedSubject: one.kind === 1 ? () => `sealed ${one.sid}` : null,
    severity: one.severity,
    quietPeriodMs: one.quiet * 60_000,
    receivedAt: new Date(start + (hours * 60 + one.minute) * 60_000),
    trace: one.traced ? `00-${"a".repeat(30)}${one.sid + 10}-${"b".repeat(16)}-01` : null,
  });
}

/** What the older function is given. */
function rowOf({ event, receivedAt, ...classified }: ClassifiedEvent, ord: number) {
  return {
    ord,
    sid: event.sid,
    source: event.source,
    account: event.account,
    parent_account: event.parentAccount,
    code: event.code,
    level: event.level,
    product: classified.product,
    title: classified.title,
    occurred_at: event.occurredAt,
    received_at: receivedAt.toISOString(),
    resource: event.resource,
    service: event.service,
    severity: classified.severity,
    rule_id: classified.ruleId,
    matched: classified.matched,
    docs_url: classified.docsUrl,
    quiet_ms: classified.quietPeriodMs,
    fingerprint: classified.fingerprint,
    subject: classified.subject,
    sealed_subject: classified.sealedSubject?.() ?? null,
    payload: event.payload,
    trace: classified.trace,
  };
}

/** The answer of the older function, and that of the store, in the same words. */
async function recordedBefore(store: FreshStore, events: readonly ClassifiedEvent[]): Promise<unknown[]> {
  const { rows } = await store.db.pool.query("select * from faultline.record_events($1, $2, $3)", [
    JSON.stringify(events.map(rowOf)),
    reopenWindowMs,
    samplesPerHour,
  ]);
  const answer = await store.db.pool.query(
    `select r.recorded, i.fingerprint, r.transition, w.event_sid as worked, r.work_first
     from jsonb_to_recordset($1) as r(ord int, recorded bool, incident_id bigint, transition text, work_id bigint, work_first bool)
     left join faultline.incidents i on i.id = r.incident_id left join faultline.work w on w.id = r.work_id
     order by r.ord`,
    [JSON.stringify(rows)],
  );
  return answer.rows;
}

async function recordedNow(store: FreshStore, events: readonly ClassifiedEvent[]): Promise<unknown[]> {
  const results = await store.another({ reopenWindowMs, samplesPerHour }).record(events);
  return await Promise.all(
    results.map(async ({ outcome, incidentId, transition, work }) => ({
      recorded: outcome === "recorded",
      fingerprint: incidentId === null ? null : ((await store.reader.incident(incidentId))?.fingerprint ?? "none"),
      transition,
      worked: work?.eventSid ?? null,
      work_first: work?.first ?? null,
    })),
  );
}

/** Everything on record but for the numbers of rows. */
async function contentsOf({ db }: FreshStore): Promise<unknown> {
  const statements = [
    `select to_jsonb(i) - 'id' as row from faultline.incidents i order by i.fingerprint, i.id`,
    `select to_jsonb(e) - 'id' - 'incident_id' || jsonb_build_object('nth', (
       select count(*) from faultline.incidents o join faultline.incidents i using (fingerprint)
       where i.id = e.incident_id and o.id <= i.id)) as row
     from faultline.events e order by e.sid`,
    `select to_jsonb(w) - 'id' - 'incident_id' || jsonb_build_object('fingerprint', i.fingerprint) as row
     from faultline.work w join faultline.incidents i on i.id = w.incident_id order by w.id`,
    `select to_jsonb(k) - 'id' || jsonb_build_object('same', exists (
       select from faultline.events e where e.id = k.id and e.sid = k.sid)) as row
     from faultline.event_keys k order by k.sid collate "C"`,
  ];
  const contents: unknown[] = [];
  for (const statement of statements) contents.push((await db.pool.query(statement)).rows.map(({ row }) => row));
  return contents;
}

function suite(mode: StoreMode): void {
  let before: FreshStore;
  let now: FreshStore;
  beforeAll(async () => {
    before = await freshStore(mode);
    now = await freshStore(mode);
  });
  afterAll(async () => {
    await before.dispose();
    await now.dispose();
  });

  test("any batches, with incidents resolved between them, leave the same record and answers as before", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 10 }), async (steps) => {
        await before.clear();
        await now.clear();
        for (const [hours, one] of steps.entries()) {
          if ("resolveAt" in one) {
            const at = new Date(start + (hours * 60 + one.resolveAt) * 60_000);
            await before.housekeeping.resolveQuiet(at);
            await now.housekeeping.resolveQuiet(at);
            continue;
          }
          const sketches = [...new Map(one.record.map((each) => [each.sid, each])).values()];
          const events = sketches.map((each) => eventOf(each, hours));
          expect(await recordedNow(now, events)).toEqual(await recordedBefore(before, events));
        }
        expect(await contentsOf(now)).toEqual(await contentsOf(before));
      }),
      { numRuns: 60, examples: [[oneKnownNoIncident]] },
    );
  }, 180_000);
}

describe("recording in columns on the embedded database", () => suite("embedded"));
describe.skipIf(!storeAvailable("postgres"))(
  "recording in columns on PostgreSQL (skipped where it is not installed)",
  () => suite("postgres"),
);
