/*
 * The only wiring: Config → parts → { start, stop }. Parts start in the order of their dependencies and stop in reverse:
 * first nobody can bring anything new, then what was accepted is finished, last the database closes.
 */
import { randomBytes } from "node:crypto";
import { setTimeout as wait } from "node:timers/promises";
import { startDiagnosing } from "./app/diagnosing.ts";
import { listenOn } from "./app/listen-on.ts";
import { startNotices } from "./app/notices.ts";
import { queueConnectionOf } from "./app/queue-connection.ts";
import { type Phase, readinessOf } from "./app/readiness.ts";
import { startReceiving } from "./app/receiving.ts";
import { warnAboutTrust } from "./app/warn-about-trust.ts";
import type { Config } from "./config.ts";
import { loadCatalogue } from "./core/catalogue.ts";
import { reopenWindowMs } from "./core/incident.ts";
import { codeView, ruleList } from "./core/rules/code-view.ts";
import { codesWithRules, compileRules } from "./core/rules/match.ts";
import { createSeal } from "./core/seal.ts";
import { serverAddresses } from "./notify/server-addresses.ts";
import { createOperateApp, type OperateOptions, operateRoutes } from "./operate/server.ts";
import { createDispatcher } from "./pipeline/dispatch.ts";
import type { Clock, Log } from "./pipeline/ports.ts";
import { createRequeue } from "./pipeline/requeue.ts";
import { noTracing, type Tracing } from "./pipeline/trace-ports.ts";
import { noticeQueueOf } from "./queue/notice-jobs.ts";
import { createWorkQueue } from "./queue/producer.ts";
import { scheduleQueue } from "./queue/schedule.ts";
import { loadBuiltInRules } from "./rule-packs.ts";
import { openDatabase } from "./store/database.ts";
import { createEventStore } from "./store/event-store.ts";
import { createHousekeeping } from "./store/housekeeping.ts";
import { readOrMakeKeyFile } from "./store/key-file.ts";
import { createRecordReader } from "./store/record-reader.ts";
import { createWorkStore } from "./store/work-store.ts";
import { measureServed } from "./telemetry/http-served.ts";
import { createMetrics } from "./telemetry/metrics.ts";
import { expectedCode } from "./telemetry/start-at-zero.ts";
import { twilioAddresses, twilioApiNames } from "./twilio/apis.ts";
import { version } from "./version.ts";

/** The codes diagnosed in depth: their metrics start at zero. */
const mainCodes = [80604, 80903, 80905, 50416, 48031];

/** Which half of the work this process does. */
export type Role = "all" | "ingest" | "worker";

/** A running Faultline. */
export interface App {
  /** Where Twilio calls, null with the role `worker`. */
  readonly publicPort: number | null;
  readonly adminPort: number;
  /** After the drain delay: finishes what was accepted and closes everything. Safe to call twice. */
  stop(): Promise<void>;
}

/** The real clock: the one place that reads the time of day. */
export const systemClock: Clock = { now: () => new Date() };

/** What a start may differ in. */
export interface StartOptions {
  /** Default: all. */
  readonly role?: Role;
  readonly clock?: Clock;
  /** Off unless given; whoever started it stops it. */
  readonly tracing?: Tracing;
  /** Called when nothing can be stored any more until a restart: the embedded database is lost. */
  readonly onLost?: () => void;
}

/** Starts Faultline. Rejects, with everything closed again, when a part cannot start. */
export async function startApp(config: Config, log: Log, options: StartOptions = {}): Promise<App> {
  const stops: (() => Promise<void>)[] = [];
  const stopAll = async () => {
    // Each once, the last started first; one that fails must not keep the others open.
    for (let stop = stops.pop(); stop !== undefined; stop = stops.pop()) {
      await stop().catch((error: unknown) => log.error({ err: error }, "A part did not stop cleanly"));
    }
  };
  try {
    return await start(config, log, options, stops, stopAll);
  } catch (error) {
    await stopAll();
    throw error;
  }
}

async function start(
  config: Config,
  log: Log,
  { role = "all", clock = systemClock, tracing = noTracing, onLost }: StartOptions,
  stops: (() => Promise<void>)[],
  stopAll: () => Promise<void>,
): Promise<App> {
  // One deadline for all that is waited for while stopping: orchestrators count from the signal.
  let stopBy = Number.POSITIVE_INFINITY;
  const timeLeft = () => Math.min(config.shutdownTimeoutMs, Math.max(500, stopBy - performance.now()));

  const catalogue = loadCatalogue();
  const rules = compileRules(config.userRules, loadBuiltInRules(), catalogue);
  const metrics = createMetrics({
    version,
    log,
    knownCodes: codesWithRules(rules),
    documentedCodes: catalogue.codes,
    accounts: [...config.accounts.keys()],
    products: [
      ...catalogue.codes.flatMap((code) => catalogue.lookup(code)?.product ?? []),
      ...rules.builtInRules.flatMap(({ product }) => product ?? []),
    ],
    expectedCodes: mainCodes.map((code) => expectedCode(codeView(code, rules, catalogue))),
    queues: ["diagnose", scheduleQueue, ...config.notices.receivers.map(({ name }) => noticeQueueOf(name))],
    receivers: config.notices.receivers.map(({ name }) => name),
    twilioApis: twilioApiNames,
    serverAddresses: [
      ...twilioAddresses(config.twilioApiBaseUrl),
      ...config.notices.receivers.flatMap((receiver) => serverAddresses(receiver)),
    ],
    clock,
    tracing,
  });
  const { telemetry } = metrics;

  const sealingSecret = config.sealingSecret?.reveal() ?? (await readOrMakeKeyFile(config.dataDir, randomBytes));
  const seal = createSeal(sealingSecret, randomBytes);
  const database = await openDatabase({
    databaseUrl: config.databaseUrl?.reveal() ?? null,
    dataDir: config.dataDir,
    log,
    ...(onLost !== undefined && { onLost }),
  });
  stops.push(() => database.close());
  const store = createEventStore(database, { log, telemetry, reopenWindowMs, samplesPerHour: config.samplesPerHour });
  const reader = createRecordReader(database);
  const works = createWorkStore(database);
  const housekeeping = createHousekeeping(database, config.notices.receivers.length > 0);

  const connection = queueConnectionOf(config, database);
  const queue = await createWorkQueue({ connection, clock, log, tracing });
  stops.push(() => queue.close());
  const dispatcher = createDispatcher({ queue, works, clock, log });
  stops.push(() => dispatcher.settled());
  // Opened late and closed late: whoever looks is told "not ready" for as long as requests and jobs are being finished.
  let admin: Awaited<ReturnType<typeof listenOn>> | null = null;
  stops.push(async () => await admin?.close(1_000));

  const codes = {
    codeView: (code: number) => codeView(code, rules, catalogue),
    ruleList: () => ruleList(rules),
  };
  const notices = await startNotices({
    settings: config.notices,
    works: role !== "ingest",
    database,
    connection,
    reader,
    codes,
    telemetry,
    tracing,
    shutdownTimeoutMs: config.shutdownTimeoutMs,
    clock,
    log,
    stops,
  });
  metrics.collectFrom({
    openIncidents: () => reader.openIncidents(),
    queueStats: async () => [...(await queue.stats()), ...((await notices?.queue.stats()) ?? [])],
  });

  if (role !== "ingest") {
    await startDiagnosing({
      config,
      connection,
      works,
      housekeeping,
      dispatcher,
      rules,
      seal,
      telemetry,
      tracing,
      clock,
      log,
      nudge: () => notices?.nudge(),
      timeLeft,
      stops,
    });
  }

  let phase: Phase = "starting";
  const operateOptions: OperateOptions = {
    reader,
    renderMetrics: metrics.render,
    readiness: readinessOf(
      { database: () => reader.ping().then(store.checkWrites), queue: () => queue.ping() },
      // Deliveries are taken without a queue; to say otherwise would have a load balancer turn them away.
      role === "worker" ? ["database", "queue"] : ["database"],
      () => phase,
    ),
    codes,
    requeue: createRequeue({ works, dispatcher, ...(notices !== null && { notices: { ...notices, clock } }) }),
    ...(notices !== null && { notices: notices.side }),
    adminToken: config.adminToken,
    version,
    log,
  };
  const operate = measureServed(createOperateApp(operateOptions), operateRoutes(operateOptions), telemetry);
  admin = await listenOn("ADMIN_PORT", operate, config.adminHost, config.adminPort, 200);

  const publicPort =
    role === "worker"
      ? null
      : await startReceiving({
          config,
          rules,
          seal,
          store,
          dispatch: (work) => {
            dispatcher.dispatch(work);
            if (work.some(({ first }) => first)) notices?.nudge();
          },
          telemetry,
          tracing,
          clock,
          log,
          stopping: () => phase === "draining" || phase === "stopping",
          timeLeft,
          stops,
        });
  phase = "ok";
  warnAboutTrust(config, log, publicPort);
  log.info(
    { version, role, database: database.mode, queue: connection.kind, publicPort, adminPort: admin.port },
    "Faultline is ready",
  );

  return {
    publicPort,
    adminPort: admin.port,
    async stop() {
      if (phase === "ok" && publicPort !== null && config.drainDelayMs > 0) {
        phase = "draining";
        await wait(config.drainDelayMs);
      }
      phase = "stopping";
      stopBy = performance.now() + config.shutdownTimeoutMs;
      await stopAll();
    },
  };
}
