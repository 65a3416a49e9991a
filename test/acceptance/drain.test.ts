import { expect, test } from "vitest";
import { courier, webhookParcel } from "../support/deliver.ts";
import { useFaultlines } from "../support/faultline.ts";
import { errorEvent } from "../support/sign.ts";
import { until } from "../support/until.ts";

const faultlines = useFaultlines();

const drainDelayMs = 2_000;

test("DRAIN_DELAY: readiness goes off first, deliveries are taken on until it is over, then the port closes", async () => {
  const faultline = await faultlines.start({ DRAIN_DELAY: `${drainDelayMs / 1_000}s` });
  const sender = courier(faultline.publicPort, 1);
  expect((await sender.send(webhookParcel(errorEvent({ code: 80604 }, 1)))).status).toBe(204);

  const started = performance.now();
  const stopped = faultline.stop();
  await until("readiness to go off", drainDelayMs, async () => (await faultline.get("/readyz")).status === 503);
  expect(await (await faultline.get("/readyz")).json()).toMatchObject({ checks: { process: "draining" } });
  // A kept-alive connection is used once more, then given up; a new one is taken, too.
  for (const count of [2, 3]) {
    const answer = await sender.send(webhookParcel(errorEvent({ code: 80604 }, count)));
    expect(answer).toMatchObject({ status: 204, headers: { connection: "close" } });
  }
  expect(performance.now() - started).toBeLessThan(drainDelayMs);
  expect((await faultline.get("/livez")).status).toBe(200);

  await stopped;
  expect(performance.now() - started).toBeGreaterThan(drainDelayMs);
  await expect(sender.send(webhookParcel(errorEvent({ code: 80604 }, 4)))).rejects.toThrow("ECONNREFUSED");
  sender.close();
});
