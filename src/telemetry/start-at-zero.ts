import { verdicts } from "../core/diagnosis/verdict.ts";
import { sources } from "../core/event.ts";
import { incidentTransitions } from "../core/incident.ts";
import { eventOutcomes, rejections } from "../core/outcome.ts";
import type { CodeView } from "../core/rules/code-view.ts";
import type { Severity } from "../core/rules/rule.ts";
import type { Instruments } from "./instruments.ts";
import type { Labels } from "./labels.ts";
import { foldableLabels, jobOutcomes, noticeOutcomes, requestOutcomes } from "./metric-names.ts";

/** A code whose series are there, at zero, before its first event: `increase()` then sees that event too. */
export interface ExpectedCode {
  readonly code: number;
  readonly severity: Severity;
  readonly product: string;
  readonly level: string;
  readonly causes: readonly string[];
}

/** The closed sets that only the configuration knows. */
export interface ExpectedSeries {
  readonly codes: readonly ExpectedCode[];
  readonly accounts: readonly string[];
  readonly queues: readonly string[];
  readonly receivers: readonly string[];
  readonly twilioApis: readonly string[];
}

/** Events of more accounts are not shown before they come: their zeros would take the room of what does come. */
const accountsAtZero = 100;

/** Gives every label set that can be listed beforehand the value zero. */
export function startAtZero(instruments: Instruments, labels: Labels, expected: ExpectedSeries): void {
  for (const source of [...sources, "none"]) {
    if (source !== "none") instruments.deliveries.inc({ source, outcome: "accepted", reason: "none" }, 0);
    for (const reason of Object.keys(rejections)) {
      instruments.deliveries.inc({ source, outcome: "rejected", reason }, 0);
    }
    instruments.ingestDuration.zero({ source });
  }
  for (const source of sources) {
    for (const outcome of eventOutcomes) instruments.eventOutcomes.inc({ source, outcome }, 0);
  }
  for (const label of foldableLabels) instruments.labelsFolded.inc({ label }, 0);
  for (const account of expected.accounts) instruments.unknownCodeEvents.inc({ account: labels.account(account) }, 0);
  for (const queue of expected.queues) {
    instruments.jobAge.zero({ queue: labels.queue(queue) });
    for (const outcome of jobOutcomes) instruments.jobDuration.zero({ queue: labels.queue(queue), outcome });
  }
  for (const name of expected.receivers) {
    const receiver = labels.receiver(name);
    for (const { outcome, reason } of noticeOutcomes) instruments.notices.inc({ receiver, outcome, reason }, 0);
    instruments.noticeDelay.zero({ receiver });
  }
  for (const api of expected.twilioApis) {
    for (const outcome of requestOutcomes) instruments.twilioRequests.inc({ api: labels.twilioApi(api), outcome }, 0);
  }
  const accounts = expected.accounts.slice(0, accountsAtZero);
  for (const code of expected.codes) startCodeAtZero(instruments, labels, code, accounts);
}

function startCodeAtZero(
  instruments: Instruments,
  labels: Labels,
  { code, product, level, causes }: ExpectedCode,
  accounts: readonly string[],
): void {
  for (const transition of incidentTransitions) {
    instruments.incidentTransitions.inc({ code: labels.code(code), transition }, 0);
  }
  for (const cause of causes) {
    for (const verdict of verdicts) instruments.diagnoses.inc(labels.verdict({ code, cause, verdict }), 0);
  }
  // Not `alarm`: an alarm comes only past a threshold, the other two ways carry every event.
  for (const source of ["debugger", "event_streams"]) {
    for (const account of accounts) {
      instruments.debuggerEvents.inc(labels.event({ account, product, code, level, source }, 0), 0);
    }
  }
}

/** The series to expect of a code, from what is known of it. */
export function expectedCode({ code, product, level, rule }: CodeView): ExpectedCode {
  return {
    code,
    severity: rule?.severity ?? "error",
    product,
    level: level ?? "ERROR",
    causes: rule?.causes.map((cause) => cause.id) ?? [],
  };
}
