import type { Read } from "./facts.ts";
import { maskAddress } from "./mask-address.ts";
import type { ProxyParticipant, ProxySession } from "./resources.ts";
import { endOf, heldSince, isActive, present, type SessionWithParticipants } from "./sessions.ts";
import { cameAfter, timeOf } from "./time.ts";

/** How a Service's Sessions relate to one caller and the number they called. */
export interface Routing {
  /** Masked, for evidence: the caller, the number called, and both as a pair. */
  readonly caller: string;
  readonly called: string;
  readonly pair: string;
  /** Open Sessions that have the caller on that number. */
  readonly matching: readonly RoutingSession[];
  /** Open Sessions that have the caller on another number. */
  readonly elsewhere: readonly (RoutingSession & { readonly number: string })[];
  /** Ended Sessions that had the caller on that number, the latest end first. */
  readonly ended: readonly EndedSession[];
  /** Open Sessions from which the caller's Participant was removed. */
  readonly removed: readonly { readonly sid: string; readonly at: string }[];
}

/** An open Session of the caller. */
export interface RoutingSession {
  readonly session: ProxySession;
  /** Whether it came about, or the caller came into it, only after the event. */
  readonly isLate: boolean;
}

export interface EndedSession extends RoutingSession {
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
    read.ok
      ? read.value.map((each) => ({ ...each, source: read, end: endOf(each.session, scans.occurredAt ?? read.at) }))
      : [],
  );
  const open = all.filter(({ session, end }) => isActive(session) && end === null);
  const isLate = (session: ProxySession, participant: ProxyParticipant): boolean =>
    cameAfter(heldSince(session, participant), scans.occurredAt);
  const own = <Each extends SessionWithParticipants>(each: Each) => {
    const found = present(each.participants).find(
      ({ identifier, proxyIdentifier }) => identifier === from && proxyIdentifier === to,
    );
    return found === undefined ? [] : [{ ...each, isLate: isLate(each.session, found) }];
  };
  return {
    caller: maskAddress(from),
    called: maskAddress(to),
    pair: `${maskAddress(from)} on ${maskAddress(to)}`,
    matching: open.flatMap(own),
    elsewhere: open.flatMap(({ session, participants }) => {
      const other = present(participants).find(
        ({ identifier, proxyIdentifier }) => identifier === from && proxyIdentifier !== to,
      );
      if (!other?.proxyIdentifier) return [];
      return [{ session, number: other.proxyIdentifier, isLate: isLate(session, other) }];
    }),
    ended: all
      .flatMap(own)
      .flatMap(({ session, isLate: late, end, source }) =>
        end === null ? [] : [{ session, isLate: late, ...end, source }],
      )
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
