/*
 * Every way in which the pipeline touches the world. The shell folders implement these and never import each other.
 */
import type { Diagnosis, DiagnosisFailure } from "../core/diagnosis/verdict.ts";
import type { DebuggerEvent, QuarantineReason, Source } from "../core/event.ts";
import type { Incident, IncidentState, IncidentTransition } from "../core/incident.ts";
import type { JsonObject } from "../core/json.ts";
import type { Answer, EventOutcome } from "../core/outcome.ts";
import type { Severity } from "../core/rules/rule.ts";
import type { TraceParent } from "./trace-ports.ts";

/** Time, passed in so that tests can hold it. */
export interface Clock {
  now(): Date;
}

/** Structured log: a static sentence, data in fields. Never a payload, never a secret. */
export interface Log {
  debug(fields: Record<string, unknown>, sentence: string): void;
  info(fields: Record<string, unknown>, sentence: string): void;
  warn(fields: Record<string, unknown>, sentence: string): void;
  error(fields: Record<string, unknown>, sentence: string): void;
}

/** One HTTP request from Twilio, past the guards that need no secret. */
export interface Delivery {
  readonly source: Source;
  readonly bodyType: "form" | "json";
  /** Path and query exactly as received, e.g. `/twilio/events?bodySHA256=…`. */
  readonly target: string;
  /** X-Twilio-Signature, null when absent. */
  readonly signature: string | null;
  readonly body: Buffer;
  readonly receivedAt: Date;
  /** By what its sender is limited; absent where nobody is. */
  readonly sender?: string;
  /** The span of the request; null or absent while tracing is off. */
  readonly trace?: TraceParent | null;
}

/** How an event was classified, in the form the store keeps. */
export interface ClassifiedEvent {
  /** Its payload is redacted. */
  readonly event: DebuggerEvent;
  readonly receivedAt: Date;
  readonly title: string;
  readonly product: string;
  readonly severity: Severity;
  readonly ruleId: string | null;
  readonly matched: readonly string[];
  readonly docsUrl: string;
  readonly quietPeriodMs: number;
  /** Identity of its incident, null when it opens none (INFO lines, silenced events). */
  readonly fingerprint: string | null;
  /** What the event is about, hashed: one diagnosis a subject, within the sampling bound. */
  readonly subject: string;
  /**
   * Seals the private fields a diagnosis needs (core/seal.ts), each time it is called; null when no diagnostician asks for them
   * or there are none. Only the events that are diagnosed need it, a few an hour of each incident.
   */
  readonly sealedSubject: (() => string | null) | null;
  /** The span of the delivery that brought it; null or absent while tracing is off. */
  readonly trace?: TraceParent | null;
}

/** A piece of work, written in the transaction that made it necessary. */
export interface Work {
  readonly id: string;
  readonly kind: "diagnose";
  readonly incidentId: string;
  readonly eventSid: string;
  /** Whether it is the first of its incident: those go before further samples of incidents already looked at. */
  readonly first: boolean;
  /** The span of the delivery that gave rise to it; null or absent when there was none. */
  readonly trace?: TraceParent | null;
}

/** What became of one event on commit. */
export interface Recorded {
  readonly outcome: "recorded" | "duplicate";
  readonly incidentId: string | null;
  /** Set on the one event of the batch that made the incident change. */
  readonly transition: IncidentTransition | null;
  /** Work this event gave rise to, to be dispatched now; the sweep finds it again if that fails. */
  readonly work: Work | null;
}

/** Something signed that we could not read, redacted. */
export interface Quarantined {
  readonly source: Source;
  readonly reason: QuarantineReason;
  readonly account: string | null;
  readonly raw: string;
  readonly receivedAt: Date;
}

/** Why the store did not take something. Both are answered 503: the sender should come again. */
export class StoreUnavailable extends Error {
  readonly reason: "overloaded" | "database_unavailable";
  constructor(reason: "overloaded" | "database_unavailable", options?: ErrorOptions) {
    super(`store unavailable: ${reason}`, options);
    this.name = "StoreUnavailable";
    this.reason = reason;
  }
}

/** The record. What resolves is durable. */
export interface EventStore {
  /**
   * Records events exactly once by sid, counts the new ones into their incidents and writes the work they give rise
   * to, all in one transaction. One result an event, in order; the second of two equal sids in a batch is a duplicate.
   * @throws StoreUnavailable
   */
  record(events: readonly ClassifiedEvent[]): Promise<readonly Recorded[]>;
  /** Keeps what could not be read; the same text twice is kept once. @throws StoreUnavailable */
  quarantine(items: readonly Quarantined[]): Promise<void>;
}

/** An event as the API shows it. Payload redacted; times ISO 8601 UTC. */
export interface StoredEvent {
  readonly sid: string;
  readonly source: Source;
  readonly account: string;
  readonly parentAccount: string | null;
  readonly code: number;
  readonly level: string;
  readonly product: string;
  readonly title: string;
  readonly occurredAt: string | null;
  readonly receivedAt: string;
  readonly resource: string | null;
  readonly service: string | null;
  readonly incidentId: string | null;
  readonly payload: JsonObject;
}

/** An event as a worker sees it. */
export interface WorkEvent extends StoredEvent {
  /** Null when none was kept, or when the incident has been resolved since: then it is wiped. */
  readonly sealedSubject: string | null;
  /** Id of the rule of its incident. */
  readonly ruleId: string | null;
}

/** What was signed but not understood, as the API shows it. */
export interface StoredQuarantine {
  readonly id: string;
  readonly source: Source;
  readonly reason: QuarantineReason;
  readonly account: string | null;
  readonly raw: string;
  readonly receivedAt: string;
}

/** One page, newest first; pass `nextCursor` to get the next, null at the end. */
export interface Page<T> {
  readonly items: readonly T[];
  readonly nextCursor: string | null;
}

/** What the API asks the record. Cursors are opaque; one that is not ours gives `invalid_cursor`. */
export interface RecordReader {
  incidents(query: {
    state?: IncidentState;
    code?: number;
    limit: number;
    cursor?: string;
  }): Promise<Page<Incident> | "invalid_cursor">;
  incident(id: string): Promise<Incident | null>;
  events(query: {
    incident?: string;
    code?: number;
    limit: number;
    cursor?: string;
  }): Promise<Page<StoredEvent> | "invalid_cursor">;
  /** The latest diagnoses of an incident, latest first. */
  diagnoses(incidentId: string, limit: number): Promise<readonly Diagnosis[]>;
  /** The same for several incidents at once, at most `limit` each; an incident without any is left out. */
  diagnosesOf(incidentIds: readonly string[], limit: number): Promise<ReadonlyMap<string, readonly Diagnosis[]>>;
  quarantine(query: { limit: number; cursor?: string }): Promise<Page<StoredQuarantine> | "invalid_cursor">;
  /** Open incidents by code and severity: the state shared by all processes, for a gauge. */
  openIncidents(): Promise<readonly { code: number; severity: Severity; count: number }[]>;
  /** Resolves when the database answers; rejects when it does not. */
  ping(): Promise<void>;
}

/** The outbox side of the record. */
export interface WorkStore {
  /** Notes that the queue has taken these. */
  markDispatched(ids: readonly string[], at: Date): Promise<void>;
  /** Unfinished work written (or last dispatched) before the given time, oldest first. */
  overdue(before: Date, limit: number): Promise<readonly Work[]>;
  /** The event a piece of work is about with its sealed subject, null when retention has taken it. */
  workEvent(work: Work): Promise<WorkEvent | null>;
  /**
   * Stores the diagnosis and ends the work, in one transaction. Doing it twice changes nothing. `lead` names the leading
   * cause of all diagnoses of the incident, null while none is supported; when that changes, the transition is returned.
   * `trace` is the span of this diagnosis: what is told of that change continues it.
   */
  finish(
    work: Work,
    diagnosis: Diagnosis,
    lead: (diagnoses: readonly Diagnosis[]) => string | null,
    trace?: TraceParent | null,
  ): Promise<"diagnosed" | "cause_changed" | null>;
  /** Ends work that cannot be done, keeping why. */
  abandon(work: Work, reason: string): Promise<void>;
  /** The sealed subjects of events of the same incident that came before, the latest first, at most 50. */
  earlierSubjects(work: Work): Promise<readonly { eventSid: string; sealedSubject: string; at: string }[]>;
  /** Takes work up again that was abandoned or ended without reading Twilio; returns it. For `faultline requeue`. */
  requeue(limit: number): Promise<readonly Work[]>;
}

/** What is done to the record on a schedule. Safe to run in several processes at once. */
export interface Housekeeping {
  /** Resolves open incidents whose quiet period is over and that have been told, if they are to be. Returns what changed, each once over all processes. */
  resolveQuiet(now: Date): Promise<readonly { id: string; code: number }[]>;
  /** Deletes events, quarantined items and resolved incidents older than the given time, in batches. */
  deleteBefore(before: Date): Promise<{ events: number; incidents: number; quarantined: number }>;
}

/** The queue is only work: whatever it loses, the sweep brings back. */
export interface WorkQueue {
  /** Adds jobs; the same work id twice is one job while the first is there. */
  add(work: readonly Work[]): Promise<void>;
  /** Jobs by state, and the age of the oldest waiting one in seconds. */
  stats(): Promise<{ queue: string; states: Record<string, number>; oldestWaitingSeconds: number }[]>;
  ping(): Promise<void>;
  close(): Promise<void>;
}

/** What a job handler tells the queue: done, or try again later. */
export type JobResult = { readonly retry: false } | { readonly retry: true; readonly afterMs?: number };

/** A failed request to Twilio, as data. */
export interface TwilioFailure {
  readonly ok: false;
  readonly reason: DiagnosisFailure;
  readonly retry: boolean;
  /** From Retry-After, in milliseconds. */
  readonly retryAfterMs?: number;
}

/** An answer of Twilio's REST API. */
export type TwilioAnswer<T> = { readonly ok: true; readonly value: T } | TwilioFailure;

/** The fields of a Monitor Alert that we read; unredacted. Source: GET https://monitor.twilio.com/v1/Alerts/{NO…}. */
export interface MonitorAlert {
  readonly alertText: string | null;
  readonly requestMethod: string | null;
  readonly requestUrl: string | null;
  readonly requestVariables: string | null;
  readonly responseBody: string | null;
  readonly responseHeaders: string | null;
}

/** Twilio's REST API, the few calls we make. */
export interface TwilioReader {
  /** The Alert of an event, with the credentials of its account, else of its parent. */
  fetchAlert(
    owner: { account: string; parentAccount: string | null },
    sid: string,
  ): Promise<TwilioAnswer<MonitorAlert>>;
}

/** What is measured. Labels are bounded behind this port. */
export interface Telemetry {
  delivery(source: Source | "none", answer: Answer, seconds: number): void;
  eventOutcome(source: Source, outcome: EventOutcome, count: number): void;
  /** A new event, once: the labels of twilio_debugger_events_total. */
  eventRecorded(event: { source: Source; account: string; product: string; code: number; level: string }): void;
  commitBatch(size: number): void;
  incidentTransition(code: number, transition: IncidentTransition): void;
  diagnosis(code: number, diagnosis: Diagnosis): void;
  /** A worker takes a job for the first time, which has been due for so long. */
  jobTaken(queue: string, waitedSeconds: number): void;
  job(queue: string, outcome: "completed" | "retried" | "failed", seconds: number): void;
  twilioRequest(api: string, outcome: "ok" | DiagnosisFailure): void;
}

/** What is measured of HTTP on both sides. Labels are bounded behind this port. */
export interface HttpTelemetry {
  /** A request on a port of ours. `route` is a path as it is declared, null for any other; `status` null when no answer was sent. */
  httpServed(of: { method: string; route: string | null; status: number | null }, seconds: number): void;
  /** A request of ours. `server` is the host it went to; `status` null when there was no answer. */
  httpRequested(of: { method: string; server: string; status: number | null }, seconds: number): void;
}
