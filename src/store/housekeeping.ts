import type { Housekeeping } from "../pipeline/ports.ts";
import type { Database } from "./database.ts";
import { incidentIdOf } from "./incident-id.ts";

/** Rows in one statement: small enough to end well before the statement timeout, and to let others in between. */
const batchSize = 1_000;

/** By so much the clocks of processes may differ; a later time than that comes from a clock that was set back since. */
const skew = "interval '2 minutes'";

/**
 * What is done to the record on a schedule. Several processes may do it at once: `skip locked` shares the rows out.
 *
 * Where somebody `looks` for what is to be told, an incident that is due a look is not resolved before it had that: after an
 * outage longer than its quiet period it would be over before anybody was told that it began, and so never be told at all.
 */
export function createHousekeeping(db: Pick<Database, "pool">, looks = false): Housekeeping {
  const { pool } = db;

  /** Repeats a statement that takes {@link batchSize} rows at a time until it finds fewer. */
  async function inBatches(statement: string, at: Date): Promise<number> {
    let total = 0;
    for (;;) {
      const { rows } = await pool.query<{ count: string }>(statement, [at.toISOString(), batchSize]);
      const count = Number(rows[0]?.count ?? 0);
      total += count;
      if (count < batchSize) return total;
    }
  }

  return {
    async resolveQuiet(now) {
      // Otherwise an incident would stay open, and nobody be told of it, until the clock is there again.
      await inBatches(
        `with astray as (
           update faultline.incidents set last_seen = $1::timestamptz, first_seen = least(first_seen, $1), look_at = $1,
             opened_at = least(opened_at, $1), quiet_at = $1::timestamptz + (quiet_at - last_seen)
           where id in (
             select id from faultline.incidents
             where (state = 'open' or look_at is not null) and last_seen > $1::timestamptz + ${skew}
             order by id limit $2 for no key update skip locked
           )
           returning id
         )
         select count(*) as count from astray`,
        now,
      );
      const changed: { id: string; code: number }[] = [];
      for (;;) {
        const { rows } = await pool.query<{ id: string; code: string }>(
          `with quiet as (
             update faultline.incidents set state = 'resolved', resolved_at = $1
             where id in (
               select id from faultline.incidents
               where state = 'open' and quiet_at <= $1 and (not $3::boolean or look_at is null or look_at > $1)
               order by id limit $2 for no key update skip locked
             )
             returning id, code
           ), wiped as (
             -- Nobody will ask Twilio about it any more: what is private goes.
             update faultline.work w set sealed_subject = null
             from quiet where w.incident_id = quiet.id and w.sealed_subject is not null
           )
           select id, code from quiet`,
          [now.toISOString(), batchSize, looks],
        );
        changed.push(...rows.map(({ id, code }) => ({ id: incidentIdOf(id), code: Number(code) })));
        if (rows.length < batchSize) return changed;
      }
    },

    async deleteBefore(before) {
      const events = await inBatches(
        `with old as (
           select id from faultline.events where received_at < $1 order by received_at limit $2 for update skip locked
         ), gone as (
           delete from faultline.events e using old where e.id = old.id returning e.sid
         ), keys as (
           delete from faultline.event_keys k using gone where k.sid = gone.sid
         )
         select count(*) as count from gone`,
        before,
      );
      const incidents = await inBatches(
        `with old as (
           select id from faultline.incidents
           where state = 'resolved' and resolved_at < $1 and last_seen < $1 order by id limit $2 for update skip locked
         ), gone as (
           delete from faultline.incidents i using old where i.id = old.id returning i.id
         ), work as (
           delete from faultline.work w using gone where w.incident_id = gone.id
         ), diagnoses as (
           delete from faultline.diagnoses d using gone where d.incident_id = gone.id
         ), notices as (
           delete from faultline.notices n using gone where n.incident_id = gone.id
         )
         select count(*) as count from gone`,
        before,
      );
      const quarantined = await inBatches(
        `with old as (
           select id from faultline.quarantined where received_at < $1 order by received_at limit $2 for update skip locked
         ), gone as (
           delete from faultline.quarantined q using old where q.id = old.id returning q.id
         )
         select count(*) as count from gone`,
        before,
      );
      await inBatches(
        `with old as (
           select id from faultline.notices where incident_id is null and finished_at < $1
           order by id limit $2 for update skip locked
         ), gone as (
           delete from faultline.notices n using old where n.id = old.id returning n.id
         )
         select count(*) as count from gone`,
        before,
      );
      await inBatches(
        `with old as (
           select id from faultline.silences where ends_at < $1 order by ends_at limit $2 for update skip locked
         ), gone as (
           delete from faultline.silences s using old where s.id = old.id returning s.id
         )
         select count(*) as count from gone`,
        before,
      );
      return { events, incidents, quarantined };
    },
  };
}
