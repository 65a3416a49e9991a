import type pg from "pg";
import type { MessageReference } from "../pipeline/notice-ports.ts";
import { type Claim, claimMs } from "../pipeline/notice-record-ports.ts";
import { type NoticeRow, pendingNoticeOf } from "./notice-rows.ts";

/*
 * Claim, then send, then confirm. A worker that dies in between leaves a claim that runs out; then the notice is sent once
 * more, since nobody knows whether it went out, but not a third time.
 */

/** How soon to ask again when an older notice of the same incident is about to go out, in milliseconds. */
const turnMs = 1_000;

/** Claims a notice, inside a transaction. */
export async function claim(client: pg.PoolClient, id: string, now: Date): Promise<Claim> {
  const place = await client.query<{ receiver: string; incident_id: string | null; paused_until: Date | null }>(
    `select n.receiver, n.incident_id, r.paused_until from faultline.notices n
     left join faultline.receivers r on r.name = n.receiver where n.id = $1`,
    [id],
  );
  const [at] = place.rows;
  if (at === undefined) return { kind: "over", now: null, receiver: null };
  const paused = (at.paused_until?.getTime() ?? 0) - now.getTime();
  if (paused > 0) return { kind: "wait", ms: paused };

  // All that is on its way to this receiver about this incident, in one order: two workers take turns.
  const { rows } = await client.query<NoticeRow>(
    `select * from faultline.notices
     where (id = $1 or (incident_id = $2 and receiver = $3)) and state in ('pending', 'claimed')
     order by id for no key update`,
    [id, at.incident_id, at.receiver],
  );
  const mine = rows.find((row) => row.id === id);
  if (mine === undefined) return { kind: "over", now: null, receiver: at.receiver };
  const older = rows.slice(0, rows.indexOf(mine));

  if (isBeingSent(mine, now)) return { kind: "wait", ms: claimEnd(mine) - now.getTime() };
  if (await hasNewer(client, mine)) {
    await supersede(client, [mine.id], now);
    return { kind: "over", now: "superseded", receiver: at.receiver };
  }
  const sooner = (mine.retry_at?.getTime() ?? 0) - now.getTime();
  if (sooner > 0) return { kind: "wait", ms: sooner };
  const sending = older.find((row) => isBeingSent(row, now));
  if (sending !== undefined) return { kind: "wait", ms: Math.min(turnMs, claimEnd(sending) - now.getTime()) };
  await supersede(
    client,
    older.map((row) => row.id),
    now,
  );
  if (mine.state === "claimed" && mine.taken_over) {
    await giveUp(client, id, "timeout", now);
    return { kind: "over", now: "given_up", receiver: at.receiver };
  }
  await client.query(
    "update faultline.notices set state = 'claimed', claimed_at = $2, taken_over = $3, retry_at = null where id = $1",
    [id, now.toISOString(), mine.taken_over || mine.state === "claimed"],
  );
  return {
    kind: "send",
    notice: pendingNoticeOf(mine),
    since: mine.since,
    attempts: mine.attempts,
    earlier: await earlierReference(client, mine),
    superseded: older.length,
  };
}

/** Ends a notice that could not be delivered. */
export async function giveUp(client: pg.Pool | pg.PoolClient, id: string, reason: string, at: Date): Promise<void> {
  await client.query(
    `update faultline.notices set state = 'given_up', failure = $2, failed_at = $3, finished_at = $3,
       attempts = attempts + 1
     where id = $1 and state in ('pending', 'claimed')`,
    [id, reason, at.toISOString()],
  );
}

/** What the receiver gave back last about the incident of a notice: there the message stands. */
export async function earlierReference(
  client: pg.Pool | pg.PoolClient,
  { incident_id, receiver, about }: Pick<NoticeRow, "incident_id" | "receiver" | "about">,
): Promise<MessageReference | null> {
  const { rows } = await client.query<{ reference: MessageReference }>(
    `select reference from faultline.notices
     where receiver = $2 and reference is not null and (incident_id = $1 or (incident_id is null and about ->> 'id' = $3))
     order by id desc limit 1`,
    [incident_id, receiver, about?.id ?? null],
  );
  return rows[0]?.reference ?? null;
}

function claimEnd(row: NoticeRow): number {
  return (row.claimed_at?.getTime() ?? 0) + claimMs;
}

function isBeingSent(row: NoticeRow, now: Date): boolean {
  const left = claimEnd(row) - now.getTime();
  // One that holds for longer than any was made by a clock that was set back since.
  return row.state === "claimed" && left > 0 && left < 2 * claimMs;
}

async function hasNewer(client: pg.PoolClient, mine: NoticeRow): Promise<boolean> {
  const { rows } = await client.query<{ newer: boolean }>(
    `select exists (
       select from faultline.notices
       where incident_id = $1 and receiver = $2 and id > $3 and state <> 'suppressed'
     ) as newer`,
    [mine.incident_id, mine.receiver, mine.id],
  );
  return rows[0]?.newer === true;
}

async function supersede(client: pg.PoolClient, ids: readonly string[], at: Date): Promise<void> {
  if (ids.length === 0) return;
  await client.query(
    "update faultline.notices set state = 'superseded', finished_at = $2 where id = any ($1::bigint[])",
    [ids, at.toISOString()],
  );
}
