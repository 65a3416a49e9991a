import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { type App, startApp } from "../../src/app.ts";
import { mistakesText, readConfig } from "../../src/config.ts";
import { createLog } from "../../src/telemetry/log.ts";
import { deliver, streamParcel, webhookParcel } from "../support/deliver.ts";
import { baseEnvironment } from "../support/faultline.ts";
import { operateClient } from "../support/operate-client.ts";
import { errorEvent } from "../support/sign.ts";

const hourMs = 60 * 60 * 1000;
const folder = mkdtempSync(join(tmpdir(), "faultline-replay-"));
let app: App | null = null;

afterEach(async () => {
  await app?.stop();
  rmSync(folder, { recursive: true, force: true });
});

test("signed deliveries that somebody sends again an hour later are duplicates and change nothing", async () => {
  const time = { ms: Date.parse("2026-01-15T10:00:00.000Z") };
  // Quiet only after a day: nothing but the replay could change an incident.
  const env = { ...baseEnvironment(folder), INCIDENT_QUIET_PERIOD: "1d", LOG_LEVEL: "silent" };
  const loaded = readConfig({ env, readFile: () => "", exists: () => false });
  if (!loaded.ok) throw new Error(mistakesText(loaded.mistakes));
  const log = createLog({ level: "silent", pretty: false });
  app = await startApp(loaded.config, log, { role: "ingest", clock: { now: () => new Date(time.ms) } });
  const port = app.publicPort ?? 0;
  const client = operateClient(`http://127.0.0.1:${app.adminPort}`);

  const events = [1, 2, 3, 4].map((count) => errorEvent({ code: count % 2 === 0 ? 80604 : 50416 }, count));
  const captured = [...events.map((event) => webhookParcel(event)), streamParcel(events)];
  for (const parcel of captured) expect((await deliver(port, parcel)).status).toBe(204);
  const record = async () => {
    const incidents = await client.incidents();
    const details = await Promise.all(incidents.map(({ id }) => client.incident(id)));
    return { incidents, details, events: await client.events(), quarantine: await client.quarantine() };
  };
  const before = await record();
  expect(before.incidents.map(({ count }) => count)).toEqual([2, 2]);
  expect(before.incidents.map(({ lastSeen }) => lastSeen)).toEqual(Array(2).fill("2026-01-15T10:00:00.000Z"));
  const outcomes = () => client.metric("faultline_event_outcomes_total", { outcome: "duplicate" });
  expect(await outcomes()).toBe(4);

  time.ms += hourMs;
  for (let round = 0; round < 5; round += 1) {
    for (const parcel of captured) expect((await deliver(port, parcel)).status).toBe(204);
  }
  expect(await record()).toEqual(before);
  expect(await outcomes()).toBe(4 + 5 * 8);
  expect(await client.metric("twilio_debugger_events_total")).toBe(4);
  expect(await client.metric("twilio_incident_transitions_total", { transition: "opened" })).toBe(2);
  // What is new still moves the clock.
  expect((await deliver(port, webhookParcel(errorEvent({ code: 80604 }, 99)))).status).toBe(204);
  const [moved] = (await client.incidents()).filter(({ code }) => code === 80604);
  expect(moved).toMatchObject({ count: 3, lastSeen: "2026-01-15T11:00:00.000Z" });
});
