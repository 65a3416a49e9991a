/*
 * The queues of the receivers, the contract of both ends: one queue a receiver, one job a notice. A job carries only the id:
 * what is to be sent stands in the record, and so does how often it has been tried.
 */
import { z } from "zod";
import { CarriedTrace, type RetryPolicy } from "./jobs.ts";

/** The name of a receiver's queue, a metric label. */
export function noticeQueueOf(receiver: string): string {
  return `notify-${receiver}`;
}

/** One job a notice, however often it is handed over. */
export function noticeJobId(noticeId: string): string {
  return `notice-${noticeId}`;
}

/** What a job carries. */
export const NoticeJob = z.object({
  id: z.string().regex(/^\d{1,18}$/),
  trace: CarriedTrace,
  sentBy: CarriedTrace,
});
export type NoticeJob = z.infer<typeof NoticeJob>;

/** Whether a notice is tried again is decided by the record; the waits are for a record that cannot be reached. */
export const noticeRetry: RetryPolicy = { attempts: 10_000, baseMs: 1_000, maxMs: 30_000 };
