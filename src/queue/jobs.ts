/*
 * The contract of both ends of the queue: what a job is called, what it carries, how often it is tried and how long it is
 * remembered. Producer and worker may run in different processes and, during an update, in different versions.
 */
import { z } from "zod";
import type { Work } from "../pipeline/ports.ts";

/** All queues. The names are metric labels. */
export const queueNames = ["diagnose"] as const;
export type QueueName = (typeof queueNames)[number];

/** A context for tracing; one that is none must not stop the job. */
export const CarriedTrace = z.string().max(100).nullable().catch(null).exactOptional();

/** What a job carries: the piece of work, by reference. Unknown fields of a newer version are dropped. */
export const JobData = z.object({
  id: z.string().min(1),
  kind: z.literal("diagnose"),
  incidentId: z.string().min(1),
  eventSid: z.string().min(1),
  first: z.boolean().default(false),
  trace: CarriedTrace,
  /** The span that put it into the queue. */
  sentBy: CarriedTrace,
}) satisfies z.ZodType<Work>;
export type JobData = z.infer<typeof JobData>;

/** How a job is tried again. */
export interface RetryPolicy {
  /** Attempts in all, the first included. */
  readonly attempts: number;
  /** Wait after the first failed attempt, in milliseconds; doubles each time. */
  readonly baseMs: number;
  /** The longest wait between attempts, in milliseconds. */
  readonly maxMs: number;
}

/** Spans about ten minutes, the usual length of an outage worth waiting for. */
export const defaultRetry: RetryPolicy = { attempts: 8, baseMs: 5_000, maxMs: 300_000 };

/** The longest wait a handler may ask for, in milliseconds. */
export const maxAskedWaitMs = 60 * 60 * 1000;

/** Of further samples of an incident that has been looked at; the firsts have none and go before them. */
export const samplePriority = 10;

/** The queue a piece of work goes to. */
export function queueOf(work: Work): QueueName {
  return work.kind;
}

/** One id per piece of work, so that adding it twice is one job. BullMQ keeps `:` for itself. */
export function jobId(work: Work): string {
  return `${work.kind}-${work.id.replaceAll("%", "%25").replaceAll(":", "%3A")}`;
}

/** Finished jobs are kept for people who look, within bounds: age in seconds and count, whichever is reached first. */
export const keepCompleted = { age: 60 * 60, count: 100 };
export const keepFailed = { age: 7 * 24 * 60 * 60, count: 1_000 };

/**
 * How long to wait before the next attempt, in milliseconds: what the handler asked for plus up to a tenth (so that jobs
 * told the same time do not come back together), else exponential from the policy, a random half of it taken off.
 */
export function waitBeforeRetry(
  failedAttempts: number,
  askedMs: number | undefined,
  policy: RetryPolicy,
  random: () => number,
): number {
  if (askedMs !== undefined) {
    const asked = Math.min(Math.max(askedMs, 0), maxAskedWaitMs);
    return Math.ceil(asked * (1 + random() / 10));
  }
  const full = Math.min(policy.baseMs * 2 ** (failedAttempts - 1), policy.maxMs);
  return Math.ceil(full * (1 - random() / 2));
}
