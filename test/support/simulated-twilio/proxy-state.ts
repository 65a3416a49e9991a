import { type Done, done, refuse } from "./exchange.ts";
import type {
  ParticipantRequest,
  ProxyInteraction,
  ProxyParticipant,
  ProxyPhoneNumber,
  ProxyService,
  ProxySession,
} from "./proxy-resources.ts";
import { stamp, type World } from "./world.ts";

/**
 * Proxy of one account, with the rules that the documented warnings come from: one (identifier, proxy number) pair in
 * at most one active Session of a Service. Records are plain and may be changed by tests to set up a past.
 */
export class SimulatedProxy {
  readonly services = new Map<string, ProxyService>();
  readonly sessions = new Map<string, ProxySession>();
  readonly participants = new Map<string, ProxyParticipant>();
  readonly phoneNumbers = new Map<string, ProxyPhoneNumber>();
  readonly interactions = new Map<string, ProxyInteraction>();
  /** The account flag ProxyAllowParticipantConflict: conflicts are let through. */
  allowParticipantConflict = false;
  readonly account: string;
  readonly world: World;

  constructor(account: string, world: World) {
    this.account = account;
    this.world = world;
  }

  createService(fields: Partial<ProxyService> = {}): ProxyService {
    const sid = this.world.nextSid("KS");
    const service: ProxyService = {
      sid,
      account_sid: this.account,
      chat_instance_sid: null,
      unique_name: `service ${this.services.size + 1}`,
      default_ttl: 0,
      callback_url: null,
      geo_match_level: "country",
      number_selection_behavior: "prefer-sticky",
      intercept_callback_url: null,
      out_of_session_callback_url: null,
      ...this.#dates(),
      ...fields,
    };
    this.services.set(service.sid, service);
    return service;
  }

  addPhoneNumber(
    service: string,
    phoneNumber: string,
    options: { sid?: string; reserved?: boolean } = {},
  ): Done<ProxyPhoneNumber> {
    if ([...this.phoneNumbers.values()].some((number) => number.phone_number === phoneNumber)) {
      return refuse(400, 80601, "Phone Number Not Available: it already belongs to a Service");
    }
    const number: ProxyPhoneNumber = {
      sid: options.sid ?? this.world.nextSid("PN"),
      account_sid: this.account,
      service_sid: service,
      phone_number: phoneNumber,
      friendly_name: phoneNumber,
      iso_country: "US",
      capabilities: { sms_inbound: true, sms_outbound: true, voice_inbound: true, voice_outbound: true },
      is_reserved: options.reserved ?? false,
      ...this.#dates(),
    };
    this.phoneNumbers.set(number.sid, number);
    return done(number);
  }

  /** Creates a Session with its Participants, or nothing at all when one of them is refused. */
  createSession(
    service: string,
    request: { participants?: readonly ParticipantRequest[]; fields?: Partial<ProxySession> } = {},
  ): Done<ProxySession> {
    const wanted = request.participants ?? [];
    if (wanted.length > 2) return refuse(400, 80609, "Too Many Added Participants: a Session has at most 2");
    const session: ProxySession = {
      sid: this.world.nextSid("KC"),
      service_sid: service,
      account_sid: this.account,
      status: "open",
      unique_name: null,
      date_started: null,
      date_ended: null,
      date_last_interaction: null,
      date_expiry: null,
      ttl: this.services.get(service)?.default_ttl ?? 0,
      mode: "voice-and-message",
      closed_reason: "",
      ...this.#dates(),
      ...request.fields,
    };
    this.sessions.set(session.sid, session);
    for (const participant of wanted) {
      const added = this.addParticipant(session, participant);
      if (!added.ok) {
        this.#forget(session.sid);
        return added;
      }
    }
    return done(session);
  }

  addParticipant(session: ProxySession, request: ParticipantRequest): Done<ProxyParticipant> {
    if (session.status === "closed" || session.status === "failed") return refuse(400, 80607, "Session Closed");
    const present = this.participantsOf(session.sid).filter((participant) => participant.date_deleted === null);
    if (present.length >= 2) return refuse(400, 80609, "Too Many Added Participants: a Session has at most 2");
    const chosen = this.#chooseNumber(session, request);
    if (!chosen.ok) return chosen;
    const participant: ProxyParticipant = {
      sid: this.world.nextSid("KP"),
      session_sid: session.sid,
      service_sid: session.service_sid,
      account_sid: this.account,
      identifier: request.identifier,
      proxy_identifier: chosen.value.phone_number,
      proxy_identifier_sid: chosen.value.sid,
      friendly_name: request.friendlyName ?? "",
      date_deleted: null,
      ...this.#dates(),
    };
    this.participants.set(participant.sid, participant);
    return done(participant);
  }

  /** Status changes of the API: active → closed, closed → in-progress; anything else is 80608. */
  setStatus(session: ProxySession, status: string): Done<ProxySession> {
    if (status === session.status) return done(session);
    const isActive = active(session);
    if (status === "closed" && isActive) {
      Object.assign(session, { status, date_ended: this.#stamp(), closed_reason: "api", date_updated: this.#stamp() });
      return done(session);
    }
    if (status === "in-progress" && session.status === "closed") {
      const conflict = this.participantsOf(session.sid).find(
        (participant) => participant.date_deleted === null && this.holderOf(participant, session.sid) !== null,
      );
      if (conflict !== undefined && !this.allowParticipantConflict) {
        return refuse(400, 80604, "Proxy identifier already in use with requested identifier.");
      }
      Object.assign(session, { status, date_started: this.#stamp(), date_updated: this.#stamp() });
      return done(session);
    }
    if (status === "in-progress" && isActive) {
      Object.assign(session, { status, date_started: this.#stamp(), date_updated: this.#stamp() });
      return done(session);
    }
    return refuse(400, 80608, `Session Status Invalid: ${session.status} cannot become ${status}`);
  }

  /** A removed Participant stays readable, with `date_deleted`, and frees its pair. */
  removeParticipant(participant: ProxyParticipant): void {
    participant.date_deleted = this.#stamp();
    participant.date_updated = this.#stamp();
  }

  /** A deleted Session is gone with everything in it. */
  deleteSession(session: ProxySession): void {
    this.#forget(session.sid);
  }

  participantsOf(session: string): ProxyParticipant[] {
    return [...this.participants.values()].filter((participant) => participant.session_sid === session);
  }

  /** The active Session of the Service, other than the given one, that holds this pair. */
  holderOf(
    pair: { service_sid: string; identifier: string; proxy_identifier: string },
    except: string | null = null,
  ): ProxySession | null {
    for (const participant of this.participants.values()) {
      if (participant.session_sid === except || participant.date_deleted !== null) continue;
      if (participant.service_sid !== pair.service_sid || participant.identifier !== pair.identifier) continue;
      if (participant.proxy_identifier !== pair.proxy_identifier) continue;
      const session = this.sessions.get(participant.session_sid);
      if (session !== undefined && active(session)) return session;
    }
    return null;
  }

  /** How many active Sessions use a number (`in_use`). */
  inUse(number: ProxyPhoneNumber): number {
    const sessions = new Set<string>();
    for (const participant of this.participants.values()) {
      const session = this.sessions.get(participant.session_sid);
      const uses = participant.proxy_identifier_sid === number.sid && participant.date_deleted === null;
      if (uses && session !== undefined && active(session)) sessions.add(session.sid);
    }
    return sessions.size;
  }

  /** Closes what has run out: `date_expiry`, else `ttl` seconds after the last interaction or the creation. */
  expire(): void {
    const now = this.world.now().getTime();
    for (const session of this.sessions.values()) {
      if (!active(session)) continue;
      const last = Date.parse(session.date_last_interaction ?? session.date_created);
      const byTtl = session.ttl > 0 ? last + session.ttl * 1000 : Number.POSITIVE_INFINITY;
      const end = session.date_expiry === null ? byTtl : Date.parse(session.date_expiry);
      if (end > now) continue;
      Object.assign(session, { status: "closed", date_ended: stamp(new Date(end)), closed_reason: "ttl" });
    }
  }

  #chooseNumber(session: ProxySession, request: ParticipantRequest): Done<ProxyPhoneNumber> {
    const pool = [...this.phoneNumbers.values()].filter((number) => number.service_sid === session.service_sid);
    const asked = request.proxyIdentifierSid ?? request.proxyIdentifier;
    const isFree = (number: ProxyPhoneNumber): boolean => {
      const pair = {
        service_sid: session.service_sid,
        identifier: request.identifier,
        proxy_identifier: number.phone_number,
      };
      return this.allowParticipantConflict || this.holderOf(pair, null) === null;
    };
    if (asked !== undefined) {
      const number = pool.find((candidate) => candidate.sid === asked || candidate.phone_number === asked);
      if (number === undefined) return refuse(400, 80605, "Proxy Identifier Not In Service");
      return isFree(number)
        ? done(number)
        : refuse(400, 80604, "Proxy identifier already in use with requested identifier.");
    }
    if (pool.length === 0) return refuse(400, 80205, "No Proxies For Service");
    const open = pool.filter((number) => !number.is_reserved);
    if (open.length === 0) return refuse(400, 80207, "No unreserved numbers in proxy pool.");
    const free = open.find(isFree);
    return free === undefined
      ? refuse(400, 80604, "Proxy identifier already in use with requested identifier.")
      : done(free);
  }

  #forget(session: string): void {
    this.sessions.delete(session);
    for (const participant of this.participantsOf(session)) this.participants.delete(participant.sid);
    for (const interaction of this.interactions.values()) {
      if (interaction.session_sid === session) this.interactions.delete(interaction.sid);
    }
  }

  #dates(): { date_created: string; date_updated: string } {
    return { date_created: this.#stamp(), date_updated: this.#stamp() };
  }

  #stamp(): string {
    return stamp(this.world.now());
  }
}

/** Whether a Session can route traffic. */
export function active(session: ProxySession): boolean {
  return session.status === "open" || session.status === "in-progress";
}
