import type { NoticeTelemetry } from "../pipeline/notice-ports.ts";
import type { Telemetry } from "../pipeline/ports.ts";
import type { Instruments } from "./instruments.ts";
import type { Labels } from "./labels.ts";
import { noCause } from "./metric-names.ts";

/** The port through which the rest of Faultline counts. No call throws, whatever it is given. */
export function createTelemetry(instruments: Instruments, labels: Labels): Telemetry & NoticeTelemetry {
  return {
    delivery(source, answer, seconds) {
      const reason = answer.outcome === "rejected" ? answer.reason : "none";
      instruments.deliveries.inc({ source, outcome: answer.outcome, reason });
      instruments.ingestDuration.observe({ source }, measured(seconds));
    },
    eventOutcome(source, outcome, count) {
      instruments.eventOutcomes.inc({ source, outcome }, measured(count));
    },
    eventRecorded(event) {
      instruments.debuggerEvents.inc(labels.event(event));
    },
    commitBatch(size) {
      instruments.commitBatchSize.observe(measured(size));
    },
    incidentTransition(code, transition) {
      instruments.incidentTransitions.inc({ code: labels.code(code), transition });
    },
    diagnosis(code, { causes }) {
      const verdicts = causes.length > 0 ? causes.map(({ id, verdict }) => ({ cause: id, verdict })) : [noCause];
      for (const each of verdicts) instruments.diagnoses.inc(labels.verdict({ code, ...each }));
    },
    job(queue, outcome, seconds) {
      instruments.jobDuration.observe({ queue: labels.queue(queue), outcome }, measured(seconds));
    },
    twilioRequest(api, outcome) {
      instruments.twilioRequests.inc({ api: labels.twilioApi(api), outcome });
    },
    notice(receiver, outcome, reason) {
      instruments.notices.inc({ receiver: labels.receiver(receiver), outcome, reason });
    },
    noticeDelay(receiver, seconds) {
      instruments.noticeDelay.observe({ receiver: labels.receiver(receiver) }, measured(seconds));
    },
  };
}

/** A number prom-client takes: it throws on NaN, infinity, and on negative increments. */
function measured(value: number): number {
  return Number.isFinite(value) ? Math.max(0, value) : 0;
}
