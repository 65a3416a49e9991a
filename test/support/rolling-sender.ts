import { setTimeout as wait } from "node:timers/promises";
import { courier, type Parcel, streamParcel, webhookParcel } from "./deliver.ts";
import { type ErrorEvent, errorEvent } from "./sign.ts";

/*
 * Twilio as it behaves over minutes: Debugger webhooks, each sent once whatever comes of it, and batches of Event Streams,
 * which come again until they are taken. https://www.twilio.com/docs/events/event-delivery-and-duplication
 */

/** Twenty-five events by webhook; the rest, and five of them again, by stream. */
const blockSize = 100;
const byWebhook = 25;
const byBoth = 5;

const maxAttempts = 50;

/** What came of it. */
export interface RollingSender {
  /** Sids of all events that were ever on the wire. */
  readonly sent: ReadonlySet<string>;
  /** Sids of events whose delivery was answered 204. */
  readonly acknowledged: ReadonlySet<string>;
  /** Answers other than 204, and connections that broke, by what it was. */
  readonly refusals: ReadonlyMap<string, number>;
  /** From now on as fast as it goes. */
  hurry(): void;
  /** Resolves when all is sent and every batch was taken. */
  readonly done: Promise<void>;
}

/** Sends `total` events to a port, evenly over `overMs`; the last tenth waits for {@link RollingSender.hurry}. */
export function startRollingSender(options: {
  readonly port: number;
  readonly total: number;
  readonly overMs: number;
  readonly lanes: number;
  /** One incident each; the later ones begin later. */
  readonly codes: readonly number[];
}): RollingSender {
  const { total, codes } = options;
  const blocks = total / blockSize;
  const sent = new Set<string>();
  const acknowledged = new Set<string>();
  const refusals = new Map<string, number>();
  const started = performance.now();
  let next = 0;
  let hurried = false;

  function eventsOf(block: number): ErrorEvent[] {
    const begun = Math.max(1, Math.ceil((codes.length * (block + 1)) / blocks));
    return Array.from({ length: blockSize }, (_, index) => {
      const code = codes[(block + index) % begun] ?? 80604;
      return errorEvent({ code }, block * blockSize + index + 1);
    });
  }

  async function itsTurn(block: number): Promise<void> {
    const due = started + (block / blocks) * options.overMs;
    while (!hurried && (performance.now() < due || block >= 0.9 * blocks)) await wait(20);
  }

  async function lane(): Promise<void> {
    const connection = courier(options.port, 1);

    async function attempt(parcel: Parcel, events: readonly ErrorEvent[]): Promise<boolean> {
      for (const { sid } of events) sent.add(sid);
      const result = await connection.send(parcel).then(
        ({ status }) => String(status),
        (error: NodeJS.ErrnoException) => error.code ?? error.name,
      );
      if (result === "204") for (const { sid } of events) acknowledged.add(sid);
      else refusals.set(result, (refusals.get(result) ?? 0) + 1);
      return result === "204";
    }

    try {
      for (let block = next++; block < blocks; block = next++) {
        await itsTurn(block);
        const events = eventsOf(block);
        for (const event of events.slice(0, byWebhook)) await attempt(webhookParcel(event), [event]);
        const batch = events.slice(byWebhook - byBoth);
        for (let tried = 0; !(await attempt(streamParcel(batch), batch)); tried += 1) {
          if (tried === maxAttempts) throw new Error(`expected a batch to be taken within ${maxAttempts} attempts`);
          await wait(200);
        }
      }
    } finally {
      connection.close();
    }
  }

  return {
    sent,
    acknowledged,
    refusals,
    hurry() {
      hurried = true;
    },
    done: Promise.all(Array.from({ length: options.lanes }, lane)).then(() => undefined),
  };
}
