/*
 * The wiring of the public port: what Twilio sends, into the record.
 */
import type { Config } from "../config.ts";
import { statusOf } from "../core/outcome.ts";
import type { Rate } from "../core/rate.ts";
import type { RuleSet } from "../core/rules/match.ts";
import type { Seal } from "../core/seal.ts";
import { createIngest } from "../pipeline/ingest.ts";
import type { Clock, EventStore, HttpTelemetry, Log, Telemetry, Work } from "../pipeline/ports.ts";
import type { Tracing } from "../pipeline/trace-ports.ts";
import { createReceiveApp } from "../receive/app.ts";
import { senderOf } from "../receive/client-address.ts";
import type { listen } from "../receive/listen.ts";
import { onceAMinute } from "../receive/once-a-minute.ts";
import { createRateLimit, type RateLimit } from "../receive/rate-limit.ts";
import { createRefusalLimit } from "../receive/rate-limit-refused.ts";
import { createAdmission } from "../receive/rate-limit-signed.ts";
import { listenOn } from "./listen-on.ts";

/** What receiving is made of. */
export interface ReceiveWiring {
  readonly config: Config;
  readonly rules: RuleSet;
  readonly seal: Seal;
  readonly store: EventStore;
  readonly dispatch: (work: readonly Work[]) => void;
  readonly telemetry: Telemetry & HttpTelemetry;
  readonly tracing: Tracing;
  readonly clock: Clock;
  readonly log: Log;
  readonly stopping: () => boolean;
  /** For requests under way when stopping, in milliseconds. */
  readonly timeLeft: () => number;
  /** Filled with what must be stopped, in the order of starting. */
  readonly stops: (() => Promise<void>)[];
}

/** Starts the public port; resolves to its number. */
export async function startReceiving(wiring: ReceiveWiring): Promise<number> {
  const { config, telemetry, tracing } = wiring;
  // Twilio signs the URL it was told; with PORT=0 (tests, demo) the port is known only once we listen.
  let handler: Parameters<typeof listen>[0] = (_request, response) => response.writeHead(503).end();
  const listener = await listenOn(
    "PORT",
    (request, response) => handler(request, response),
    config.host,
    config.port,
    config.maxConnections,
    (reason) => {
      const answer = { outcome: "rejected", reason } as const;
      telemetry.delivery("none", answer, 0);
      telemetry.httpServed({ method: "", route: null, status: statusOf(answer) }, 0);
    },
  );
  wiring.stops.push(() => listener.close(wiring.timeLeft()));
  const limits = limitsOf(config, wiring.log);
  const ingest = createIngest({
    trust: {
      publicUrl: config.publicUrl ?? `http://localhost:${listener.port}`,
      tokensByAccount: new Map(
        [...config.accounts].map(([sid, { tokens }]) => [sid, tokens.map((token) => token.reveal())]),
      ),
      allowUnsigned: config.allowUnsigned,
    },
    rules: wiring.rules,
    quietPeriodMs: config.quietPeriodMs,
    seal: wiring.seal,
    store: wiring.store,
    dispatch: wiring.dispatch,
    telemetry,
    tracing,
    admit: limits.admit,
  });
  handler = createReceiveApp({
    ingest,
    telemetry,
    tracing,
    clock: wiring.clock,
    log: wiring.log,
    maxBodyBytes: config.maxBodyBytes,
    requestTimeoutMs: config.requestTimeoutMs,
    signatureRequired: !config.allowUnsigned,
    senderOf: senderOf(config.limits.trustedProxies),
    refusals: limits.refusals,
    stopping: wiring.stopping,
  });
  return listener.port;
}

/** Nobody's address is logged: it is personal data, and the log of the proxy has it. */
function limitsOf({ limits }: Config, log: Log) {
  // Not the time of day, which may jump.
  const now = () => performance.now();
  const limit = (rate: Rate | null): RateLimit | null => (rate === null ? null : createRateLimit(rate, now));
  const say = (sentence: string) => onceAMinute(now, (times) => log.warn({ times }, sentence));
  return {
    refusals: createRefusalLimit(
      createRateLimit(limits.refused, now),
      say("Too many refused deliveries from one address: answering 429 (RATE_LIMIT_REFUSED)"),
    ),
    admit: createAdmission(
      { perAddress: limit(limits.perAddress), perAccount: limit(limits.perAccount) },
      say("Signed deliveries were turned away with 429 (RATE_LIMIT_PER_ADDRESS, RATE_LIMIT_PER_ACCOUNT)"),
    ),
  };
}
