import type { Diagnosis } from "../core/diagnosis/verdict.ts";
import type { Severity } from "../core/rules/rule.ts";
import type { Page, RecordReader } from "../pipeline/ports.ts";
import { arrivalCursor, readArrivalCursor, readRowCursor, rowCursor } from "./cursor.ts";
import type { Database } from "./database.ts";
import { incidentIdOf, incidentRowOf } from "./incident-id.ts";
import {
  type EventRow,
  type IncidentRow,
  incidentOf,
  type QuarantineRow,
  storedEventOf,
  storedQuarantineOf,
} from "./rows.ts";

/** SQL: before the place in parameters $ms and $id, when there is one. Newest first means going down from it. */
function before(ms: string, id: string): string {
  return `(${ms}::bigint is null or
           (received_at, id) < (timestamptz 'epoch' + ${ms}::bigint * interval '1 millisecond', ${id}::bigint))`;
}

/** What the API asks the record. */
export function createRecordReader(db: Pick<Database, "pool">): RecordReader {
  const { pool } = db;
  return {
    async incidents({ state, code, limit, cursor }) {
      const place = readRowCursor(cursor);
      if (place === "invalid_cursor") return place;
      const { rows } = await pool.query<IncidentRow>(
        `select * from faultline.incidents
         where ($1::text is null or state = $1) and ($2::bigint is null or code = $2) and ($3::bigint is null or id < $3)
         order by id desc limit $4`,
        [state ?? null, code ?? null, place, limit + 1],
      );
      return pageOf(rows, limit, incidentOf, (last) => rowCursor(last.id));
    },

    async incident(id) {
      const row = incidentRowOf(id);
      if (row === null) return null;
      const { rows } = await pool.query<IncidentRow>("select * from faultline.incidents where id = $1", [row]);
      return rows[0] === undefined ? null : incidentOf(rows[0]);
    },

    async events({ incident, code, limit, cursor }) {
      const place = readArrivalCursor(cursor);
      if (place === "invalid_cursor") return place;
      const incidentRow = incident === undefined ? null : incidentRowOf(incident);
      if (incident !== undefined && incidentRow === null) return { items: [], nextCursor: null };
      const { rows } = await pool.query<EventRow>(
        `select * from faultline.events
         where ($1::bigint is null or incident_id = $1) and ($2::bigint is null or code = $2) and ${before("$3", "$4")}
         order by received_at desc, id desc limit $5`,
        [incidentRow, code ?? null, place?.ms ?? null, place?.id ?? null, limit + 1],
      );
      return pageOf(rows, limit, storedEventOf, (last) => arrivalCursor(last.received_at, last.id));
    },

    async diagnoses(incidentId, limit) {
      const row = incidentRowOf(incidentId);
      if (row === null) return [];
      const { rows } = await pool.query<{ result: Diagnosis }>(
        "select result from faultline.diagnoses where incident_id = $1 order by at desc, id desc limit $2",
        [row, limit],
      );
      return rows.map(({ result }) => result);
    },

    async diagnosesOf(incidentIds, limit) {
      const incidents = incidentIds.flatMap((id) => incidentRowOf(id) ?? []);
      const byIncident = new Map<string, Diagnosis[]>();
      if (incidents.length === 0) return byIncident;
      const { rows } = await pool.query<{ incident_id: string; result: Diagnosis }>(
        `select d.incident_id, d.result from unnest($1::bigint[]) as i(id)
         cross join lateral (
           select * from faultline.diagnoses where incident_id = i.id order by at desc, id desc limit $2
         ) d order by d.incident_id, d.at desc, d.id desc`,
        [incidents, limit],
      );
      for (const { incident_id, result } of rows) {
        const id = incidentIdOf(incident_id);
        const of = byIncident.get(id);
        if (of === undefined) byIncident.set(id, [result]);
        else of.push(result);
      }
      return byIncident;
    },

    async quarantine({ limit, cursor }) {
      const place = readArrivalCursor(cursor);
      if (place === "invalid_cursor") return place;
      const { rows } = await pool.query<QuarantineRow>(
        `select id, source, reason, account, raw, received_at from faultline.quarantined
         where ${before("$1", "$2")} order by received_at desc, id desc limit $3`,
        [place?.ms ?? null, place?.id ?? null, limit + 1],
      );
      return pageOf(rows, limit, storedQuarantineOf, (last) => arrivalCursor(last.received_at, last.id));
    },

    async openIncidents() {
      const { rows } = await pool.query<{ code: string; severity: Severity; count: string }>(
        "select code, severity, count(*) as count from faultline.incidents where state = 'open' group by 1, 2 order by 1, 2",
      );
      return rows.map(({ code, severity, count }) => ({ code: Number(code), severity, count: Number(count) }));
    },

    async ping() {
      await pool.query("select 1");
    },
  };
}

/** One row more than the page was asked for: it tells whether there is another page. */
function pageOf<Row, T>(rows: Row[], limit: number, itemOf: (row: Row) => T, cursorOf: (row: Row) => string): Page<T> {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  return {
    items: shown.map(itemOf),
    nextCursor: rows.length > limit && last !== undefined ? cursorOf(last) : null,
  };
}
