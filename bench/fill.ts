import { hash } from "node:crypto";
import pg from "pg";
import { loadCatalogue } from "../src/core/catalogue.ts";
import type { Diagnosis } from "../src/core/diagnosis/verdict.ts";
import { fingerprint, subjectOf } from "../src/core/fingerprint.ts";
import { redactPayload } from "../src/core/redact.ts";
import { classify, compileRules } from "../src/core/rules/match.ts";
import type { ClassifiedEvent, Work } from "../src/pipeline/ports.ts";
import { loadBuiltInRules } from "../src/rule-packs.ts";
import { openDatabase } from "../src/store/database.ts";
import { createEventStore } from "../src/store/event-store.ts";
import { createWorkStore } from "../src/store/work-store.ts";
import { parsedEvents } from "./load/events.ts";
import { quietLog } from "./quiet-log.ts";

const batch = 500;
const dayMs = 24 * 60 * 60_000;

/**
 * Fills a record with events of the usual mix over so many open incidents, each diagnosed and looked at, arrived over the
 * last week. By the store itself, so that it is what the store makes of it; only waiting for the disk is left out.
 * Resolves to the bytes the database has grown by.
 */
export async function fillRecord(
  databaseUrl: string,
  amount: { readonly events: number; readonly incidents: number },
  seed: string,
): Promise<{ readonly bytes: number; readonly perSecond: number }> {
  const url = new URL(databaseUrl);
  url.searchParams.set("options", "-c synchronous_commit=off");
  const db = await openDatabase({ databaseUrl: url.toString(), dataDir: "", log: quietLog });
  try {
    const works = createWorkStore(db);
    const kinds = classifiedKinds();
    const before = await databaseBytes(db.pool);
    const started = performance.now();
    const now = Date.now();
    const oldest = now - 7 * dayMs;
    const found: Work[] = [];
    let next = 0;
    // Two stores, since each has one statement under way at a time.
    const lane = async () => {
      const store = createEventStore(db, {
        log: quietLog,
        telemetry: { commitBatch: () => undefined },
        samplesPerHour: 1,
      });
      for (let from = next; from < amount.events; from = next) {
        next += batch;
        const events = Array.from({ length: Math.min(batch, amount.events - from) }, (_, place) => {
          const index = from + place;
          const receivedAt = new Date(oldest + (7 * dayMs * index) / amount.events);
          return made(kinds, incidentOf(index, amount.incidents), `${seed} ${index}`, receivedAt);
        });
        const recorded = await store.record(events);
        found.push(...recorded.flatMap(({ work }) => work ?? []));
      }
    };
    await Promise.all([lane(), lane()]);
    const seconds = (performance.now() - started) / 1000;
    await diagnoseAll(found, works);
    await db.pool.query("update faultline.incidents set look_at = null where look_at is not null");
    const bytes = (await databaseBytes(db.pool)) - before;
    return { bytes, perSecond: amount.events / seconds };
  } finally {
    await db.close();
    await vacuum(databaseUrl);
  }
}

/** Each incident is opened once; after that a batch is about a few of them, as outages are. */
function incidentOf(index: number, incidents: number): number {
  return index < incidents ? index : (Math.floor(index / batch) * 4 + (index % 4)) % incidents;
}

/** The usual mix, through redaction and rules. */
function classifiedKinds(): readonly Omit<ClassifiedEvent, "fingerprint" | "subject" | "receivedAt">[] {
  const rules = compileRules([], loadBuiltInRules(), loadCatalogue());
  return parsedEvents().map((raw) => {
    const event = { ...raw, payload: redactPayload(raw.payload) };
    const { title, product, severity, ruleId, matched, docsUrl } = classify(event, rules);
    const quietPeriodMs = 30 * dayMs;
    return { event, title, product, severity, ruleId, matched, docsUrl, quietPeriodMs, sealedSubject: null };
  });
}

function made(
  kinds: readonly Omit<ClassifiedEvent, "fingerprint" | "subject" | "receivedAt">[],
  incident: number,
  seed: string,
  receivedAt: Date,
): ClassifiedEvent {
  const kind = kinds[incident % kinds.length];
  if (kind === undefined) throw new Error("expected kinds of events");
  const digits = hash("sha256", seed);
  const event = {
    ...kind.event,
    sid: `NO${digits.slice(0, 32)}`,
    resource: (kind.event.resource ?? "SM").slice(0, 2) + digits.slice(32),
    service: `KS${hash("md5", `service of ${incident}`)}`,
  };
  return {
    ...kind,
    event,
    receivedAt,
    fingerprint: fingerprint(event, ["account", "code", "service"], kind.product),
    subject: subjectOf(event),
  };
}

/** Gives every incident the diagnosis of its first event. */
async function diagnoseAll(found: readonly Work[], works: ReturnType<typeof createWorkStore>): Promise<void> {
  const rest = [...found];
  const lane = async () => {
    for (let work = rest.pop(); work !== undefined; work = rest.pop()) {
      await works.finish(work, diagnosisOf(work), () => "cause-one");
    }
  };
  await Promise.all(Array.from({ length: 8 }, lane));
}

function diagnosisOf({ eventSid }: Work): Diagnosis {
  const at = new Date().toISOString();
  const evidence = [{ text: "The identifier is in use in another Session.", source: "event", observedAt: at }];
  return {
    eventSid,
    at,
    calls: 3,
    failedRequest: null,
    causes: [
      { id: "cause-one", verdict: "confirmed", evidence },
      { id: "cause-two", verdict: "ruled-out", evidence },
      { id: "cause-three", verdict: "unknown", evidence: [] },
    ],
    conflicts: [],
    evidence,
    remedies: [{ id: "remedy-one", text: "Close the other Session first." }],
  };
}

async function databaseBytes(pool: { query: (text: string) => Promise<{ rows: unknown[] }> }): Promise<number> {
  const { rows } = await pool.query("select pg_database_size(current_database()) as bytes");
  const [row] = rows as { bytes: string }[];
  return Number(row?.bytes ?? 0);
}

/** What autovacuum would have done by now. */
async function vacuum(databaseUrl: string): Promise<void> {
  const client = new pg.Client(databaseUrl);
  await client.connect();
  await client.query("vacuum (analyze)");
  await client.query("checkpoint");
  await client.end();
}
