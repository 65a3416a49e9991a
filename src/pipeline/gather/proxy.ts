/*
 * Facts for Proxy's codes: 80604, 80903, 80905.
 */
import type { Read } from "../../core/diagnosis/facts.ts";
import type { IdentifierInUseFacts } from "../../core/diagnosis/identifier-in-use-facts.ts";
import type { ProxySession } from "../../core/diagnosis/resources.ts";
import { endOf, heldSince, isActive, present, type SessionWithParticipants } from "../../core/diagnosis/sessions.ts";
import { sidsIn } from "../../core/diagnosis/subject.ts";
import { cameAfter } from "../../core/diagnosis/time.ts";
import type { UnknownParticipantFacts } from "../../core/diagnosis/unknown-participant.ts";
import type { UnknownScenarioFacts } from "../../core/diagnosis/unknown-scenario.ts";
import type { Asking } from "./asking.ts";
import { type Case, sidOf } from "./case.ts";
import { type ScanRequest, scanSessions } from "./scan-sessions.ts";

/** Ended Sessions looked into for one that used to hold the pair. */
const endedSessions = 15;

/** Services looked through for one that has a number or a Session. */
const servicesLookedThrough = 8;

/** Sessions read before that are looked at once more. */
const suspectsLookedAt = 4;

/** Facts for 80604: the Session, the Service's numbers, and who else holds what. */
export async function gatherIdentifierInUse(asking: Asking, of: Case): Promise<IdentifierInUseFacts> {
  const service = await serviceOf(asking, of);
  const name = sessionNameOf(of);
  const [session, participants, numbers] = await Promise.all([
    sessionOf(asking, service, name),
    sessionParticipants(asking, service, name),
    numbersOf(asking, service),
  ]);
  const sessionSid = session.ok && session.value !== null ? session.value.sid : sidOf("KC", of);
  const { open } = await scan(asking, service, { except: sessionSid, ended: 0 });
  const people = [
    ...(of.request.ok ? of.request.value.participants : []),
    ...(participants.ok ? participants.value : []),
  ].map(({ identifier }) => identifier);
  return {
    occurredAt: of.event.occurredAt,
    service,
    sessionSid,
    request: of.request,
    session,
    participants,
    numbers,
    others: await asOfNow(asking, service, open, people, session.at),
  };
}

/** Facts for 80903: the Participant in the Session of the request, its neighbours, and whether it is in another one. */
export async function gatherUnknownParticipant(asking: Asking, of: Case): Promise<UnknownParticipantFacts> {
  const service = await serviceOf(asking, of);
  const participantSid = sidOf("KP", of);
  const name = sessionNameOf(of) ?? (await sessionWith(asking, service, participantSid));
  const path = `/v1/Services/${service}/Sessions/${shown(name)}/Participants/${participantSid}`;
  const [session, participants, participant] = await Promise.all([
    sessionOf(asking, service, name),
    sessionParticipants(asking, service, name),
    service === null || name === null || participantSid === null
      ? asking.unread("the Participant", "not_asked")
      : asking.one(path, (owner) => asking.resources.proxyParticipant(owner, service, name, participantSid)),
  ]);
  const sessionSid = session.ok && session.value !== null ? session.value.sid : sidOf("KC", of);
  const isMissing = participantSid !== null && participant.ok && participant.value === null;
  const elsewhere = isMissing
    ? await findParticipant(asking, service, sessionSid, participantSid)
    : asking.unread("the other Sessions of the Service", "not_asked");
  return {
    occurredAt: of.event.occurredAt,
    service,
    sessionSid,
    participantSid,
    request: of.request,
    session,
    participant,
    participants,
    elsewhere,
  };
}

/** Facts for 80905: the Service with its callback and numbers, and the Sessions of the caller. */
export async function gatherUnknownScenario(asking: Asking, of: Case): Promise<UnknownScenarioFacts> {
  const { occurredAt } = of.event;
  const { from, to } = of.request.ok ? of.request.value : { from: null, to: null };
  const named = sidOf("KS", of);
  const numbersOfNamed = named === null ? null : await numbersOf(asking, named);
  const isElsewhere =
    numbersOfNamed === null ||
    (numbersOfNamed.ok &&
      numbersOfNamed.cutShort !== true &&
      numbersOfNamed.value.every(({ phoneNumber }) => phoneNumber !== to));
  const numberOwner =
    to !== null && isElsewhere
      ? await findNumber(asking, to, named)
      : asking.unread("the other Services of the account", "not_asked");
  // Without a Service in the event it is the one that owns the number called.
  const service = named ?? (numberOwner.ok ? numberOwner.value : null);
  // The Session that explains the call: which routes it, or ended last. The scan may stop there.
  const isFound = ({ session, participants }: SessionWithParticipants): boolean =>
    (!isActive(session) || endOf(session, occurredAt ?? "") === null) &&
    !cameAfter(session.dateEnded, occurredAt) &&
    present(participants).some(
      (participant) =>
        participant.identifier === from &&
        participant.proxyIdentifier === to &&
        !cameAfter(heldSince(session, participant), occurredAt),
    );
  const [proxyService, numbers, { open, ended }] = await Promise.all([
    service === null
      ? asking.unread("the Service", "not_asked")
      : asking.one(`/v1/Services/${service}`, (owner) => asking.resources.proxyService(owner, service)),
    numbersOfNamed ?? numbersOf(asking, service),
    scan(asking, service, { except: null, ended: endedSessions, isFound }),
  ]);
  return { occurredAt, service, request: of.request, proxyService, numbers, numberOwner, open, ended };
}

/** The Service of the event; where only the Session is named, the one that has it. */
async function serviceOf(asking: Asking, of: Case): Promise<string | null> {
  const named = sidOf("KS", of);
  const session = sidOf("KC", of);
  if (named !== null || session === null) return named;
  const services = await servicesOf(asking);
  for (const { sid } of services.ok ? services.value.slice(0, servicesLookedThrough) : []) {
    const found = await sessionOf(asking, sid, session);
    if (found.ok && found.value !== null) return sid;
  }
  return null;
}

/** How the event names its Session: by sid, or in the URL of a request to Proxy by its unique name. */
function sessionNameOf(of: Case): string | null {
  const sid = sidOf("KC", of);
  const url = URL.parse((of.request.ok ? of.request.value.requestUrl : null) ?? "");
  if (sid !== null || url?.hostname !== "proxy.twilio.com") return sid;
  const name = /^\/v1\/Services\/[^/]+\/Sessions\/([^/]+)/.exec(url.pathname)?.[1];
  try {
    return name === undefined ? null : decodeURIComponent(name);
  } catch {
    return null;
  }
}

/** The name of a Session in a path that is shown: a unique name is the user's own text. */
function shown(name: string | null): string {
  return name !== null && sidsIn("KC", [name]).length > 0 ? name : "{unique name}";
}

function sessionOf(
  asking: Asking,
  service: string | null,
  session: string | null,
): Promise<Read<ProxySession | null>> | Read<null> {
  if (service === null || session === null) return asking.unread("the Session", "not_asked");
  const path = `/v1/Services/${service}/Sessions/${shown(session)}`;
  return asking.one(path, (owner) => asking.resources.proxySession(owner, service, session));
}

function sessionParticipants(asking: Asking, service: string | null, session: string | null) {
  if (service === null || session === null) return asking.unread("the Session's Participants", "not_asked");
  const path = `/v1/Services/${service}/Sessions/${shown(session)}/Participants`;
  return asking.list(path, (owner, limit) =>
    asking.resources.proxyParticipants(owner, service, session, { ...limit, isFresh: true }),
  );
}

function servicesOf(asking: Asking) {
  return asking.list("/v1/Services", (owner, limit) => asking.resources.proxyServices(owner, limit));
}

/** Which Service of the account has a number; null when none of those looked through has it. */
async function findNumber(asking: Asking, number: string, except: string | null): Promise<Read<string | null>> {
  const services = await servicesOf(asking);
  if (!services.ok) return services;
  const others = services.value.filter(({ sid }) => sid !== except);
  let isWhole = services.cutShort !== true && others.length <= servicesLookedThrough;
  for (const { sid } of others.slice(0, servicesLookedThrough)) {
    const numbers = await numbersOf(asking, sid);
    if (numbers.ok && numbers.value.some(({ phoneNumber }) => phoneNumber === number))
      return { ...numbers, value: sid };
    if (!numbers.ok || numbers.cutShort === true) isWhole = false;
  }
  return { ...services, value: null, ...(isWhole ? {} : { cutShort: true }) };
}

function numbersOf(asking: Asking, service: string | null) {
  if (service === null) return asking.unread("the numbers of the Service", "not_asked");
  const path = `/v1/Services/${service}/PhoneNumbers`;
  return asking.list(path, (owner, limit) => asking.resources.proxyPhoneNumbers(owner, service, limit));
}

async function scan(asking: Asking, service: string | null, request: Omit<ScanRequest, "service">) {
  if (service !== null) return await scanSessions(asking, { ...request, service });
  const unread = asking.unread("the Sessions of the Service", "not_asked");
  return { open: unread, ended: unread };
}

/**
 * What was read for an earlier diagnosis may have changed since: the Sessions that could be in the way of these people are
 * looked at once more. `from` is when this diagnosis began.
 */
async function asOfNow(
  asking: Asking,
  service: string | null,
  read: Read<readonly SessionWithParticipants[]>,
  people: readonly (string | null)[],
  from: string,
): Promise<Read<readonly SessionWithParticipants[]>> {
  if (!read.ok || read.at >= from) return read;
  const sessions = [...read.value];
  const suspects = sessions.filter(({ participants }) =>
    participants.some(({ identifier }) => people.includes(identifier)),
  );
  for (const suspect of suspects.slice(0, suspectsLookedAt)) {
    const now = await sessionOf(asking, service, suspect.session.sid);
    if (!now.ok) continue;
    sessions.splice(sessions.indexOf(suspect), 1, ...(now.value === null ? [] : [{ ...suspect, session: now.value }]));
  }
  return { ...read, value: sessions };
}

/** The Session that has a Participant, when nothing but the Participant is named. */
async function sessionWith(asking: Asking, service: string | null, participant: string | null) {
  if (service === null || participant === null) return null;
  const found = await findParticipant(asking, service, null, participant);
  return found.ok && found.value !== null ? found.value.sid : null;
}

/** Looks for a Participant in the other Sessions of the Service: a sid says nothing about where it belongs. */
async function findParticipant(
  asking: Asking,
  service: string | null,
  except: string | null,
  participant: string,
): Promise<Read<ProxySession | null>> {
  const isFound = ({ participants }: SessionWithParticipants) => participants.some(({ sid }) => sid === participant);
  const { open, ended } = await scan(asking, service, { except, ended: endedSessions, isFound });
  for (const read of [open, ended]) {
    if (!read.ok) continue;
    const found = read.value.find(isFound);
    if (found !== undefined) return { ...read, value: found.session };
  }
  if (!open.ok) return open;
  if (!ended.ok) return ended;
  const cutShort = open.cutShort === true || ended.cutShort === true;
  return { ok: true, value: null, source: open.source, at: open.at, ...(cutShort ? { cutShort } : {}) };
}
