import { expect, test } from "vitest";
import { courier, webhookParcel } from "../support/deliver.ts";
import { useFaultlines } from "../support/faultline.ts";
import { errorEvent } from "../support/sign.ts";

const faultlines = useFaultlines();

/** Event Streams gives up on an answer after five seconds: https://www.twilio.com/docs/events/event-delivery-and-duplication */
const twilioWaitsMs = 5_000;

test("FormSG#3103: bursts of four callbacks a message are each answered while Twilio still waits", async () => {
  const faultline = await faultlines.start();
  const sender = courier(faultline.publicPort, 16);
  const took: number[] = [];
  for (let message = 0; message < 100; message += 1) {
    const burst = [0, 1, 2, 3].map((part) => errorEvent({ code: 30_003 }, message * 4 + part + 1));
    await Promise.all(
      burst.map(async (event) => {
        const started = performance.now();
        expect((await sender.send(webhookParcel(event))).status).toBe(204);
        took.push(performance.now() - started);
      }),
    );
  }
  sender.close();
  const p99 = took.toSorted((a, b) => a - b)[Math.floor(took.length * 0.99)] ?? Number.POSITIVE_INFINITY;
  expect(p99).toBeLessThan(twilioWaitsMs);
  expect((await faultline.events()).length).toBe(400);
  await faultline.stop();
});
