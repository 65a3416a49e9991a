import type pg from "pg";
import type { IncidentTransition } from "../core/incident.ts";
import type { ClassifiedEvent, Recorded } from "../pipeline/ports.ts";
import { incidentIdOf } from "./incident-id.ts";
import { storableJson } from "./storable-text.ts";

interface RecordedRow {
  readonly ord: number;
  readonly recorded: boolean;
  readonly incident_id: string | null;
  readonly transition: IncidentTransition | null;
  readonly work_id: string | null;
  readonly work_first: boolean | null;
}

/** What the recording of a batch goes by. */
export interface RecordLimits {
  readonly reopenWindowMs: number;
  readonly samplesPerHour: number;
}

/**
 * Records a batch in one statement (migrations/0005-record-in-sets.ts). One result an event, in order.
 * @throws the error of `pg`
 */
export async function recordBatch(
  pool: pg.Pool,
  events: readonly ClassifiedEvent[],
  limits: RecordLimits,
): Promise<Recorded[]> {
  // The first of equal sids is the event, the others are its duplicates.
  const places = new Map<string, number>();
  for (const { event } of events) if (!places.has(event.sid)) places.set(event.sid, places.size);
  const firsts: ClassifiedEvent[] = [];
  for (const event of events) if (places.get(event.event.sid) === firsts.length) firsts.push(event);

  const { rows } = await pool.query<RecordedRow>("select * from faultline.record_events($1, $2, $3)", [
    storableJson(firsts.map(rowOf)),
    limits.reopenWindowMs,
    limits.samplesPerHour,
  ]);
  const results = rows.toSorted((a, b) => a.ord - b.ord).map((row) => recordedOf(row, firsts[row.ord]));

  const told = new Set<string>();
  return events.map(({ event }) => {
    const result = results[places.get(event.sid) ?? -1];
    if (result === undefined) throw new Error(`record_events: expected ${firsts.length} rows, got ${rows.length}`);
    if (!told.has(event.sid)) {
      told.add(event.sid);
      return result;
    }
    return { outcome: "duplicate", incidentId: result.incidentId, transition: null, work: null };
  });
}

function rowOf(classified: ClassifiedEvent, ord: number) {
  const { event } = classified;
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
    received_at: classified.receivedAt.toISOString(),
    resource: event.resource,
    service: event.service,
    severity: classified.severity,
    rule_id: classified.ruleId,
    matched: classified.matched,
    docs_url: classified.docsUrl,
    quiet_ms: classified.quietPeriodMs,
    fingerprint: classified.fingerprint,
    subject: classified.subject,
    sealed_subject: classified.sealedSubject,
    payload: event.payload,
    ...(classified.trace != null && { trace: classified.trace }),
  };
}

function recordedOf(row: RecordedRow, classified: ClassifiedEvent | undefined): Recorded {
  const incidentId = row.incident_id === null ? null : incidentIdOf(row.incident_id);
  const work =
    row.work_id === null || incidentId === null || classified === undefined
      ? null
      : {
          id: row.work_id,
          kind: "diagnose" as const,
          incidentId,
          eventSid: classified.event.sid,
          first: row.work_first === true,
          ...(classified.trace != null && { trace: classified.trace }),
        };
  return { outcome: row.recorded ? "recorded" : "duplicate", incidentId, transition: row.transition, work };
}
