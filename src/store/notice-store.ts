import type { SendFailureReason } from "../core/notice/notice.ts";
import { claimMs, type NoticeStore, type ReceiverTally } from "../pipeline/notice-record-ports.ts";
import type { Database } from "./database.ts";
import { claim, giveUp } from "./notice-claim.ts";
import { dueStatement, insertNotice, look } from "./notice-look.ts";
import { createNoticeReader } from "./notice-reader.ts";
import { type NoticeRow, pendingNoticeOf } from "./notice-rows.ts";
import { storableJson } from "./storable-text.ts";
import { inTransaction } from "./transaction.ts";

/** The log of notices on a database. */
export function createNoticeStore(db: Pick<Database, "pool">): NoticeStore {
  const { pool } = db;
  return {
    ...createNoticeReader(db),

    async isDue(now) {
      const { rows } = await pool.query<{ due: boolean }>(dueStatement, [now.toISOString()]);
      return rows[0]?.due === true;
    },

    look: (now, limits, judge) => inTransaction(pool, (client) => look(client, now, limits, judge)),

    async markDispatched(ids, at) {
      if (ids.length === 0) return;
      await pool.query("update faultline.notices set dispatched_at = $2 where id = any ($1::bigint[])", [
        ids,
        at.toISOString(),
      ]);
    },

    async overdue(receivers, now, before, limit) {
      const { rows } = await pool.query<NoticeRow>(
        `select * from faultline.notices
         where receiver = any ($5)
           and (state = 'pending' or (state = 'claimed'
             and (claimed_at <= $3 or claimed_at > $4::timestamptz + interval '1 minute')))
           and (coalesce(dispatched_at, '-infinity') < $1
             -- Later than now: by a clock that was set back since.
             or dispatched_at > $1::timestamptz + interval '10 minutes')
           and coalesce(retry_at, '-infinity') <= $4
         order by id limit $2`,
        [before.toISOString(), limit, new Date(now.getTime() - claimMs).toISOString(), now.toISOString(), receivers],
      );
      return rows.map(pendingNoticeOf);
    },

    claim: (id, now) => inTransaction(pool, (client) => claim(client, id, now)),

    async confirm(id, reference, at) {
      // Whatever has become of the claim meanwhile: it did go out.
      await pool.query(
        `update faultline.notices set state = 'delivered', finished_at = $3, reference = $2, attempts = attempts + 1,
           failure = null
         where id = $1 and state <> 'delivered'`,
        [id, reference === null ? null : storableJson(reference), at.toISOString()],
      );
    },

    async release(id, reason, at, retryAt) {
      await pool.query(
        `update faultline.notices set state = 'pending', claimed_at = null, attempts = attempts + 1, failure = $2,
           failed_at = $3, retry_at = $4
         where id = $1 and state = 'claimed'`,
        [id, reason, at.toISOString(), retryAt.toISOString()],
      );
    },

    giveUp: (id, reason, at) => giveUp(pool, id, reason, at),

    async pause(receiver, until) {
      await pool.query(
        `insert into faultline.receivers (name, paused_until) values ($1, $2)
         on conflict (name) do update set paused_until = greatest(receivers.paused_until, excluded.paused_until)`,
        [receiver, until.toISOString()],
      );
    },

    async takeRefreshes(receivers, now, { everyMs, resolvedAfter, limit }) {
      const { rows } = await pool.query<NoticeRow>(
        `update faultline.notices set refreshed_at = $2 where id in (
           select n.id from faultline.incidents i join faultline.notices n on n.incident_id = i.id
           where n.receiver = any ($1) and n.state = 'delivered'
             and coalesce(n.refreshed_at, n.finished_at) <= $3
             and ((i.state = 'open' and n.transition <> 'resolved')
               or (i.state = 'resolved' and i.resolved_at > $4 and n.transition = 'resolved'))
             and not exists (
               select from faultline.notices newer where newer.incident_id = n.incident_id
                 and newer.receiver = n.receiver and newer.id > n.id and newer.state <> 'suppressed'
             )
           order by n.id limit $5 for no key update of n skip locked
         )
         returning *`,
        [
          receivers,
          now.toISOString(),
          new Date(now.getTime() - everyMs).toISOString(),
          resolvedAfter.toISOString(),
          limit,
        ],
      );
      return rows.map((row) => ({ notice: pendingNoticeOf(row), earlier: row.reference }));
    },

    async tallies(receivers) {
      const { rows } = await pool.query<TallyRow>(
        `select r.name, d.at as delivered_at, f.failed_at, f.failure, s.failing_since,
           (select count(*) from faultline.notices n
            where n.receiver = r.name and n.state = 'given_up' and n.finished_at > coalesce(d.at, '-infinity')) as given_up,
           p.pending, p.trying_since
         from unnest($1::text[]) as r(name)
         left join faultline.receivers s on s.name = r.name
         left join lateral (
           select max(finished_at) as at from faultline.notices n where n.receiver = r.name and n.state = 'delivered'
         ) d on true
         left join lateral (
           select failed_at, failure from faultline.notices n
           where n.receiver = r.name and n.failed_at is not null order by n.failed_at desc limit 1
         ) f on true
         left join lateral (
           select count(*) as pending, min(decided_at) filter (where attempts > 0) as trying_since
           from faultline.notices n where n.receiver = r.name and n.state in ('pending', 'claimed')
         ) p on true`,
        [receivers],
      );
      return new Map(rows.map((row) => [row.name, tallyOf(row)]));
    },

    async noteFailing(receiver, failingSince, about, at) {
      return await inTransaction(pool, async (client) => {
        const changed = await client.query(
          `insert into faultline.receivers as r (name, failing_since) values ($1, $2)
           on conflict (name) do update set failing_since = excluded.failing_since
           where (r.failing_since is null) <> (excluded.failing_since is null)`,
          [receiver, failingSince?.toISOString() ?? null],
        );
        if (changed.rowCount === 0) return null;
        const notices = [];
        for (const notice of about.notices) {
          notices.push(await insertNotice(client, notice, { at, about: about.view }));
        }
        return notices;
      });
    },
  };
}

interface TallyRow {
  readonly name: string;
  readonly delivered_at: Date | null;
  readonly failed_at: Date | null;
  readonly failure: SendFailureReason | null;
  readonly failing_since: Date | null;
  readonly given_up: string;
  readonly pending: string;
  readonly trying_since: Date | null;
}

function tallyOf(row: TallyRow): ReceiverTally {
  return {
    lastDeliveredAt: row.delivered_at,
    lastFailureAt: row.failed_at,
    lastFailureReason: row.failure,
    givenUpInARow: Number(row.given_up),
    pending: Number(row.pending),
    tryingSince: row.trying_since,
    failingSince: row.failing_since,
  };
}
