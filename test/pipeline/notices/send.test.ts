import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { Incident } from "../../../src/core/incident.ts";
import type { Notice } from "../../../src/core/notice/notice.ts";
import type { MessageReference, PendingNotice, SendResult } from "../../../src/pipeline/notice-ports.ts";
import { type Claim, claimMs, sendMs } from "../../../src/pipeline/notice-record-ports.ts";
import { backOff, createSendNotice, trialMs } from "../../../src/pipeline/notices/send.ts";
import { recordingLog } from "../fakes.ts";

const decidedAt = new Date("2026-01-15T10:20:00.000Z");
const since = new Date("2026-01-15T10:19:58.000Z");
let now = decidedAt;

const incident: Incident = {
  id: "inc_1",
  fingerprint: "fp",
  state: "open",
  severity: "error",
  code: 80604,
  title: "Proxy identifier in use",
  product: "Proxy",
  account: `AC${"a".repeat(32)}`,
  service: null,
  count: 3,
  firstSeen: since.toISOString(),
  lastSeen: since.toISOString(),
  resolvedAt: null,
  docsUrl: "https://www.twilio.com/docs/api/errors/80604",
  ruleId: null,
  matched: [],
};

const pending: PendingNotice = {
  id: "36",
  receiver: "slack",
  incidentId: "inc_1",
  transition: "opened",
  reason: "first",
  digest: null,
  about: null,
  decidedAt,
};

const sending: Claim = { kind: "send", notice: pending, since, attempts: 0, earlier: null, superseded: 0 };
const failure = (reason: Extract<SendResult, { ok: false }>["reason"], retry: boolean, retryAfterMs?: number) =>
  ({ ok: false, reason, retry, ...(retryAfterMs !== undefined && { retryAfterMs }) }) as const;

/** A sender over a log and a receiver that do as told; `journal` has what was done, in order. */
function world(
  options: {
    claim?: Claim;
    result?: SendResult | (() => Promise<SendResult>);
    incident?: Incident | null;
    confirmFails?: number;
    /** What else of the record is away. */
    away?: "incident" | "release";
    random?: number;
  } = {},
) {
  const journal: string[] = [];
  const sent: [Notice, MessageReference | null][] = [];
  const log = recordingLog();
  let failing = options.confirmFails ?? 0;
  const { result = { ok: true, reference: { ts: "1" } } } = options;
  const send = createSendNotice({
    store: {
      claim: async () => options.claim ?? sending,
      confirm: async (id, reference) => {
        failing -= 1;
        if (failing >= 0) throw new Error("database away");
        journal.push(`confirm ${id} ${JSON.stringify(reference)}`);
      },
      release: async (id, reason, _at, retryAt) => {
        if (options.away === "release") throw new Error("database away");
        journal.push(`release ${id} ${reason} ${(retryAt.getTime() - now.getTime()) / 1000}`);
      },
      giveUp: async (id, reason) => void journal.push(`give up ${id} ${reason}`),
      pause: async (receiver, until) => {
        journal.push(`pause ${receiver} ${(until.getTime() - now.getTime()) / 1000}`);
      },
    },
    reader: {
      incident: async () => {
        if (options.away === "incident") throw new Error("database away");
        return options.incident === undefined ? incident : options.incident;
      },
      diagnoses: async () => [],
    },
    notifiers: new Map([
      [
        "slack",
        {
          name: "slack",
          kind: "slack",
          rate: { max: 1, perMs: 1_000 },
          send: async (notice, earlier) => {
            sent.push([notice, earlier]);
            journal.push("send");
            return typeof result === "function" ? await result() : result;
          },
        },
      ],
    ]),
    advice: () => null,
    links: { incident: "https://faultline.example.com/api/v1/incidents", runbook: null, grafana: null },
    telemetry: {
      notice: (...counted) => void journal.push(`count ${counted.join(" ")}`),
      noticeDelay: (receiver, seconds) => void journal.push(`delay ${receiver} ${seconds}`),
    },
    clock: { now: () => now },
    random: () => options.random ?? 0,
    log,
  });
  return { send, journal, sent, log };
}

beforeEach(() => {
  now = decidedAt;
});

afterEach(() => {
  vi.useRealTimers();
});

describe("a notice that is taken", () => {
  test("is sent as things stand now, then confirmed with what the receiver gave back, counted and timed", async () => {
    const { send, journal, sent } = world({ claim: { ...sending, earlier: { ts: "0" } } });
    expect(await send("36")).toEqual({ kind: "done" });
    expect(journal).toEqual(["send", 'confirm 36 {"ts":"1"}', "count slack delivered first", "delay slack 2"]);
    expect(sent).toMatchObject([
      [
        {
          kind: "incident",
          id: "ntc_10",
          transition: "opened",
          reason: "first",
          incident: { id: "inc_1", count: 3 },
          links: { incident: "https://faultline.example.com/api/v1/incidents/inc_1" },
          at: decidedAt.toISOString(),
          test: false,
        },
        { ts: "0" },
      ],
    ]);
  });

  test("counts those it has overtaken", async () => {
    const { send, journal } = world({ claim: { ...sending, superseded: 2 } });
    await send("36");
    expect(journal.slice(0, 3)).toEqual([
      "count slack superseded overtaken",
      "count slack superseded overtaken",
      "send",
    ]);
  });

  test("is confirmed in the end though the database is away for minutes, and not sent again", async () => {
    vi.useFakeTimers();
    const { send, journal } = world({ confirmFails: 100 });
    const outcome = send("36");
    await vi.runAllTimersAsync();
    expect(await outcome).toEqual({ kind: "done" });
    expect(journal).toEqual(["send", 'confirm 36 {"ts":"1"}', "count slack delivered first", "delay slack 2"]);
  });

  test("and cannot be confirmed for an hour is not counted; the queue asks again", async () => {
    vi.useFakeTimers({ now: 0 });
    const { send, journal } = world({ confirmFails: Number.POSITIVE_INFINITY });
    const outcome = expect(send("36")).rejects.toThrow("database away");
    await vi.runAllTimersAsync();
    await outcome;
    expect(journal).toEqual(["send"]);
    expect(Date.now()).toBeGreaterThanOrEqual(trialMs);
    expect(vi.getTimerCount()).toBe(0);
  });

  test("leaves no timer behind", async () => {
    vi.useFakeTimers();
    await world().send("36");
    expect(vi.getTimerCount()).toBe(0);
  });

  test("may be a digest or about Faultline itself: then nothing is read", async () => {
    const digest = { kind: "digest", id: "", total: 20, groups: [], since: "", at: "", links: null as never } as const;
    const told = { ...pending, incidentId: null, transition: "digest", reason: "digest", digest } as const;
    const first = world({ claim: { ...sending, notice: told }, incident: null });
    await first.send("36");
    expect(first.sent).toMatchObject([[{ kind: "digest", id: "ntc_10", total: 20 }, null]]);

    const view = { id: "receiver-x", title: "Receiver x" } as never;
    const about = world({
      claim: { ...sending, notice: { ...pending, incidentId: null, about: view } },
      incident: null,
    });
    await about.send("36");
    expect(about.sent).toMatchObject([[{ kind: "incident", incident: { id: "receiver-x" } }, null]]);
  });
});

describe("a notice that fails", () => {
  test.each(["serverError", "timeout", "network"] as const)(
    "with %s is released for another attempt",
    async (reason) => {
      const { send, journal } = world({ result: failure(reason, true) });
      expect(await send("36")).toEqual({ kind: "later", afterMs: 2_000 });
      expect(journal).toEqual(["send", `release 36 ${reason} 2`]);
    },
  );

  test("waits the longer the oftener it has failed, less what chance takes off", async () => {
    const { send, journal } = world({
      claim: { ...sending, attempts: 3 },
      result: failure("network", true),
      random: 0.5,
    });
    expect(await send("36")).toEqual({ kind: "later", afterMs: 12_000 });
    expect(journal).toEqual(["send", "release 36 network 12"]);
  });

  test.each([90_000, 3_000])("waits the %i ms the receiver asked for, not the 12 s of its own", async (askedMs) => {
    const { send, journal } = world({
      claim: { ...sending, attempts: 3 },
      result: failure("serverError", true, askedMs),
      random: 0.5,
    });
    expect(await send("36")).toEqual({ kind: "later", afterMs: askedMs });
    expect(journal).toEqual(["send", `release 36 serverError ${askedMs / 1_000}`]);
  });

  test("waits by itself when the receiver asked for no wait at all", async () => {
    const later = world({ result: failure("serverError", true, 0) });
    expect(await later.send("36")).toEqual({ kind: "later", afterMs: 2_000 });
    const paused = world({ claim: { ...sending, attempts: 1 }, result: failure("rateLimited", true, 0) });
    expect(await paused.send("36")).toEqual({ kind: "pause", forMs: 4_000 });
    expect(paused.journal).toEqual(["send", "release 36 rateLimited 4", "pause slack 4"]);
  });

  test("by the receiver's limit leaves the receiver alone as a whole", async () => {
    const { send, journal } = world({ result: failure("rateLimited", true, 30_000) });
    expect(await send("36")).toEqual({ kind: "pause", forMs: 30_000 });
    expect(journal).toEqual(["send", "release 36 rateLimited 30", "pause slack 30"]);
  });

  test("by the receiver's limit after an hour is given up, and the receiver is left alone all the same", async () => {
    const { send, journal } = world({ result: failure("rateLimited", true, 30_000) });
    now = new Date(decidedAt.getTime() + trialMs - 1);
    expect(await send("36")).toEqual({ kind: "pause", forMs: 30_000 });
    expect(journal).toEqual(["send", "give up 36 rateLimited", "count slack given_up rateLimited", "pause slack 30"]);
  });

  test.each(["authError", "clientError"] as const)("with %s is given up at once", async (reason) => {
    const { send, journal, log } = world({ result: failure(reason, false) });
    expect(await send("36")).toEqual({ kind: "done" });
    expect(journal).toEqual(["send", `give up 36 ${reason}`, `count slack given_up ${reason}`]);
    expect(log.lines).toEqual([
      `warn A notice could not be delivered {"receiver":"slack","incident":"inc_1","reason":"${reason}"}`,
    ]);
  });

  test("is given up when the next attempt would come after an hour", async () => {
    const { send, journal } = world({ result: failure("timeout", true) });
    now = new Date(decidedAt.getTime() + trialMs - 2_000);
    expect(await send("36")).toEqual({ kind: "later", afterMs: 2_000 });
    now = new Date(decidedAt.getTime() + trialMs - 1_999);
    expect(await send("36")).toEqual({ kind: "done" });
    expect(journal).toEqual([
      "send",
      "release 36 timeout 2",
      "send",
      "give up 36 timeout",
      "count slack given_up timeout",
    ]);
  });

  test("with a wish for more than the hour is given up at once", async () => {
    const { send, journal } = world({ result: failure("serverError", true, trialMs + 1) });
    expect(await send("36")).toEqual({ kind: "done" });
    expect(journal).toEqual(["send", "give up 36 serverError", "count slack given_up serverError"]);
  });

  test("to answer counts as a timeout while its claim still holds", async () => {
    vi.useFakeTimers();
    const { send, journal } = world({ result: () => new Promise<SendResult>(() => undefined) });
    const outcome = send("36");
    await vi.advanceTimersByTimeAsync(sendMs - 1);
    expect(journal).toEqual(["send"]);
    await vi.advanceTimersByTimeAsync(1);
    expect(await outcome).toEqual({ kind: "later", afterMs: 2_000 });
    expect(journal).toEqual(["send", "release 36 timeout 2"]);
    expect(sendMs).toBeLessThan(claimMs);
  });

  test.each([
    ["taken", (late: PromiseWithResolvers<SendResult>) => late.resolve({ ok: true, reference: null })],
    ["broken", (late: PromiseWithResolvers<SendResult>) => late.reject(new Error("socket hang up"))],
  ])("in time and is %s afterwards stays failed: another attempt is on its way", async (_, settle) => {
    vi.useFakeTimers();
    const late = Promise.withResolvers<SendResult>();
    const { send, journal } = world({ result: () => late.promise });
    const outcome = send("36");
    await vi.advanceTimersByTimeAsync(sendMs);
    await outcome;
    settle(late);
    await vi.runAllTimersAsync();
    expect(journal).toEqual(["send", "release 36 timeout 2"]);
  });

  test("to be noted as failed, or to be read, is left to the queue: nothing is counted or given up", async () => {
    const unnoted = world({ away: "release", result: failure("network", true) });
    await expect(unnoted.send("36")).rejects.toThrow("database away");
    expect(unnoted.journal).toEqual(["send"]);
    const unread = world({ away: "incident" });
    await expect(unread.send("36")).rejects.toThrow("database away");
    expect(unread.journal).toEqual([]);
  });

  test("because its incident is gone, or its receiver is, is given up unsent", async () => {
    const gone = world({ incident: null });
    expect(await gone.send("36")).toEqual({ kind: "done" });
    expect(gone.journal).toEqual(["give up 36 clientError", "count slack given_up clientError"]);
    const other = world({ claim: { ...sending, notice: { ...pending, receiver: "removed" } } });
    expect(await other.send("36")).toEqual({ kind: "done" });
    expect(other.journal).toEqual(["give up 36 clientError", "count removed given_up clientError"]);
  });
});

describe("a notice that is not to be sent now", () => {
  test("waits", async () => {
    for (const [ms, afterMs] of [
      [1_500, 1_500],
      [0, 1],
    ] as const) {
      const { send, journal } = world({ claim: { kind: "wait", ms } });
      expect(await send("36")).toEqual({ kind: "later", afterMs });
      expect(journal).toEqual([]);
    }
  });

  test("or is over, which is counted when it has just become so", async () => {
    const over = (now: "superseded" | "given_up" | null) => world({ claim: { kind: "over", now, receiver: "slack" } });
    for (const [how, counted] of [
      [null, []],
      ["superseded", ["count slack superseded overtaken"]],
      ["given_up", ["count slack given_up timeout"]],
    ] as const) {
      const { send, journal } = over(how);
      expect(await send("36")).toEqual({ kind: "done" });
      expect(journal).toEqual(counted);
    }
  });
});

test("waits between attempts double up to five minutes, half of it left to chance", () => {
  const waits = [0, 1, 2, 5, 7, 8, 100].map((attempts) => backOff(attempts, () => 0));
  expect(waits).toEqual([2_000, 4_000, 8_000, 64_000, 256_000, 300_000, 300_000]);
  expect(backOff(1, () => 0.999)).toBe(2_002);
});

test("waits between attempts lie between half of the full one and the full one, whole and never over five minutes", () => {
  const chance = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
  fc.assert(
    fc.property(fc.nat(10_000), chance, (attempts, random) => {
      const full = backOff(attempts, () => 0);
      const wait = backOff(attempts, () => random);
      expect(Number.isInteger(wait)).toBe(true);
      expect(wait).toBeGreaterThanOrEqual(full / 2);
      expect(wait).toBeLessThanOrEqual(full);
      expect(full).toBeLessThanOrEqual(300_000);
    }),
  );
});
