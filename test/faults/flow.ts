import { setTimeout as wait } from "node:timers/promises";
import { courier, type Parcel, type Reply, streamParcel, webhookParcel } from "../support/deliver.ts";
import { type ErrorEvent, errorEvent } from "../support/sign.ts";

/*
 * Twilio as it behaves towards a receiver in trouble, both ways in use: Debugger webhooks, each sent once, and batches of Event
 * Streams, which come again until they are taken. It goes on through every outage and keeps book.
 * https://www.twilio.com/docs/events/event-delivery-and-duplication
 */

/** Twilio gives up after five seconds (Event Streams) or ten; who has not answered by then hangs. In milliseconds. */
const patienceMs = 10_000;

/** How long a lane rests after a delivery unless told a rate, in milliseconds. */
const restMs = 60;

/** Codes of the events, one incident each; all are looked into but the last. */
export const usualCodes = [80604, 50416, 11200, 30003] as const;

/** One code for each probe, so that each is an incident of its own. */
const firstProbeCode = 99_101;

/** The sender's book. */
export interface Book {
  /** Sids of events whose delivery was answered 204. */
  readonly acknowledged: ReadonlySet<string>;
  /** Sids of all events that were ever on the wire. */
  readonly sent: ReadonlySet<string>;
}

/** Deliveries that flow until they are stopped. */
export interface Flow extends Book {
  /** Answers by status, and connections that broke by code. */
  readonly answers: ReadonlyMap<string, number>;
  /** What no answer may be: 503 without Retry-After, another status than 204 and 503, none at all in time. */
  readonly improper: readonly string[];
  /** The longest that an answer took, in milliseconds. */
  slowestMs(): number;
  /** Whether a delivery that began after this moment of `performance.now()` has been acknowledged. */
  acknowledgedSince(moment: number): boolean;
  /** Delivers an event of a new code until it is acknowledged; its code. */
  probe(): Promise<number>;
  /** Delivers a batch of so many new events of this code, until it is acknowledged. */
  batch(code: number, events: number): Promise<void>;
  /** Delivers this event by webhook, until it is acknowledged. */
  deliver(event: ErrorEvent): Promise<void>;
  /** Sends so many batches of so many events at the same time, and again so many times, as what is not taken comes again. */
  burst(batches: number, events: number, times: number): Promise<void>;
  /** From now on so many deliveries a second over all lanes; infinity for as many as go. */
  pace(perSecond: number): void;
  /** Ends the lanes, and sends again what was never acknowledged. */
  stop(): Promise<void>;
}

/** What a flow is like. */
export interface FlowOptions {
  readonly port: () => number;
  readonly random: () => number;
  /** Default 4. */
  readonly lanes?: number;
  /** Codes of the events; the usual ones unless given. */
  readonly codes?: readonly number[];
}

/** Starts deliveries to a port. */
export function startFlow({ port, random, lanes = 4, codes = usualCodes }: FlowOptions): Flow {
  const acknowledged = new Set<string>();
  const sent = new Set<string>();
  const answers = new Map<string, number>();
  const improper: string[] = [];
  const toRetry: ErrorEvent[][] = [];
  let acknowledgedBegun = Number.NEGATIVE_INFINITY;
  let slowest = 0;
  let made = 0;
  let probes = 0;
  let stopped = false;
  let gapMs: number | null = null;
  let nextAt = 0;

  /** A lane that is late takes the next turn, not all it missed. */
  function untilItsTurn(): number {
    if (gapMs === null) return restMs;
    const now = performance.now();
    nextAt = Math.max(now - 50, nextAt) + gapMs;
    return Math.max(0, nextAt - now);
  }

  function newEvent(code: number = codes[Math.floor(random() * codes.length)] ?? 11200): ErrorEvent {
    made += 1;
    return errorEvent({ code, at: new Date() }, made);
  }

  async function attempt(events: readonly ErrorEvent[], parcel: Parcel): Promise<boolean> {
    const begun = performance.now();
    for (const { sid } of events) sent.add(sid);
    const result = await answerTo(port(), parcel);
    const what = typeof result === "string" ? result : String(result.status);
    slowest = Math.max(slowest, performance.now() - begun);
    answers.set(what, (answers.get(what) ?? 0) + 1);
    if (typeof result === "string") {
      if (result === "hangs") improper.push(`no answer within ${patienceMs} ms`);
      return false;
    }
    if (result.status === 204) {
      for (const { sid } of events) acknowledged.add(sid);
      acknowledgedBegun = Math.max(acknowledgedBegun, begun);
      return true;
    }
    if (result.status !== 503) improper.push(`status ${result.status}`);
    else if (!(Number(result.headers["retry-after"]) > 0)) improper.push("503 without Retry-After");
    return false;
  }

  async function lane(): Promise<void> {
    while (!stopped) {
      const retry = random() < 0.5 ? toRetry.shift() : undefined;
      if (retry === undefined && random() < 0.5) {
        const event = newEvent();
        const taken = await attempt([event], webhookParcel(event));
        // The same event comes the other way, too: now and then, and when this way it was not taken.
        if (!taken || random() < 0.2) toRetry.push([event]);
      } else {
        const events = retry ?? Array.from({ length: 1 + Math.floor(random() * 12) }, () => newEvent());
        if (!(await attempt(events, streamParcel(events)))) toRetry.push(events);
      }
      const rest = untilItsTurn();
      if (rest > 0) await wait(rest);
    }
  }

  const running = Promise.all(Array.from({ length: lanes }, lane));

  async function untilTaken(events: readonly ErrorEvent[], timeoutMs: number): Promise<void> {
    const started = performance.now();
    while (!(await attempt(events, streamParcel(events)))) {
      if (performance.now() - started > timeoutMs)
        throw new Error(`expected a batch to be acknowledged within ${timeoutMs} ms`);
      await wait(100);
    }
  }

  return {
    acknowledged,
    sent,
    answers,
    improper,
    slowestMs: () => Math.round(slowest),
    acknowledgedSince: (moment) => acknowledgedBegun > moment,
    async probe() {
      const event = newEvent(firstProbeCode + probes++);
      await untilTaken([event], 30_000);
      return event.code;
    },
    batch: (code, events) =>
      untilTaken(
        Array.from({ length: events }, () => newEvent(code)),
        30_000,
      ),
    async deliver(event) {
      while (!(await attempt([event], webhookParcel(event)))) await wait(100);
    },
    async burst(batches, events, times) {
      let left = Array.from({ length: batches }, () => Array.from({ length: events }, () => newEvent()));
      for (let time = 0; time < times; time += 1) {
        const taken = await Promise.all(left.map((batch) => attempt(batch, streamParcel(batch))));
        left = left.filter((_, index) => taken[index] === false);
      }
      toRetry.push(...left);
    },
    pace(perSecond) {
      gapMs = 1_000 / perSecond;
    },
    async stop() {
      stopped = true;
      await running;
      for (const events of toRetry.splice(0)) await untilTaken(events, 30_000);
    },
  };
}

async function answerTo(port: number, parcel: Parcel): Promise<Reply | string> {
  const connection = courier(port, 1);
  const patience = new AbortController();
  try {
    return await Promise.race([
      connection.send(parcel).catch((error: NodeJS.ErrnoException) => error.code ?? error.name),
      wait(patienceMs, "hangs", { signal: patience.signal }),
    ]);
  } finally {
    patience.abort();
    connection.close();
  }
}
