import type pg from "pg";
import type { Diagnosis } from "../core/diagnosis/verdict.ts";
import type { LastNotice } from "../core/notice/last.ts";
import type { NoticeTransition, SuppressReason } from "../core/notice/notice.ts";
import type { Opening } from "../core/notice/storm.ts";
import type { Severity } from "../core/rules/rule.ts";
import type { PendingNotice } from "../pipeline/notice-ports.ts";
import type { DueIncident, Judgement, LookContext, LookResult, NewNotice } from "../pipeline/notice-record-ports.ts";
import { incidentIdOf, incidentRowOf } from "./incident-id.ts";
import { type NoticeRow, pendingNoticeOf } from "./notice-rows.ts";
import { type IncidentRow, incidentOf } from "./rows.ts";
import { type SilenceRow, silenceOf } from "./silence-store.ts";
import { storableJson } from "./storable-text.ts";

/*
 * A look at the incidents that are due. One at a time over all processes: what is decided about one incident counts for the
 * next (how many openings a receiver was told in the last minute), and a digest is for everything held back so far.
 */

/** Any number, the same in every process: who holds it looks. */
const lookLock = 0x66_6c_74_32;

/** So many of the latest diagnoses decide which cause leads, as everywhere. */
const decisiveDiagnoses = 50;

const minuteMs = 60_000;

const nothing: LookResult = { notices: [], held: [], more: false };

interface DueRow extends IncidentRow {
  readonly opened_at: Date;
  readonly diagnosed: boolean;
}

interface LastRow {
  readonly incident_id: string;
  readonly receiver: string;
  readonly transition: NoticeTransition;
  readonly reason: string;
  readonly decided_at: Date;
  readonly count: string;
  readonly severity: Severity;
  readonly leading_cause: string | null;
  readonly grew_at: Date | null;
}

/** Looks, inside a transaction. */
export async function look(
  client: pg.PoolClient,
  now: Date,
  limits: { readonly incidents: number; readonly openings: number },
  judge: (due: readonly DueIncident[], context: LookContext) => Judgement,
): Promise<LookResult> {
  const lock = await client.query<{ mine: boolean }>("select pg_try_advisory_xact_lock($1) as mine", [lookLock]);
  if (lock.rows[0]?.mine !== true) return nothing;
  const due = await readDue(client, now, limits.incidents);
  const openings = await readOpenings(client, due, limits.openings);
  const judgement = judge(due, await readContext(client, now, openings));

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
  for (const verdict of judgement.verdicts) {
    const incident = incidentRowOf(verdict.incidentId);
    if (incident === null) continue;
    for (const notice of verdict.tell) notices.push(await insertNotice(client, notice, { incident, at: now }));
    for (const held of verdict.hold) {
      await client.query(
        `insert into faultline.notices (incident_id, receiver, transition, reason, state, decided_at, since, count,
           severity, leading_cause, digest_group, finished_at)
         values ($1, $2, $3, $4, 'suppressed', $5, $5, $6, $7, $8, $9, $10)`,
        [
          incident,
          held.receiver,
          held.transition,
          held.reason,
          now.toISOString(),
          held.count,
          held.severity,
          held.leadingCause,
          held.group,
          held.reason === "suppressed_storm" ? null : now.toISOString(),
        ],
      );
    }
    await client.query("update faultline.incidents set look_at = $2, grow_at = $3 where id = $1", [
      incident,
      verdict.lookAt?.toISOString() ?? null,
      verdict.growAt,
    ]);
  }
  return { notices, held: judgement.verdicts.flatMap(({ hold }) => hold), more: due.length === limits.incidents };
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

async function readDue(client: pg.PoolClient, now: Date, limit: number): Promise<DueIncident[]> {
  const { rows } = await client.query<DueRow>(
    `select i.*,
       exists (select from faultline.diagnoses d where d.incident_id = i.id) or not exists (
         select from faultline.work w where w.incident_id = i.id and w.first and w.finished_at is null
       ) as diagnosed
     from faultline.incidents i where i.look_at <= $1
     order by i.look_at, i.id limit $2 for no key update of i skip locked`,
    [now.toISOString(), limit],
  );
  if (rows.length === 0) return [];
  const ids = rows.map(({ id }) => id);
  const [diagnoses, last, suppressed] = [
    await readDiagnoses(client, ids),
    await readLast(client, ids),
    await readSuppressed(client, ids),
  ];
  return rows.map((row) => ({
    incident: incidentOf(row),
    diagnoses: diagnoses.get(row.id) ?? [],
    diagnosed: row.diagnosed,
    openedAt: row.opened_at,
    last: last.get(row.id) ?? [],
    suppressed: new Map(suppressed.get(row.id) ?? []),
  }));
}

async function readDiagnoses(client: pg.PoolClient, ids: readonly string[]): Promise<Map<string, Diagnosis[]>> {
  const { rows } = await client.query<{ incident_id: string; result: Diagnosis }>(
    `select i.id as incident_id, d.result from unnest($1::bigint[]) as i(id)
     cross join lateral (
       select result from faultline.diagnoses where incident_id = i.id order by at desc, id desc limit $2
     ) d`,
    [ids, decisiveDiagnoses],
  );
  return grouped(rows, ({ result }) => result);
}

/** What was decided last, whether it has arrived yet or not; an incident among too many counts as told by a digest. */
async function readLast(client: pg.PoolClient, ids: readonly string[]): Promise<Map<string, LastNotice[]>> {
  const { rows } = await client.query<LastRow>(
    `select distinct on (incident_id, receiver) incident_id, receiver, transition, reason, decided_at, count, severity,
       leading_cause, max(decided_at) filter (where reason = 'grew') over (partition by incident_id, receiver) as grew_at
     from faultline.notices
     where incident_id = any ($1::bigint[]) and (state <> 'suppressed' or reason = 'suppressed_storm')
     order by incident_id, receiver, id desc`,
    [ids],
  );
  return grouped(rows, (row) => ({
    receiver: row.receiver,
    transition: row.reason === "suppressed_storm" ? "digest" : row.transition,
    at: row.decided_at.toISOString(),
    count: Number(row.count),
    severity: row.severity,
    leadingCause: row.leading_cause,
    grewAt: row.grew_at?.toISOString() ?? null,
  }));
}

async function readSuppressed(
  client: pg.PoolClient,
  ids: readonly string[],
): Promise<Map<string, [string, SuppressReason][]>> {
  const { rows } = await client.query<{ incident_id: string; receiver: string; reason: SuppressReason; state: string }>(
    `select distinct on (incident_id, receiver) incident_id, receiver, reason, state from faultline.notices
     where incident_id = any ($1::bigint[]) order by incident_id, receiver, id desc`,
    [ids],
  );
  return grouped(
    rows.filter(({ state }) => state === "suppressed"),
    ({ receiver, reason }): [string, SuppressReason] => [receiver, reason],
  );
}

/** Before each that is due, the latest openings of the minute before it: they say whether it is one among too many. */
async function readOpenings(client: pg.PoolClient, due: readonly DueIncident[], each: number): Promise<Opening[]> {
  if (due.length === 0) return [];
  const { rows } = await client.query<{ id: string; opened_at: Date }>(
    `select distinct o.id, o.opened_at from unnest($1::bigint[]) as d(id)
     join faultline.incidents i on i.id = d.id
     cross join lateral (
       select o.id, o.opened_at from faultline.incidents o
       where o.opened_at > i.opened_at - interval '1 minute' and (o.opened_at, o.id) <= (i.opened_at, i.id)
       order by o.opened_at desc, o.id desc limit $2
     ) o`,
    [due.map(({ incident }) => incidentRowOf(incident.id)), each],
  );
  return rows.map((row) => ({ id: incidentIdOf(row.id), at: row.opened_at }));
}

async function readContext(client: pg.PoolClient, now: Date, openings: readonly Opening[]): Promise<LookContext> {
  const at = now.toISOString();
  const lastMinute = new Date(now.getTime() - minuteMs).toISOString();
  const silences = await client.query<SilenceRow>(
    "select * from faultline.silences where starts_at <= $1 and ends_at > $1 order by id",
    [at],
  );
  const told = await client.query<{ receiver: string; count: string }>(
    `select receiver, count(*) as count from faultline.notices
     where reason in ('first', 'reopened') and decided_at > $1 group by receiver`,
    [lastMinute],
  );
  const undigested = await client.query<{
    receiver: string;
    digest_group: string | null;
    product: string;
    code: string;
    title: string;
    count: string;
    since: Date;
  }>(
    `select n.receiver, n.digest_group, i.product, i.code, min(i.title) as title, count(*) as count, min(n.decided_at) as since
     from faultline.notices n join faultline.incidents i on i.id = n.incident_id
     where n.reason = 'suppressed_storm' and n.finished_at is null group by 1, 2, 3, 4`,
  );
  const digests = await client.query<{ receiver: string; digest_group: string | null; at: Date }>(
    `select receiver, digest_group, max(decided_at) as at from faultline.notices
     where incident_id is null and transition = 'digest' and decided_at > $1 group by 1, 2`,
    [lastMinute],
  );
  return {
    now,
    silences: silences.rows.map(silenceOf),
    openingsTold: new Map(told.rows.map(({ receiver, count }) => [receiver, Number(count)])),
    openings,
    undigested: undigested.rows.map((row) => ({
      receiver: row.receiver,
      group: row.digest_group,
      product: row.product,
      code: Number(row.code),
      title: row.title,
      count: Number(row.count),
      since: row.since,
    })),
    lastDigests: digests.rows.map((row) => ({ receiver: row.receiver, group: row.digest_group, at: row.at })),
  };
}

function grouped<Row extends { readonly incident_id: string }, T>(
  rows: readonly Row[],
  itemOf: (row: Row) => T,
): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const row of rows) groups.set(row.incident_id, [...(groups.get(row.incident_id) ?? []), itemOf(row)]);
  return groups;
}

/** Whether a look would find anything: an incident that is due, or some that wait for a digest. */
export const dueStatement = `select exists (select from faultline.incidents where look_at <= $1)
  or exists (select from faultline.notices where reason = 'suppressed_storm' and finished_at is null) as due`;
