import { courier, streamParcel, webhookParcel } from "./deliver.ts";
import { type ErrorEvent, errorEvent } from "./sign.ts";

/** Codes of the events sent, one incident each. */
export const streamCodes = [80604, 80903, 80905, 50416, 48031, 11200, 30003] as const;

/** A sender that goes on until the receiver is gone, and keeps book. */
export interface StreamOfDeliveries {
  /** Sids of events whose delivery was answered 204. */
  readonly acknowledged: ReadonlySet<string>;
  /** Sids of all events that were ever on the wire. */
  readonly sent: ReadonlySet<string>;
  /** Deliveries that ended without an answer. */
  readonly unanswered: number;
  /** Answers other than 204, by status. */
  readonly otherAnswers: ReadonlyMap<number, number>;
  /** Sends until the connections break or `stop` is called. `onAcknowledged` runs after every 204. */
  run(port: number, onAcknowledged: (deliveries: number) => void): Promise<void>;
  stop(): void;
  /** Sends again, as Twilio's Event Streams does, what was never acknowledged; resolves when all of it is. */
  retryAll(port: number): Promise<void>;
}

/**
 * Single webhooks, batches by stream, the same event by both, and retries of batches that went unanswered, over several
 * connections at once.
 */
export function streamOfDeliveries(random: () => number, connections = 6): StreamOfDeliveries {
  const acknowledged = new Set<string>();
  const sent = new Set<string>();
  const otherAnswers = new Map<number, number>();
  const toRetry: ErrorEvent[][] = [];
  let unanswered = 0;
  let made = 0;
  let stopped = false;

  function newEvent(): ErrorEvent {
    made += 1;
    return errorEvent({ code: streamCodes[Math.floor(random() * streamCodes.length)] ?? 80604 }, made);
  }

  /** What goes out next, and whether Twilio would send it again. */
  function next(): { events: ErrorEvent[]; byWebhook: boolean } {
    const retry = random() < 0.3 ? toRetry.shift() : undefined;
    if (retry !== undefined) return { events: retry, byWebhook: false };
    if (random() < 0.4) return { events: [newEvent()], byWebhook: true };
    return { events: Array.from({ length: 1 + Math.floor(random() * 40) }, newEvent), byWebhook: false };
  }

  async function lane(port: number, onAcknowledged: () => void): Promise<void> {
    const connection = courier(port, 1);
    try {
      for (let previous: ErrorEvent | null = null; !stopped; ) {
        const { events, byWebhook } = next();
        // Now and then the event before comes the other way, too.
        const twice = previous !== null && random() < 0.1 ? [previous] : [];
        const delivery = [...events, ...(byWebhook ? [] : twice)];
        const answered = await send(connection, delivery, byWebhook);
        if (answered === "broken") break;
        if (answered === "acknowledged") onAcknowledged();
        previous = events[0] ?? null;
      }
    } finally {
      connection.close();
    }
  }

  async function send(
    connection: ReturnType<typeof courier>,
    events: ErrorEvent[],
    byWebhook: boolean,
  ): Promise<"acknowledged" | "refused" | "broken"> {
    for (const { sid } of events) sent.add(sid);
    const [first] = events;
    try {
      const parcel = byWebhook && first !== undefined ? webhookParcel(first) : streamParcel(events);
      const { status } = await connection.send(parcel);
      if (status === 204) {
        for (const { sid } of events) acknowledged.add(sid);
        return "acknowledged";
      }
      otherAnswers.set(status, (otherAnswers.get(status) ?? 0) + 1);
      if (!byWebhook) toRetry.push(events);
      return "refused";
    } catch {
      unanswered += 1;
      if (!byWebhook) toRetry.push(events);
      return "broken";
    }
  }

  return {
    acknowledged,
    sent,
    otherAnswers,
    get unanswered() {
      return unanswered;
    },
    async run(port, onAcknowledged) {
      stopped = false;
      let deliveries = 0;
      const lanes = Array.from({ length: connections }, () =>
        lane(port, () => {
          deliveries += 1;
          onAcknowledged(deliveries);
        }),
      );
      await Promise.all(lanes);
    },
    stop() {
      stopped = true;
    },
    async retryAll(port) {
      const connection = courier(port, 1);
      for (const events of toRetry.splice(0)) {
        const answered = await send(connection, events, false);
        if (answered !== "acknowledged")
          throw new Error(`expected a retried batch to be acknowledged, it was ${answered}`);
      }
      connection.close();
    },
  };
}
