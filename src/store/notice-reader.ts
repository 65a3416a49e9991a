import type { NoticeReader, StoredNotice } from "../pipeline/notice-ports.ts";
import type { Database } from "./database.ts";
import { incidentIdOf, incidentRowOf } from "./incident-id.ts";
import { type NoticeRow, pendingNoticeOf, storedNoticeOf } from "./notice-rows.ts";

/** What the API asks of the log of notices. */
export function createNoticeReader(db: Pick<Database, "pool">): NoticeReader {
  const { pool } = db;
  return {
    async noticesOf(incidentIds, limit) {
      const incidents = incidentIds.flatMap((id) => incidentRowOf(id) ?? []);
      const byIncident = new Map<string, StoredNotice[]>();
      if (incidents.length === 0) return byIncident;
      const { rows } = await pool.query<NoticeRow>(
        `select n.* from unnest($1::bigint[]) as i(id)
         cross join lateral (
           select * from faultline.notices n where n.incident_id = i.id order by n.id desc limit $2
         ) n order by n.id`,
        [incidents, limit],
      );
      for (const row of rows) {
        const id = incidentIdOf(row.incident_id ?? 0);
        byIncident.set(id, [...(byIncident.get(id) ?? []), storedNoticeOf(row)]);
      }
      return byIncident;
    },

    async requeueNotices(limit, at) {
      const { rows } = await pool.query<NoticeRow>(
        `update faultline.notices set state = 'pending', decided_at = $2, dispatched_at = null, retry_at = null,
           claimed_at = null, taken_over = false, attempts = 0, finished_at = null, failure = null
         where id in (
           select n.id from faultline.notices n
           where n.state = 'given_up' and not exists (
             select from faultline.notices newer
             where newer.incident_id = n.incident_id and newer.receiver = n.receiver and newer.id > n.id
               and newer.state <> 'suppressed'
           ) order by n.id desc limit $1 for no key update skip locked
         )
         returning *`,
        [limit, at.toISOString()],
      );
      return rows.map(pendingNoticeOf);
    },
  };
}
