import { afterEach, expect, test } from "vitest";
import { type Backend, postgresAndRedis } from "../support/backends.ts";
import { courier, deliver, webhookParcel } from "../support/deliver.ts";
import { useFaultlines } from "../support/faultline.ts";
import { errorEvent } from "../support/sign.ts";
import { type SimulatedTwilio, startSimulatedTwilio } from "../support/simulated-twilio/server.ts";
import { until } from "../support/until.ts";

const faultlines = useFaultlines();
let backend: Backend | null = null;
let twilio: SimulatedTwilio | null = null;

afterEach(async () => {
  await Promise.all([backend?.dispose(), twilio?.stop()]);
  backend = null;
  twilio = null;
});

const isResolved = async (faultline: { incidents(): Promise<{ state: string }[]> }) =>
  (await faultline.incidents()).every(({ state }) => state === "resolved");

test.skipIf(!postgresAndRedis.available)(
  "a worker has no public port; ingest takes and shows, but neither diagnoses nor resolves",
  async () => {
    backend = await postgresAndRedis.open();
    const env = { ...backend.env, INCIDENT_QUIET_PERIOD: "1s" };
    const ingest = await faultlines.start(env, ["serve", "--role", "ingest"]);
    const parcel = webhookParcel(errorEvent({ code: 99_123 }, 1));
    expect((await deliver(ingest.publicPort, parcel)).status).toBe(204);
    const [incident] = await ingest.incidents();
    const due = Date.parse(incident?.lastSeen ?? "") + 5_000;
    // Five times its quiet period.
    await until("the quiet period to be long over", 10_000, () => Date.now() > due);
    expect(await isResolved(ingest)).toBe(false);
    expect(await ingest.metric("faultline_job_duration_seconds_count")).toBe(0);

    const worker = await faultlines.start({ ...env, PORT: String(ingest.publicPort) }, ["serve", "--role", "worker"]);
    expect(worker.logs().find(({ msg }) => msg === "Faultline is ready")).toMatchObject({
      role: "worker",
      publicPort: null,
    });
    await until("the incident to be resolved", 10_000, () => isResolved(ingest));
    await Promise.all([ingest.stop(), worker.stop()]);
  },
);

test.skipIf(!postgresAndRedis.available)(
  "SIGTERM to a worker: not ready at once, a diagnosis that outlasts SHUTDOWN_TIMEOUT is cut off and taken over",
  async () => {
    backend = await postgresAndRedis.open();
    twilio = await startSimulatedTwilio();
    // No answer for longer than the worker has left to live.
    twilio.faults.add({ path: "/", hang: true, times: 1 });
    const env = { ...backend.env, TWILIO_API_BASE_URL: twilio.baseUrl, SHUTDOWN_TIMEOUT: "2s" };
    const ingest = await faultlines.start(env, ["serve", "--role", "ingest"]);
    const first = await faultlines.start(env, ["serve", "--role", "worker"]);
    const sender = courier(ingest.publicPort, 1);
    expect((await sender.send(webhookParcel(errorEvent({ code: 80604 }, 1)))).status).toBe(204);
    sender.close();
    await until("the diagnosis to be under way", 10_000, () => twilio !== null && twilio.calls.mostAtOnce > 0);

    const asked = performance.now();
    const stopped = first.stop();
    await until("readiness to go off", 1_500, async () => (await first.get("/readyz")).status === 503);
    await stopped;
    expect(performance.now() - asked).toBeLessThan(6_000);
    expect(first.logs().map(({ msg }) => msg)).toContain("Jobs were cut off; the queue hands them to another worker");

    const second = await faultlines.start(env, ["serve", "--role", "worker"]);
    await until("another worker to have made the diagnosis", 90_000, async () => {
      const [incident] = await ingest.incidents();
      return (await ingest.incident(incident?.id ?? "")).diagnoses.length === 1;
    });
    await Promise.all([ingest.stop(), second.stop()]);
  },
);
