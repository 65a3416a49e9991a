import { afterEach, describe, expect, test } from "vitest";
import { type Backend, postgresAndRedis } from "../support/backends.ts";
import { expectExactBooks } from "../support/books.ts";
import { courier, type Parcel, streamParcel, webhookParcel } from "../support/deliver.ts";
import { type Faultline, useFaultlines } from "../support/faultline.ts";
import { type ErrorEvent, errorEvent } from "../support/sign.ts";
import { streamCodes } from "../support/stream-of-deliveries.ts";

const total = 10_000;
const blockSize = 100;
const faultlines = useFaultlines();
let backend: Backend | null = null;

afterEach(async () => {
  await backend?.dispose();
  backend = null;
});

describe("two processes on one PostgreSQL and one Redis", () => {
  test.skipIf(!postgresAndRedis.available)(
    `the same ${total} events to each, in parallel, are ${total} events`,
    async () => {
      backend = await postgresAndRedis.open();
      const both = await Promise.all([faultlines.start(backend.env), faultlines.start(backend.env)]);
      const events = Array.from({ length: total }, (_, index) =>
        errorEvent({ code: streamCodes[index % streamCodes.length] ?? 80604 }, index + 1),
      );

      const answers = await Promise.all(both.map(({ publicPort }, side) => sendAll(publicPort, parcels(events, side))));
      expect(answers.map(counted), "answers by status").toEqual([
        { 204: parcels(events, 0).length },
        { 204: parcels(events, 1).length },
      ]);

      const sids = new Set(events.map(({ sid }) => sid));
      const books = await expectExactBooks(both[0], { acknowledged: sids, sent: sids });
      expect(books).toEqual({ events: total, incidents: streamCodes.length });

      const sum = async (name: string, labels: Record<string, string> = {}) =>
        (await both[0].metric(name, labels)) + (await both[1].metric(name, labels));
      expect(await sum("twilio_debugger_events_total")).toBe(total);
      expect(await sum("faultline_event_outcomes_total", { outcome: "recorded" })).toBe(total);
      expect(await sum("faultline_event_outcomes_total", { outcome: "duplicate" })).toBe(total);
      expect(await sum("twilio_incident_transitions_total", { transition: "opened" })).toBe(streamCodes.length);
      expect(await sum("twilio_incident_transitions_total", { transition: "reopened" })).toBe(0);
      for (const faultline of both) {
        expect(await faultline.metric("twilio_incidents_open")).toBe(streamCodes.length);
      }
      await expectSameShared(both);
      await Promise.all(both.map((faultline) => faultline.stop()));
    },
  );
});

/**
 * The same events in the same order of blocks, so that both sides write the same rows at the same time: of five blocks one
 * by webhook here and by stream there, one the other way round, the rest by stream at both, in opposite order.
 */
function parcels(events: readonly ErrorEvent[], side: number): Parcel[] {
  return Array.from({ length: total / blockSize }, (_, block) => {
    const part = events.slice(block * blockSize, (block + 1) * blockSize);
    if (block % 5 === side) return part.map((event) => webhookParcel(event));
    return [streamParcel(side === 0 ? part : part.toReversed())];
  }).flat();
}

/** Gauges of what the processes share: each shows all of it, so `max by` over the processes is the truth and a sum is not. */
const shared = ["twilio_incidents_open", "faultline_queue_jobs", "faultline_queue_oldest_job_age_seconds"];

async function expectSameShared(processes: readonly Faultline[]): Promise<void> {
  const shownBy = async (faultline: Faultline) =>
    (await faultline.samples())
      .filter(({ name }) => shared.includes(name))
      .map(({ name, labels, value }) => `${name} ${JSON.stringify(labels)} ${value}`)
      .toSorted((one, other) => one.localeCompare(other));
  // Jobs go on between the two scrapes, until none is left that is due.
  await expect
    .poll(
      async () => {
        const [one, other] = await Promise.all(processes.map(shownBy));
        return one !== undefined && one.length > streamCodes.length && one.join("\n") === other?.join("\n");
      },
      { timeout: 60_000, interval: 500 },
    )
    .toBe(true);
}

async function sendAll(port: number, queue: Parcel[]): Promise<number[]> {
  const connections = 8;
  const sender = courier(port, connections);
  const statuses: number[] = [];
  async function lane(): Promise<void> {
    for (let parcel = queue.shift(); parcel !== undefined; parcel = queue.shift()) {
      statuses.push((await sender.send(parcel)).status);
    }
  }
  await Promise.all(Array.from({ length: connections }, lane));
  sender.close();
  return statuses;
}

function counted(statuses: readonly number[]): Record<number, number> {
  const counts: Record<number, number> = {};
  for (const status of statuses) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}
