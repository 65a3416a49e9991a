/*
 * Facts for Proxy's codes: 80604, 80903, 80905.
 */
import type { Read } from "../../core/diagnosis/facts.ts";
import type { IdentifierInUseFacts } from "../../core/diagnosis/identifier-in-use-facts.ts";
import type { ProxyParticipant, ProxySession } from "../../core/diagnosis/resources.ts";
import { sidsIn } from "../../core/diagnosis/subject.ts";
import type { UnknownParticipantFacts } from "../../core/diagnosis/unknown-participant.ts";
import type { UnknownScenarioFacts } from "../../core/diagnosis/unknown-scenario.ts";
import type { Asking } from "./asking.ts";
import type { Case } from "./case.ts";
import { participantsOf, scanSessions } from "./scan-sessions.ts";

/** Ended Sessions looked into for one that used to hold the pair. */
const endedSessions = 15;

/** Facts for 80604: the Session, the Service's numbers, and who else holds what. */
export async function gatherIdentifierInUse(asking: Asking, of: Case): Promise<IdentifierInUseFacts> {
  const service = sidOf("KS", of);
  const sessionSid = sidOf("KC", of);
  const [session, participants, numbers] = await Promise.all([
    sessionOf(asking, service, sessionSid),
    sessionParticipants(asking, service, sessionSid),
    numbersOf(asking, service),
  ]);
  const others = await scan(asking, service, sessionSid, 0);
  return {
    occurredAt: of.event.occurredAt,
    service,
    sessionSid,
    request: of.request,
    session,
    participants,
    numbers,
    others: others.open,
  };
}

/** Facts for 80903: the Participant in the Session of the request, its neighbours, and whether it is in another one. */
export async function gatherUnknownParticipant(asking: Asking, of: Case): Promise<UnknownParticipantFacts> {
  const service = sidOf("KS", of);
  const sessionSid = sidOf("KC", of);
  const participantSid = sidOf("KP", of);
  const path = `/v1/Services/${service}/Sessions/${sessionSid}/Participants/${participantSid}`;
  const [session, participants, participant] = await Promise.all([
    sessionOf(asking, service, sessionSid),
    sessionParticipants(asking, service, sessionSid),
    service === null || sessionSid === null || participantSid === null
      ? asking.unread("the Participant", "not_asked")
      : asking.one(path, (owner) => asking.resources.proxyParticipant(owner, service, sessionSid, participantSid)),
  ]);
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
  const service = sidOf("KS", of);
  const [proxyService, numbers] = await Promise.all([
    service === null
      ? asking.unread("the Service", "not_asked")
      : asking.one(`/v1/Services/${service}`, (owner) => asking.resources.proxyService(owner, service)),
    numbersOf(asking, service),
  ]);
  const { open, ended } = await scan(asking, service, null, endedSessions);
  const numberOwner = asking.unread("the other Services of the account", "not_asked");
  return {
    occurredAt: of.event.occurredAt,
    service,
    request: of.request,
    proxyService,
    numbers,
    numberOwner,
    open,
    ended,
  };
}

/** The sid of one kind: what the event names comes before what stands in the request's URL or in the message. */
function sidOf(prefix: string, { event, request, message }: Case): string | null {
  const url = request.ok ? request.value.requestUrl : null;
  return sidsIn(prefix, [event.resource, event.service, url, message])[0] ?? null;
}

function sessionOf(
  asking: Asking,
  service: string | null,
  session: string | null,
): Promise<Read<ProxySession | null>> | Read<null> {
  if (service === null || session === null) return asking.unread("the Session", "not_asked");
  const path = `/v1/Services/${service}/Sessions/${session}`;
  return asking.one(path, (owner) => asking.resources.proxySession(owner, service, session));
}

function sessionParticipants(asking: Asking, service: string | null, session: string | null) {
  if (service === null || session === null) return asking.unread("the Session's Participants", "not_asked");
  return participantsOf(asking, service, session);
}

function numbersOf(asking: Asking, service: string | null) {
  if (service === null) return asking.unread("the numbers of the Service", "not_asked");
  const path = `/v1/Services/${service}/PhoneNumbers`;
  return asking.list(path, (owner, limit) => asking.resources.proxyPhoneNumbers(owner, service, limit));
}

async function scan(asking: Asking, service: string | null, except: string | null, ended: number) {
  if (service !== null) return await scanSessions(asking, { service, except, ended });
  const unread = asking.unread("the Sessions of the Service", "not_asked");
  return { open: unread, ended: unread };
}

/** Looks for a Participant in the other Sessions of the Service: a sid says nothing about where it belongs. */
async function findParticipant(
  asking: Asking,
  service: string | null,
  except: string | null,
  participant: string,
): Promise<Read<ProxyParticipant | null>> {
  const { open, ended } = await scan(asking, service, except, endedSessions);
  for (const read of [open, ended]) {
    if (!read.ok) continue;
    const found = read.value.flatMap(({ participants }) => participants).find(({ sid }) => sid === participant);
    if (found !== undefined) return { ...read, value: found };
  }
  if (!open.ok) return open;
  if (!ended.ok) return ended;
  const cutShort = open.cutShort === true || ended.cutShort === true;
  return { ok: true, value: null, source: open.source, at: open.at, ...(cutShort ? { cutShort } : {}) };
}
