import type { Work, WorkStore } from "../pipeline/ports.ts";
import type { Database } from "./database.ts";
import { incidentIdOf } from "./incident-id.ts";
import { type EventRow, storedEventOf } from "./rows.ts";
import { storableJson, storableText } from "./storable-text.ts";

interface WorkRow {
  readonly id: string;
  readonly kind: Work["kind"];
  readonly incident_id: string;
  readonly event_sid: string;
}

/** The outbox side of the record. */
export function createWorkStore(db: Pick<Database, "pool">): WorkStore {
  const { pool } = db;
  return {
    async markDispatched(ids, at) {
      if (ids.length === 0) return;
      await pool.query(
        `update faultline.work set dispatched_at = greatest(dispatched_at, $2)
         where id = any ($1::bigint[]) and finished_at is null`,
        [ids, at.toISOString()],
      );
    },

    async overdue(before, limit) {
      const { rows } = await pool.query<WorkRow>(
        `select id, kind, incident_id, event_sid from faultline.work
         where finished_at is null and coalesce(dispatched_at, created_at) < $1
         order by coalesce(dispatched_at, created_at), id limit $2`,
        [before.toISOString(), limit],
      );
      return rows.map((row) => ({
        id: row.id,
        kind: row.kind,
        incidentId: incidentIdOf(row.incident_id),
        eventSid: row.event_sid,
      }));
    },

    async workEvent(work) {
      const { rows } = await pool.query<EventRow>(
        "select e.* from faultline.event_keys k join faultline.events e on e.id = k.id where k.sid = $1",
        [storableText(work.eventSid)],
      );
      return rows[0] === undefined ? null : storedEventOf(rows[0]);
    },

    async finish(work, diagnosis) {
      // One statement, hence one transaction; once finished (or abandoned) the first part finds nothing to do.
      await pool.query(
        `with finished as (
           update faultline.work set finished_at = clock_timestamp()
           where id = $1 and finished_at is null returning incident_id, event_sid
         )
         insert into faultline.diagnoses (incident_id, event_sid, at, result)
         select incident_id, event_sid, $2, $3 from finished
         on conflict (incident_id, event_sid) do nothing`,
        [work.id, diagnosis.at, storableJson(diagnosis)],
      );
    },

    async abandon(work, reason) {
      await pool.query(
        "update faultline.work set finished_at = clock_timestamp(), abandoned = $2 where id = $1 and finished_at is null",
        [work.id, storableText(reason)],
      );
    },
  };
}
