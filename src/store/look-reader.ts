import type pg from "pg";
import type { Diagnosis } from "../core/diagnosis/verdict.ts";
import type { LastNotice } from "../core/notice/last.ts";
import type { NoticeTransition, SuppressReason } from "../core/notice/notice.ts";
import type { Opening } from "../core/notice/storm.ts";
import type { Severity } from "../core/rules/rule.ts";
import type { DueIncident, LookContext, Undigested } from "../pipeline/notice-record-ports.ts";
import { incidentIdOf, incidentRowOf } from "./incident-id.ts";
import { type IncidentRow, incidentOf } from "./rows.ts";
import { type SilenceRow, silenceOf } from "./silence-store.ts";

/*
 * What a look goes by (notice-look.ts): the incidents that are due, and what is on record beside them.
 */

/** So many of the latest diagnoses decide which cause leads, as everywhere. */
const decisiveDiagnoses = 50;

const minuteMs = 60_000;

interface DueRow extends IncidentRow {
  readonly opened_at: Date;
  readonly quiet_at: Date;
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

/** The incidents whose time has come, the longest due first. They stay locked for the transaction. */
export async function readDue(client: pg.PoolClient, now: Date, limit: number): Promise<DueIncident[]> {
  const { rows } = await client.query<DueRow>(
    // Each part leaves PostgreSQL one way to go, by the incident's own index: where many are due and its statistics are old,
    // it goes through all unfinished work otherwise, once a look or even once an incident.
    `with due as materialized (
       select * from faultline.incidents where look_at <= $1
       order by look_at, id limit $2 for no key update skip locked
     )
     select due.*,
       (select d.id from faultline.diagnoses d where d.incident_id = due.id order by d.at desc, d.id desc limit 1) is not null
         or (select bool_or(w.first and w.finished_at is null) from faultline.work w where w.incident_id = due.id) is not true
         as diagnosed
     from due order by due.look_at, due.id`,
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
    quietAt: row.quiet_at,
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
export async function readOpenings(
  client: pg.PoolClient,
  due: readonly DueIncident[],
  each: number,
): Promise<Opening[]> {
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

/** Everything else; without what waits for a digest unless `digests`. */
export async function readContext(
  client: pg.PoolClient,
  now: Date,
  openings: readonly Opening[],
  digests: boolean,
): Promise<LookContext> {
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
  return {
    now,
    silences: silences.rows.map(silenceOf),
    openingsTold: new Map(told.rows.map(({ receiver, count }) => [receiver, Number(count)])),
    openings,
    undigested: digests ? await readUndigested(client) : [],
    lastDigests: digests ? await readLastDigests(client, lastMinute) : [],
  };
}

async function readUndigested(client: pg.PoolClient): Promise<Undigested[]> {
  const { rows } = await client.query<{
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
  return rows.map((row) => ({
    receiver: row.receiver,
    group: row.digest_group,
    product: row.product,
    code: Number(row.code),
    title: row.title,
    count: Number(row.count),
    since: row.since,
  }));
}

async function readLastDigests(client: pg.PoolClient, since: string): Promise<LookContext["lastDigests"]> {
  const { rows } = await client.query<{ receiver: string; digest_group: string | null; at: Date }>(
    `select receiver, digest_group, max(decided_at) as at from faultline.notices
     where incident_id is null and transition = 'digest' and decided_at > $1 group by 1, 2`,
    [since],
  );
  return rows.map((row) => ({ receiver: row.receiver, group: row.digest_group, at: row.at }));
}

function grouped<Row extends { readonly incident_id: string }, T>(
  rows: readonly Row[],
  itemOf: (row: Row) => T,
): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const row of rows) groups.set(row.incident_id, [...(groups.get(row.incident_id) ?? []), itemOf(row)]);
  return groups;
}
