import type { Diagnosis } from "../../src/core/diagnosis/verdict.ts";
import type {
  ClassifiedEvent,
  Clock,
  EventStore,
  HttpTelemetry,
  Log,
  Quarantined,
  Recorded,
  Telemetry,
  Work,
  WorkEvent,
  WorkQueue,
  WorkStore,
} from "../../src/pipeline/ports.ts";
import type { ResourceReader } from "../../src/pipeline/resource-ports.ts";

/*
 * The world of the pipeline in memory. Everything that happens is noted in one journal, in order.
 */

/** What happened, in order; each entry begins with its name. */
export type Journal = string[];

export const now = new Date("2026-01-15T10:00:00.000Z");
export const fixedClock: Clock = { now: () => now };

/** Lines as `level sentence fields`. */
export function recordingLog(): Log & { readonly lines: string[] } {
  const lines: string[] = [];
  const at = (level: string) => (fields: Record<string, unknown>, sentence: string) => {
    lines.push(`${level} ${sentence} ${JSON.stringify(fields)}`);
  };
  return { lines, debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}

/** Counts what is counted. */
export interface CountingTelemetry extends Telemetry, HttpTelemetry {
  /** By source and outcome. */
  readonly outcomes: Map<string, number>;
  readonly recorded: Parameters<Telemetry["eventRecorded"]>[0][];
  readonly transitions: [code: number, transition: string][];
  readonly diagnoses: [code: number, diagnosis: Diagnosis][];
}

export function countingTelemetry(): CountingTelemetry {
  const outcomes = new Map<string, number>();
  const recorded: CountingTelemetry["recorded"] = [];
  const transitions: CountingTelemetry["transitions"] = [];
  const diagnoses: CountingTelemetry["diagnoses"] = [];
  return {
    outcomes,
    recorded,
    transitions,
    diagnoses,
    delivery: () => undefined,
    eventOutcome: (source, outcome, count) => {
      outcomes.set(`${source} ${outcome}`, (outcomes.get(`${source} ${outcome}`) ?? 0) + count);
    },
    eventRecorded: (event) => void recorded.push(event),
    commitBatch: () => undefined,
    incidentTransition: (code, transition) => void transitions.push([code, transition]),
    diagnosis: (code, diagnosis) => void diagnoses.push([code, diagnosis]),
    jobTaken: () => undefined,
    job: () => undefined,
    twilioRequest: () => undefined,
    httpServed: () => undefined,
    httpRequested: () => undefined,
  };
}

/** A record that keeps events by sid and opens an incident a fingerprint. */
export interface MemoryStore extends EventStore {
  readonly events: Map<string, ClassifiedEvent>;
  readonly quarantined: Quarantined[];
  /** What the next operations reject with, until set to null. */
  failure: Error | null;
}

export function memoryStore(journal: Journal = []): MemoryStore {
  const incidents = new Map<string, string>();
  const store: MemoryStore = {
    events: new Map(),
    quarantined: [],
    failure: null,
    async record(batch) {
      journal.push("record");
      // As with a database, something else always runs in between.
      await new Promise(setImmediate);
      if (store.failure !== null) throw store.failure;
      const results = batch.map(recordOne);
      journal.push("committed");
      return results;
    },
    async quarantine(items) {
      journal.push("quarantine");
      await new Promise(setImmediate);
      if (store.failure !== null) throw store.failure;
      store.quarantined.push(...items);
      journal.push("quarantined");
    },
  };

  function recordOne(classified: ClassifiedEvent): Recorded {
    const { event, fingerprint } = classified;
    if (store.events.has(event.sid)) return { outcome: "duplicate", incidentId: null, transition: null, work: null };
    store.events.set(event.sid, classified);
    if (fingerprint === null) return { outcome: "recorded", incidentId: null, transition: null, work: null };
    const opened = !incidents.has(fingerprint);
    const incidentId = incidents.get(fingerprint) ?? `inc_${incidents.size + 1}`;
    incidents.set(fingerprint, incidentId);
    const work: Work = { id: `w_${event.sid}`, kind: "diagnose", incidentId, eventSid: event.sid, first: opened };
    return { outcome: "recorded", incidentId, transition: opened ? "opened" : null, work: opened ? work : null };
  }
  return store;
}

/** The outbox in memory. */
export interface MemoryWorks extends WorkStore {
  readonly event: Map<string, WorkEvent>;
  readonly dispatched: string[];
  readonly finished: [work: Work, diagnosis: Diagnosis][];
  readonly abandoned: [work: Work, reason: string][];
  overdueWork: Work[];
  failure: Error | null;
}

export function memoryWorks(journal: Journal = []): MemoryWorks {
  const works: MemoryWorks = {
    event: new Map(),
    dispatched: [],
    finished: [],
    abandoned: [],
    overdueWork: [],
    failure: null,
    async markDispatched(ids) {
      journal.push("marked");
      if (works.failure !== null) throw works.failure;
      works.dispatched.push(...ids);
    },
    async overdue(before, limit) {
      journal.push(`overdue before ${before.toISOString()}`);
      return works.overdueWork.slice(0, limit);
    },
    workEvent: async (work) => works.event.get(work.eventSid) ?? null,
    async finish(work, diagnosis) {
      works.finished.push([work, diagnosis]);
      return null;
    },
    async abandon(work, reason) {
      works.abandoned.push([work, reason]);
    },
    earlierSubjects: async () => [],
    requeue: async () => [],
  };
  return works;
}

/** A queue in memory that can be away, and that can be made to wait. */
export interface MemoryQueue extends WorkQueue {
  readonly added: Work[];
  failure: Error | null;
  /** While set, adding waits for it. */
  gate: Promise<void> | null;
}

export function memoryQueue(journal: Journal = []): MemoryQueue {
  const queue: MemoryQueue = {
    added: [],
    failure: null,
    gate: null,
    async add(work) {
      journal.push("add");
      await queue.gate;
      if (queue.failure !== null) throw queue.failure;
      queue.added.push(...work);
      journal.push("added");
    },
    stats: async () => [],
    ping: async () => undefined,
    close: async () => undefined,
  };
  return queue;
}

/** Twilio's resources for a diagnosis that has no reason to ask for any. */
export function unaskedResources(): ResourceReader {
  const unasked = () => Promise.reject(new Error("expected no resource to be asked for"));
  return {
    proxyServices: unasked,
    proxyService: unasked,
    proxySession: unasked,
    proxySessions: unasked,
    proxyParticipant: unasked,
    proxyParticipants: unasked,
    proxyPhoneNumbers: unasked,
    conversation: unasked,
    conversationParticipants: unasked,
    participantConversations: unasked,
    frontlineUser: unasked,
  };
}

/** A piece of work about the n-th event. */
export function workOf(n: number): Work {
  const sid = `NO${n.toString(16).padStart(32, "0")}`;
  return { id: `w_${n}`, kind: "diagnose", incidentId: "inc_1", eventSid: sid, first: true };
}
