import { type Done, done, refuse } from "./exchange.ts";
import type { ProxyInteraction, ProxyParticipant, ProxySession } from "./proxy-resources.ts";
import { active, type SimulatedProxy } from "./proxy-state.ts";
import { stamp } from "./world.ts";

/** Sends a message to a Participant through its Session, as `POST …/Participants/{KP}/MessageInteractions` does. */
export function sendMessage(
  proxy: SimulatedProxy,
  session: ProxySession,
  participantSid: string,
  body: string,
): Done<ProxyInteraction> {
  const participant = proxy.participants.get(participantSid);
  if (participant === undefined || participant.session_sid !== session.sid || participant.date_deleted !== null) {
    return refuse(404, 80903, "Unknown Participant");
  }
  if (!active(session)) return refuse(400, 80607, "Session Closed");
  return done(record(proxy, session, { inbound: null, outbound: participant.sid, data: JSON.stringify({ body }) }));
}

/**
 * A message or call that reaches a Proxy number. It is routed by (caller, number called) through an active Session;
 * without one Twilio reports 80905.
 */
export function receiveInbound(
  proxy: SimulatedProxy,
  inbound: { service: string; from: string; to: string },
): Done<ProxySession> {
  proxy.expire();
  const onNumber = [...proxy.participants.values()].filter(
    (participant) =>
      participant.service_sid === inbound.service &&
      participant.proxy_identifier === inbound.to &&
      participant.date_deleted === null,
  );
  for (const participant of onNumber) {
    const session = proxy.sessions.get(participant.session_sid);
    if (participant.identifier !== inbound.from || session === undefined || !active(session)) continue;
    const partner = proxy.participantsOf(session.sid).find((other) => isPartner(other, participant));
    if (partner === undefined) return refuse(400, 80614, "No Partner Participant Found");
    if (session.status === "open") proxy.setStatus(session, "in-progress");
    session.date_last_interaction = stamp(proxy.world.now());
    record(proxy, session, { inbound: participant.sid, outbound: partner.sid, data: "{}" });
    return done(session);
  }
  return refuse(400, 80905, "No valid proxy scenario for handling inbound call or message");
}

function isPartner(other: ProxyParticipant, participant: ProxyParticipant): boolean {
  return other.sid !== participant.sid && other.date_deleted === null;
}

function record(
  proxy: SimulatedProxy,
  session: ProxySession,
  message: { inbound: string | null; outbound: string; data: string },
): ProxyInteraction {
  const at = stamp(proxy.world.now());
  const interaction: ProxyInteraction = {
    sid: proxy.world.nextSid("KI"),
    session_sid: session.sid,
    service_sid: session.service_sid,
    account_sid: proxy.account,
    data: message.data,
    type: "message",
    inbound_participant_sid: message.inbound,
    inbound_resource_sid: message.inbound === null ? null : proxy.world.nextSid("SM"),
    inbound_resource_status: message.inbound === null ? null : "received",
    inbound_resource_type: message.inbound === null ? null : "Message",
    inbound_resource_url: null,
    outbound_participant_sid: message.outbound,
    outbound_resource_sid: proxy.world.nextSid("SM"),
    outbound_resource_status: "sent",
    outbound_resource_type: "Message",
    outbound_resource_url: null,
    date_created: at,
    date_updated: at,
  };
  proxy.interactions.set(interaction.sid, interaction);
  session.date_last_interaction = at;
  return interaction;
}
