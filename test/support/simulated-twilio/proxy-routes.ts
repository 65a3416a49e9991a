import { type Exchange, errorReply, notFound, type Reply, replyTo } from "./exchange.ts";
import { listReply } from "./paging.ts";
import type {
  ParticipantRequest,
  ProxyInteraction,
  ProxyParticipant,
  ProxyPhoneNumber,
  ProxyService,
  ProxySession,
} from "./proxy-resources.ts";
import type { SimulatedProxy } from "./proxy-state.ts";
import { sendMessage } from "./proxy-traffic.ts";
import type { Route } from "./router.ts";
import { newestFirst, stamp } from "./world.ts";

const host = "proxy.twilio.com";
const services = "/v1/Services";
const service = `${services}/:ks`;
const session = `${service}/Sessions/:kc`;
const participant = `${session}/Participants/:kp`;

type Handler = (proxy: SimulatedProxy, exchange: Exchange, params: Record<string, string>) => Reply;

/** The endpoints of https://www.twilio.com/docs/proxy/api that a diagnosis reads or a remedy uses. */
export function proxyRoutes(of: (account: string) => SimulatedProxy): Route[] {
  const at = (method: Route["method"], pattern: string, handle: Handler): Route => ({
    method,
    host,
    pattern,
    handle: (exchange, params) => {
      const proxy = of(exchange.account);
      proxy.expire();
      return handle(proxy, exchange, params);
    },
  });
  return [
    at("GET", services, (proxy, exchange) =>
      listReply(exchange, newestFirst(proxy.services.values()).map(showService), { key: "services", cap: 100 }),
    ),
    at(
      "GET",
      service,
      withService((_proxy, _exchange, found) => ({ status: 200, body: showService(found) })),
    ),
    at("POST", service, withService(updateService)),
    at("GET", `${service}/PhoneNumbers`, withService(listNumbers)),
    at("POST", `${service}/PhoneNumbers`, withService(addNumber)),
    at("GET", `${service}/PhoneNumbers/:pn`, withService(fetchNumber)),
    at("DELETE", `${service}/PhoneNumbers/:pn`, withService(removeNumber)),
    at("GET", `${service}/Sessions`, withService(listSessions)),
    at("POST", `${service}/Sessions`, withService(createSession)),
    at(
      "GET",
      session,
      withSession((_proxy, _exchange, found) => ({ status: 200, body: showSession(found) })),
    ),
    at("POST", session, withSession(updateSession)),
    at("DELETE", session, withSession(deleteSession)),
    at("GET", `${session}/Participants`, withSession(listParticipants)),
    at("POST", `${session}/Participants`, withSession(createParticipant)),
    at(
      "GET",
      participant,
      withParticipant((_proxy, found) => ({ status: 200, body: showParticipant(found) })),
    ),
    at("DELETE", participant, withParticipant(deleteParticipant)),
    at("POST", `${participant}/MessageInteractions`, withSession(createMessage)),
    at("GET", `${session}/Interactions`, withSession(listInteractions)),
    at("GET", `${session}/Interactions/:ki`, withSession(fetchInteraction)),
  ];
}

function withService(
  handle: (proxy: SimulatedProxy, exchange: Exchange, found: ProxyService, params: Record<string, string>) => Reply,
): Handler {
  return (proxy, exchange, params) => {
    const found = proxy.services.get(params.ks ?? "");
    return found === undefined ? notFound(exchange.path) : handle(proxy, exchange, found, params);
  };
}

function withSession(
  handle: (proxy: SimulatedProxy, exchange: Exchange, found: ProxySession, params: Record<string, string>) => Reply,
): Handler {
  return withService((proxy, exchange, { sid }, params) => {
    const key = params.kc ?? "";
    const found = [...proxy.sessions.values()].find(
      (candidate) => candidate.service_sid === sid && (candidate.sid === key || candidate.unique_name === key),
    );
    return found === undefined ? notFound(exchange.path) : handle(proxy, exchange, found, params);
  });
}

function withParticipant(handle: (proxy: SimulatedProxy, found: ProxyParticipant) => Reply): Handler {
  return withSession((proxy, exchange, { sid }, params) => {
    const found = proxy.participants.get(params.kp ?? "");
    return found === undefined || found.session_sid !== sid ? notFound(exchange.path) : handle(proxy, found);
  });
}

function updateService(proxy: SimulatedProxy, { form }: Exchange, found: ProxyService): Reply {
  const callback = form.get("OutOfSessionCallbackUrl");
  if (callback !== null) found.out_of_session_callback_url = callback === "" ? null : callback;
  const ttl = form.get("DefaultTtl");
  if (ttl !== null) found.default_ttl = Number(ttl);
  found.date_updated = stamp(proxy.world.now());
  return { status: 200, body: showService(found) };
}

function listNumbers(proxy: SimulatedProxy, exchange: Exchange, { sid }: ProxyService): Reply {
  const numbers = newestFirst(proxy.phoneNumbers.values()).filter((number) => number.service_sid === sid);
  return listReply(
    exchange,
    numbers.map((number) => showNumber(proxy, number)),
    { key: "phone_numbers", cap: 1000 },
  );
}

function addNumber(proxy: SimulatedProxy, { form }: Exchange, { sid }: ProxyService): Reply {
  const phoneSid = form.get("Sid");
  const phoneNumber = form.get("PhoneNumber");
  if (phoneSid === null && phoneNumber === null) return errorReply(400, 20001, "Sid or PhoneNumber is required");
  const count = String(proxy.phoneNumbers.size).padStart(4, "0");
  const options = { reserved: form.get("IsReserved") === "true", ...(phoneSid === null ? {} : { sid: phoneSid }) };
  const added = proxy.addPhoneNumber(sid, phoneNumber ?? `+1555900${count}`, options);
  return replyTo(added, (number) => showNumber(proxy, number), 201);
}

function fetchNumber(
  proxy: SimulatedProxy,
  exchange: Exchange,
  { sid }: ProxyService,
  params: Record<string, string>,
): Reply {
  const number = proxy.phoneNumbers.get(params.pn ?? "");
  if (number === undefined || number.service_sid !== sid) return notFound(exchange.path);
  return { status: 200, body: showNumber(proxy, number) };
}

function removeNumber(
  proxy: SimulatedProxy,
  exchange: Exchange,
  { sid }: ProxyService,
  params: Record<string, string>,
): Reply {
  const number = proxy.phoneNumbers.get(params.pn ?? "");
  if (number === undefined || number.service_sid !== sid) return notFound(exchange.path);
  if (proxy.inUse(number) > 0) return errorReply(400, 80611, "Proxy Number In Active Sessions");
  proxy.phoneNumbers.delete(number.sid);
  return { status: 204 };
}

function listSessions(proxy: SimulatedProxy, exchange: Exchange, { sid }: ProxyService): Reply {
  const sessions = newestFirst(proxy.sessions.values()).filter((candidate) => candidate.service_sid === sid);
  return listReply(exchange, sessions.map(showSession), { key: "sessions", cap: 100 });
}

function createSession(proxy: SimulatedProxy, { form }: Exchange, { sid }: ProxyService): Reply {
  const uniqueName = form.get("UniqueName");
  if (
    uniqueName !== null &&
    [...proxy.sessions.values()].some((other) => other.service_sid === sid && other.unique_name === uniqueName)
  ) {
    return errorReply(400, 80603, "Non Unique Session Name");
  }
  const ttl = form.get("Ttl");
  const fields: Partial<ProxySession> = {
    unique_name: uniqueName,
    date_expiry: form.get("DateExpiry"),
    ...(ttl === null ? {} : { ttl: Number(ttl) }),
  };
  const participants: ParticipantRequest[] = [];
  for (const text of form.getAll("Participants")) {
    const parsed = participantFromJson(text);
    if (parsed === null) return errorReply(400, 20001, "Participants: expected a JSON object with Identifier");
    participants.push(parsed);
  }
  return replyTo(proxy.createSession(sid, { participants, fields }), showSession, 201);
}

function updateSession(proxy: SimulatedProxy, { form }: Exchange, found: ProxySession): Reply {
  const ttl = form.get("Ttl");
  if (ttl !== null) found.ttl = Number(ttl);
  const expiry = form.get("DateExpiry");
  if (expiry !== null) found.date_expiry = expiry;
  const status = form.get("Status");
  if (status === null) return { status: 200, body: showSession(found) };
  return replyTo(proxy.setStatus(found, status), showSession);
}

function deleteSession(proxy: SimulatedProxy, _exchange: Exchange, found: ProxySession): Reply {
  proxy.deleteSession(found);
  return { status: 204 };
}

function listParticipants(proxy: SimulatedProxy, exchange: Exchange, { sid }: ProxySession): Reply {
  const participants = newestFirst(proxy.participantsOf(sid)).map(showParticipant);
  return listReply(exchange, participants, { key: "participants", cap: 1000 });
}

function createParticipant(proxy: SimulatedProxy, { form }: Exchange, found: ProxySession): Reply {
  const identifier = form.get("Identifier");
  if (identifier === null || identifier === "") return errorReply(400, 20001, "Missing required parameter Identifier");
  const request = {
    identifier,
    proxyIdentifier: form.get("ProxyIdentifier") ?? undefined,
    proxyIdentifierSid: form.get("ProxyIdentifierSid") ?? undefined,
    friendlyName: form.get("FriendlyName") ?? undefined,
  };
  return replyTo(proxy.addParticipant(found, request), showParticipant, 201);
}

function deleteParticipant(proxy: SimulatedProxy, found: ProxyParticipant): Reply {
  proxy.removeParticipant(found);
  return { status: 204 };
}

function createMessage(
  proxy: SimulatedProxy,
  { form }: Exchange,
  found: ProxySession,
  params: Record<string, string>,
): Reply {
  return replyTo(sendMessage(proxy, found, params.kp ?? "", form.get("Body") ?? ""), showInteraction, 201);
}

function listInteractions(proxy: SimulatedProxy, exchange: Exchange, { sid }: ProxySession): Reply {
  const found = newestFirst(proxy.interactions.values()).filter((interaction) => interaction.session_sid === sid);
  return listReply(exchange, found.map(showInteraction), { key: "interactions", cap: 1000 });
}

function fetchInteraction(
  proxy: SimulatedProxy,
  exchange: Exchange,
  { sid }: ProxySession,
  params: Record<string, string>,
): Reply {
  const found = proxy.interactions.get(params.ki ?? "");
  if (found === undefined || found.session_sid !== sid) return notFound(exchange.path);
  return { status: 200, body: showInteraction(found) };
}

function participantFromJson(text: string): ParticipantRequest | null {
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed !== "object" || parsed === null) return null;
    const fields = new Map<string, unknown>(Object.entries(parsed));
    const read = (name: string): string | undefined => {
      const value = fields.get(name);
      return typeof value === "string" ? value : undefined;
    };
    const identifier = read("Identifier") ?? read("identifier");
    if (identifier === undefined) return null;
    return {
      identifier,
      proxyIdentifier: read("ProxyIdentifier") ?? read("proxyIdentifier"),
      proxyIdentifierSid: read("ProxyIdentifierSid") ?? read("proxyIdentifierSid"),
      friendlyName: read("FriendlyName") ?? read("friendlyName"),
    };
  } catch {
    return null;
  }
}

function serviceUrl(sid: string): string {
  return `https://${host}/v1/Services/${sid}`;
}

function showService(found: ProxyService): unknown {
  const url = serviceUrl(found.sid);
  return { ...found, url, links: { sessions: `${url}/Sessions`, phone_numbers: `${url}/PhoneNumbers` } };
}

function showSession(found: ProxySession): unknown {
  const url = `${serviceUrl(found.service_sid)}/Sessions/${found.sid}`;
  return { ...found, url, links: { interactions: `${url}/Interactions`, participants: `${url}/Participants` } };
}

function showParticipant(found: ProxyParticipant): unknown {
  const url = `${serviceUrl(found.service_sid)}/Sessions/${found.session_sid}/Participants/${found.sid}`;
  return { ...found, url, links: { message_interactions: `${url}/MessageInteractions` } };
}

function showNumber(proxy: SimulatedProxy, found: ProxyPhoneNumber): unknown {
  return { ...found, in_use: proxy.inUse(found), url: `${serviceUrl(found.service_sid)}/PhoneNumbers/${found.sid}` };
}

function showInteraction(found: ProxyInteraction): unknown {
  const url = `${serviceUrl(found.service_sid)}/Sessions/${found.session_sid}/Interactions/${found.sid}`;
  return { ...found, url };
}
