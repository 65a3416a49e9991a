import { wantedBindings } from "../../core/diagnosis/bindings.ts";
import type { Read } from "../../core/diagnosis/facts.ts";
import {
  mergeSubjects,
  parametersText,
  Subject,
  sidsIn,
  subjectOfAlert,
  subjectOfPayload,
} from "../../core/diagnosis/subject.ts";
import type { FailedRequest } from "../../core/diagnosis/verdict.ts";
import { messageOf } from "../../core/event.ts";
import { type RuleSet, ruleOfCode } from "../../core/rules/match.ts";
import type { Seal } from "../../core/seal.ts";
import { readFailedRequest } from "../../core/wire/monitor-alert.ts";
import type { MonitorAlert, TwilioReader, Work, WorkEvent, WorkStore } from "../ports.ts";
import type { Asking } from "./asking.ts";

/** What is known of an event before Twilio's resources are asked. */
export interface Case {
  readonly event: WorkEvent;
  /** Twilio's Alert; null when Twilio has none, not asked for when the event itself tells as much. */
  readonly alert: Read<MonitorAlert | null>;
  /** The failed request: from the event itself, else from Twilio's Alert. */
  readonly request: Read<Subject>;
  /** The same, redacted, for people. */
  readonly failedRequest: FailedRequest | null;
  /** Content-Type of the answer to the failed request. */
  readonly contentType: string | null;
  /** Twilio's sentence; SIDs may stand in it. */
  readonly message: string | null;
  /** The parameters of the failed request as text; SIDs may stand in it. */
  readonly parameters: string | null;
  /** When the same pair failed before within this incident, ISO 8601 UTC. */
  readonly failedBefore: Read<string | null>;
}

/** What a case is put together with. */
export interface CaseParts {
  readonly works: WorkStore;
  readonly rules: RuleSet;
  readonly seal: Seal;
  readonly twilio: TwilioReader;
}

/**
 * Puts together what the event and its Alert say. A webhook carries the request, so Twilio is spared the question; a
 * stream event does not.
 */
export async function caseOf(event: WorkEvent, work: Work, asking: Asking, parts: CaseParts): Promise<Case> {
  const own = openSubject(event.sid, event.sealedSubject, parts.seal) ?? subjectOfPayload({});
  const alert = tellsEnough(own, event, parts.rules)
    ? asking.unread("Twilio's Alert", "not_asked")
    : await asking.one(`/v1/Alerts/${event.sid}`, (owner) => parts.twilio.fetchAlert(owner, event.sid));
  const seen = alert.ok ? alert.value : null;

  const failedRequest = readFailedRequest(event.payload, seen);
  const merged = mergeSubjects(own, seen === null ? null : subjectOfAlert(seen));
  const subject = { ...merged, answer: withStatus(merged.answer, failedRequest?.status ?? null) };
  const source = own.requestKnown || seen === null ? "event" : alert.source;
  const request: Read<Subject> =
    subject.requestKnown || subject.requestUrl !== null || subject.answer !== null
      ? asking.known(source, subject)
      : asking.unread(alert.source, alert.ok || alert.reason === "not_asked" ? "absent" : alert.reason);
  return {
    event,
    alert,
    request,
    failedRequest,
    contentType: subject.answer?.contentType ?? null,
    message: messageOf(event.payload),
    parameters: parametersText(event.payload, seen?.requestVariables ?? null),
    failedBefore: await earlierFailure(subject, work, asking, parts),
  };
}

/** The answer to the request with its status, which may stand in the message or in the Alert's text alone. */
function withStatus(answer: Subject["answer"], status: number | null): Subject["answer"] {
  if (answer === null) return status === null ? null : { status, contentType: null, body: null };
  return { ...answer, status: answer.status ?? status };
}

/** The sid of one kind: what the event names comes before what stands in the request's URL, its parameters or the message. */
export function sidOf(prefix: string, { event, request, parameters, message }: Case): string | null {
  const url = request.ok ? request.value.requestUrl : null;
  return sidsIn(prefix, [event.resource, event.service, url, parameters, message])[0] ?? null;
}

/** Diagnosticians of resources need the request and no more; all others want to see what Twilio saw fail. */
function tellsEnough(own: Subject, event: WorkEvent, rules: RuleSet): boolean {
  const diagnostician = ruleOfCode(event.code, rules)?.diagnostician;
  return own.requestKnown && diagnostician !== undefined && diagnostician !== "http-retrieval";
}

/** The subject, or null when there is none, or it was sealed with another secret. */
function openSubject(eventSid: string, sealed: string | null, seal: Seal): Subject | null {
  const text = sealed === null ? null : seal.open(sealed, eventSid);
  if (text === null) return null;
  const parsed = Subject.safeParse(JSON.parse(text));
  return parsed.success ? parsed.data : null;
}

/** When the pair of this event last failed before within the incident, as far as earlier events were sampled. */
async function earlierFailure(
  subject: Subject,
  work: Work,
  asking: Asking,
  { works, seal }: CaseParts,
): Promise<Read<string | null>> {
  const source = "the earlier events of this incident";
  const wanted = new Set(wantedBindings(subject).map(pairOf));
  if (wanted.size === 0) return asking.unread(source, "not_asked");
  for (const earlier of await works.earlierSubjects(work)) {
    const other = openSubject(earlier.eventSid, earlier.sealedSubject, seal);
    if (other !== null && wantedBindings(other).some((pair) => wanted.has(pairOf(pair))))
      return asking.known(source, earlier.at);
  }
  return asking.known(source, null);
}

function pairOf({ address, proxyAddress }: { address: string; proxyAddress: string }): string {
  return JSON.stringify([address, proxyAddress]);
}
