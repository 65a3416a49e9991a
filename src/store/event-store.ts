import { createHash } from "node:crypto";
import { reopenWindowMs as defaultReopenWindowMs } from "../core/incident.ts";
import {
  type ClassifiedEvent,
  type EventStore,
  type Log,
  type Quarantined,
  type Recorded,
  StoreUnavailable,
  type Telemetry,
} from "../pipeline/ports.ts";
import type { Database } from "./database.ts";
import { createGroupCommit, type Settled } from "./group-commit.ts";
import { createBatchRecorder } from "./record-batch.ts";
import { createSampledSubjects } from "./sampled-subjects.ts";
import { failureOf, sqlStateOf } from "./sqlstate.ts";
import { storableText } from "./storable-text.ts";
import { createWriteCheck, type WriteCheck } from "./write-check.ts";

/** What an event store needs and goes by. */
export interface EventStoreOptions {
  readonly log: Log;
  readonly telemetry: Pick<Telemetry, "commitBatch">;
  /** Default: a day. */
  readonly reopenWindowMs?: number;
  /** Events of one incident sent to diagnosis within one hour of arrival. Default 12. */
  readonly samplesPerHour?: number;
  /** Events in one statement. Default 500. A single call with more is not cut. */
  readonly maxBatch?: number;
  /** Events held in memory before further ones are refused as `overloaded`. Default 20,000. */
  readonly maxWaiting?: number;
  /** Default 4.5 s: Twilio's Event Streams waits 5 s for an answer. */
  readonly deadlineMs?: number;
}

/** The record of events on a database. `checkWrites` passes unless nothing can be recorded now. */
export function createEventStore(
  db: Pick<Database, "pool" | "keepsStatements">,
  options: EventStoreOptions,
): EventStore & { readonly checkWrites: WriteCheck["check"] } {
  const writes = createWriteCheck(db.pool);
  const bounds = {
    maxBatch: options.maxBatch ?? 500,
    maxWaiting: options.maxWaiting ?? 20_000,
    deadlineMs: options.deadlineMs ?? 4_500,
  };
  const limits = {
    reopenWindowMs: options.reopenWindowMs ?? defaultReopenWindowMs,
    samplesPerHour: options.samplesPerHour ?? 12,
  };
  const recorder = createBatchRecorder(db, limits, createSampledSubjects());
  const events = createGroupCommit<ClassifiedEvent, Recorded[]>({
    ...bounds,
    commit: isolating(options.log, writes, async (calls) => {
      const batch = calls.flat();
      const results = await recorder.record(batch);
      options.telemetry.commitBatch(batch.length);
      const ends = cumulative(calls.map((call) => call.length));
      return calls.map((call, index) => {
        const end = ends[index] ?? 0;
        return results.slice(end - call.length, end);
      });
    }),
  });
  const quarantine = createGroupCommit<Quarantined, undefined>({
    ...bounds,
    commit: isolating(options.log, writes, async (calls) => {
      await insertQuarantined(db, calls.flat());
      return calls.map(() => undefined);
    }),
  });
  return {
    record: (batch) => (batch.length === 0 ? Promise.resolve([]) : events.submit(batch)),
    quarantine: async (items) => {
      if (items.length > 0) await quarantine.submit(items);
    },
    checkWrites: writes.check,
  };
}

/**
 * Runs a commit so that nobody pays for another's trouble: when a deadlock or a serialization failure ended it, once
 * more; when a row cannot be stored, each call by itself.
 */
function isolating<T, R>(
  log: Log,
  writes: WriteCheck,
  commit: (calls: readonly (readonly T[])[]) => Promise<readonly R[]>,
) {
  return async function attempt(calls: readonly (readonly T[])[], again = false): Promise<Settled<R>[]> {
    try {
      const values = await commit(calls);
      writes.note(true);
      return values.map((value) => ({ ok: true, value }));
    } catch (error) {
      const failure = failureOf(error);
      if (failure === "again" && !again) return attempt(calls, true);
      if (failure === "data" && calls.length > 1) {
        const results: Settled<R>[] = [];
        for (const call of calls) results.push(...(await attempt([call])));
        return results;
      }
      const items = calls.reduce((sum, call) => sum + call.length, 0);
      if (failure === "unavailable") writes.note(false);
      log.error({ failure, sqlState: sqlStateOf(error), items }, "commit failed");
      const unavailable = new StoreUnavailable("database_unavailable", { cause: error });
      return calls.map(() => ({ ok: false, error: unavailable }));
    }
  };
}

function cumulative(sizes: readonly number[]): number[] {
  let sum = 0;
  return sizes.map((size) => {
    sum += size;
    return sum;
  });
}

async function insertQuarantined(db: Pick<Database, "pool">, items: readonly Quarantined[]): Promise<void> {
  const rows = items.map((item) => {
    const raw = storableText(item.raw);
    return { ...item, raw, hash: createHash("sha256").update(`${item.source}\n${raw}`).digest("hex") };
  });
  // In a fixed order, so that two processes keeping the same items wait for each other instead of deadlocking.
  rows.sort((a, b) => (a.hash < b.hash ? -1 : 1));
  await db.pool.query(
    `insert into faultline.quarantined (hash, source, reason, account, raw, received_at)
     select decode(r.hash, 'hex'), r.source, r.reason, r.account, r.raw, r.received_at
     from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::timestamptz[])
            as r(hash, source, reason, account, raw, received_at)
     on conflict do nothing`,
    [
      rows.map((row) => row.hash),
      rows.map((row) => row.source),
      rows.map((row) => row.reason),
      rows.map((row) => (row.account === null ? null : storableText(row.account))),
      rows.map((row) => row.raw),
      rows.map((row) => row.receivedAt.toISOString()),
    ],
  );
}
