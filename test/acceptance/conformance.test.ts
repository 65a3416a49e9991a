import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { deliver, jsonParcel, type Parcel, signedFormBody } from "../support/deliver.ts";
import { account, type Faultline, useFaultlines } from "../support/faultline.ts";
import { growth } from "../support/operate-client.ts";
import { type Expected, type Sample, samples } from "./conformance-table.ts";

const folder = join(import.meta.dirname, "../../../shared/fixtures");
const counters = ["faultline_deliveries_total", "faultline_event_outcomes_total"];
const faultlines = useFaultlines();

describe.skipIf(!existsSync(folder))(
  "published and captured samples (skipped where ../shared/fixtures is not there)",
  () => {
    test("the table names every sample", () => {
      const files = ["debugger", "event-streams"].flatMap((part) => readdirSync(join(folder, part)));
      // A debugger-*.json is its .body, decoded: nothing that is sent.
      const sent = files.filter((file) => file.endsWith(".body") || /^(events|alarm)-.*\.json$/.test(file));
      expect(samples.map(({ file }) => file).toSorted()).toEqual(sent.toSorted());
    });

    test("each meets the answer and the outcome of the table", async () => {
      const faultline = await startWithAllAccounts();
      for (const sample of samples) {
        await expectOutcome(faultline, sample.file, parcelOf(sample, null), sample.path, sample);
      }
      // Once more, from an account we know: now what is in them counts.
      for (const sample of samples) {
        if (sample.fromKnownAccount === undefined) continue;
        const parcel = parcelOf(sample, account.sid);
        await expectOutcome(faultline, `${sample.file}, account known`, parcel, sample.path, sample.fromKnownAccount);
      }

      const wanted = (outcome: "recorded" | "quarantined") =>
        samples
          .flatMap((sample) => [sample.outcomes?.[outcome] ?? 0, sample.fromKnownAccount?.outcomes?.[outcome] ?? 0])
          .reduce((sum, each) => sum + each, 0);
      const events = await faultline.events();
      expect(events.length).toBe(wanted("recorded"));
      expect((await faultline.quarantine()).length).toBe(wanted("quarantined"));
      expect(await faultline.metric("twilio_debugger_events_total")).toBe(wanted("recorded"));

      const details = new Map(events.map((event) => [`${event.source} ${event.code} ${event.sid}`, event]));
      const of = (code: number) => [...details.values()].filter((event) => event.code === code);
      expect(of(93101)).toMatchObject([{ level: "INFO", incidentId: null, occurredAt: "2025-01-01T00:00:00.000Z" }]);
      expect(of(32009)).toMatchObject([{ level: "WARNING", resource: "CA8339b5eb12c2b5bcd3e5e21dd836855a" }]);
      expect(of(21408).map(({ occurredAt }) => occurredAt)).toEqual(Array(2).fill("2023-10-11T04:53:20.000Z"));
      expect(of(10004)).toMatchObject([{ source: "alarm", occurredAt: "2022-08-09T16:51:20.000Z" }]);
      const kept = JSON.stringify([events, await faultline.quarantine()]);
      for (const number of ["15555550101", "15555550199", "15551234567", "919999999999"])
        expect(kept).not.toContain(number);
      await faultline.stop();
    });
  },
);

test("the project's own samples: one event by webhook and again in a batch of two errors, a test event and a message", async () => {
  const faultline = await faultlines.start();
  const own = (file: string) => readFileSync(join(import.meta.dirname, "../fixtures", file));
  const form = own("debugger-80903.form").toString("utf8").trim();
  const before = await faultline.samples();
  expect((await deliver(faultline.publicPort, signedFormBody("/twilio/debugger", form))).status).toBe(204);
  const batch = jsonParcel("/twilio/events", own("event-streams-batch.json"));
  expect((await deliver(faultline.publicPort, batch)).status).toBe(204);

  const grown = growth(before, await faultline.samples(), ["faultline_event_outcomes_total"]);
  expect(grown).toEqual({
    'faultline_event_outcomes_total{outcome="recorded",source="debugger"}': 1,
    'faultline_event_outcomes_total{outcome="recorded",source="event_streams"}': 1,
    'faultline_event_outcomes_total{outcome="duplicate",source="event_streams"}': 1,
    'faultline_event_outcomes_total{outcome="ignored",source="event_streams"}': 2,
  });
  expect((await faultline.events()).map(({ sid }) => sid).toSorted()).toEqual(
    ["1", "2"].map((digit) => `NO${digit.repeat(32)}`),
  );
  await faultline.stop();
});

/** The accounts of the samples whose AccountSid has the shape of one. */
async function startWithAllAccounts(): Promise<Faultline> {
  const config = join(faultlines.folder(), "faultline.yaml");
  const others = ["2", "3"].map((digit) => `  - { sid: AC${digit.repeat(32)}, tokens: ["${account.token}"] }`);
  writeFileSync(config, `accounts:\n${others.join("\n")}\n`);
  return await faultlines.start({ FAULTLINE_CONFIG: config });
}

function parcelOf(sample: Sample, knownAccount: string | null): Parcel {
  const part = sample.path === "/twilio/events" ? "event-streams" : "debugger";
  const bytes = readFileSync(join(folder, part, sample.file));
  if (sample.file.endsWith(".json")) return jsonParcel(sample.path, bytes);
  const text = bytes.toString("utf8");
  const body = knownAccount === null ? text : text.replace(/(^|&)AccountSid=[^&]*/, `$1AccountSid=${knownAccount}`);
  return signedFormBody(sample.path, body);
}

async function expectOutcome(
  faultline: Faultline,
  what: string,
  parcel: Parcel,
  path: Sample["path"],
  expected: Expected,
): Promise<void> {
  const before = await faultline.samples();
  const reply = await deliver(faultline.publicPort, parcel);
  const grown = growth(before, await faultline.samples(), counters);

  const source = { "/twilio/debugger": "debugger", "/twilio/alarms": "alarm", "/twilio/events": "event_streams" }[path];
  const outcome = expected.reason === undefined ? "accepted" : "rejected";
  const delivery = `outcome="${outcome}",reason="${expected.reason ?? "none"}",source="${source}"`;
  const outcomes = Object.entries(expected.outcomes ?? {}).map(
    ([fate, count]) => [`faultline_event_outcomes_total{outcome="${fate}",source="${source}"}`, count] as const,
  );
  expect({ status: reply.status, grown }, what).toEqual({
    status: expected.status,
    grown: { [`faultline_deliveries_total{${delivery}}`]: 1, ...Object.fromEntries(outcomes) },
  });
}
