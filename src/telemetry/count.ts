import type { NoticeTelemetry } from "../pipeline/notice-ports.ts";
import type { Clock, HttpTelemetry, Telemetry } from "../pipeline/ports.ts";
import { type CountedEvent, createEventTally } from "./event-tally.ts";
import type { Instruments } from "./instruments.ts";
import type { Labels } from "./labels.ts";
import { noCause } from "./metric-names.ts";

/** The ports through which the rest of Faultline counts. */
export type AllTelemetry = Telemetry & NoticeTelemetry & HttpTelemetry;

/** The ports, and what is to be called before the metrics are read. */
export interface Counting {
  readonly telemetry: AllTelemetry;
  flush(): void;
}

/** What is asked while counting. */
export interface CountingParts {
  readonly instruments: Instruments;
  readonly labels: Labels;
  /** Whether anybody has said what a code means. */
  readonly isKnownCode: (code: number) => boolean;
  /** Whether there is a trace now that a count is to point to. */
  readonly isTraced: () => boolean;
  readonly clock: Clock;
}

/** Makes them. No call throws, whatever it is given. */
export function createTelemetry({ instruments, labels, isKnownCode, isTraced, clock }: CountingParts): Counting {
  function countEvents(event: CountedEvent, count: number): void {
    const shown = labels.event(event, count);
    instruments.debuggerEvents.inc(shown, count);
    // By zero too: an account that nobody has configured then has a series before its first unknown code.
    instruments.unknownCodeEvents.inc({ account: shown.account }, isKnownCode(event.code) ? 0 : count);
  }
  const tally = createEventTally(countEvents);
  const telemetry: AllTelemetry = {
    delivery(source, answer, seconds) {
      const reason = answer.outcome === "rejected" ? answer.reason : "none";
      instruments.deliveries.inc({ source, outcome: answer.outcome, reason });
      instruments.ingestDuration.observe({ source }, measured(seconds));
      if (answer.outcome === "accepted") instruments.lastAcceptedDelivery.set({ source }, clock.now().getTime() / 1000);
    },
    eventOutcome(source, outcome, count) {
      instruments.eventOutcomes.inc({ source, outcome }, measured(count));
    },
    eventRecorded(event) {
      if (isTraced()) countEvents(event, 1);
      else tally.add(event);
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
    jobTaken(queue, waitedSeconds) {
      instruments.jobAge.observe({ queue: labels.queue(queue) }, measured(waitedSeconds));
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
    httpServed(of, seconds) {
      instruments.httpServerDuration.observe(labels.served(of), measured(seconds));
    },
    httpRequested(of, seconds) {
      instruments.httpClientDuration.observe(labels.requested(of), measured(seconds));
    },
  };
  return { telemetry, flush: tally.flush };
}

/** A number prom-client takes: it throws on NaN, infinity, and on negative increments. */
function measured(value: number): number {
  return Number.isFinite(value) ? Math.max(0, value) : 0;
}
