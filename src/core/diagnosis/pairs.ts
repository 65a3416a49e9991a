import { type Read, shownBy } from "./facts.ts";
import type { IdentifierInUseFacts } from "./identifier-in-use-facts.ts";
import { hasNumber, heldSince, present, type SessionWithParticipants } from "./sessions.ts";
import type { Subject } from "./subject.ts";
import type { Evidence } from "./verdict.ts";

/** A pair that the failed action wanted. */
export interface WantedPair {
  readonly identifier: string;
  readonly number: string | null;
  readonly numberSid: string | null;
  /** Of a Participant of the event's Session, not named in the request. */
  readonly isOwn: boolean;
}

/** A wanted pair, and the other active Session in which it is taken. */
export interface HeldPair extends WantedPair {
  readonly holder: SessionWithParticipants;
  /** Since when, ISO 8601. */
  readonly since: string | null;
}

/** The facts of 80604 with what follows from them for every cause. */
export interface InUse {
  readonly facts: IdentifierInUseFacts;
  readonly asked: Subject["participants"];
  /**
   * The identifiers that need a number: those of the request, else those of the Session whose pair is taken, else all of
   * the Session.
   */
  readonly identifiers: readonly string[];
  /** Whether the action surely failed for one of them, so that their numbers may be to blame. */
  readonly isContested: boolean;
  /** Whether it surely failed for nobody else. Of a Session that is active, others may have been asked for in vain. */
  readonly isWhole: boolean;
  /** The other active Sessions that were looked at. */
  readonly others: readonly SessionWithParticipants[];
  readonly held: readonly HeldPair[];
}

/** Which of the pairs are taken, and where; every holder once a pair. */
export function heldPairs(wanted: readonly WantedPair[], others: readonly SessionWithParticipants[]): HeldPair[] {
  return wanted.flatMap((pair) =>
    others.flatMap((holder) => {
      const found = present(holder.participants).find(
        (participant) =>
          participant.identifier === pair.identifier &&
          hasNumber(participant, { number: pair.number, sid: pair.numberSid }),
      );
      return found === undefined ? [] : [{ ...pair, holder, since: heldSince(holder.session, found) }];
    }),
  );
}

/** Says that a scan ended early, null when it did not. */
export function unseenNote(read: Read<readonly unknown[]>): Evidence | null {
  if (!read.ok || read.cutShort !== true) return null;
  return shownBy(read, `The scan was cut short after ${read.value.length} Sessions; there may be more.`);
}
