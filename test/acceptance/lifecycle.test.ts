import { afterEach, describe, expect, test } from "vitest";
import { type Backend, embedded, postgresAndRedis } from "../support/backends.ts";
import { expectExactBooks } from "../support/books.ts";
import { deliver, jsonParcel, streamParcel, webhookParcel } from "../support/deliver.ts";
import { type Faultline, useFaultlines } from "../support/faultline.ts";
import { seededRandom } from "../support/random.ts";
import { type RunningRedis, startRedis } from "../support/redis.ts";
import { errorEvent } from "../support/sign.ts";
import { type SimulatedTwilio, startSimulatedTwilio } from "../support/simulated-twilio/server.ts";
import { streamOfDeliveries } from "../support/stream-of-deliveries.ts";
import { until } from "../support/until.ts";

const faultlines = useFaultlines();
let backend: Backend | null = null;
let twilio: SimulatedTwilio | null = null;
let secondRedis: RunningRedis | null = null;

afterEach(async () => {
  await Promise.all([backend?.dispose(), twilio?.stop(), secondRedis?.stop()]);
  backend = null;
  twilio = null;
  secondRedis = null;
});

async function openedBy(faultline: Faultline, code: number) {
  const found = (await faultline.incidents()).filter((incident) => incident.code === code);
  expect(found.length, `incidents of ${code}`).toBe(1);
  return await faultline.incident(found[0]?.id ?? "");
}

describe.for([embedded, postgresAndRedis])("SIGTERM under load, $name", (kind) => {
  test.skipIf(!kind.available)("ends with 0, and everything acknowledged is recorded", async () => {
    backend = await kind.open();
    const faultline = await faultlines.start(backend.env);
    const stream = streamOfDeliveries(seededRandom(1));
    let reached: () => void = () => undefined;
    const enough = new Promise<void>((resolve) => {
      reached = resolve;
    });
    const sending = stream.run(faultline.publicPort, (deliveries) => {
      if (deliveries === 150) reached();
    });
    await Promise.race([enough, sending]);
    await faultline.stop(20_000);
    await sending;
    // 503 asks the sender to come again elsewhere; nothing else is said to anybody.
    expect([...stream.otherAnswers.keys()].filter((status) => status !== 503)).toEqual([]);
    expect(faultline.logs().filter(({ level }) => level === "error")).toEqual([]);

    const next = await faultlines.start(backend.env);
    await stream.retryAll(next.publicPort);
    const { events } = await expectExactBooks(next, stream);
    expect(events).toBeGreaterThanOrEqual(150);
    await next.stop();
  });
});

test("a quiet incident resolves, and reopens when its event comes back", async () => {
  const faultline = await faultlines.start({ INCIDENT_QUIET_PERIOD: "1s" });
  const send = async (count: number) => {
    expect((await deliver(faultline.publicPort, webhookParcel(errorEvent({ code: 99_123 }, count)))).status).toBe(204);
  };
  await send(1);
  const opened = await openedBy(faultline, 99_123);
  expect(opened).toMatchObject({ state: "open", count: 1, resolvedAt: null });
  expect(await faultline.metric("twilio_incidents_open")).toBe(1);

  const resolved = await until("the quiet incident to resolve", 10_000, async () => {
    const incident = await faultline.incident(opened.id);
    return incident.state === "resolved" && incident;
  });
  const quietMs = Date.parse(resolved.resolvedAt ?? "") - Date.parse(resolved.lastSeen);
  expect(quietMs).toBeGreaterThanOrEqual(1_000);
  expect(await faultline.metric("twilio_incidents_open")).toBe(0);

  // An event it has had before changes nothing; a new one reopens it.
  await send(1);
  expect(await faultline.incident(opened.id)).toMatchObject({ state: "resolved", count: 1 });
  await send(2);
  expect(await openedBy(faultline, 99_123)).toMatchObject({ id: opened.id, state: "open", count: 2, resolvedAt: null });
  const transitions = async (transition: string) =>
    await faultline.metric("twilio_incident_transitions_total", { transition });
  expect([await transitions("opened"), await transitions("resolved"), await transitions("reopened")]).toEqual([
    1, 1, 1,
  ]);
  await faultline.stop();
});

test("the same test event is answered each time, counted each time and never a duplicate", async () => {
  const faultline = await faultlines.start();
  const event = {
    specversion: "1.0",
    type: "com.twilio.eventstreams.test-event",
    source: "Sink",
    id: `AC${"a".repeat(32)}`,
    data: { test_id: "00000000-0000-4000-8000-000000000001" },
  };
  for (let time = 0; time < 3; time++) {
    expect((await deliver(faultline.publicPort, jsonParcel("/twilio/events", JSON.stringify([event])))).status).toBe(
      204,
    );
  }
  const outcome = (name: string) => faultline.metric("faultline_event_outcomes_total", { outcome: name });
  expect([await outcome("ignored"), await outcome("duplicate"), await outcome("recorded")]).toEqual([3, 0, 0]);
  expect(await faultline.events()).toEqual([]);
  expect(await faultline.incidents()).toEqual([]);
  await faultline.stop();
});

describe.for([embedded, postgresAndRedis])("diagnosis, $name", (kind) => {
  test.skipIf(!kind.available)("fetches the Alert, attaches what failed, and says nothing private", async () => {
    backend = await kind.open();
    twilio = await startSimulatedTwilio();
    const event = errorEvent({ code: 11200, message: "HTTP retrieval failure" }, 7);
    twilio.state.account().monitor.addAlert({
      sid: event.sid,
      code: 11200,
      method: "POST",
      url: "https://user:hunter2@app.example.com/voice/inbound?customer=4711&From=%2B15555550142",
      text: { Msg: "HTTP retrieval failure", httpResponse: "502" },
      variables: { From: "+15555550142", Body: "meet me at the usual place" },
      responseHeaders: {
        "X-Twilio-WebhookError": "11203 HTTP communication total time out triggered",
        "Set-Cookie": "session=hunter2",
      },
      responseBody: "<html>+15555550142</html>",
    });
    const faultline = await faultlines.start({ ...backend.env, TWILIO_API_BASE_URL: twilio.baseUrl });
    expect((await deliver(faultline.publicPort, webhookParcel(event))).status).toBe(204);

    const incident = await until("the diagnosis", 15_000, async () => {
      const found = await openedBy(faultline, 11200);
      return found.diagnoses.length > 0 && found;
    });
    expect(incident.diagnoses).toMatchObject([
      {
        eventSid: event.sid,
        calls: 1,
        failedRequest: {
          host: "app.example.com",
          path: "/voice/inbound",
          method: "POST",
          status: 502,
          reason: "11203 HTTP communication total time out triggered",
        },
      },
    ]);
    const [evidence] = incident.evidence;
    expect(evidence?.text).toContain("app.example.com/voice/inbound");
    expect(evidence?.text).toContain("11203");
    expect(evidence?.source).toBe(`GET /v1/Alerts/${event.sid}`);
    const waitedMs = Date.parse(incident.diagnoses[0]?.at ?? "") - Date.parse(incident.firstSeen);
    expect(waitedMs, "from the event to its diagnosis, in ms").toBeLessThan(3_000);
    expect(await faultline.metric("faultline_twilio_requests_total", { outcome: "ok" })).toBe(1);
    expect(twilio.calls.count("/v1/Alerts/")).toBe(1);
    const shown = JSON.stringify(incident) + faultline.output();
    for (const secret of ["hunter2", "4711", "5555550142", "usual place"]) expect(shown).not.toContain(secret);
    await faultline.stop();
  });
});

describe("the queue is only work", () => {
  test.skipIf(!postgresAndRedis.available)(
    "sockudo PR#434: what Redis loses, and what came in while it was away, is diagnosed all the same",
    async () => {
      backend = await postgresAndRedis.open();
      const { redis } = backend;
      if (redis === null) throw new Error("expected a Redis");
      twilio = await startSimulatedTwilio();
      const env = { ...backend.env, TWILIO_API_BASE_URL: twilio.baseUrl };
      const ingest = await faultlines.start(env, ["serve", "--role", "ingest"]);
      const [flushed, away] = [errorEvent({ code: 80604 }, 1), errorEvent({ code: 50416 }, 2)];

      // Taken by Redis, then lost by it.
      expect((await deliver(ingest.publicPort, webhookParcel(flushed))).status).toBe(204);
      await until("the job to be in Redis", 10_000, async () => (await ingest.metric("faultline_queue_jobs")) > 0);
      await redis.stop();
      // No Redis: nobody waits for it.
      const started = performance.now();
      expect((await deliver(ingest.publicPort, streamParcel([away]))).status).toBe(204);
      expect(performance.now() - started).toBeLessThan(1_000);
      expect((await ingest.get("/livez")).status).toBe(200);
      // It takes deliveries, and a load balancer is to bring them.
      const ready = await ingest.get("/readyz");
      expect([ready.status, await ready.json()]).toMatchObject([200, { checks: { queue: "unreachable" } }]);
      // It comes back with nothing in it, as after FLUSHALL.
      secondRedis = await startRedis({ port: redis.port });

      const worker = await faultlines.start(env, ["serve", "--role", "worker"]);
      // Overdue after 60 s, swept every 10 s.
      for (const { code, sid } of [flushed, away]) {
        const incident = await until(`the diagnosis of ${code}`, 90_000, async () => {
          const found = await openedBy(worker, code);
          return found.diagnoses.length > 0 && found;
        });
        expect(incident.diagnoses.map(({ eventSid }) => eventSid)).toEqual([sid]);
      }
      await Promise.all([ingest.stop(), worker.stop()]);
    },
  );
});
