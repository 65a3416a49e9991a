import { notRead, shownBy } from "./facts.ts";
import type { IdentifierInUseFacts } from "./identifier-in-use-facts.ts";
import { unseenNote } from "./pairs.ts";
import { verdict } from "./ranking.ts";
import type { ProxyParticipant, ProxySession } from "./resources.ts";
import { heldSince, present, type SessionWithParticipants } from "./sessions.ts";
import { cameAfter, timeOf } from "./time.ts";
import type { CauseVerdict } from "./verdict.ts";

const racingMs = 10_000;
const closeMs = 60_000;

/**
 * The verdict on Sessions created or reopened close together: how far apart this one and the holders of its pair began.
 * `people` are the identifiers in question.
 */
export function closeTogether(
  id: string,
  facts: IdentifierInUseFacts,
  holders: readonly SessionWithParticipants[],
  people: readonly string[],
): CauseVerdict {
  const { session, others, occurredAt } = facts;
  if (!others.ok) return verdict(id, "unknown", notRead(others, "The other Sessions of the Service"));
  if (holders.length === 0) {
    return verdict(id, "unknown", shownBy(others, "No other active Session was found in the way."), unseenNote(others));
  }
  if (!session.ok && session.reason !== "not_asked") return verdict(id, "unknown", notRead(session, "The Session"));
  const own = session.ok ? session.value : null;
  // A refused create leaves no Session: the attempt was when the event says.
  const beginnings = own === null ? [timeOf(occurredAt)] : beginningsOf(own);
  const nearest = holders
    .map((holder) => ({ holder, gap: smallestGap(beginnings, beginningsOf(holder.session)) }))
    .filter((each): each is { holder: SessionWithParticipants; gap: number } => each.gap !== null)
    .toSorted((a, b) => a.gap - b.gap)[0];
  if (nearest === undefined)
    return verdict(id, "unknown", shownBy(others, "Twilio gives no times for these Sessions."));
  const { sid } = nearest.holder.session;
  const subject = own === null ? "The request" : `Session ${own.sid}`;
  const evidence = shownBy(
    others,
    `${subject} and the start of Session ${sid} are ${Math.round(nearest.gap / 1000)} s apart.`,
  );
  // One that came to hold the pair only after the event was no rival then.
  const rivals = present(nearest.holder.participants).filter(({ identifier }) => people.includes(identifier));
  const isLate = (rival: ProxyParticipant) => cameAfter(heldSince(nearest.holder.session, rival), occurredAt);
  if (rivals.length > 0 && rivals.every(isLate)) {
    const late = shownBy(others, `Session ${sid} has held the pair only since after the event.`);
    return verdict(id, "unknown", evidence, late);
  }
  if (nearest.gap <= racingMs && own !== null) return verdict(id, "confirmed", evidence);
  if (nearest.gap <= closeMs) return verdict(id, "likely", evidence);
  const isCertain = session.ok && others.cutShort !== true;
  return verdict(id, isCertain ? "ruled-out" : "unknown", evidence, unseenNote(others));
}

function beginningsOf(session: ProxySession): (number | null)[] {
  return [timeOf(session.dateCreated), timeOf(session.dateStarted)];
}

function smallestGap(some: readonly (number | null)[], others: readonly (number | null)[]): number | null {
  let smallest: number | null = null;
  for (const one of some) {
    for (const other of others) {
      if (one === null || other === null) continue;
      const gap = Math.abs(one - other);
      if (smallest === null || gap < smallest) smallest = gap;
    }
  }
  return smallest;
}
