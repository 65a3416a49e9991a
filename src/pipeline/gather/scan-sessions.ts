import type { Read } from "../../core/diagnosis/facts.ts";
import type { ProxySession } from "../../core/diagnosis/resources.ts";
import { isActive, type SessionWithParticipants } from "../../core/diagnosis/sessions.ts";
import type { Asking } from "./asking.ts";

/** Participant lists read at the same time; the account's own concurrency is the outer bound. */
const atOnce = 4;

/** Sessions of a Service with their Participants, the newest first. */
export interface SessionScan {
  readonly open: Read<readonly SessionWithParticipants[]>;
  readonly ended: Read<readonly SessionWithParticipants[]>;
}

/** What to scan. */
export interface ScanRequest {
  readonly service: string;
  /** The Session of the event itself, which is read apart. */
  readonly except: string | null;
  /** Ended Sessions to look into, after all open ones; 0 for none. */
  readonly ended: number;
  /** What is looked for, when one is enough: no further Sessions are read once it is found. */
  readonly isFound?: (found: SessionWithParticipants) => boolean;
}

/**
 * Reads the Sessions of a Service and who takes part in them. The API has no filter, so this is a scan: the newest first,
 * open ones before ended ones, until the calls of this diagnosis are used up; what is missing then is said.
 */
export async function scanSessions(asking: Asking, request: ScanRequest): Promise<SessionScan> {
  const path = `/v1/Services/${request.service}/Sessions`;
  const sessions = await asking.list(path, (owner, limit) =>
    asking.resources.proxySessions(owner, request.service, limit),
  );
  if (!sessions.ok) return { open: sessions, ended: sessions };

  const newestFirst = sessions.value
    .filter(({ sid }) => sid !== request.except)
    .toSorted((a, b) => compare(b.dateCreated, a.dateCreated));
  const open = await withParticipants(asking, request, newestFirst.filter(isActive));
  const past = newestFirst
    .filter((session) => !isActive(session))
    .toSorted((a, b) => compare(b.dateEnded, a.dateEnded));
  const isDone = open.sessions.some((each) => request.isFound?.(each) === true);
  const ended = await withParticipants(asking, request, isDone ? [] : past.slice(0, request.ended));
  return {
    open: reading(sessions, open),
    ended: reading(sessions, { ...ended, complete: ended.complete && past.length <= request.ended }),
  };
}

interface Found {
  readonly sessions: readonly SessionWithParticipants[];
  readonly complete: boolean;
}

async function withParticipants(
  asking: Asking,
  { service, isFound }: ScanRequest,
  sessions: readonly ProxySession[],
): Promise<Found> {
  const found: SessionWithParticipants[] = [];
  let complete = true;
  for (let index = 0; index < sessions.length; index += atOnce) {
    const batch = sessions.slice(index, index + atOnce);
    const reads = await Promise.all(batch.map((session) => participantsOf(asking, service, session.sid)));
    for (const [place, read] of reads.entries()) {
      const session = batch[place];
      if (session === undefined) continue;
      if (read.ok) found.push({ session, participants: read.value });
      if (!read.ok || read.cutShort === true) complete = false;
    }
    if (found.some((each) => isFound?.(each) === true)) break;
  }
  return { sessions: found, complete };
}

/** The Participants of one Session of a scan, which may have been read for another diagnosis just now. */
function participantsOf(asking: Asking, service: string, session: string) {
  const path = `/v1/Services/${service}/Sessions/${session}/Participants`;
  return asking.list(path, (owner, limit) => asking.resources.proxyParticipants(owner, service, session, limit));
}

function reading(list: Read<unknown> & { ok: true }, found: Found): Read<readonly SessionWithParticipants[]> {
  const { value: _, cutShort, ...where } = list;
  const complete = cutShort !== true && found.complete;
  return { ...where, value: found.sessions, ...(complete ? {} : { cutShort: true }) };
}

function compare(a: string | null, b: string | null): number {
  return (a ?? "").localeCompare(b ?? "", "en");
}
