import type { IncidentTransition } from "../core/incident.ts";
import type { ClassifiedEvent, Recorded, Work } from "../pipeline/ports.ts";
import type { Database } from "./database.ts";
import { incidentIdOf } from "./incident-id.ts";
import { type Batch, batchOf, columnsOf } from "./record-columns.ts";
import type { SampledSubjects } from "./sampled-subjects.ts";
import { sqlStateOf } from "./sqlstate.ts";
import { storableText } from "./storable-text.ts";

/** What `faultline.record_columns` answers; places count from 1. */
interface Answer {
  readonly duplicates: number[] | null;
  readonly known_incidents: (string | null)[] | null;
  readonly incidents: (string | null)[] | null;
  readonly used_up: number[] | null;
  readonly changed: number[] | null;
  readonly changes: IncidentTransition[] | null;
  readonly worked: number[] | null;
  readonly work_ids: string[] | null;
  readonly work_firsts: boolean[] | null;
}

/** What the recording of a batch goes by. */
export interface RecordLimits {
  readonly reopenWindowMs: number;
  readonly samplesPerHour: number;
}

/** What a pooler that gives a connection another session says of a prepared statement: it is not there, or there already. */
const unpreparedStates: ReadonlySet<string | null> = new Set(["26000", "42P05"]);

/** An event that is to be diagnosed was left unsealed: nothing has been recorded (migrations/0006-record-columns.ts). */
const unsealedState = "ZS001";

const parameters = Array.from({ length: 30 }, (_, index) => `$${index + 1}`).join(", ");
const statement = `select * from faultline.record_columns(${parameters})`;

/** Records batches in one statement each. */
export interface BatchRecorder {
  /**
   * One result an event, in order.
   * @throws the error of `pg`
   */
  record(events: readonly ClassifiedEvent[]): Promise<Recorded[]>;
}

/** Builds one. `sampled` tells which events need no seal, and is told of what was recorded. */
export function createBatchRecorder(
  db: Pick<Database, "pool" | "keepsStatements">,
  limits: RecordLimits,
  sampled: SampledSubjects,
): BatchRecorder {
  // Parsed once a connection: 60 of the 410 µs a statement with one event took the database.
  let named = db.keepsStatements;

  async function send(batch: Batch, leavesOut: (event: ClassifiedEvent) => boolean): Promise<Answer> {
    const values = [...columnsOf(batch, leavesOut), limits.reopenWindowMs, limits.samplesPerHour];
    const { rows } = await query(values);
    const [answer] = rows;
    if (answer === undefined) throw new Error("record_columns: expected one row, got none");
    return answer;
  }

  async function query(values: unknown[]): Promise<{ readonly rows: Answer[] }> {
    if (!named) return db.pool.query<Answer>({ text: statement, values });
    try {
      return await db.pool.query<Answer>({ name: "record", text: statement, values });
    } catch (error) {
      if (!unpreparedStates.has(sqlStateOf(error))) throw error;
      named = false;
      return query(values);
    }
  }

  return {
    async record(events) {
      // The first of equal sids is the event, the others are its duplicates.
      const places = new Map<string, number>();
      const firsts: ClassifiedEvent[] = [];
      const again = new Map<number, number>();
      for (const [index, event] of events.entries()) {
        const sid = storableText(event.event.sid);
        const known = places.get(sid);
        if (known === undefined) places.set(sid, firsts.push(event) - 1);
        else again.set(index, known);
      }
      const batch = batchOf(firsts);
      let answer: Answer;
      try {
        answer = await send(batch, (event) => sampled.needsNoSeal(event));
      } catch (error) {
        if (sqlStateOf(error) !== unsealedState) throw error;
        answer = await send(batch, () => false);
      }
      const results = resultsOf(batch, answer);
      sampled.note(batch, results, answer.used_up ?? []);
      if (again.size === 0) return results;
      let place = -1;
      return events.map((_, index) => {
        const known = again.get(index);
        if (known === undefined) place += 1;
        const result = results[known ?? place];
        if (result === undefined) throw new Error(`record_columns: expected ${firsts.length} results`);
        return known === undefined ? result : duplicateOf(result.incidentId);
      });
    },
  };
}

function resultsOf(batch: Batch, answer: Answer): Recorded[] {
  const incidents = (answer.incidents ?? []).map((row) => (row === null ? null : incidentIdOf(row)));
  const results: Recorded[] = batch.kindOf.map((kind) => {
    const incidentId = incidents[batch.kinds[kind]?.group ?? -1] ?? null;
    return { outcome: "recorded", incidentId, transition: null, work: null };
  });
  for (const [index, ord] of (answer.duplicates ?? []).entries()) {
    const row = answer.known_incidents?.[index] ?? null;
    results[ord - 1] = duplicateOf(row === null ? null : incidentIdOf(row));
  }
  const set = (ord: number, what: (result: Recorded) => Partial<Recorded>) => {
    const result = results[ord - 1];
    if (result !== undefined) results[ord - 1] = { ...result, ...what(result) };
  };
  for (const [index, ord] of (answer.changed ?? []).entries())
    set(ord, () => ({ transition: answer.changes?.[index] ?? null }));
  for (const [index, ord] of (answer.worked ?? []).entries()) {
    const id = answer.work_ids?.[index];
    const event = batch.events[ord - 1];
    if (id === undefined || event === undefined) continue;
    const first = answer.work_firsts?.[index] === true;
    set(ord, ({ incidentId }) => ({ work: incidentId === null ? null : workOf(id, incidentId, event, first) }));
  }
  return results;
}

function workOf(id: string, incidentId: string, { event, trace }: ClassifiedEvent, first: boolean): Work {
  return { id, kind: "diagnose", incidentId, eventSid: event.sid, first, ...(trace != null && { trace }) };
}

function duplicateOf(incidentId: string | null): Recorded {
  return { outcome: "duplicate", incidentId, transition: null, work: null };
}
