/*
 * Alertmanager forgets an alert it has not heard of for five minutes, and loses all of them when it restarts; so what it was
 * told is told again every minute, until five minutes after the end. What to repeat comes from the record and survives a
 * restart of ours. These are not notices of their own.
 * https://prometheus.io/docs/alerting/latest/clients/
 */
import type { Notifier } from "../notice-ports.ts";
import type { NoticeStore, Refresh } from "../notice-record-ports.ts";
import type { Clock, Log } from "../ports.ts";
import { type ComposeParts, compose } from "./compose.ts";

/** What refreshing needs of the world. */
export interface RefreshParts extends ComposeParts {
  readonly notifiers: ReadonlyMap<string, Notifier>;
  readonly store: Pick<NoticeStore, "takeRefreshes">;
  readonly clock: Clock;
  readonly log: Log;
}

const everyMs = 60_000;
const afterResolvedMs = 5 * 60_000;

/** Alerts taken at once, and sent at the same time. */
const takenAtOnce = 200;
const sentAtOnce = 10;

/** Builds the chore that tells Alertmanagers again what they were told; null when there are none. */
export function createRefresh(parts: RefreshParts): (() => Promise<void>) | null {
  const receivers = [...parts.notifiers.values()].filter(({ kind }) => kind === "alertmanager").map(({ name }) => name);
  if (receivers.length === 0) return null;
  const failing = new Set<string>();

  async function sendAgain({ notice, earlier }: Refresh): Promise<void> {
    const composed = await compose({ ...notice, ...repeated(notice.transition) }, parts);
    if (composed === null) return;
    const result = await parts.notifiers.get(notice.receiver)?.send(composed, earlier);
    if (result?.ok !== false) {
      failing.delete(notice.receiver);
    } else if (!failing.has(notice.receiver)) {
      // In a minute it is tried again; the same outage is told once.
      failing.add(notice.receiver);
      parts.log.warn({ receiver: notice.receiver, reason: result.reason }, "Open incidents could not be repeated");
    }
  }

  return async function refresh() {
    for (;;) {
      const now = parts.clock.now();
      const resolvedAfter = new Date(now.getTime() - afterResolvedMs);
      const due = await parts.store.takeRefreshes(receivers, now, { everyMs, resolvedAfter, limit: takenAtOnce });
      for (let start = 0; start < due.length; start += sentAtOnce) {
        await Promise.all(due.slice(start, start + sentAtOnce).map(sendAgain));
      }
      if (due.length < takenAtOnce) return;
    }
  };
}

function repeated(transition: string) {
  return transition === "resolved"
    ? ({ transition: "resolved", reason: "resolved" } as const)
    : ({ transition: "repeated", reason: "repeat_interval" } as const);
}
