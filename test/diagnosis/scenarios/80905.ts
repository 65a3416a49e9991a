import type { ProxySession } from "../../support/simulated-twilio/proxy-resources.ts";
import { alice, bob, carol, inbound, numberOf, outOfSession, type ProxyStage, proxyStage } from "../proxy-stage.ts";
import { scenariosOf } from "../scenario.ts";
import { day, hour, minute, mustRefuse, type Report, type Stage, streamEvent, webhookEvent } from "../stage.ts";

/* 80905 Unknown Scenario: each cause alone, and several together. */

const notInOpen = "caller-not-in-open-session";
const ended = "session-ended";
const noCallback = "no-out-of-session-callback";
const badAnswer = "invalid-callback-response";
const mismatch = "pairing-mismatch";

const { all, add } = scenariosOf(80905);
export const scenarios80905 = all;

type Response = NonNullable<Report["response"]>;
const twiml: Response = {
  status_code: 200,
  headers: { "Content-Type": "application/xml" },
  body: "<Response><Say>Nobody is here</Say></Response>",
};

/** A message that Proxy cannot route, and what the callback answers to it. */
function unrouted(at: ProxyStage, from: string, to: string, response?: Response): Report {
  mustRefuse({ ok: false, code: inbound(at, from, to) }, 80905);
  const request = outOfSession(from, to);
  return {
    code: 80905,
    resource: `SM${"5".repeat(32)}`,
    service: at.service,
    request,
    ...(response ? { response } : {}),
  };
}

function withoutCallback(at: ProxyStage): void {
  const service = at.proxy.services.get(at.service);
  if (service !== undefined) service.out_of_session_callback_url = null;
}

/** A Session whose time is over, and that Twilio has not closed yet. */
function stillCalledOpen(at: ProxyStage, session: ProxySession): void {
  at.proxy.expire = () => undefined;
  Object.assign(session, { status: "open", date_ended: null, closed_reason: "" });
}

async function configured(stage: Stage, at: ProxyStage, from: string, to: string): Promise<boolean> {
  await stage.send({ url: at.url() });
  return inbound(at, from, to, true) === 0;
}

add("the Session was closed an hour ago", async (stage) => {
  stage.ago(day);
  const at = proxyStage(stage);
  const session = at.session(alice, bob);
  stage.ago(hour);
  at.proxy.setStatus(session, "closed");
  stage.ago(0);
  const to = numberOf(at, 0).phone_number;
  return {
    event: webhookEvent(stage, unrouted(at, alice, to, twiml)),
    via: "debugger",
    label: {
      confirmed: [notInOpen, ended],
      conflicts: [session.sid],
      shows: [session.sid, "09:00:00", "api"],
      hides: [alice, to],
    },
  };
});

add(
  "the Session was closed, and the Service has no callback; after the remedy the callback takes over",
  async (stage) => {
    stage.ago(day);
    const at = proxyStage(stage);
    withoutCallback(at);
    const session = at.session(alice, bob);
    stage.ago(hour);
    at.proxy.setStatus(session, "closed");
    stage.ago(0);
    const to = numberOf(at, 0).phone_number;
    const env = { CALLBACK_URL: "https://app.example.com/twilio/out-of-session" };
    return {
      event: streamEvent(stage, unrouted(at, alice, to)),
      via: "event_streams",
      label: { confirmed: [notInOpen, ended, noCallback], conflicts: [session.sid], shows: [at.service] },
      fixes: [{ remedy: "configure-out-of-session-callback", env, succeeds: () => configured(stage, at, alice, to) }],
    };
  },
);

for (const [name, fields, shows] of [
  ["ran out by its ttl, which Twilio noticed", { ttl: 2 * hour }, "ttl"],
  ["ran out by its dateExpiry, which Twilio noticed", { date_expiry: "2026-01-15T09:00:00Z" }, "09:00:00"],
] as const) {
  add(`the Session ${name}`, async (stage) => {
    stage.ago(day);
    const at = proxyStage(stage);
    const session = at.session(alice, bob);
    Object.assign(session, fields);
    stage.ago(0);
    const report = unrouted(at, alice, numberOf(at, 0).phone_number, twiml);
    return {
      event: webhookEvent(stage, report),
      via: "debugger",
      label: { confirmed: [notInOpen, ended], conflicts: [session.sid], shows: [session.sid, shows] },
    };
  });
}

for (const [name, fields, shows] of [
  ["ttl", { ttl: 2 * hour }, "ttl has passed"],
  [
    "dateExpiry, which goes before its ttl",
    { ttl: 5 * day, date_expiry: "2026-01-15T09:30:00Z" },
    "dateExpiry has passed",
  ],
] as const) {
  add(`the Session is over by its ${name}, and Twilio still calls it open`, async (stage) => {
    stage.ago(day);
    const at = proxyStage(stage);
    const session = at.session(alice, bob);
    Object.assign(session, fields);
    stage.ago(0);
    const report = unrouted(at, alice, numberOf(at, 0).phone_number, twiml);
    stillCalledOpen(at, session);
    return {
      event: webhookEvent(stage, report),
      via: "debugger",
      label: { confirmed: [notInOpen, ended], conflicts: [session.sid], shows: [session.sid, shows] },
    };
  });
}

add("the Session was deleted: it cannot be found", async (stage) => {
  stage.ago(day);
  const at = proxyStage(stage);
  const session = at.session(alice, bob);
  stage.ago(hour);
  await stage.refused({ method: "DELETE", url: at.url("Sessions", session.sid) }, 0);
  stage.ago(0);
  return {
    event: webhookEvent(stage, unrouted(at, alice, numberOf(at, 0).phone_number, twiml)),
    via: "debugger",
    label: { confirmed: [notInOpen] },
  };
});

add("the caller never was in a Session, and the Service has no callback", async (stage) => {
  const at = proxyStage(stage);
  withoutCallback(at);
  at.session(alice, bob);
  const to = numberOf(at, 0).phone_number;
  const env = { CALLBACK_URL: "https://app.example.com/twilio/out-of-session" };
  return {
    event: webhookEvent(stage, unrouted(at, carol, to)),
    via: "debugger",
    label: { confirmed: [notInOpen, noCallback] },
    fixes: [{ remedy: "configure-out-of-session-callback", env, succeeds: () => configured(stage, at, carol, to) }],
  };
});

add("the caller's Participant was removed from the open Session", async (stage) => {
  stage.ago(day);
  const at = proxyStage(stage);
  const session = at.session(alice, bob);
  stage.ago(hour);
  const path = ["Sessions", session.sid, "Participants", at.participant(session, alice)];
  await stage.refused({ method: "DELETE", url: at.url(...path) }, 0);
  stage.ago(0);
  return {
    event: webhookEvent(stage, unrouted(at, alice, numberOf(at, 0).phone_number, twiml)),
    via: "debugger",
    label: { confirmed: [notInOpen], shows: [session.sid, "removed"] },
  };
});

for (const [name, identifier] of [
  ["without the +", alice.slice(1)],
  ["with the prefix whatsapp:", `whatsapp:${alice}`],
] as const) {
  add(`an open Session has the caller ${name}: that is somebody else`, async (stage) => {
    const at = proxyStage(stage);
    at.session(identifier, bob);
    return {
      event: webhookEvent(stage, unrouted(at, alice, numberOf(at, 0).phone_number, twiml)),
      via: "debugger",
      label: { confirmed: [notInOpen] },
    };
  });
}

add("an open Session has the caller on another number", async (stage) => {
  const at = proxyStage(stage);
  const session = at.session({ identifier: alice, number: numberOf(at, 1) }, bob);
  return {
    event: webhookEvent(stage, unrouted(at, alice, numberOf(at, 0).phone_number, twiml)),
    via: "debugger",
    label: { confirmed: [mismatch, notInOpen], conflicts: [session.sid], shows: [session.sid, "92", "91"] },
  };
});

add("on another number, and the Service has no callback", async (stage) => {
  const at = proxyStage(stage);
  withoutCallback(at);
  const session = at.session({ identifier: alice, number: numberOf(at, 1) }, bob);
  return {
    event: streamEvent(stage, unrouted(at, alice, numberOf(at, 0).phone_number)),
    via: "event_streams",
    label: { confirmed: [mismatch, notInOpen, noCallback], conflicts: [session.sid] },
  };
});

add("on another number now, while the Session on this one has ended", async (stage) => {
  stage.ago(day);
  const at = proxyStage(stage);
  const old = at.ended({ identifier: alice, number: numberOf(at, 0) }, bob);
  stage.ago(hour);
  const session = at.session({ identifier: alice, number: numberOf(at, 1) }, bob);
  stage.ago(0);
  return {
    event: webhookEvent(stage, unrouted(at, alice, numberOf(at, 0).phone_number, twiml)),
    via: "debugger",
    label: { confirmed: [mismatch, notInOpen, ended], conflicts: [session.sid, old.sid] },
  };
});

for (const [name, response] of [
  ["status 500", { ...twiml, status_code: 500 }],
  ["text/html", { ...twiml, headers: { "content-type": "text/html; charset=utf-8" }, body: "<html></html>" }],
  ["text/plain", { ...twiml, headers: { "Content-Type": "text/plain" }, body: "OK" }],
  ["XML that does not parse", { ...twiml, body: "<Response><Say>Hello</Response>" }],
  ["JSON that does not parse", { ...twiml, headers: { "Content-Type": "application/json" }, body: '{"uniqueName": ' }],
] as const) {
  add(`the callback answers with ${name}`, async (stage) => {
    const at = proxyStage(stage);
    at.session(alice, bob);
    const report = unrouted(at, carol, numberOf(at, 0).phone_number, response);
    return { event: webhookEvent(stage, report), via: "debugger", label: { confirmed: [notInOpen, badAnswer] } };
  });
}

for (const [name, response] of [
  ["TwiML as application/xml", twiml],
  [
    "JSON for a Session",
    {
      ...twiml,
      headers: { "Content-Type": "application/json; charset=utf-8" },
      body: '{"participantIdentifier":"+15555550109"}',
    },
  ],
  ["TwiML as text/xml, which is in doubt", { ...twiml, headers: { "Content-Type": "text/xml" } }],
] as const) {
  add(`the callback answers with ${name}: that proves nothing`, async (stage) => {
    const at = proxyStage(stage);
    at.session(alice, bob);
    const report = unrouted(at, carol, numberOf(at, 0).phone_number, response);
    return { event: webhookEvent(stage, report), via: "debugger", label: { confirmed: [notInOpen] } };
  });
}

add("a callback that answers in a wrong way, as the Alert has it", async (stage) => {
  stage.ago(day);
  const at = proxyStage(stage);
  const session = at.ended(alice, bob);
  stage.ago(0);
  const response = { status_code: 502, headers: { "Content-Type": "text/html" }, body: "<h1>Bad gateway</h1>" };
  return {
    event: streamEvent(stage, unrouted(at, alice, numberOf(at, 0).phone_number, response)),
    via: "event_streams",
    label: { confirmed: [notInOpen, ended, badAnswer], conflicts: [session.sid] },
  };
});

add("a call whose callback is asked by GET, caller and number in the query", async (stage) => {
  stage.ago(10 * minute);
  const at = proxyStage(stage);
  const session = at.ended(alice, bob);
  stage.ago(0);
  const to = numberOf(at, 0).phone_number;
  const report = unrouted(at, alice, to);
  const query = new URLSearchParams({ From: alice, To: to });
  const request = { url: `https://app.example.com/twilio/out-of-session?${query}`, method: "GET" };
  return {
    event: streamEvent(stage, { ...report, request }),
    via: "event_streams",
    label: { confirmed: [notInOpen, ended], conflicts: [session.sid] },
  };
});
