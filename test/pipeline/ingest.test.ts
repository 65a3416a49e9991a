import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { loadCatalogue } from "../../src/core/catalogue.ts";
import { eventOutcomes } from "../../src/core/outcome.ts";
import { compileRules } from "../../src/core/rules/match.ts";
import type { Rule } from "../../src/core/rules/rule.ts";
import { createSeal } from "../../src/core/seal.ts";
import { createIngest, type Ingest } from "../../src/pipeline/ingest.ts";
import { type Delivery, StoreUnavailable, type Work } from "../../src/pipeline/ports.ts";
import type { Tracing } from "../../src/pipeline/trace-ports.ts";
import { loadBuiltInRules } from "../../src/rule-packs.ts";
import { linkedTracing, traceParent } from "../support/linked-tracing.ts";
import {
  debuggerForm,
  type ErrorEvent,
  encodeForm,
  errorEvent,
  signForm,
  signJson,
  streamBatch,
  streamEvent,
} from "../support/sign.ts";
import { countingTelemetry, type Journal, memoryStore, now } from "./fakes.ts";

const token = "0123456789abcdef0123456789abcdef";
const account = `AC${"a".repeat(32)}`;
const publicUrl = "https://hooks.example.com";
const catalogue = loadCatalogue();
const builtInRules = loadBuiltInRules();

/** Ingest over memory, with everything it did in plain sight. */
function createWorld(options: { userRules?: Rule[]; allowUnsigned?: boolean; tracing?: Tracing } = {}) {
  const journal: Journal = [];
  const store = memoryStore(journal);
  const telemetry = countingTelemetry();
  const dispatched: Work[] = [];
  const parts = {
    trust: { publicUrl, tokensByAccount: new Map([[account, [token]]]), allowUnsigned: options.allowUnsigned ?? false },
    rules: compileRules(options.userRules ?? [], builtInRules, catalogue),
    quietPeriodMs: 1_800_000,
    seal: createSeal("a secret for tests", (bytes) => Buffer.alloc(bytes, 7)),
    store,
    dispatch: (work: readonly Work[]) => {
      journal.push("dispatch");
      dispatched.push(...work);
    },
    telemetry,
    ...(options.tracing !== undefined && { tracing: options.tracing }),
  };
  const bare = createIngest(parts);
  const ingest: Ingest = async (delivery) => {
    const answer = await bare(delivery);
    journal.push("answered");
    return answer;
  };
  return { ingest, journal, store, telemetry, dispatched };
}

function webhook(event: ErrorEvent, change: Record<string, string> = {}, signer = token): Delivery {
  const form = { ...debuggerForm(event), ...change };
  return {
    source: "debugger",
    bodyType: "form",
    target: "/twilio/debugger",
    signature: signForm(signer, `${publicUrl}/twilio/debugger`, form),
    body: Buffer.from(encodeForm(form)),
    receivedAt: now,
  };
}

function stream(body: string): Delivery {
  const { url, signature } = signJson(token, `${publicUrl}/twilio/events`, body);
  return {
    source: "event_streams",
    bodyType: "json",
    target: url.slice(publicUrl.length),
    signature,
    body: Buffer.from(body),
    receivedAt: now,
  };
}

const testEvent = { specversion: "1.0", type: "com.twilio.eventstreams.test-event", source: "Sink", id: "x", data: {} };
const otherEvent = { specversion: "1.0", type: "com.twilio.messaging.message.sent", source: "s", id: "x", data: {} };

describe("the order of things", () => {
  it("is: commit, then dispatch, then the answer", async () => {
    const { ingest, journal } = createWorld();
    expect(await ingest(webhook(errorEvent({ code: 80604 })))).toEqual({ outcome: "accepted" });
    expect(journal).toEqual(["record", "committed", "dispatch", "answered"]);
  });

  it("keeps what cannot be read in quarantine before it answers, too", async () => {
    const { ingest, journal, store } = createWorld();
    const body = JSON.stringify([streamEvent(errorEvent({ code: 80604 })), 42]);
    expect(await ingest(stream(body))).toEqual({ outcome: "accepted" });
    expect(journal.indexOf("answered")).toBeGreaterThan(journal.indexOf("committed"));
    expect(journal.indexOf("answered")).toBeGreaterThan(journal.indexOf("quarantined"));
    expect([store.events.size, store.quarantined.length]).toEqual([1, 1]);
  });

  it("does not touch the record for a delivery nobody signed", async () => {
    const { ingest, journal, telemetry } = createWorld();
    const answer = await ingest(webhook(errorEvent({ code: 80604 }), {}, "another token"));
    expect(answer).toEqual({ outcome: "rejected", reason: "wrong_signature" });
    expect(journal).toEqual(["answered"]);
    expect(telemetry.outcomes.size).toBe(0);
  });

  it("dispatches only the work that was written with the events", async () => {
    const { ingest, dispatched } = createWorld();
    const event = errorEvent({ code: 80604 });
    await ingest(webhook(event));
    await ingest(stream(streamBatch([event])));
    expect(dispatched).toMatchObject([
      { id: `w_${event.sid}`, kind: "diagnose", incidentId: "inc_1", eventSid: event.sid },
    ]);
  });
});

describe("a store that is away", () => {
  it.each(["database_unavailable", "overloaded"] as const)(
    "(%s) sends the sender away to come again",
    async (reason) => {
      const { ingest, store, telemetry, dispatched } = createWorld();
      store.failure = new StoreUnavailable(reason);
      const event = errorEvent({ code: 80604 });
      expect(await ingest(webhook(event))).toEqual({ outcome: "rejected", reason, retryAfterSeconds: 5 });
      expect(await ingest(stream("[1]"))).toEqual({ outcome: "rejected", reason, retryAfterSeconds: 5 });
      expect([telemetry.outcomes.size, telemetry.recorded, dispatched]).toEqual([0, [], []]);
      store.failure = null;
      expect(await ingest(webhook(event))).toEqual({ outcome: "accepted" });
      expect(telemetry.outcomes).toEqual(new Map([["debugger recorded", 1]]));
    },
  );

  it("lets other failures through: they are no verdict on the delivery", async () => {
    const { ingest, store } = createWorld();
    store.failure = new TypeError("a mistake of ours");
    await expect(ingest(webhook(errorEvent({ code: 80604 })))).rejects.toBe(store.failure);
  });
});

describe("counting", () => {
  it("gives each entry exactly one outcome, and a new event its labels once", async () => {
    const { ingest, telemetry } = createWorld();
    const event = errorEvent({ code: 80604 });
    const second = errorEvent({ code: 11200 }, 2);
    const entries = [event, event, second].map(streamEvent);
    await ingest(stream(JSON.stringify([...entries, testEvent, otherEvent, "x", { type: 1 }])));
    await ingest(webhook(event));
    await ingest(webhook(second, { Payload: "<Response/>" }));
    expect(telemetry.outcomes).toEqual(
      new Map([
        ["event_streams ignored", 2],
        ["event_streams quarantined", 2],
        ["event_streams recorded", 2],
        ["event_streams duplicate", 1],
        ["debugger duplicate", 1],
        ["debugger quarantined", 1],
      ]),
    );
    expect(telemetry.recorded).toEqual([
      { source: "event_streams", account, product: "Proxy", code: 80604, level: "WARNING" },
      { source: "event_streams", account, product: expect.any(String), code: 11200, level: "ERROR" },
    ]);
    expect(telemetry.transitions).toEqual([
      [80604, "opened"],
      [11200, "opened"],
    ]);
  });

  it("knows a sink's test event each time it comes", async () => {
    const { ingest, telemetry, journal } = createWorld();
    await ingest(stream(JSON.stringify([testEvent])));
    await ingest(stream(JSON.stringify(testEvent)));
    expect(telemetry.outcomes).toEqual(new Map([["event_streams ignored", 2]]));
    expect(journal.filter((step) => step === "record")).toEqual([]);
  });

  it("takes an empty batch", async () => {
    const { ingest, telemetry } = createWorld();
    expect(await ingest(stream("[]"))).toEqual({ outcome: "accepted" });
    expect(telemetry.outcomes.size).toBe(0);
  });

  it("adds up to the number of entries, whatever comes (property)", async () => {
    const entry = fc.oneof(
      fc.integer({ min: 1, max: 6 }).map((n) => streamEvent(errorEvent({ code: 80604 }, n))),
      fc.integer({ min: 1, max: 99_999 }).map((code) => streamEvent(errorEvent({ code }, code))),
      fc.record({ type: fc.constantFrom("com.twilio.error-logs.error.logged", "x"), data: fc.jsonValue() }),
      fc.constantFrom(testEvent, otherEvent),
      fc.jsonValue(),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(entry, { maxLength: 8 }), { maxLength: 4 }), async (batches) => {
        const { ingest, telemetry, store } = createWorld();
        for (const batch of batches)
          expect(await ingest(stream(JSON.stringify(batch)))).toEqual({ outcome: "accepted" });
        const counted = [...telemetry.outcomes.values()].reduce((sum, count) => sum + count, 0);
        expect(counted).toBe(batches.flat().length);
        expect(telemetry.outcomes.get("event_streams recorded") ?? 0).toBe(store.events.size);
        expect(telemetry.recorded).toHaveLength(store.events.size);
        expect(telemetry.outcomes.get("event_streams quarantined") ?? 0).toBe(store.quarantined.length);
        const known = eventOutcomes.map((outcome) => `event_streams ${outcome}`);
        expect(known).toEqual(expect.arrayContaining([...telemetry.outcomes.keys()]));
      }),
      { numRuns: 300 },
    );
  });

  it("gives every signed form exactly one outcome and never fails (property)", async () => {
    const text = fc.oneof(fc.string({ unit: "binary", maxLength: 40 }), fc.json());
    const form = fc.dictionary(fc.constantFrom("Sid", "Level", "Payload", "Timestamp", "x[]", "__proto__"), text);
    await fc.assert(
      fc.asyncProperty(form, fc.constantFrom("debugger", "alarm"), async (fields, source) => {
        const { ingest, telemetry } = createWorld({ allowUnsigned: true });
        const body = Buffer.from(encodeForm({ AccountSid: account, ...fields }));
        const delivery = { source, bodyType: "form", target: "/", signature: null, body, receivedAt: now } as const;
        expect(await ingest(delivery)).toEqual({ outcome: "accepted" });
        expect([...telemetry.outcomes.values()]).toEqual([1]);
      }),
      { numRuns: 300 },
    );
  });
});

describe("what opens an incident", () => {
  it.each(["INFO", "info", "DEBUG"])("level %s does not; the event is kept and counted", async (level) => {
    const { ingest, store, telemetry } = createWorld();
    await ingest(webhook(errorEvent({ code: 82_004, level })));
    expect([...store.events.values()].map(({ fingerprint }) => fingerprint)).toEqual([null]);
    expect(telemetry.outcomes).toEqual(new Map([["debugger recorded", 1]]));
    expect(telemetry.recorded).toMatchObject([{ code: 82_004, level: level.toUpperCase() }]);
    expect(telemetry.transitions).toEqual([]);
  });

  it.each(["ERROR", "warning", "NOTICE"])("level %s does", async (level) => {
    const { ingest, telemetry } = createWorld();
    await ingest(webhook(errorEvent({ code: 80604, level })));
    expect(telemetry.transitions).toEqual([[80604, "opened"]]);
  });

  it("a code nobody knows does", async () => {
    const { ingest, store, telemetry } = createWorld();
    await ingest(webhook(errorEvent({ code: 999_999 })));
    expect([...store.events.values()]).toMatchObject([{ ruleId: null, title: "Unknown error 999999" }]);
    expect(telemetry.transitions).toEqual([[999_999, "opened"]]);
  });

  it("a silenced event does not; it is counted like any other", async () => {
    const { ingest, store, telemetry } = createWorld({
      userRules: [{ id: "quiet-please", match: { code: 80604 }, silence: true }],
    });
    await ingest(stream(streamBatch([errorEvent({ code: 80604 }), errorEvent({ code: 80903 }, 2)])));
    expect([...store.events.values()].map(({ fingerprint }) => fingerprint === null)).toEqual([true, false]);
    expect(telemetry.outcomes).toEqual(new Map([["event_streams recorded", 2]]));
    expect(telemetry.recorded.map(({ code }) => code)).toEqual([80604, 80903]);
    expect(telemetry.transitions).toEqual([[80903, "opened"]]);
  });

  it("a rule decides what: severity, grouping, quiet period", async () => {
    const { ingest, store } = createWorld({
      userRules: [
        {
          id: "mine",
          match: { code: 80604 },
          severity: "critical",
          groupBy: ["resource"],
          quietPeriod: "2h",
          title: "Mine",
        },
      ],
    });
    const first = errorEvent({ code: 80604 }, 1);
    await ingest(
      stream(
        streamBatch([first, errorEvent({ code: 80604, resource: first.resource }, 2), errorEvent({ code: 80604 }, 3)]),
      ),
    );
    const kept = [...store.events.values()];
    expect(kept[0]).toMatchObject({ ruleId: "mine", severity: "critical", title: "Mine", quietPeriodMs: 7_200_000 });
    expect(kept[0]?.matched).toEqual(expect.arrayContaining(["code 80604"]));
    expect(kept[0]?.fingerprint).toBe(kept[1]?.fingerprint);
    expect(kept[0]?.fingerprint).not.toBe(kept[2]?.fingerprint);
  });

  it("without a word on it, the configured quiet period holds", async () => {
    const { ingest, store } = createWorld();
    await ingest(webhook(errorEvent({ code: 999_999 })));
    expect([...store.events.values()]).toMatchObject([{ quietPeriodMs: 1_800_000 }]);
  });
});

describe("what is private", () => {
  const number = "+15555550123";
  const secrets = [number, "5555550123", "meet me at nine", "hunter2"];
  const request = {
    url: "https://user:hunter2@app.example.com/hook?caller=%2B15555550123",
    method: "POST",
    parameters: { From: number, Body: "meet me at nine" },
  };

  it("does not reach the store in an event", async () => {
    const { ingest, store } = createWorld();
    const message = `Called ${number} and failed`;
    await ingest(webhook(errorEvent({ code: 80604, message, webhook: { type: "application/json", request } })));
    const kept = JSON.stringify([...store.events.values()]);
    expect(kept).toContain("app.example.com");
    for (const secret of secrets) expect(kept).not.toContain(secret);
  });

  it("does not reach the store in quarantine", async () => {
    const { ingest, store } = createWorld();
    const payload = JSON.stringify({ error_code: "eighty", webhook: { type: "application/json", request } });
    await ingest(webhook(errorEvent({ code: 80604 }), { Payload: payload }));
    expect(store.quarantined).toMatchObject([{ source: "debugger", reason: "error_code_not_a_number", account }]);
    const kept = JSON.stringify(store.quarantined);
    for (const secret of secrets) expect(kept).not.toContain(secret);
  });

  it("is not what rules look at: their patterns see masked numbers", async () => {
    const { ingest, store } = createWorld({
      userRules: [{ id: "by-number", match: { message: "5555550123" }, title: "Seen" }],
    });
    await ingest(webhook(errorEvent({ code: 999_999, message: `Called ${number} and failed` })));
    expect([...store.events.values()]).toMatchObject([{ ruleId: null }]);
  });
});

describe("a delivery that is traced", () => {
  it("gives its span to its events, and has one of its own for the commit, with what became of them", async () => {
    const tracing = linkedTracing();
    const { ingest, store } = createWorld({ tracing });
    const event = errorEvent({ code: 80604 });
    const body = JSON.stringify([streamEvent(event), streamEvent(event), otherEvent, 42]);
    await ingest({ ...stream(body), trace: traceParent(1) });
    expect([...store.events.values()].map(({ trace }) => trace)).toEqual([traceParent(1)]);
    expect(tracing.recorded).toMatchObject([
      {
        name: "commit events",
        kind: "client",
        failed: null,
        attributes: {
          "db.system.name": "postgresql",
          "faultline.events.count": 3,
          "faultline.events.recorded": 1,
          "faultline.events.duplicate": 1,
          "faultline.events.quarantined": 1,
        },
      },
    ]);
  });

  it("says in the commit's span why there was none", async () => {
    const tracing = linkedTracing();
    const { ingest, store } = createWorld({ tracing });
    store.failure = new StoreUnavailable("overloaded");
    await ingest(webhook(errorEvent({ code: 80604 })));
    expect(tracing.recorded.map(({ failed, ended }) => [failed, ended])).toEqual([["overloaded", true]]);
  });

  it("has no such span when there is nothing to commit", async () => {
    const tracing = linkedTracing();
    const { ingest } = createWorld({ tracing });
    expect(await ingest(stream(JSON.stringify([otherEvent])))).toEqual({ outcome: "accepted" });
    await ingest(webhook(errorEvent({ code: 80604 }), {}, "another token"));
    expect(tracing.recorded).toEqual([]);
  });
});

it("a delivery that is not traced leaves no mark of it in the record", async () => {
  const { ingest, store } = createWorld();
  await ingest(webhook(errorEvent({ code: 80604 })));
  for (const event of store.events.values()) expect(event).not.toHaveProperty("trace");
  expect(store.events.size).toBe(1);
});
