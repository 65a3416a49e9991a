import { alice, bob, carol, inbound, numberOf, outOfSession, type ProxyStage, proxyStage } from "../proxy-stage.ts";
import { scenariosOf } from "../scenario.ts";
import { bareEvent, day, hour, minute, mustRefuse, type Report, streamEvent, webhookEvent } from "../stage.ts";

/* 80905 where less is to be seen. */

const notInOpen = "caller-not-in-open-session";
const ended = "session-ended";
const noCallback = "no-out-of-session-callback";

const { all, add } = scenariosOf(80905);
export const scenarios80905InDoubt = all;

function unrouted(at: ProxyStage, from: string, to: string): Report {
  mustRefuse({ ok: false, code: inbound(at, from, to) }, 80905);
  return { code: 80905, resource: `CA${"5".repeat(32)}`, service: at.service, request: outOfSession(from, to) };
}

add("nothing says who called: only the missing callback is a fact", async (stage) => {
  const at = proxyStage(stage);
  const service = at.proxy.services.get(at.service);
  if (service !== undefined) service.out_of_session_callback_url = null;
  at.ended(alice, bob);
  return {
    event: bareEvent(stage, unrouted(at, alice, numberOf(at, 0).phone_number)),
    via: "event_streams",
    label: { confirmed: [noCallback] },
  };
});

add("the number belongs to another Service, where the caller has a Session", async (stage) => {
  const wrong = proxyStage(stage);
  const right = proxyStage(stage);
  right.session(alice, bob);
  const to = numberOf(right, 0).phone_number;
  return {
    event: webhookEvent(stage, unrouted(wrong, alice, to)),
    via: "debugger",
    label: { confirmed: [notInOpen], shows: [right.service] },
  };
});

add("the event names no Service: the number called tells which one it is", async (stage) => {
  stage.ago(hour);
  proxyStage(stage).session(alice);
  const at = proxyStage(stage);
  const session = at.ended(alice, bob);
  stage.ago(0);
  return {
    event: webhookEvent(stage, { ...unrouted(at, alice, numberOf(at, 0).phone_number), service: null }),
    via: "debugger",
    label: { confirmed: [notInOpen, ended], conflicts: [session.sid], shows: [at.service] },
  };
});

add("the event names no Service, and nobody owns the number any more", async (stage) => {
  const at = proxyStage(stage);
  const report = unrouted(at, alice, "+15555550188");
  return { event: webhookEvent(stage, { ...report, service: null }), via: "debugger", label: { confirmed: [] } };
});

add("a Session that fits was created after the call", async (stage) => {
  stage.ago(hour);
  const at = proxyStage(stage);
  const event = webhookEvent(stage, unrouted(at, alice, numberOf(at, 0).phone_number));
  stage.ago(0);
  at.session(alice, bob);
  return { event, via: "debugger", label: { confirmed: [], likely: notInOpen } };
});

add("a Session that fits is open by the time we look, opened again", async (stage) => {
  stage.ago(day);
  const at = proxyStage(stage);
  const session = at.ended(alice, bob);
  stage.ago(0);
  const event = webhookEvent(stage, unrouted(at, alice, numberOf(at, 0).phone_number));
  stage.pass(minute);
  at.proxy.setStatus(session, "in-progress");
  return { event, via: "debugger", label: { confirmed: [], likely: notInOpen } };
});

add("the Session ended only after the event", async (stage) => {
  stage.ago(day);
  const at = proxyStage(stage);
  const session = at.session(alice, bob);
  const request = outOfSession(alice, numberOf(at, 0).phone_number);
  stage.ago(hour);
  const event = webhookEvent(stage, { code: 80905, service: at.service, request });
  stage.ago(0);
  at.proxy.setStatus(session, "closed");
  // It was open when the call came in, so that the caller was in no open Session cannot be said.
  return { event, via: "debugger", label: { confirmed: [], likely: notInOpen, conflicts: [session.sid] } };
});

add("the Session ran out only after the event, before we look: it was open then", async (stage) => {
  stage.ago(2 * hour);
  const at = proxyStage(stage);
  const session = at.session(alice, bob);
  session.ttl = hour + 10 * minute;
  stage.ago(hour);
  const request = outOfSession(alice, numberOf(at, 0).phone_number);
  const event = webhookEvent(stage, { code: 80905, service: at.service, request });
  stage.ago(0);
  at.proxy.expire = () => undefined;
  return { event, via: "debugger", label: { confirmed: [] } };
});

add("an Alert that has nothing of the callback's answer but the status, in its text", async (stage) => {
  const at = proxyStage(stage);
  at.session(alice, bob);
  const response = { status_code: 500, headers: {}, body: null };
  const report = { ...unrouted(at, carol, numberOf(at, 0).phone_number), response };
  const event = streamEvent(stage, report);
  const alert = stage.account.monitor.alerts.get(event.sid);
  if (alert !== undefined) Object.assign(alert, { response_headers: null, response_body: null });
  return {
    event,
    via: "event_streams",
    label: { confirmed: [notInOpen, "invalid-callback-response"], shows: ["500"] },
  };
});

add("Twilio does not answer; that the callback answered 500 stands in the event", async (stage) => {
  const at = proxyStage(stage);
  const response = { status_code: 500, headers: {}, body: null };
  const event = webhookEvent(stage, { ...unrouted(at, carol, numberOf(at, 0).phone_number), response });
  stage.twilio.faults.add({ path: "/", hang: true });
  return { event, via: "debugger", label: { confirmed: ["invalid-callback-response"], failure: "timeout" } };
});

add("thirty open Sessions, not all of which can be read", async (stage) => {
  stage.ago(hour);
  const at = proxyStage(stage);
  for (let count = 0; count < 30; count += 1) at.session();
  stage.ago(0);
  return {
    event: webhookEvent(stage, unrouted(at, carol, numberOf(at, 0).phone_number)),
    via: "debugger",
    label: { confirmed: [], shows: ["cut short"] },
  };
});

add("the Session that ended is one of 130, on the second page", async (stage) => {
  stage.ago(2 * day);
  const at = proxyStage(stage);
  for (let count = 0; count < 130; count += 1) at.ended(carol);
  stage.ago(hour);
  const session = at.session(alice, bob);
  session.date_created = "2026-01-10T10:00:00Z";
  at.proxy.setStatus(session, "closed");
  stage.ago(0);
  return {
    event: streamEvent(stage, unrouted(at, alice, numberOf(at, 0).phone_number)),
    via: "event_streams",
    label: { confirmed: [notInOpen, ended], conflicts: [session.sid] },
  };
});

add("the Service is gone (404)", async (stage) => {
  const at = proxyStage(stage);
  const event = webhookEvent(stage, unrouted(at, alice, numberOf(at, 0).phone_number));
  at.proxy.services.delete(at.service);
  return { event, via: "debugger", label: { confirmed: [] } };
});

for (const [name, fault, failure] of [
  ["Twilio answers 429 for ever, and asks to wait a minute", { status: 429, retryAfter: 60 }, "rate_limited"],
  ["Twilio fails (503)", { status: 503 }, "server_error"],
  ["Twilio does not answer", { hang: true }, "timeout"],
] as const) {
  add(name, async (stage) => {
    stage.ago(hour);
    const at = proxyStage(stage);
    at.ended(alice, bob);
    stage.ago(0);
    const event = webhookEvent(stage, unrouted(at, alice, numberOf(at, 0).phone_number));
    stage.twilio.faults.add({ path: "/", ...fault });
    return { event, via: "debugger", label: { confirmed: [], failure } };
  });
}

add("the open Sessions' Participants cannot be read: who is in them stays open", async (stage) => {
  stage.ago(hour);
  const at = proxyStage(stage);
  const open = at.session(alice, bob);
  stage.ago(0);
  const event = webhookEvent(stage, unrouted(at, carol, numberOf(at, 0).phone_number));
  stage.twilio.faults.add({ path: `/${open.sid}/Participants`, status: 500 });
  return { event, via: "debugger", label: { confirmed: [] } };
});

add("an Alert whose parameters are not fully encoded: + stands for itself", async (stage) => {
  stage.ago(hour);
  const at = proxyStage(stage);
  const session = at.session(alice, bob);
  at.proxy.setStatus(session, "closed");
  stage.ago(0);
  const to = numberOf(at, 0).phone_number;
  const event = streamEvent(stage, unrouted(at, alice, to));
  const alert = stage.account.monitor.alerts.get(event.sid);
  if (alert !== undefined) alert.request_variables = `From=${alice}&To=${to}&Body=are+you+there`;
  return { event, via: "event_streams", label: { confirmed: [notInOpen, ended], conflicts: [session.sid] } };
});
