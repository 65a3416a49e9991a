import { afterEach, describe, expect, test } from "vitest";
import { stageFaults } from "../../src/cli/demo/world.ts";
import { type Backend, embedded, postgresAndRedis } from "../support/backends.ts";
import { deliver, webhookParcel } from "../support/deliver.ts";
import { useFaultlines } from "../support/faultline.ts";
import { startSlackApi } from "../support/receivers/slack-api.ts";
import { type SimulatedTwilio, startSimulatedTwilio } from "../support/simulated-twilio/server.ts";
import { until } from "../support/until.ts";

/*
 * Notices from a real process to receivers that speak their real protocols.
 */

const faultlines = useFaultlines();
let backend: Backend | null = null;
let twilio: SimulatedTwilio | null = null;
const doubles: { stop(): Promise<void> }[] = [];

afterEach(async () => {
  await Promise.all([backend?.dispose(), twilio?.stop(), ...doubles.splice(0).map((double) => double.stop())]);
  backend = null;
  twilio = null;
});

/** A double that ends with the test. */
async function started<T extends { stop(): Promise<void> }>(double: Promise<T>): Promise<T> {
  const running = await double;
  doubles.push(running);
  return running;
}

describe.for([embedded, postgresAndRedis])("on $name", (kind) => {
  test.skipIf(!kind.available)("Slack has the cause within 3 s of the first event's request", async () => {
    backend = await kind.open();
    twilio = await startSimulatedTwilio({ latencyMs: 100 });
    const slack = await started(startSlackApi());
    const faultline = await faultlines.start({
      ...backend.env,
      TWILIO_API_BASE_URL: twilio.baseUrl,
      SLACK_API_URL: slack.url,
      SLACK_BOT_TOKEN: slack.token,
      SLACK_CHANNEL: slack.channel,
    });
    const [fault] = stageFaults(twilio, new Date());
    if (fault === undefined) throw new Error("expected a staged fault");

    const startedAt = Date.now();
    expect((await deliver(faultline.publicPort, webhookParcel(fault))).status).toBe(204);
    const [message] = await until("a message", 10_000, () => slack.messages().length > 0 && slack.messages());
    const took = (slack.received[0]?.at ?? Number.POSITIVE_INFINITY) - startedAt;

    console.log(took, JSON.stringify(message).slice(0, 3000));
    const text = JSON.stringify(message);
    expect(text).toContain("80604");
    expect(took).toBeLessThan(3_000);
    await faultline.stop();
  });
});
