import type { Diagnosis } from "../core/diagnosis/verdict.ts";
import type { Work, WorkStore } from "../pipeline/ports.ts";
import type { Database } from "./database.ts";
import { finishWork } from "./finish-work.ts";
import { incidentIdOf } from "./incident-id.ts";
import { type EventRow, storedEventOf } from "./rows.ts";
import { storableText } from "./storable-text.ts";

interface WorkRow {
  readonly id: string;
  readonly kind: Work["kind"];
  readonly incident_id: string;
  readonly event_sid: string;
  readonly first: boolean;
  readonly trace: string | null;
}

/** The outbox side of the record. */
export function createWorkStore(db: Pick<Database, "pool">): WorkStore {
  const { pool } = db;
  return {
    async markDispatched(ids, at) {
      if (ids.length === 0) return;
      await pool.query(
        `update faultline.work set dispatched_at = $2
         where id = any ($1::bigint[]) and finished_at is null`,
        [ids, at.toISOString()],
      );
    },

    async overdue(before, limit) {
      const { rows } = await pool.query<WorkRow>(
        `select id, kind, incident_id, event_sid, first, trace from faultline.work
         where finished_at is null
           -- Later than now: by a clock that was set back since.
           and (coalesce(dispatched_at, created_at) < $1
             or coalesce(dispatched_at, created_at) > $1::timestamptz + interval '10 minutes')
         order by coalesce(dispatched_at, created_at), id limit $2`,
        [before.toISOString(), limit],
      );
      return rows.map(workOf);
    },

    async workEvent(work) {
      const { rows } = await pool.query<EventRow & { sealed_subject: string | null; rule_id: string | null }>(
        `select e.*, w.sealed_subject, i.rule_id
         from faultline.event_keys k
         join faultline.events e on e.id = k.id
         left join faultline.work w on w.id = $2
         left join faultline.incidents i on i.id = w.incident_id
         where k.sid = $1`,
        [storableText(work.eventSid), work.id],
      );
      const [row] = rows;
      return row === undefined
        ? null
        : { ...storedEventOf(row), sealedSubject: row.sealed_subject, ruleId: row.rule_id };
    },

    finish: (work: Work, diagnosis: Diagnosis, lead, trace) => finishWork(pool, work, diagnosis, lead, trace ?? null),

    async abandon(work, reason) {
      await pool.query(
        "update faultline.work set finished_at = clock_timestamp(), abandoned = $2 where id = $1 and finished_at is null",
        [work.id, storableText(reason)],
      );
    },

    async earlierSubjects(work) {
      const { rows } = await pool.query<{ event_sid: string; sealed_subject: string; created_at: Date }>(
        `select w.event_sid, w.sealed_subject, w.created_at from faultline.work w
         join faultline.work this on this.incident_id = w.incident_id and w.id < this.id
         where this.id = $1 and w.sealed_subject is not null
         order by w.id desc limit 50`,
        [work.id],
      );
      return rows.map((row) => ({
        eventSid: row.event_sid,
        sealedSubject: row.sealed_subject,
        at: new Date(row.created_at).toISOString(),
      }));
    },

    async requeue(limit) {
      const { rows } = await pool.query<WorkRow>(
        `with again as (
           select w.id, w.incident_id, w.event_sid from faultline.work w
           left join faultline.diagnoses d on d.incident_id = w.incident_id and d.event_sid = w.event_sid
           where w.finished_at is not null and (w.abandoned is not null or d.result ? 'failure')
           order by w.id limit $1 for update of w skip locked
         ), forgotten as (
           delete from faultline.diagnoses d using again
           where d.incident_id = again.incident_id and d.event_sid = again.event_sid
         )
         update faultline.work w set finished_at = null, abandoned = null, dispatched_at = null
         from again where w.id = again.id
         returning w.id, w.kind, w.incident_id, w.event_sid, w.first, w.trace`,
        [limit],
      );
      return rows.map(workOf);
    },
  };
}

function workOf(row: WorkRow): Work {
  return {
    id: row.id,
    kind: row.kind,
    incidentId: incidentIdOf(row.incident_id),
    eventSid: row.event_sid,
    first: row.first,
    ...(row.trace !== null && { trace: row.trace }),
  };
}
