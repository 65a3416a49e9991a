import type { Read } from "./facts.ts";
import { maskAddress } from "./mask-address.ts";
import type { ProxySession } from "./resources.ts";
import { endOf, isActive, present, type SessionWithParticipants } from "./sessions.ts";
import { cameAfter, timeOf } from "./time.ts";

/** How a Service's Sessions relate to one caller and the number they called. */
export interface Routing {
  /** Masked, for evidence: the caller, the number called, and both as a pair. */
  readonly caller: string;
  readonly called: string;
  readonly pair: string;
  /** Open Sessions that have the caller on that number. */
  readonly matching: readonly SessionWithParticipants[];
  /** Open Sessions that have the caller on another number. */
  readonly elsewhere: readonly { readonly session: ProxySession; readonly number: string }[];
  /** Ended Sessions that had the caller on that number, the latest end first. */
  readonly ended: readonly EndedSession[];
  /** Open Sessions from which the caller's Participant was removed. */
  readonly removed: readonly { readonly sid: string; readonly at: string }[];
}

export interface EndedSession {
  readonly session: ProxySession;
  readonly at: string | null;
  readonly why: string;
  readonly source: Read<unknown>;
}

/** Sorts the Sessions that were read by what they mean for this caller and number. */
export function routing(
  scans: {
    readonly occurredAt: string | null;
    readonly open: Read<readonly SessionWithParticipants[]>;
    readonly ended: Read<readonly SessionWithParticipants[]>;
  },
  from: string,
  to: string,
): Routing {
  const all = [scans.open, scans.ended].flatMap((read) =>
    read.ok ? read.value.map((each) => ({ ...each, source: read, end: endOf(each.session, read.at) })) : [],
  );
  const open = all.filter(({ session, end }) => isActive(session) && end === null);
  const has = ({ participants }: SessionWithParticipants): boolean =>
    present(participants).some(({ identifier, proxyIdentifier }) => identifier === from && proxyIdentifier === to);
  return {
    caller: maskAddress(from),
    called: maskAddress(to),
    pair: `${maskAddress(from)} on ${maskAddress(to)}`,
    matching: open.filter(has),
    elsewhere: open.flatMap(({ session, participants }) => {
      const other = present(participants).find(
        ({ identifier, proxyIdentifier }) => identifier === from && proxyIdentifier !== to,
      );
      return other?.proxyIdentifier ? [{ session, number: other.proxyIdentifier }] : [];
    }),
    ended: all
      .filter(has)
      .flatMap(({ session, end, source }) => (end === null ? [] : [{ session, ...end, source }]))
      // One that ended before the event explains it; of those, the latest.
      .toSorted((a, b) => lateness(a, scans.occurredAt) - lateness(b, scans.occurredAt) || endTime(b) - endTime(a)),
    removed: open.flatMap(({ session, participants }) =>
      participants.flatMap(({ identifier, proxyIdentifier, dateDeleted }) =>
        identifier === from && proxyIdentifier === to && dateDeleted !== null
          ? [{ sid: session.sid, at: dateDeleted }]
          : [],
      ),
    ),
  };
}

function lateness({ at }: EndedSession, occurredAt: string | null): number {
  return cameAfter(at, occurredAt) ? 1 : 0;
}

function endTime({ at }: EndedSession): number {
  return timeOf(at) ?? 0;
}
