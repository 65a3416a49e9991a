import pg from "pg";
import { afterEach, expect, test } from "vitest";
import { stageFaults } from "../../src/cli/demo/world.ts";
import { type Backend, embedded, postgresAndRedis } from "../support/backends.ts";
import { courier, deliver, streamParcel, webhookParcel } from "../support/deliver.ts";
import { type Faultline, useFaultlines } from "../support/faultline.ts";
import { errorEvent } from "../support/sign.ts";
import { type SimulatedTwilio, startSimulatedTwilio } from "../support/simulated-twilio/server.ts";
import { patternedSid } from "../support/simulated-twilio/world.ts";
import { allHashes, allText, filesUnder } from "../support/stored-text.ts";
import { until } from "../support/until.ts";

const faultlines = useFaultlines();
let backend: Backend | null = null;
let twilio: SimulatedTwilio | null = null;

afterEach(async () => {
  await Promise.all([backend?.dispose(), twilio?.stop()]);
  backend = null;
  twilio = null;
});

/** The five faults, staged, delivered as webhooks and diagnosed. */
async function diagnosedFaults(faultline: Faultline, simulated: SimulatedTwilio) {
  for (const event of stageFaults(simulated, new Date())) {
    expect((await deliver(faultline.publicPort, webhookParcel(event))).status).toBe(204);
  }
  return await until("all five to be diagnosed", 30_000, async () => {
    const list = await faultline.incidents();
    const details = await Promise.all(list.map(({ id }) => faultline.incident(id)));
    return details.length === 5 && details.every(({ diagnoses }) => diagnoses.length > 0) && details;
  });
}

/** The numbers of the staged faults, and the message somebody wanted to send. */
function expectNothingPrivate(text: string): void {
  expect(text.match(/5555550\d{3}/g), "phone numbers").toBeNull();
  expect(text.includes("I am at the gate"), "message body").toBe(false);
}

async function sealedSubjects({ databaseUrl }: Backend): Promise<number> {
  const client = new pg.Client(databaseUrl ?? "");
  await client.connect();
  const { rows } = await client.query<{ count: string }>("select count(sealed_subject) from faultline.work");
  await client.end();
  return Number(rows[0]?.count);
}

const confirmed: Record<number, string> = {
  80604: "reopened-session",
  80903: "participant-not-in-session",
  80905: "caller-not-in-open-session",
  50416: "stale-binding",
  48031: "other-user-engaged",
};

test("each of the five codes gets its confirmed cause, with evidence, a command, and the resource in the way", async () => {
  twilio = await startSimulatedTwilio();
  const faultline = await faultlines.start({ TWILIO_API_BASE_URL: twilio.baseUrl });

  const incidents = await diagnosedFaults(faultline, twilio);

  for (const { code, causes, evidence, remedies, conflicts } of incidents) {
    expect([code, causes[0]?.id, causes[0]?.verdict]).toEqual([code, confirmed[code], "confirmed"]);
    expect(evidence.length, `evidence of ${code}`).toBeGreaterThan(0);
    expect(
      remedies.filter(({ command, curl }) => command !== undefined || curl !== undefined).length,
      `commands of ${code}`,
    ).toBeGreaterThan(0);
    if (code === 80604 || code === 50416 || code === 48031) expect(conflicts.length, `conflicts of ${code}`).toBe(1);
  }
  expect(await faultline.metric("twilio_diagnoses_total", { verdict: "confirmed" })).toBeGreaterThanOrEqual(5);
  expect(await faultline.metric("twilio_incident_transitions_total", { transition: "diagnosed" })).toBe(5);
  await faultline.stop();
});

test.skipIf(!postgresAndRedis.available)(
  "the whole database holds no phone number and no message body, before and after the incidents resolve",
  async () => {
    backend = await postgresAndRedis.open();
    twilio = await startSimulatedTwilio();
    const faultline = await faultlines.start({
      ...backend.env,
      TWILIO_API_BASE_URL: twilio.baseUrl,
      INCIDENT_QUIET_PERIOD: "20s",
    });
    await diagnosedFaults(faultline, twilio);

    const stored = (await allText(backend.databaseUrl ?? "")) + (await allHashes(backend.redis?.url ?? ""));
    expect(stored).toContain("stale-binding");
    expectNothingPrivate(stored);
    expect(await sealedSubjects(backend)).toBeGreaterThanOrEqual(5);

    await until("the incidents to resolve", 40_000, async () =>
      (await faultline.incidents()).every(({ state }) => state === "resolved"),
    );
    expect(await sealedSubjects(backend)).toBe(0);
    await faultline.stop();
  },
);

test("nothing private stands in the files of the embedded database", async () => {
  backend = await embedded.open();
  twilio = await startSimulatedTwilio();
  const faultline = await faultlines.start({ ...backend.env, TWILIO_API_BASE_URL: twilio.baseUrl });
  await diagnosedFaults(faultline, twilio);
  await faultline.stop();

  const files = filesUnder(backend.env.DATA_DIR ?? "");
  expect(files.length).toBeGreaterThan(100);
  expect(files.some((text) => text.includes("stale-binding"))).toBe(true);
  for (const text of files) expectNothingPrivate(text);
});

test.skipIf(!postgresAndRedis.available)(
  "a storm of 10,000 events over 500 subjects stays within the sampling bound, and another incident is looked at within 5 s",
  async () => {
    backend = await postgresAndRedis.open();
    const simulated = await startSimulatedTwilio({ latencyMs: 50 });
    twilio = simulated;
    const faultline = await faultlines.start({
      ...backend.env,
      TWILIO_API_BASE_URL: simulated.baseUrl,
      TWILIO_REQUESTS_PER_SECOND: "5",
    });
    const { proxy } = simulated.state.account();
    const service = proxy.createService();
    const sender = courier(faultline.publicPort, 8);
    const batches = Array.from({ length: 100 }, (_, batch) =>
      Array.from({ length: 100 }, (_, index) => {
        const count = batch * 100 + index;
        const resource = patternedSid("KC", 0x1000 + (count % 500));
        return errorEvent({ code: 80604, at: new Date(), service: service.sid, resource }, 0x10_000 + count);
      }),
    );
    const statuses = await Promise.all(batches.map(async (batch) => (await sender.send(streamParcel(batch))).status));
    expect(statuses.every((status) => status === 204)).toBe(true);

    const [fault] = stageFaults(simulated, new Date()).filter(({ code }) => code === 50416);
    if (fault === undefined) throw new Error("expected a staged 50416");
    const asked = performance.now();
    expect((await sender.send(webhookParcel(fault))).status).toBe(204);
    await until(
      "the other incident to be asked about",
      5_000,
      () => simulated.calls.count("ParticipantConversations") > 0,
    );
    expect(performance.now() - asked).toBeLessThan(5_000);
    sender.close();

    const [storm] = (await faultline.incidents()).filter(({ code }) => code === 80604);
    expect(storm?.count).toBe(10_000);
    const sampled = await until("the storm's samples to be diagnosed", 120_000, async () => {
      const waiting = (await faultline.samples()).filter(
        ({ name, labels }) =>
          name === "faultline_queue_jobs" &&
          ["waiting", "active", "delayed", "prioritized"].includes(labels.state ?? ""),
      );
      const { diagnoses } = await faultline.incident(storm?.id ?? "");
      return waiting.every(({ value }) => value === 0) && diagnoses.length > 0 && diagnoses.length;
    });
    expect(sampled).toBeLessThanOrEqual(12);
    expect(simulated.calls.count("/proxy.twilio.com/")).toBeLessThanOrEqual(12 * 25);
    expect(simulated.calls.mostAtOnce).toBeLessThanOrEqual(4);
    await faultline.stop();
  },
);

test("a dead Twilio delays no delivery, and its diagnoses are kept to be run again", async () => {
  const simulated = await startSimulatedTwilio();
  twilio = simulated;
  const undo = simulated.faults.add({ path: "/", hang: true });
  const faultline = await faultlines.start({ TWILIO_API_BASE_URL: simulated.baseUrl });
  const events = stageFaults(simulated, new Date());

  const started = performance.now();
  for (const event of events) expect((await deliver(faultline.publicPort, webhookParcel(event))).status).toBe(204);
  expect(performance.now() - started, "five deliveries while Twilio hangs").toBeLessThan(2_000);
  await until("the jobs to be tried again later", 30_000, async () =>
    (await faultline.samples()).some(
      ({ name, labels, value }) =>
        name === "faultline_job_duration_seconds_count" && labels.outcome === "retried" && value > 0,
    ),
  );

  undo();
  const incidents = await until("the diagnoses after Twilio is back", 60_000, async () => {
    const list = await faultline.incidents();
    return list.length === 5 && list.every(({ causes }) => causes[0]?.verdict === "confirmed") && list;
  });
  expect(incidents.map(({ code }) => code).toSorted((a, b) => a - b)).toEqual([48031, 50416, 80604, 80903, 80905]);
  await faultline.stop();
});
