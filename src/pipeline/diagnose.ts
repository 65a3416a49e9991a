/*
 * One diagnosis: open the subject ▶ ask for the Alert ▶ gather facts from Twilio ▶ reason (pure) ▶ store the verdicts.
 */
import type { Reasoned } from "../core/diagnosis/facts.ts";
import { reasonHttpRetrieval } from "../core/diagnosis/http-retrieval.ts";
import { rankCauses } from "../core/diagnosis/ranking.ts";
import type { Diagnosis, FailedRequest } from "../core/diagnosis/verdict.ts";
import { messageOf } from "../core/event.ts";
import { leadingCause } from "../core/incident-view.ts";
import { type RuleSet, ruleOfCode } from "../core/rules/match.ts";
import type { Rule } from "../core/rules/rule.ts";
import type { Seal } from "../core/seal.ts";
import { diagnosticians } from "./diagnosticians.ts";
import { type Asking, startAsking } from "./gather/asking.ts";
import { type Case, caseOf } from "./gather/case.ts";
import type { Clock, JobResult, Log, Telemetry, TwilioFailure, TwilioReader, Work, WorkStore } from "./ports.ts";
import type { ResourceReader } from "./resource-ports.ts";
import type { TraceParent } from "./trace-ports.ts";

/** What a diagnosis needs of the world. */
export interface DiagnoseParts {
  readonly works: WorkStore;
  readonly rules: RuleSet;
  readonly seal: Seal;
  readonly twilio: TwilioReader;
  readonly resources: ResourceReader;
  readonly telemetry: Telemetry;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Handles one job of the queue. Says `retry` while Twilio may still answer; the last attempt records why it did not. `trace`
 * is the span of the attempt.
 */
export type Diagnose = (
  work: Work,
  attempt: { readonly last: boolean; readonly trace?: TraceParent | null },
) => Promise<JobResult>;

/** Builds {@link Diagnose}. */
export function createDiagnose(parts: DiagnoseParts): Diagnose {
  let toldNoCredentials = false;

  return async function diagnose(work, attempt) {
    const event = await parts.works.workEvent(work);
    if (event === null) {
      await parts.works.abandon(work, "event_deleted");
      return { retry: false };
    }

    const rule = ruleOfCode(event.code, parts.rules);
    const asking = startAsking(parts.resources, parts.clock, event);
    const known = await caseOf(event, work, asking, parts);
    const reasoned = await reason(asking, known, rule);

    const failure = asking.failure();
    // What could be read may be enough; when it is not, the rest is worth another attempt.
    const again = isSupported(reasoned) ? null : asking.worthRetrying();
    if (again !== null && !attempt.last) return retryLater(again);
    if (failure?.reason === "no_credentials" && !toldNoCredentials) {
      toldNoCredentials = true;
      parts.log.warn({ account: event.account }, "No credentials for Twilio's API: diagnoses rest on the events alone");
    }

    const diagnosis = toDiagnosis(known, reasoned, asking, failure, parts.clock.now().toISOString());
    const advice = rule === null ? null : { causes: rule.causes ?? [], remedies: [] };
    const transition = await parts.works.finish(
      work,
      diagnosis,
      (all) => leadingCause(all, advice),
      attempt.trace ?? null,
    );
    parts.telemetry.diagnosis(event.code, diagnosis);
    if (transition !== null) parts.telemetry.incidentTransition(event.code, transition);
    // The verdicts are stored; the job of one that could read nothing is kept as failed, for `faultline requeue`.
    return { retry: attempt.last && again !== null && failure !== null };
  };
}

/** What the rule's diagnostician makes of the case; nothing for codes that have none. */
async function reason(asking: Asking, known: Case, rule: Rule | null): Promise<Reasoned> {
  const remedies = rule?.remedies ?? [];
  const diagnostician = rule?.diagnostician === undefined ? undefined : diagnosticians[rule.diagnostician];
  if (diagnostician !== undefined) {
    const reasoned = await diagnostician(asking, known, remedies);
    const reason = asking.failure()?.reason;
    return reason === undefined || reason === "no_credentials" ? reasoned : withoutTwilio(reasoned);
  }
  if (rule?.diagnostician !== "http-retrieval") return { causes: [], evidence: [], conflicts: [], remedies: [] };
  return reasonHttpRetrieval(
    {
      code: known.event.code,
      eventSid: known.event.sid,
      failedRequest: known.failedRequest,
      contentType: known.contentType,
      message: messageOf(known.event.payload),
      source: known.alert.ok && known.alert.value !== null ? known.alert.source : "event",
      at: asking.known("event", null).at,
    },
    remedies,
  );
}

function isSupported({ causes }: Reasoned): boolean {
  return causes.some(({ verdict }) => verdict === "confirmed" || verdict === "likely");
}

/**
 * What is left when Twilio was asked and nothing could be read: what the event alone proves. The rest is unknown until the
 * job is run again. Without credentials nobody will ask again, and the event is all there is.
 */
function withoutTwilio(reasoned: Reasoned): Reasoned {
  const causes = reasoned.causes.map((cause) =>
    cause.verdict === "confirmed" ? cause : { ...cause, verdict: "unknown" as const },
  );
  return { ...reasoned, causes: rankCauses(causes) };
}

function retryLater(failure: TwilioFailure): JobResult {
  return failure.retryAfterMs === undefined ? { retry: true } : { retry: true, afterMs: failure.retryAfterMs };
}

function toDiagnosis(
  known: Case,
  reasoned: Reasoned,
  asking: Asking,
  failure: TwilioFailure | null,
  at: string,
): Diagnosis {
  const { event, failedRequest } = known;
  const seen =
    failedRequest === null
      ? []
      : [
          {
            text: describe(failedRequest),
            source: known.alert.ok && known.alert.value !== null ? known.alert.source : "event",
            observedAt: at,
          },
        ];
  return {
    eventSid: event.sid,
    at,
    calls: asking.owner.meter.calls,
    failedRequest,
    causes: reasoned.causes,
    conflicts: reasoned.conflicts,
    evidence: reasoned.evidence.length > 0 ? reasoned.evidence : seen,
    remedies: reasoned.remedies,
    ...(failure === null ? {} : { failure: failure.reason }),
  };
}

/** E.g. `POST app.example.com/voice answered 502: 11203 HTTP communication total time out triggered.` */
function describe({ host, path, method, status, reason: why }: FailedRequest): string {
  if (host === null && status === null) return why === null ? "Twilio gives no details." : `Twilio says: ${why}`;
  const target = host === null ? "The request" : `${host}${path ?? ""}`;
  const subject = method === null ? target : `${method} ${target}`;
  const answer = status === null ? "failed" : `answered ${status}`;
  return why === null ? `${subject} ${answer}.` : `${subject} ${answer}: ${why}`;
}
