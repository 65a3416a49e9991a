/*
 * The wiring of notices: the log, the looks, a queue and a worker for each receiver. Without receivers there is none of it.
 */
import type { NoticeSettings } from "../config.ts";
import { compileRouting, defaultRoute } from "../core/notice/route.ts";
import { adviceBook, type CodeBook } from "../core/rules/advice.ts";
import { createNotifier } from "../notify/create-notifier.ts";
import type { NoticeSide } from "../operate/notices.ts";
import type { NoticeReader, NoticeTelemetry } from "../pipeline/notice-ports.ts";
import { createLooker, type Looker } from "../pipeline/notices/look.ts";
import { createWatch, receiverStates } from "../pipeline/notices/receivers.ts";
import { createRefresh } from "../pipeline/notices/refresh.ts";
import { createSendNotice } from "../pipeline/notices/send.ts";
import type { Clock, HttpTelemetry, Log, RecordReader, Telemetry } from "../pipeline/ports.ts";
import type { Tracing } from "../pipeline/trace-ports.ts";
import type { QueueConnection } from "../queue/connection.ts";
import { createNoticeQueue, type OpenNoticeQueue } from "../queue/notice-queue.ts";
import { startNoticeWorker } from "../queue/notice-worker.ts";
import type { RunningWorker } from "../queue/open-worker.ts";
import type { Database } from "../store/database.ts";
import { createNoticeStore } from "../store/notice-store.ts";
import { createSilenceStore } from "../store/silence-store.ts";
import { startTimers } from "../timers.ts";

/** What notices are made of and sent with. */
export interface NoticeWiring {
  readonly settings: NoticeSettings;
  /** Whether this process looks and sends, or only shows and queues. */
  readonly works: boolean;
  readonly database: Pick<Database, "pool">;
  readonly connection: QueueConnection;
  readonly reader: RecordReader;
  readonly codes: CodeBook;
  readonly telemetry: Telemetry & NoticeTelemetry & HttpTelemetry;
  readonly tracing: Tracing;
  readonly shutdownTimeoutMs: number;
  readonly clock: Clock;
  readonly log: Log;
  /** Filled with what must be stopped, in the order of starting. */
  readonly stops: (() => Promise<void>)[];
}

/** The part of a process that has to do with notices. */
export interface Notices {
  readonly side: NoticeSide;
  readonly reader: NoticeReader;
  readonly queue: OpenNoticeQueue;
  /** Something has just been committed that may be news. */
  nudge(): void;
}

/** How often what is due is looked for; a nudge after a commit of this process does not wait for it. */
const lookEveryMs = 250;

/** Starts what has to do with notices; null when nobody is told. */
export async function startNotices(wiring: NoticeWiring): Promise<Notices | null> {
  const { settings, database, connection, tracing, clock, log, stops } = wiring;
  const { receivers, links } = settings;
  if (receivers.length === 0) return null;
  const store = createNoticeStore(database);
  const silences = createSilenceStore(database);
  const advice = adviceBook(wiring.codes);
  const routing = compileRouting(settings.route ?? defaultRoute(receivers), settings.muteTimeIntervals);

  const queue = await createNoticeQueue({
    connection,
    receivers: receivers.map(({ name }) => name),
    clock,
    log,
    tracing,
  });
  stops.push(() => queue.close());
  const policy = { receivers, routing, stormThreshold: settings.stormThreshold, links, advice };
  const looker = createLooker({ store, queue, policy, telemetry: wiring.telemetry, clock, log });
  stops.push(() => looker.settled());
  if (wiring.works) await startSending(wiring, store, advice, looker);
  return {
    side: { reader: store, silences, receivers: () => receiverStates({ receivers, store, clock }), routing, clock },
    reader: store,
    queue,
    nudge: wiring.works ? () => looker.nudge() : () => undefined,
  };
}

async function startSending(
  wiring: NoticeWiring,
  store: ReturnType<typeof createNoticeStore>,
  advice: ReturnType<typeof adviceBook>,
  looker: Looker,
): Promise<void> {
  const { settings, connection, telemetry, tracing, reader, clock, log, stops } = wiring;
  const { receivers, links } = settings;
  const notifiers = new Map(receivers.map((each) => [each.name, createNotifier(each, { clock, telemetry, tracing })]));
  const parts = { store, notifiers, reader, advice, links, telemetry, clock, random: Math.random, log };
  const send = createSendNotice(parts);
  const workers: RunningWorker[] = [];
  stops.push(async () => {
    const ends = await Promise.all(workers.map((worker) => worker.close(wiring.shutdownTimeoutMs)));
    if (!ends.every(({ finished }) => finished)) log.warn({}, "Notices were cut off; another worker sends them again");
  });
  for (const notifier of notifiers.values()) {
    workers.push(await startNoticeWorker({ notifier, send, connection, telemetry, tracing, log }));
  }
  const watch = createWatch({ receivers, store, clock, log, dispatch: (notices) => looker.dispatch(notices) });
  const refresh = createRefresh(parts);
  const timers = startTimers(
    [
      { name: "look for news", everyMs: lookEveryMs, run: () => looker.look() },
      { name: "re-dispatch notices", everyMs: 5_000, run: () => looker.redispatch() },
      { name: "watch the receivers", everyMs: 15_000, run: watch },
      ...(refresh === null ? [] : [{ name: "repeat to Alertmanager", everyMs: 5_000, run: refresh }]),
    ],
    log,
  );
  stops.push(() => timers.stop());
}
