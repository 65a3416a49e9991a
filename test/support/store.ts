import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inject } from "vitest";
import type {
  ClassifiedEvent,
  EventStore,
  Housekeeping,
  Log,
  Quarantined,
  RecordReader,
  WorkStore,
} from "../../src/pipeline/ports.ts";
import { type Database, openDatabase } from "../../src/store/database.ts";
import { createEventStore, type EventStoreOptions } from "../../src/store/event-store.ts";
import { createHousekeeping } from "../../src/store/housekeeping.ts";
import { createRecordReader } from "../../src/store/record-reader.ts";
import { createWorkStore } from "../../src/store/work-store.ts";
import { pgbouncerAvailable, startPgbouncer } from "./pgbouncer.ts";
import { dropDatabase, freshDatabase } from "./postgres.ts";

/** Where a store keeps its record; `pooled` is PostgreSQL behind a PgBouncer in transaction mode. */
export type StoreMode = "embedded" | "postgres" | "pooled";

/** A log that says nothing. */
export const silentLog: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

/** Everything of the store on a database of its own. */
export interface FreshStore {
  readonly db: Database;
  readonly store: EventStore;
  readonly reader: RecordReader;
  readonly work: WorkStore;
  readonly housekeeping: Housekeeping;
  /** Sizes of the statements that committed, in order. */
  readonly batches: number[];
  /** Another event store on the same database, e.g. with other bounds. */
  another(options?: Partial<EventStoreOptions>): EventStore;
  /** The database's URL; null when embedded. */
  readonly databaseUrl: string | null;
  /** Empties the record. */
  clear(): Promise<void>;
  dispose(): Promise<void>;
}

/** Whether the store can be opened this way here. */
export function storeAvailable(mode: StoreMode): boolean {
  if (mode === "pooled" && !pgbouncerAvailable()) return false;
  return mode === "embedded" || inject("postgresUrl") !== null;
}

/** Opens a store on a new, empty database. Dispose of it afterwards. */
export async function freshStore(mode: StoreMode): Promise<FreshStore> {
  const serverUrl = inject("postgresUrl");
  if (mode !== "embedded" && serverUrl === null) throw new Error("expected a PostgreSQL; check storeAvailable() first");
  const direct = mode !== "embedded" && serverUrl !== null ? await freshDatabase(serverUrl) : null;
  const pooler = mode === "pooled" && direct !== null ? await startPgbouncer(direct, { mode: "transaction" }) : null;
  const databaseUrl = pooler === null || direct === null ? direct : pooler.through(direct);
  const dataDir = mkdtempSync(join(tmpdir(), "faultline-test-data-"));
  const db = await openDatabase({ databaseUrl, dataDir, log: silentLog });
  const batches: number[] = [];
  const another = (options?: Partial<EventStoreOptions>) =>
    createEventStore(db, { log: silentLog, telemetry: { commitBatch: (size) => void batches.push(size) }, ...options });
  return {
    db,
    store: another(),
    reader: createRecordReader(db),
    work: createWorkStore(db),
    housekeeping: createHousekeeping(db),
    batches,
    another,
    databaseUrl,
    clear: async () => {
      batches.length = 0;
      await db.pool.query(
        `truncate faultline.events, faultline.event_keys, faultline.incidents, faultline.work, faultline.diagnoses,
                  faultline.quarantined, faultline.notices, faultline.receivers, faultline.silences`,
      );
    },
    dispose: async () => {
      await db.close();
      rmSync(dataDir, { recursive: true, force: true });
      await pooler?.stop();
      if (direct !== null) await dropDatabase(direct);
    },
  };
}

let made = 0;

/** An event of its own, classified; override what matters to the test. */
export function classifiedEvent(
  overrides: Partial<Omit<ClassifiedEvent, "event">> & { event?: Partial<ClassifiedEvent["event"]> } = {},
): ClassifiedEvent {
  made += 1;
  const { event, ...rest } = overrides;
  return {
    receivedAt: new Date("2026-01-15T10:20:00.000Z"),
    sealedSubject: null,
    title: "Proxy identifier already in use",
    product: "Proxy",
    severity: "error",
    ruleId: "proxy-80604",
    matched: ["code 80604"],
    docsUrl: "https://www.twilio.com/docs/api/errors/80604",
    quietPeriodMs: 30 * 60_000,
    fingerprint: "fp-default",
    subject: `subject-${made}`,
    ...rest,
    event: {
      sid: `NO${made.toString(16).padStart(32, "0")}`,
      source: "debugger",
      account: `AC${"a".repeat(32)}`,
      parentAccount: null,
      code: 80604,
      level: "ERROR",
      productName: null,
      occurredAt: "2026-01-15T10:19:59.000Z",
      resource: null,
      service: null,
      payload: {},
      ...event,
    },
  };
}

/** A quarantined item of its own. */
export function quarantinedItem(overrides: Partial<Quarantined> = {}): Quarantined {
  made += 1;
  return {
    source: "debugger",
    reason: "not_json",
    account: null,
    raw: `not json ${made}`,
    receivedAt: new Date("2026-01-15T10:20:00.000Z"),
    ...overrides,
  };
}
