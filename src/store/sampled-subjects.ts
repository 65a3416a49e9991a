import type { ClassifiedEvent, Recorded } from "../pipeline/ports.ts";
import type { Batch } from "./record-columns.ts";

/*
 * Which events will not be diagnosed, as far as this process knows: sealing the subject of each took 30 µs an event, and at most
 * a few an hour of each incident are diagnosed. Only a hint; the database decides, and refuses a batch when it was wrong.
 */

/** Incidents and subjects remembered, some 150 bytes each. */
const maxRemembered = 20_000;
const hourMs = 3_600_000;
/** An incident's time is put off at most so often, in milliseconds. */
const renewMs = 5_000;

/** The memory of one store. */
export interface SampledSubjects {
  /** Whether the event has something to seal that need not be. */
  needsNoSeal(event: ClassifiedEvent): boolean;
  /** A batch is on record; no further events of `usedUp`, places of its groups from 1, are diagnosed in this hour. */
  note(batch: Batch, results: readonly Recorded[], usedUp: readonly number[]): void;
}

/** Builds an empty one. Time is that of arrival. */
export function createSampledSubjects(max = maxRemembered): SampledSubjects {
  // Until when no event of an incident, or of an incident and a subject, is diagnosed, in ms since 1970.
  const until = new Map<string, number>();

  function remember(key: string, event: ClassifiedEvent): void {
    const at = event.receivedAt.getTime();
    // The hour's samples begin anew with the next, and an incident that goes quiet is resolved; the next event opens it.
    const end = Math.min(Math.floor(at / hourMs + 1) * hourMs, at + event.quietPeriodMs);
    const known = until.get(key);
    // A little early is only a seal too many, and a busy incident need not be moved for every event.
    if (known !== undefined && known >= end - renewMs) return;
    // Whatever was remembered longest ago goes first.
    until.delete(key);
    until.set(key, end);
    if (until.size > max) for (const oldest of until.keys()) return void until.delete(oldest);
  }

  return {
    needsNoSeal({ fingerprint, subject, sealedSubject, receivedAt }) {
      if (sealedSubject === null || fingerprint === null) return false;
      const at = receivedAt.getTime();
      return (until.get(fingerprint) ?? 0) > at || (until.get(subjectKey(fingerprint, subject)) ?? 0) > at;
    },
    note(batch, results, usedUp) {
      const noMore = new Set(usedUp.map((ord) => ord - 1));
      for (const [place, event] of batch.events.entries()) {
        if (event.sealedSubject === null || event.fingerprint === null) continue;
        // One that was known says nothing of its incident now.
        if (results[place]?.outcome !== "recorded") continue;
        const group = batch.kinds[batch.kindOf[place] ?? -1]?.group ?? -1;
        remember(noMore.has(group) ? event.fingerprint : subjectKey(event.fingerprint, event.subject), event);
      }
    },
  };
}

function subjectKey(fingerprint: string, subject: string): string {
  return `${fingerprint} ${subject}`;
}
