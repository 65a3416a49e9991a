import { existsSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { Parsed } from "../../../src/core/event.ts";
import { redactPayload, redactText } from "../../../src/core/redact.ts";
import { parseAlarm, parseAlarmJson } from "../../../src/core/wire/alarm.ts";
import { parseDebuggerWebhook } from "../../../src/core/wire/debugger-webhook.ts";
import { parseEventStreams } from "../../../src/core/wire/event-streams.ts";
import { type FormFields, parseForm } from "../../../src/core/wire/form.ts";

const shared = new URL("../../../../shared/fixtures/", import.meta.url);

function fieldsOf(body: Buffer): FormFields {
  const form = parseForm(body);
  if (!form.ok) throw new Error(`expected fields, got ${form.reason}`);
  return form.fields;
}

/** What a sample became, in one word or number an entry. */
function fates(name: string): (string | number)[] {
  const body = readFileSync(new URL(name, shared));
  const parsed: Parsed[] = name.startsWith("event-streams/")
    ? parseEventStreams(body)
    : name.startsWith("debugger/alarm")
      ? [name.endsWith(".json") ? parseAlarmJson(body) : parseAlarm(fieldsOf(body))]
      : [parseDebuggerWebhook(fieldsOf(body))];
  return parsed.map((one) => (one.kind === "event" ? one.event.code : `${one.kind}: ${one.reason}`));
}

const samples: Record<string, (string | number)[]> = {
  "debugger/alarm-01-docs.body": [10004],
  "debugger/alarm-01-docs.json": [10004],
  "debugger/alarm-02-legacy-alert-trigger.body": [11200],
  "debugger/debugger-01-docs-11200.body": [11200],
  "debugger/debugger-03-real-32009-sip-warning.body": [32009],
  "debugger/debugger-04-real-32009-sip-stage.body": ["quarantined: no_account"],
  "debugger/debugger-08-fixture-21408.body": [21408],
  "debugger/debugger-09-fixture-21408-no-more-info.body": [21408],
  "debugger/debugger-12-fixture-level-info-nonjson.body": ["quarantined: not_json"],
  "debugger/debugger-13-fixture-no-error-code.body": ["quarantined: no_account"],
  "debugger/debugger-14-fixture-payloadtype-xml.body": ["quarantined: no_account"],
  "debugger/debugger-15-fixture-bad-form.body": ["quarantined: no_account"],
  "debugger/debugger-16-fixture-oversize.body": ["quarantined: no_account"],
  "debugger/debugger-2x-synthetic-48031.body": [48031],
  "debugger/debugger-2x-synthetic-50416.body": [50416],
  "debugger/debugger-2x-synthetic-80604.body": [80604],
  "debugger/debugger-2x-synthetic-80903.body": [80903],
  "debugger/debugger-2x-synthetic-80905.body": [80905],
  "event-streams/events-01-docs-error-log.json": [93101],
  "event-streams/events-02-real-test-event.json": ["ignored: test_event"],
  "event-streams/events-04-real-message-sent.json": ["ignored: other_event_type"],
  "event-streams/events-07-docs-verify-delivered.json": ["ignored: other_event_type"],
  "event-streams/events-08-docs-studio-ended.json": ["ignored: other_event_type"],
  "event-streams/events-10-fixture-a2p-number-batch.json": ["ignored: other_event_type"],
  "event-streams/events-20-synthetic-batch-5-codes.json": [80604, 80903, 80905, 50416, 48031],
  "event-streams/events-21-synthetic-duplicate-and-out-of-order.json": [80905, 80604, 80604, 80903],
  "event-streams/events-23-synthetic-alt-type-name.json": [80604],
};

describe.skipIf(!existsSync(shared))("the shared samples (a folder that need not exist)", () => {
  it.each(Object.entries(samples))("%s", (name, expected) => {
    expect(fates(name)).toEqual(expected);
  });

  it("are the same events with and without the account their capture left out", () => {
    const body = readFileSync(new URL("debugger/debugger-04-real-32009-sip-stage.body", shared));
    const parsed = parseDebuggerWebhook([...fieldsOf(body), ["AccountSid", "AC1"]]);
    expect(parsed).toMatchObject({ kind: "event", event: { code: 32009, level: "WARNING", account: "AC1" } });
    expect(parsed.kind === "event" && JSON.stringify(redactPayload(parsed.event.payload))).not.toContain("demo-one");
  });

  it("keep the identity of one event across transports and spellings", () => {
    const events = parseEventStreams(
      readFileSync(new URL("event-streams/events-21-synthetic-duplicate-and-out-of-order.json", shared)),
    );
    const sids = events.map((one) => (one.kind === "event" ? one.event.sid : one.kind));
    expect(sids[1]).toBe(sids[2]);
    expect(new Set(sids).size).toBe(3);
  });

  it("too large for a payload are cut in quarantine", () => {
    const parsed = parseDebuggerWebhook(
      fieldsOf(readFileSync(new URL("debugger/debugger-16-fixture-oversize.body", shared))),
    );
    expect(parsed.kind === "quarantined" && redactText(parsed.raw).length).toBeLessThanOrEqual(16 * 1024);
  });
});
