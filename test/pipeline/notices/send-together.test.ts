import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Incident } from "../../../src/core/incident.ts";
import type { NoticeTransition } from "../../../src/core/notice/notice.ts";
import type { PendingNotice, SendOutcome, SendResult } from "../../../src/pipeline/notice-ports.ts";
import { claimMs } from "../../../src/pipeline/notice-record-ports.ts";
import { createSendNotice, type SendNotice, trialMs } from "../../../src/pipeline/notices/send.ts";
import { recordingLog } from "../fakes.ts";
import { memoryNotices } from "./memory-notices.ts";

const start = new Date("2026-01-15T10:20:00.000Z");
const taken: SendResult = { ok: true, reference: null };
const away: SendResult = { ok: false, reason: "serverError", retry: true };
const never = () => new Promise<SendResult>(() => undefined);

interface Attempt {
  readonly receiver: string;
  readonly transition: NoticeTransition;
  /** Seconds since the start. */
  readonly at: number;
}

/** One log of notices, one clock and two receivers; `worker()` is one more process. */
function world(answer: (attempt: Attempt) => SendResult | Promise<SendResult>, random = () => 0) {
  const store = memoryNotices();
  const attempts: Attempt[] = [];
  const counted: string[] = [];
  let ms = 0;
  const notifierOf = (name: string) => ({
    name,
    kind: "webhook" as const,
    rate: { max: 1, perMs: 1 },
    async send(notice: { readonly kind: string; readonly transition?: NoticeTransition }) {
      const attempt = { receiver: name, transition: notice.transition ?? "digest", at: ms / 1_000 };
      attempts.push(attempt);
      return await answer(attempt);
    },
  });
  const worker = (): SendNotice =>
    createSendNotice({
      store,
      reader: { incident: async (id) => ({ id, state: "open", ruleId: null }) as Incident, diagnoses: async () => [] },
      notifiers: new Map(["slack", "webhook"].map((name) => [name, notifierOf(name)])),
      advice: () => null,
      links: { incident: null, runbook: null, grafana: null },
      telemetry: {
        notice: (...of) => void counted.push(of.join(" ")),
        noticeDelay: () => undefined,
      },
      clock: { now: () => new Date(start.getTime() + ms) },
      random,
      log: recordingLog(),
    });
  let ids = 0;
  return {
    store,
    attempts,
    counted,
    worker,
    wait(by: number) {
      ms += by;
    },
    decide(transition: PendingNotice["transition"], receiver = "slack", incidentId = "inc_1"): string {
      ids += 1;
      const decidedAt = new Date(start.getTime() + ms);
      const parts = { reason: "first", digest: null, about: null, decidedAt } as const;
      store.decide({ id: String(ids), receiver, incidentId, transition, ...parts });
      return String(ids);
    },
    /** Does what a queue does: comes again when it is told to, until all is done. */
    async drain(id: string, send: SendNotice): Promise<void> {
      for (let left = 200; left > 0; left -= 1) {
        const outcome = await send(id);
        if (outcome.kind === "done") return;
        ms += outcome.kind === "later" ? outcome.afterMs : outcome.forMs;
      }
      throw new Error("expected an end within 200 attempts");
    },
  };
}

const waited = (outcome: SendOutcome) => (outcome.kind === "later" ? outcome.afterMs : null);

describe("several workers", () => {
  test("that take the same notice at the same time send it once", async () => {
    const answer = Promise.withResolvers<SendResult>();
    const { worker, decide, attempts, counted } = world(() => answer.promise);
    const id = decide("opened");
    const [first, second, third] = [worker(), worker(), worker()];
    const sending = first(id);
    expect((await Promise.all([second(id), third(id)])).map(waited)).toEqual([claimMs, claimMs]);
    answer.resolve(taken);
    expect(await sending).toEqual({ kind: "done" });
    expect(await second(id)).toEqual({ kind: "done" });
    expect(attempts).toHaveLength(1);
    expect(counted).toEqual(["slack delivered first"]);
  });

  test("send again what one has left behind, once, and then let it be", async () => {
    const { worker, decide, attempts, counted, wait, store } = world(never);
    const id = decide("opened");
    void worker()(id);
    await expect.poll(() => attempts.length).toBe(1);
    wait(claimMs - 1);
    expect(await worker()(id)).toEqual({ kind: "later", afterMs: 1 });
    wait(1);
    void worker()(id);
    await expect.poll(() => attempts.length).toBe(2);
    wait(claimMs);
    expect(await worker()(id)).toEqual({ kind: "done" });
    expect(attempts).toHaveLength(2);
    expect(counted).toEqual(["slack given_up timeout"]);
    expect(store.rows.get(id)?.state).toBe("given_up");
  });

  test("let what was limited wait, with all else of this receiver and nothing of another", async () => {
    const limited: SendResult = { ok: false, reason: "rateLimited", retry: true, retryAfterMs: 30_000 };
    const { worker, decide, attempts, wait } = world(({ receiver, at }) =>
      receiver === "slack" && at < 30 ? limited : taken,
    );
    const [first, second, other] = [
      decide("opened"),
      decide("opened", "slack", "inc_2"),
      decide("opened", "webhook", "inc_1"),
    ];
    expect(await worker()(first)).toEqual({ kind: "pause", forMs: 30_000 });
    wait(5_000);
    expect(await worker()(second)).toEqual({ kind: "later", afterMs: 25_000 });
    expect(await worker()(other)).toEqual({ kind: "done" });
    wait(25_000);
    expect(await worker()(second)).toEqual({ kind: "done" });
    expect(await worker()(first)).toEqual({ kind: "done" });
    expect(attempts.map(({ receiver, at }) => `${receiver} ${at}`)).toEqual([
      "slack 0",
      "webhook 5",
      "slack 30",
      "slack 30",
    ]);
  });
});

describe("the last state", () => {
  test("arrives alone when what came before it could not be sent in time", async () => {
    const { worker, decide, attempts, counted, drain, wait } = world(({ at }) => (at < 60 ? away : taken));
    const opened = decide("opened");
    const send = worker();
    expect(await send(opened)).toEqual({ kind: "later", afterMs: 2_000 });
    wait(60_000);
    const resolved = decide("resolved");
    await drain(opened, send);
    await drain(resolved, send);
    expect(attempts.map(({ transition }) => transition)).toEqual(["opened", "resolved"]);
    expect(counted).toEqual(["slack superseded overtaken", "slack delivered first"]);
  });

  test("comes up before the one it has overtaken: that is counted, and not sent any more", async () => {
    const { worker, decide, attempts, counted } = world(() => taken);
    const [opened, grew, resolved] = [decide("opened"), decide("grew"), decide("resolved")];
    const send = worker();
    for (const id of [resolved, opened, grew]) expect(await send(id)).toEqual({ kind: "done" });
    expect(attempts.map(({ transition }) => transition)).toEqual(["resolved"]);
    expect(counted).toEqual(["slack superseded overtaken", "slack superseded overtaken", "slack delivered first"]);
  });

  test("waits for the one that is under way, so that they arrive in their order", async () => {
    const answer = Promise.withResolvers<SendResult>();
    const { worker, decide, attempts, drain } = world(({ transition }) =>
      transition === "opened" ? answer.promise : taken,
    );
    const opened = decide("opened");
    const sending = worker()(opened);
    await expect.poll(() => attempts.length).toBe(1);
    const resolved = decide("resolved");
    expect(await worker()(resolved)).toMatchObject({ kind: "later" });
    answer.resolve(taken);
    await sending;
    await drain(resolved, worker());
    expect(attempts.map(({ transition }) => transition)).toEqual(["opened", "resolved"]);
  });
});

describe("a receiver that is away", () => {
  test("for ten minutes gets the notice within five minutes of its return, once", async () => {
    const { worker, decide, attempts, drain, counted } = world(({ at }) => (at < 600 ? away : taken));
    await drain(decide("opened"), worker());
    const last = attempts.at(-1)?.at ?? 0;
    expect(last).toBeGreaterThanOrEqual(600);
    expect(last).toBeLessThanOrEqual(900);
    expect(attempts.filter(({ at }) => at >= 600)).toHaveLength(1);
    expect(counted).toEqual(["slack delivered first"]);
  });

  test("for good is tried for an hour, at most five minutes apart, then given up with the reason", async () => {
    await fc.assert(
      fc.asyncProperty(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), async (chance) => {
        const { worker, decide, attempts, drain, counted, store } = world(
          () => away,
          () => chance,
        );
        const id = decide("opened");
        await drain(id, worker());
        const times = attempts.map(({ at }) => at);
        const gaps = times.slice(1).map((at, index) => at - (times[index] ?? 0));
        expect(Math.max(...gaps)).toBeLessThanOrEqual(300);
        expect(Math.min(...gaps)).toBeGreaterThanOrEqual(1);
        expect(times.at(-1)).toBeLessThanOrEqual(trialMs / 1_000);
        expect(times.at(-1)).toBeGreaterThan(trialMs / 1_000 - 300);
        expect(times.length).toBeLessThan(40);
        expect(counted).toEqual(["slack given_up serverError"]);
        expect(store.rows.get(id)).toMatchObject({ state: "given_up", reason: "serverError" });
      }),
      { numRuns: 50 },
    );
  });
});
