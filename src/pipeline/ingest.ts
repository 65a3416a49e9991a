/*
 * The way of an event, from Twilio's request to our answer. Read this first.
 *
 *   verify ▶ parse ▶ (admit) ▶ redact ▶ classify ▶ fingerprint ▶ COMMIT ▶ count ▶ dispatch ▶ answer
 *
 * The answer is given only after the commit: the Debugger webhook documents no second try. Dispatch is not waited for:
 * the work it hands to the queue was written in the same transaction, and the sweep finds it again.
 */
import { subjectOfPayload } from "../core/diagnosis/subject.ts";
import type { DebuggerEvent, Parsed } from "../core/event.ts";
import { fingerprint, subjectOf } from "../core/fingerprint.ts";
import { field } from "../core/json.ts";
import type { Answer, EventOutcome } from "../core/outcome.ts";
import { redactPayload, redactText } from "../core/redact.ts";
import { classify, type RuleSet } from "../core/rules/match.ts";
import type { Seal } from "../core/seal.ts";
import { parse } from "./parse.ts";
import {
  type ClassifiedEvent,
  type Delivery,
  type EventStore,
  type Quarantined,
  type Recorded,
  StoreUnavailable,
  type Telemetry,
  type Work,
} from "./ports.ts";
import { db, events as names } from "./trace-attributes.ts";
import { noTracing, type SpanAttributes, type Tracing } from "./trace-ports.ts";
import { type Trust, verify } from "./verify.ts";

/** How long a sender is asked to wait when the database is away or too much is waiting, in seconds. */
const retryAfterSeconds = 5;

/** What ingest needs of the world. */
export interface IngestParts {
  readonly trust: Trust;
  readonly rules: RuleSet;
  /** Quiet period of rules that name none, in milliseconds. */
  readonly quietPeriodMs: number;
  readonly seal: Seal;
  readonly store: EventStore;
  readonly dispatch: (work: readonly Work[]) => void;
  readonly telemetry: Telemetry;
  /** Off unless given. */
  readonly tracing?: Tracing;
  /** No limit unless given. */
  readonly admit?: Admit | undefined;
}

/**
 * Whether there is room for one more delivery of a sender, with events of these accounts: 0, and it is counted, or the seconds
 * after which to come again. Asked only about what is signed: a limit that a stranger can use up would keep Twilio out.
 */
export type Admit = (sender: string | null, accounts: readonly string[]) => number;

/** Takes one delivery through to a durable record. Never throws for anything a sender or the database can do. */
export type Ingest = (delivery: Delivery) => Promise<Answer>;

/** Builds {@link Ingest}. */
export function createIngest(parts: IngestParts): Ingest {
  return async function ingest(delivery) {
    const verified = verify(delivery, parts.trust);
    if (!verified.ok) return { outcome: "rejected", reason: verified.reason };

    const parsed = parse(delivery, verified.fields);
    const waitSeconds = parts.admit?.(delivery.sender ?? null, accountsIn(parsed)) ?? 0;
    if (waitSeconds > 0) return { outcome: "rejected", reason: "rate_limited", retryAfterSeconds: waitSeconds };

    const events = parsed.flatMap((entry) => (entry.kind === "event" ? [prepare(entry.event, delivery, parts)] : []));
    const unreadable = parsed.flatMap((entry) => (entry.kind === "quarantined" ? [quarantined(entry, delivery)] : []));

    let recorded: readonly Recorded[];
    try {
      recorded = await commit(events, unreadable, parts);
    } catch (error) {
      if (error instanceof StoreUnavailable) return { outcome: "rejected", reason: error.reason, retryAfterSeconds };
      throw error;
    }

    count(delivery, parsed, events, recorded, parts.telemetry);
    parts.dispatch(recorded.flatMap(({ work }) => work ?? []));
    return { outcome: "accepted" };
  };
}

function accountsIn(parsed: readonly Parsed[]): readonly string[] {
  return parsed.flatMap((entry) => (entry.kind === "event" ? [entry.event.account] : []));
}

/** Several deliveries may share a transaction; each has a span of its own for its wait. */
async function commit(
  events: readonly ClassifiedEvent[],
  unreadable: readonly Quarantined[],
  { store, tracing = noTracing }: IngestParts,
): Promise<readonly Recorded[]> {
  if (events.length + unreadable.length === 0) return [];
  const attributes = { [db.system]: "postgresql", [names.count]: events.length + unreadable.length };
  return await tracing.span({ name: "commit events", kind: "client", attributes }, async (span) => {
    try {
      const [recorded] = await Promise.all([
        events.length === 0 ? [] : store.record(events),
        unreadable.length === 0 ? undefined : store.quarantine(unreadable),
      ]);
      if (span.context !== null) span.set(outcomesOf(recorded, unreadable.length));
      return recorded;
    } catch (error) {
      if (error instanceof StoreUnavailable) span.fail(error.reason);
      throw error;
    }
  });
}

function outcomesOf(recorded: readonly Recorded[], quarantined: number): SpanAttributes {
  const fresh = recorded.filter(({ outcome }) => outcome === "recorded").length;
  return {
    [names.recorded]: fresh,
    [names.duplicate]: recorded.length - fresh,
    [names.quarantined]: quarantined,
  };
}

/** Redacts, classifies and fingerprints one event: from here on it carries nothing private. */
function prepare(raw: DebuggerEvent, delivery: Delivery, parts: IngestParts): ClassifiedEvent {
  const event = { ...raw, payload: redactPayload(raw.payload) };
  // Message patterns of rules see Twilio's sentence with numbers masked, as everyone else does.
  const verdict = classify(event, parts.rules);
  const opensIncident = event.level !== "INFO" && event.level !== "DEBUG" && !verdict.silenced;
  return {
    event,
    receivedAt: delivery.receivedAt,
    title: verdict.title,
    product: verdict.product,
    severity: verdict.severity,
    ruleId: verdict.ruleId,
    matched: verdict.matched,
    docsUrl: verdict.docsUrl,
    quietPeriodMs: verdict.quietPeriodMs ?? parts.quietPeriodMs,
    fingerprint: opensIncident ? fingerprint(event, verdict.groupBy, verdict.product) : null,
    subject: subjectOf(event),
    sealedSubject: verdict.rule?.diagnostician === undefined ? null : subjectSealer(raw, parts.seal),
    ...(delivery.trace !== undefined && { trace: delivery.trace }),
  };
}

/** Seals the private fields of the failed request for the worker when it is asked to; null when the event carries none. */
function subjectSealer(raw: DebuggerEvent, seal: Seal): (() => string | null) | null {
  // Where nothing is known of a request there is no subject: stream events, most of all there are.
  if (field(raw.payload, "webhook") === undefined) return null;
  return () => {
    const subject = subjectOfPayload(raw.payload);
    const empty = !subject.requestKnown && subject.requestUrl === null && subject.answer === null;
    return empty ? null : seal.seal(JSON.stringify(subject), raw.sid);
  };
}

function quarantined(entry: Parsed & { kind: "quarantined" }, delivery: Delivery): Quarantined {
  return {
    source: delivery.source,
    reason: entry.reason,
    account: entry.account,
    raw: redactText(entry.raw),
    receivedAt: delivery.receivedAt,
  };
}

/** Every entry meets exactly one outcome; new events are counted once, under their labels. */
function count(
  delivery: Delivery,
  parsed: readonly Parsed[],
  events: readonly ClassifiedEvent[],
  recorded: readonly Recorded[],
  telemetry: Telemetry,
): void {
  const outcomes = new Map<EventOutcome, number>();
  for (const entry of parsed) if (entry.kind !== "event") increment(outcomes, entry.kind);
  for (const [index, result] of recorded.entries()) {
    increment(outcomes, result.outcome);
    const classified = events[index];
    if (result.outcome !== "recorded" || classified === undefined) continue;
    const { event, product } = classified;
    telemetry.eventRecorded({
      source: event.source,
      account: event.account,
      product,
      code: event.code,
      level: event.level,
    });
    if (result.transition !== null) telemetry.incidentTransition(event.code, result.transition);
  }
  for (const [outcome, amount] of outcomes) telemetry.eventOutcome(delivery.source, outcome, amount);
}

function increment(counts: Map<EventOutcome, number>, outcome: EventOutcome): void {
  counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
}
