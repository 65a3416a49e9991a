/*
 * The wiring of diagnoses: Twilio's API, the worker of their queue, and the housekeeping that goes with it.
 */
import type { Config } from "../config.ts";
import type { RuleSet } from "../core/rules/match.ts";
import type { Seal } from "../core/seal.ts";
import { createDiagnose } from "../pipeline/diagnose.ts";
import type { Dispatcher } from "../pipeline/dispatch.ts";
import { cachedReader } from "../pipeline/gather/cached-reader.ts";
import type { Clock, Housekeeping, HttpTelemetry, Log, Telemetry, WorkStore } from "../pipeline/ports.ts";
import { createSweep } from "../pipeline/sweep.ts";
import type { Tracing } from "../pipeline/trace-ports.ts";
import type { QueueConnection } from "../queue/connection.ts";
import { startWorker } from "../queue/worker.ts";
import { createTwilioReader } from "../twilio/reader.ts";
import { startHousekeeping } from "./housekeeping.ts";

/** What diagnoses are made of. */
export interface DiagnoseWiring {
  readonly config: Config;
  readonly connection: QueueConnection;
  readonly works: WorkStore;
  readonly housekeeping: Housekeeping;
  readonly dispatcher: Dispatcher;
  readonly rules: RuleSet;
  readonly seal: Seal;
  readonly telemetry: Telemetry & HttpTelemetry;
  readonly tracing: Tracing;
  readonly clock: Clock;
  readonly log: Log;
  /** A diagnosis may be news. */
  readonly nudge: () => void;
  /** For what is still under way when stopping, in milliseconds. */
  readonly timeLeft: () => number;
  /** Filled with what must be stopped, in the order of starting. */
  readonly stops: (() => Promise<void>)[];
}

/**
 * Diagnoses mostly wait: for Twilio, or for their account's budget. So many at once that those of one account do not hold
 * up another's.
 */
const diagnosesAtOnce = 20;

/** Starts diagnosing and housekeeping. */
export async function startDiagnosing(wiring: DiagnoseWiring): Promise<void> {
  const { config, connection, works, housekeeping, dispatcher, telemetry, tracing, clock, log, stops } = wiring;
  const twilio = createTwilioReader({
    accounts: new Map([...config.accounts].map(([sid, { tokens }]) => [sid, tokens.map((token) => token.reveal())])),
    apiKey: config.apiKey === null ? null : { ...config.apiKey, secret: config.apiKey.secret.reveal() },
    baseUrl: config.twilioApiBaseUrl,
    requestsPerSecond: config.twilioRequestsPerSecond,
    telemetry,
    tracing,
    clock,
    random: Math.random,
    log,
  });
  const { rules, seal } = wiring;
  const diagnose = createDiagnose({
    works,
    rules,
    seal,
    twilio,
    resources: cachedReader(twilio, clock),
    telemetry,
    clock,
    log,
  });
  const worker = await startWorker({
    connection,
    queue: "diagnose",
    concurrency: diagnosesAtOnce,
    handle: async (work, attempt) => {
      const result = await diagnose(work, attempt);
      wiring.nudge();
      return result;
    },
    // The queue is rid of it; without this the sweep would hand it over again, for good.
    onDeadly: (work) => {
      works.abandon(work, "deadly").then(
        () => log.error({ work: work.id }, "Job given up: it ended every worker that took it"),
        (error: unknown) => log.warn({ err: error, work: work.id }, "Deadly job not given up; it will come again"),
      );
    },
    telemetry,
    tracing,
    log,
  });
  stops.push(async () => {
    const { finished } = await worker.close(wiring.timeLeft());
    if (!finished) log.warn({}, "Jobs were cut off; the queue hands them to another worker");
  });

  const { retentionMs, quietPeriodMs } = config;
  const sweep = createSweep({ housekeeping, works, dispatcher, telemetry, clock, log, retentionMs });
  await startHousekeeping({
    sweep,
    connection,
    quietPeriodMs,
    telemetry,
    clock,
    log,
    timeLeft: wiring.timeLeft,
    stops,
  });
}
