/*
 * One diagnosis: gather facts from Twilio ▶ reason (pure) ▶ store the verdicts.
 */
import type { Diagnosis, FailedRequest } from "../core/diagnosis/verdict.ts";
import { leadingCause } from "../core/incident-view.ts";
import { type RuleSet, ruleOfCode } from "../core/rules/match.ts";
import { readFailedRequest } from "../core/wire/monitor-alert.ts";
import type {
  Clock,
  JobResult,
  Log,
  StoredEvent,
  Telemetry,
  TwilioFailure,
  TwilioReader,
  Work,
  WorkStore,
} from "./ports.ts";

/** What a diagnosis needs of the world. */
export interface DiagnoseParts {
  readonly works: WorkStore;
  readonly rules: RuleSet;
  readonly twilio: TwilioReader;
  readonly telemetry: Telemetry;
  readonly clock: Clock;
  readonly log: Log;
}

/** Handles one job of the queue. Says `retry` while Twilio may still answer; the last attempt records why it did not. */
export type Diagnose = (work: Work, attempt: { readonly last: boolean }) => Promise<JobResult>;

/** Builds {@link Diagnose}. */
export function createDiagnose(parts: DiagnoseParts): Diagnose {
  let toldNoCredentials = false;

  return async function diagnose(work, attempt) {
    const event = await parts.works.workEvent(work);
    if (event === null) {
      await parts.works.abandon(work, "event_deleted");
      return { retry: false };
    }

    const answer = await parts.twilio.fetchAlert(event, event.sid);
    if (!answer.ok && answer.retry && !attempt.last) return retryLater(answer);
    if (!answer.ok && answer.reason === "no_credentials" && !toldNoCredentials) {
      toldNoCredentials = true;
      parts.log.warn({ account: event.account }, "No credentials for Twilio's API: diagnoses rest on the events alone");
    }

    const failedRequest = readFailedRequest(event.payload, answer.ok ? answer.value : null);
    const diagnosis = toDiagnosis(event, failedRequest, answer.ok ? null : answer, parts.clock.now().toISOString());
    const rule = ruleOfCode(event.code, parts.rules);
    const advice = rule === null ? null : { causes: rule.causes ?? [], remedies: [] };
    const transition = await parts.works.finish(work, diagnosis, (all) => leadingCause(all, advice));
    parts.telemetry.diagnosis(event.code, diagnosis);
    if (transition !== null) parts.telemetry.incidentTransition(event.code, transition);
    return { retry: false };
  };
}

function retryLater(failure: TwilioFailure): JobResult {
  return failure.retryAfterMs === undefined ? { retry: true } : { retry: true, afterMs: failure.retryAfterMs };
}

function toDiagnosis(
  event: StoredEvent,
  failedRequest: FailedRequest | null,
  failure: TwilioFailure | null,
  at: string,
): Diagnosis {
  const source = failure === null ? `GET /v1/Alerts/${event.sid}` : "event";
  return {
    eventSid: event.sid,
    at,
    calls: failure?.reason === "no_credentials" ? 0 : 1,
    failedRequest,
    causes: [],
    conflicts: [],
    evidence: failedRequest === null ? [] : [{ text: describe(failedRequest), source, observedAt: at }],
    remedies: [],
    ...(failure === null ? {} : { failure: failure.reason }),
  };
}

/** E.g. `POST https://app.example.com/voice answered 502: 11203 HTTP communication total time out triggered`. */
function describe(request: FailedRequest): string {
  const target = request.host === null ? "The request" : `${request.host}${request.path ?? ""}`;
  const subject = request.method === null ? target : `${request.method} ${target}`;
  const answer = request.status === null ? "failed" : `answered ${request.status}`;
  return request.reason === null ? `${subject} ${answer}` : `${subject} ${answer}: ${request.reason}`;
}
