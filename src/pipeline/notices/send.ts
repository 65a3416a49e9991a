/*
 * One notice to one receiver: claim ▶ read the incident ▶ render and send (the notifier) ▶ confirm, or release for another
 * attempt, or give up.
 *
 * A notice is claimed before it is sent and confirmed after, so two workers never both send it; when one dies in between, it
 * is sent once more and no oftener. Only the newest of the notices about an incident goes out.
 */
import type { NoticeTelemetry, Notifier, SendOutcome, SendResult } from "../notice-ports.ts";
import { type Claim, type NoticeStore, sendMs } from "../notice-record-ports.ts";
import type { Clock, Log } from "../ports.ts";
import { type ComposeParts, compose } from "./compose.ts";

/** What sending needs of the world. */
export interface SendParts extends ComposeParts {
  readonly notifiers: ReadonlyMap<string, Notifier>;
  readonly store: Pick<NoticeStore, "claim" | "confirm" | "release" | "giveUp" | "pause">;
  readonly telemetry: NoticeTelemetry;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  readonly log: Log;
}

/** Tries to send a notice once. */
export type SendNotice = (noticeId: string) => Promise<SendOutcome>;

/** A notice is tried for this long after it was decided, in milliseconds. */
export const trialMs = 60 * 60 * 1000;

/** Wait after the first failed attempt, and the longest one, in milliseconds; it doubles in between. */
const firstWaitMs = 2_000;
const longestWaitMs = 5 * 60 * 1000;

/** Pauses between attempts to note a delivery, the last one again and again, in milliseconds: what is not noted is sent again. */
const confirmPausesMs = [100, 500, 1_000, 2_000] as const;

const done: SendOutcome = { kind: "done" };

/** Builds {@link SendNotice}. */
export function createSendNotice(parts: SendParts): SendNotice {
  const { store, telemetry, clock, log } = parts;

  return async function sendNotice(noticeId) {
    const claimed = await store.claim(noticeId, clock.now());
    if (claimed.kind === "wait") return { kind: "later", afterMs: Math.max(1, claimed.ms) };
    if (claimed.kind === "over") {
      if (claimed.now !== null && claimed.receiver !== null) {
        telemetry.notice(claimed.receiver, claimed.now, claimed.now === "given_up" ? "timeout" : "overtaken");
      }
      return done;
    }
    const { receiver } = claimed.notice;
    for (let left = claimed.superseded; left > 0; left -= 1) telemetry.notice(receiver, "superseded", "overtaken");

    const notifier = parts.notifiers.get(receiver);
    const notice = notifier === undefined ? null : await compose(claimed.notice, parts);
    if (notifier === undefined || notice === null) {
      await store.giveUp(noticeId, "clientError", clock.now());
      telemetry.notice(receiver, "given_up", "clientError");
      return done;
    }
    const result = await within(sendMs, notifier.send(notice, claimed.earlier));
    return result.ok ? await delivered(claimed, result) : await failed(claimed, result);
  };

  async function delivered(claimed: Sending, { reference }: Extract<SendResult, { ok: true }>): Promise<SendOutcome> {
    const { id, receiver, reason } = claimed.notice;
    const at = clock.now();
    await insist(() => store.confirm(id, reference, at));
    telemetry.notice(receiver, "delivered", reason);
    telemetry.noticeDelay(receiver, (at.getTime() - claimed.since.getTime()) / 1000);
    return done;
  }

  async function failed(claimed: Sending, failure: Extract<SendResult, { ok: false }>): Promise<SendOutcome> {
    const { id, receiver, incidentId, decidedAt } = claimed.notice;
    const now = clock.now();
    // "At once" (a date that is over, too) is no wish: an hour of attempts without a pause would help nobody.
    const asked = failure.retryAfterMs ?? 0;
    const wait = asked > 0 ? asked : backOff(claimed.attempts, parts.random);
    const retryAt = new Date(now.getTime() + wait);
    const isOver = !failure.retry || retryAt.getTime() > decidedAt.getTime() + trialMs;
    if (isOver) {
      await store.giveUp(id, failure.reason, now);
      telemetry.notice(receiver, "given_up", failure.reason);
      log.warn({ receiver, incident: incidentId, reason: failure.reason }, "A notice could not be delivered");
    } else {
      await store.release(id, failure.reason, now, retryAt);
    }
    if (failure.reason !== "rateLimited") return isOver ? done : { kind: "later", afterMs: wait };
    // What the receiver asked for holds for its other notices, whatever becomes of this one.
    await store.pause(receiver, retryAt);
    return { kind: "pause", forMs: wait };
  }
}

type Sending = Extract<Claim, { kind: "send" }>;

/** Doubles with every failed attempt, up to a half of it taken off at random, so that notices do not come back together. */
export function backOff(attempts: number, random: () => number): number {
  const full = Math.min(firstWaitMs * 2 ** Math.min(attempts, 20), longestWaitMs);
  return Math.ceil(full * (1 - random() / 2));
}

/** The claim of an attempt runs out; one that takes longer counts as failed, whatever it still comes to. */
async function within(ms: number, sending: Promise<SendResult>): Promise<SendResult> {
  const late = Promise.withResolvers<SendResult>();
  const timer = setTimeout(() => late.resolve({ ok: false, reason: "timeout", retry: true }), ms);
  try {
    return await Promise.race([sending, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Tries until it is done, for an hour: the notice is out, and what is not on record would be sent again. Nobody takes the job
 * over meanwhile, though its claim runs out, since this worker goes on renewing its lock. @throws the last failure
 */
async function insist(run: () => Promise<void>): Promise<void> {
  let waitedMs = 0;
  for (let attempt = 0; ; attempt += 1) {
    try {
      await run();
      return;
    } catch (error) {
      if (waitedMs >= trialMs) throw error;
    }
    const pauseMs = confirmPausesMs[attempt] ?? confirmPausesMs[3];
    waitedMs += pauseMs;
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
}
