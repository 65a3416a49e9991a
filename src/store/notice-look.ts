import type pg from "pg";
import type { PendingNotice } from "../pipeline/notice-ports.ts";
import type {
  DueIncident,
  HeldNotice,
  Judgement,
  LookContext,
  LookLimits,
  LookResult,
  NewNotice,
  Verdict,
} from "../pipeline/notice-record-ports.ts";
import { incidentRowOf } from "./incident-id.ts";
import { readContext, readDue, readOpenings } from "./look-reader.ts";
import { type NoticeRow, pendingNoticeOf } from "./notice-rows.ts";
import { storableJson } from "./storable-text.ts";

/*
 * A look at the incidents that are due. One at a time over all processes: what is decided about one incident counts for the
 * next (how many openings a receiver was told in the last minute), and a digest is for everything held back so far.
 */

/** Any number, the same in every process: who holds it looks. */
const lookLock = 0x66_6c_74_32;

/** A notice that was decided against, and of which incident. */
interface Held extends HeldNotice {
  readonly incident: number;
}

const nothing: LookResult = { notices: [], held: [], more: false };

/** When an incident is looked at again. */
interface Looked extends Pick<Verdict, "lookAt" | "growAt"> {
  readonly incident: number;
}

/** Looks, inside a transaction. */
export async function look(
  client: pg.PoolClient,
  now: Date,
  limits: LookLimits,
  judge: (due: readonly DueIncident[], context: LookContext) => Judgement,
): Promise<LookResult> {
  const lock = await client.query<{ mine: boolean }>("select pg_try_advisory_xact_lock($1) as mine", [lookLock]);
  if (lock.rows[0]?.mine !== true) return nothing;
  const due = await readDue(client, now, limits.incidents);
  const openings = await readOpenings(client, due, limits.openings);
  const judgement = judge(due, await readContext(client, now, openings, limits.digests));

  const notices: PendingNotice[] = [];
  // First: what is held back in this look comes in the next digest.
  for (const { receiver, group, digest } of judgement.digests) {
    await client.query(
      `update faultline.notices set finished_at = $2
       where receiver = $1 and digest_group is not distinct from $3 and reason = 'suppressed_storm'
         and finished_at is null`,
      [receiver, now.toISOString(), group],
    );
    const notice = {
      receiver,
      transition: "digest",
      reason: "digest",
      since: new Date(digest.since),
      count: digest.total,
      severity: null,
      leadingCause: null,
    } as const;
    notices.push(await insertNotice(client, notice, { at: now, digest, group }));
  }
  const looked: Looked[] = [];
  const held: Held[] = [];
  for (const verdict of judgement.verdicts) {
    const incident = incidentRowOf(verdict.incidentId);
    if (incident === null) continue;
    for (const notice of verdict.tell) notices.push(await insertNotice(client, notice, { incident, at: now }));
    for (const notice of verdict.hold) held.push({ ...notice, incident });
    looked.push({ ...verdict, incident });
  }
  await insertHeld(client, held, now);
  await scheduleLooks(client, looked);
  return { notices, held: judgement.verdicts.flatMap(({ hold }) => hold), more: due.length === limits.incidents };
}

/** Writes why receivers are not told, all at once: in a storm that is nearly all there is to write. */
async function insertHeld(client: pg.PoolClient, held: readonly Held[], now: Date): Promise<void> {
  if (held.length === 0) return;
  await client.query(
    `insert into faultline.notices (incident_id, receiver, transition, reason, state, decided_at, since, count,
       severity, leading_cause, digest_group, finished_at)
     select h.incident, h.receiver, h.transition, h.reason, 'suppressed', $1, $1, h.count, h.severity, h.leading_cause,
       h.digest_group, case when h.reason <> 'suppressed_storm' then $1::timestamptz end
     from unnest($2::bigint[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::text[], $8::text[], $9::text[])
            with ordinality as h(incident, receiver, transition, reason, count, severity, leading_cause, digest_group, ord)
     order by h.ord`,
    [
      now.toISOString(),
      held.map(({ incident }) => incident),
      held.map(({ receiver }) => receiver),
      held.map(({ transition }) => transition),
      held.map(({ reason }) => reason),
      held.map(({ count }) => count),
      held.map(({ severity }) => severity),
      held.map(({ leadingCause }) => leadingCause),
      held.map(({ group }) => group),
    ],
  );
}

/** Writes when each incident is looked at again. */
async function scheduleLooks(client: pg.PoolClient, looked: readonly Looked[]): Promise<void> {
  if (looked.length === 0) return;
  await client.query(
    `update faultline.incidents i set look_at = l.look_at, grow_at = l.grow_at
     from unnest($1::bigint[], $2::timestamptz[], $3::bigint[]) as l(id, look_at, grow_at) where i.id = l.id`,
    [
      looked.map(({ incident }) => incident),
      looked.map(({ lookAt }) => lookAt?.toISOString() ?? null),
      looked.map(({ growAt }) => growAt),
    ],
  );
}

/** Writes one notice that was decided. */
export async function insertNotice(
  client: pg.PoolClient,
  notice: NewNotice,
  of: {
    readonly at: Date;
    readonly incident?: number;
    readonly digest?: unknown;
    readonly group?: string | null;
    readonly about?: unknown;
  },
): Promise<PendingNotice> {
  const { rows } = await client.query<NoticeRow>(
    `insert into faultline.notices (incident_id, receiver, transition, reason, state, decided_at, since, count, severity,
       leading_cause, digest, about, digest_group, trace)
     values ($1, $2, $3, $4, 'pending', $5, $6, $7, $8, $9, $10, $11, $12,
       (select trace from faultline.incidents where id = $1)) returning *`,
    [
      of.incident ?? null,
      notice.receiver,
      notice.transition,
      notice.reason,
      of.at.toISOString(),
      notice.since.toISOString(),
      notice.count,
      notice.severity,
      notice.leadingCause,
      of.digest === undefined ? null : storableJson(of.digest),
      of.about === undefined ? null : storableJson(of.about),
      of.group ?? null,
    ],
  );
  const [row] = rows;
  if (row === undefined) throw new Error("notices: expected the new row, got none");
  return pendingNoticeOf(row);
}

/** Whether a look would find anything: an incident that is due, or some that wait for a digest. */
export const dueStatement = `select exists (select from faultline.incidents where look_at <= $1)
  or exists (select from faultline.notices where reason = 'suppressed_storm' and finished_at is null) as due`;
