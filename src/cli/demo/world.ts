import { type ErrorEvent, errorEvent } from "../../../test/support/sign.ts";
import type { SimulatedTwilio } from "../../../test/support/simulated-twilio/server.ts";

const caller = "+15555550101";
const driver = "+15555550102";
const rider = "+15555550103";
const proxyNumber = "+15555550199";
const customer = "+15555550104";
const senderNumber = "+15555550198";

/** The answer of a simulated action that must work for the stage to be set. */
function must<T>(outcome: { readonly ok: true; readonly value: T } | { readonly ok: false }): T {
  if (!outcome.ok) throw new Error("the simulated Twilio refused to set the stage of the demo");
  return outcome.value;
}

/**
 * Sets the stage at the simulated Twilio, one fault a code, and returns the five events Twilio would report: each names
 * the resources of its fault, so that there is something to find.
 */
export function stageFaults(twilio: SimulatedTwilio, at: Date): ErrorEvent[] {
  return [
    sessionReopened(twilio, at),
    foreignParticipant(twilio, at),
    callAfterTheEnd(twilio, at),
    pairBoundElsewhere(twilio, at),
    otherUserTalking(twilio, at),
  ];
}

/** 80604: a closed Session is opened again while its caller talks on the Service's only number in another one. */
function sessionReopened(twilio: SimulatedTwilio, at: Date): ErrorEvent {
  const { proxy } = twilio.state.account();
  const service = proxy.createService({ unique_name: "ride calls" });
  must(proxy.addPhoneNumber(service.sid, proxyNumber));
  const first = must(proxy.createSession(service.sid, { participants: [{ identifier: caller }] }));
  must(proxy.setStatus(first, "closed"));
  must(proxy.createSession(service.sid, { participants: [{ identifier: caller }] }));
  const url = `https://proxy.twilio.com/v1/Services/${service.sid}/Sessions/${first.sid}`;
  return event(1, { code: 80604, at, resource: first.sid, service: service.sid }, url, { Status: "in-progress" });
}

/** 80903: a message is sent through a Participant that belongs to another Session. */
function foreignParticipant(twilio: SimulatedTwilio, at: Date): ErrorEvent {
  const { proxy } = twilio.state.account();
  const service = proxy.createService({ unique_name: "deliveries" });
  must(proxy.addPhoneNumber(service.sid, "+15555550197"));
  const meant = must(proxy.createSession(service.sid, { participants: [{ identifier: driver }] }));
  const other = must(proxy.createSession(service.sid, { participants: [{ identifier: rider }] }));
  const [participant] = proxy.participantsOf(other.sid);
  const url = `https://proxy.twilio.com/v1/Services/${service.sid}/Sessions/${meant.sid}/Participants/${participant?.sid}/MessageInteractions`;
  return event(2, { code: 80903, at, resource: meant.sid, service: service.sid }, url, { Body: "I am at the gate" });
}

/** 80905: a call comes in after its Session was closed, and the Service has no out-of-session callback. */
function callAfterTheEnd(twilio: SimulatedTwilio, at: Date): ErrorEvent {
  const { proxy } = twilio.state.account();
  const service = proxy.createService({ unique_name: "house viewings" });
  const number = "+15555550196";
  must(proxy.addPhoneNumber(service.sid, number));
  const ended = must(proxy.createSession(service.sid, { participants: [{ identifier: rider }] }));
  must(proxy.setStatus(ended, "closed"));
  const url = "https://app.example.com/twilio/inbound?customer=4711";
  return event(3, { code: 80905, at, service: service.sid }, url, { From: rider, To: number });
}

/** 50416: a customer is added to a Conversation while an older one still holds the pair of addresses. */
function pairBoundElsewhere(twilio: SimulatedTwilio, at: Date): ErrorEvent {
  const { conversations } = twilio.state.account();
  const weekAgo = new Date(at.getTime() - 7 * 24 * 60 * 60 * 1000).toISOString();
  const old = conversations.createConversation({ friendly_name: "last week" });
  must(conversations.addParticipant(old, { address: customer, proxyAddress: senderNumber }));
  old.date_updated = weekAgo;
  const wanted = conversations.createConversation({ friendly_name: "today" });
  const url = `https://conversations.twilio.com/v1/Services/${wanted.chat_service_sid}/Conversations/${wanted.sid}/Participants`;
  return event(4, { code: 50416, at, resource: wanted.sid, service: wanted.chat_service_sid }, url, {
    "MessagingBinding.Address": customer,
    "MessagingBinding.ProxyAddress": senderNumber,
  });
}

/** 48031: a Frontline user writes to a customer with whom a colleague is talking already. */
function otherUserTalking(twilio: SimulatedTwilio, at: Date): ErrorEvent {
  const { conversations, frontline } = twilio.state.account();
  const number = "+15555550195";
  const contact = "+15555550105";
  frontline.createUser("day-shift");
  frontline.createUser("night-shift");
  const service = conversations.defaultService;
  const talk = must(
    frontline.startOutgoingConversation({ worker: "day-shift", contact, proxyAddress: number, service }),
  );
  return event(5, { code: 48031, at, resource: talk, service }, "https://frontline-api.twilio.com/v1/Conversations", {
    Worker: "night-shift",
    "MessagingBinding.Address": contact,
    "MessagingBinding.ProxyAddress": number,
  });
}

function event(
  count: number,
  fields: { code: number } & Partial<ErrorEvent>,
  url: string,
  parameters: Record<string, string>,
): ErrorEvent {
  const response = { status_code: null, headers: {}, body: null };
  const webhook = { type: "application/json", request: { url, method: "POST", headers: {}, parameters }, response };
  return errorEvent({ ...fields, webhook }, count);
}
