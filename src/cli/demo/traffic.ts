import { type ErrorEvent, errorEvent } from "../../../test/support/sign.ts";
import { patternedSid } from "../../../test/support/simulated-twilio/world.ts";
import { refused, unreadable } from "./bad-input.ts";
import type { Ledger } from "./ledger.ts";
import { sendStream, sendStreamBody, sendWebhook, type Target } from "./sender.ts";

/** The five codes Faultline knows in depth. */
export const mainCodes = [80604, 80903, 80905, 50416, 48031] as const;

/** One line of the report: what came in and what it was answered. */
export interface Scene {
  readonly what: string;
  readonly expected: number;
  readonly statuses: readonly number[];
}

const stormSize = 1000;
const batchSize = 100;

/** Sends everything the demo sends, in order, noting every event in the ledger. */
export async function sendTraffic(
  target: Target,
  ledger: Ledger,
  firsts: readonly ErrorEvent[],
  now: Date,
): Promise<Scene[]> {
  const retrieval = errorEvent(
    { code: 11200, at: now, message: "HTTP retrieval failure", webhook: failedWebhook() },
    0x10,
  );
  const seconds = mainCodes.map((code, index) =>
    errorEvent({ ...firsts[index], code, at: now, webhook: null, sid: patternedSid("NO", 0x20 + index) }),
  );
  const storm = Array.from({ length: stormSize }, (_, index) =>
    errorEvent(
      { code: 80604, at: now, service: firsts[0]?.service ?? null, resource: patternedSid("KC", 0x100 + (index % 50)) },
      0x1000 + index,
    ),
  );
  const unknown = errorEvent({ code: 99_999, at: now, message: "A code nobody has documented yet" }, 0x30);
  const info = errorEvent({ code: 82_004, at: now, level: "INFO", message: "console.log from a Function" }, 0x31);

  return [
    await webhooks("the five codes and an 11200, by Debugger webhook", [...firsts, retrieval]),
    await streams("the same five again, by Event Streams", [firsts]),
    await streams("five new ones, by Event Streams", [seconds]),
    await streams(`a storm of ${stormSize} events, in ${stormSize / batchSize} batches`, chunks(storm)),
    await webhooks("an unknown code and an INFO line", [unknown, info]),
    await scene("a sink's test event, twice", 204, () => sendStreamBody(target, testEvent(now)), 2),
    ...(await sequence(unreadable)),
    ...(await sequence(refused)),
  ];

  async function webhooks(what: string, events: readonly ErrorEvent[]): Promise<Scene> {
    ledger.note(events);
    return { what, expected: 204, statuses: await Promise.all(events.map((event) => sendWebhook(target, event))) };
  }
  async function streams(what: string, batches: readonly (readonly ErrorEvent[])[]): Promise<Scene> {
    for (const batch of batches) ledger.note(batch);
    return { what, expected: 204, statuses: await Promise.all(batches.map((batch) => sendStream(target, batch))) };
  }
  async function sequence(requests: typeof refused): Promise<Scene[]> {
    const scenes: Scene[] = [];
    for (const { what, expected, send } of requests) scenes.push(await scene(what, expected, () => send(target)));
    return scenes;
  }
}

async function scene(what: string, expected: number, send: () => Promise<number>, times = 1): Promise<Scene> {
  const statuses: number[] = [];
  for (let time = 0; time < times; time++) statuses.push(await send());
  return { what, expected, statuses };
}

function chunks(events: readonly ErrorEvent[]): ErrorEvent[][] {
  const count = Math.ceil(events.length / batchSize);
  return Array.from({ length: count }, (_, index) => events.slice(index * batchSize, (index + 1) * batchSize));
}

/** The request Twilio made and the answer it got, with the private things a real one carries. */
function failedWebhook(): ErrorEvent["webhook"] {
  const parameters = { From: "+15555550101", To: "+15555550199", Body: "meet me at the usual place" };
  const reason = { "X-Twilio-WebhookError": "11203 HTTP communication total time out triggered" };
  return {
    type: "application/json",
    request: { url: "https://app.example.com/twilio/inbound?customer=4711", method: "POST", headers: {}, parameters },
    response: { status_code: 502, headers: reason, body: null },
  };
}

function testEvent(now: Date): string {
  const event = {
    specversion: "1.0",
    type: "com.twilio.eventstreams.test-event",
    source: "Sink",
    id: `AC${"a".repeat(32)}`,
    time: now.toISOString(),
    data: { test_id: "00000000-0000-4000-8000-000000000001" },
  };
  return JSON.stringify([event]);
}
