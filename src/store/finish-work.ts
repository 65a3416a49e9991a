import type pg from "pg";
import type { Diagnosis } from "../core/diagnosis/verdict.ts";
import type { Work } from "../pipeline/ports.ts";
import type { TraceParent } from "../pipeline/trace-ports.ts";
import { storableJson } from "./storable-text.ts";
import { inTransaction } from "./transaction.ts";

/** So many of the latest diagnoses decide which cause leads; the API shows as many. */
const decisiveDiagnoses = 50;

/**
 * Stores a diagnosis, ends its work and notes the leading cause, in one transaction that holds the incident: two workers
 * finishing at once take turns, so that a change of the leading cause is told exactly once.
 */
export async function finishWork(
  pool: pg.Pool,
  work: Work,
  diagnosis: Diagnosis,
  lead: (diagnoses: readonly Diagnosis[]) => string | null,
  trace: TraceParent | null,
): Promise<"diagnosed" | "cause_changed" | null> {
  return await inTransaction(pool, (client) => finish(client, work, diagnosis, lead, trace));
}

async function finish(
  client: pg.PoolClient,
  work: Work,
  diagnosis: Diagnosis,
  lead: (diagnoses: readonly Diagnosis[]) => string | null,
  trace: TraceParent | null,
): Promise<"diagnosed" | "cause_changed" | null> {
  const incident = await client.query<{ id: string; leading_cause: string | null }>(
    `select i.id, i.leading_cause from faultline.incidents i
     join faultline.work w on w.incident_id = i.id where w.id = $1 for no key update of i`,
    [work.id],
  );
  const finished = await client.query<{ incident_id: string }>(
    `with finished as (
       update faultline.work set finished_at = clock_timestamp()
       where id = $1 and finished_at is null returning incident_id, event_sid
     )
     insert into faultline.diagnoses (incident_id, event_sid, at, result)
     select incident_id, event_sid, $2, $3 from finished
     on conflict (incident_id, event_sid) do nothing
     returning incident_id`,
    [work.id, diagnosis.at, storableJson(diagnosis)],
  );
  const [before] = incident.rows;
  if (before === undefined || finished.rowCount === 0) return null;

  const { rows } = await client.query<{ result: Diagnosis }>(
    "select result from faultline.diagnoses where incident_id = $1 order by at desc, id desc limit $2",
    [before.id, decisiveDiagnoses],
  );
  const leading = lead(rows.map(({ result }) => result));
  if (leading === null || leading === before.leading_cause) {
    await endWait(client, work, before.id);
    return null;
  }
  await client.query("update faultline.incidents set leading_cause = $2, trace = $3 where id = $1", [
    before.id,
    leading,
    trace,
  ]);
  return before.leading_cause === null ? "diagnosed" : "cause_changed";
}

/** The first notice waits for this diagnosis: now it need not any more. A change of the cause schedules its own look. */
async function endWait(client: pg.PoolClient, { first }: Work, incident: string): Promise<void> {
  if (!first) return;
  await client.query("update faultline.incidents set look_at = opened_at where id = $1 and look_at > opened_at", [
    incident,
  ]);
}
