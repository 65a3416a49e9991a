import type { ProxySession } from "../../support/simulated-twilio/proxy-resources.ts";
import { defaultAccount } from "../../support/simulated-twilio/server.ts";
import { patternedSid } from "../../support/simulated-twilio/world.ts";
import { alice, bob, carol, inbound, numberOf, type ProxyStage, proxyStage } from "../proxy-stage.ts";
import { scenariosOf } from "../scenario.ts";
import {
  asReported,
  bareEvent,
  day,
  hour,
  minute,
  type Report,
  type Stage,
  streamEvent,
  webhookEvent,
} from "../stage.ts";

/* 80903 Unknown Participant. */

const notInSession = "participant-not-in-session";
const mismatch = "identifier-mismatch";
const deleted = "participant-deleted";

const { all, add } = scenariosOf(80903);
export const scenarios80903 = all;

/** A message through a Participant, which Twilio refuses. */
async function message(stage: Stage, at: ProxyStage, session: ProxySession, participant: string) {
  const url = at.url("Sessions", session.sid, "Participants", participant, "MessageInteractions");
  const action = { url, form: { Body: "I am at the gate" } };
  await stage.refused(action, 80903);
  return { code: 80903, resource: session.sid, service: at.service, request: asReported(action) };
}

/** A call or message from somebody whom a Session does not know. */
function from(at: ProxyStage, session: ProxySession, sender: string): Report {
  const parameters = { From: sender, To: numberOf(at, 0).phone_number, Body: "hello" };
  const request = { url: "https://app.example.com/twilio/intercept", method: "POST", headers: {}, parameters };
  return { code: 80903, resource: session.sid, service: at.service, request };
}

add("the Participant of the request belongs to another open Session", async (stage) => {
  const at = proxyStage(stage);
  const meant = at.session(alice, bob);
  const other = at.session(carol);
  const report = await message(stage, at, meant, at.participant(other, carol));
  return {
    event: webhookEvent(stage, report),
    via: "debugger",
    label: {
      confirmed: [notInSession],
      conflicts: [other.sid],
      shows: [at.participant(other, carol), at.participant(meant, alice), at.participant(meant, bob)],
      hides: [alice, carol],
    },
    fixes: [
      {
        remedy: "list-participants",
        succeeds: async () =>
          (await stage.send({
            url: at.url("Sessions", meant.sid, "Participants", at.participant(meant, alice), "MessageInteractions"),
          })) === 0,
      },
    ],
  };
});

add("the same by Event Streams, the request in the Alert", async (stage) => {
  const at = proxyStage(stage);
  const meant = at.session(alice, bob);
  const other = at.ended(carol);
  const report = await message(stage, at, meant, at.participant(other, carol));
  return {
    event: streamEvent(stage, report),
    via: "event_streams",
    label: { confirmed: [notInSession], conflicts: [other.sid] },
  };
});

add("the sid of the Participant is nowhere to be found: a typing error", async (stage) => {
  const at = proxyStage(stage);
  const meant = at.session(alice);
  at.session(bob);
  const report = await message(stage, at, meant, patternedSid("KP", 0xbad));
  return {
    event: webhookEvent(stage, report),
    via: "debugger",
    label: { confirmed: [notInSession], shows: [at.participant(meant, alice)] },
  };
});

add("sids only in the parameters of the request", async (stage) => {
  const at = proxyStage(stage);
  const meant = at.session(alice);
  const other = at.session(bob);
  const participant = at.participant(other, bob);
  await message(stage, at, meant, participant);
  const parameters = { ServiceSid: at.service, SessionSid: meant.sid, ParticipantSid: participant };
  const request = { url: "https://app.example.com/send", method: "POST", headers: {}, parameters };
  return {
    event: webhookEvent(stage, { code: 80903, resource: null, service: null, request }),
    via: "debugger",
    label: { confirmed: [notInSession], conflicts: [other.sid] },
  };
});

add("the Session by its unique name in the URL", async (stage) => {
  const at = proxyStage(stage);
  const meant = at.session(alice);
  meant.unique_name = "delivery 7";
  const other = at.session(bob);
  const url = at.url("Sessions", "delivery%207", "Participants", at.participant(other, bob), "MessageInteractions");
  const action = { url, form: { Body: "hello" } };
  await stage.refused(action, 80903);
  return {
    event: webhookEvent(stage, { code: 80903, service: at.service, request: asReported(action) }),
    via: "debugger",
    label: { confirmed: [notInSession], conflicts: [other.sid], shows: [meant.sid] },
  };
});

add("the Participant was removed an hour ago", async (stage) => {
  stage.ago(day);
  const at = proxyStage(stage);
  const session = at.session(alice, bob);
  const sid = at.participant(session, alice);
  stage.ago(hour);
  await stage.refused({ method: "DELETE", url: at.url("Sessions", session.sid, "Participants", sid) }, 0);
  stage.ago(0);
  const report = await message(stage, at, session, sid);
  const before = at.proxy.sessions.size;
  return {
    event: webhookEvent(stage, report),
    via: "debugger",
    label: { confirmed: [deleted], shows: [sid, "09:00:00"] },
    fixes: [{ remedy: "new-session-after-removal", succeeds: () => at.proxy.sessions.size === before + 1 }],
  };
});

add("the Participant was removed, by Event Streams", async (stage) => {
  stage.ago(day);
  const at = proxyStage(stage);
  const session = at.session(alice, bob);
  const sid = at.participant(session, bob);
  stage.ago(10 * minute);
  await stage.refused({ method: "DELETE", url: at.url("Sessions", session.sid, "Participants", sid) }, 0);
  stage.ago(0);
  const report = await message(stage, at, session, sid);
  return { event: streamEvent(stage, report), via: "event_streams", label: { confirmed: [deleted], shows: [sid] } };
});

add("the Participant was removed only after the event", async (stage) => {
  stage.ago(day);
  const at = proxyStage(stage);
  const session = at.session(alice);
  const sid = at.participant(session, alice);
  const url = at.url("Sessions", session.sid, "Participants", sid, "MessageInteractions");
  const event = webhookEvent(stage, {
    code: 80903,
    resource: session.sid,
    service: at.service,
    request: { url, parameters: { Body: "x" } },
  });
  stage.ago(0);
  await stage.refused({ method: "DELETE", url: at.url("Sessions", session.sid, "Participants", sid) }, 0);
  return { event, via: "debugger", label: { confirmed: [], likely: deleted } };
});

add("the event names the Participant alone, which was removed", async (stage) => {
  stage.ago(day);
  const at = proxyStage(stage);
  at.session(carol);
  const session = at.session(alice, bob);
  const sid = at.participant(session, alice);
  stage.ago(hour);
  await stage.refused({ method: "DELETE", url: at.url("Sessions", session.sid, "Participants", sid) }, 0);
  stage.ago(0);
  await message(stage, at, session, sid);
  return {
    event: bareEvent(stage, { code: 80903, resource: sid, service: at.service }),
    via: "event_streams",
    label: { confirmed: [deleted], shows: [sid] },
  };
});

for (const [name, identifier, sender, how] of [
  ["lacks the +", alice.slice(1), alice, "leading +"],
  ["has whitespace in it", "+1 555 555 0101", alice, "whitespace"],
  ["has the prefix whatsapp:", `whatsapp:${alice}`, alice, "channel prefix"],
  ["has another country code before the same digits", "+445555550101", alice, "last 10 digits"],
] as const) {
  add(`the sender matches nobody: the identifier ${name}`, async (stage) => {
    const at = proxyStage(stage);
    const session = at.session(identifier, bob);
    const sid = at.participant(session, identifier);
    return {
      event: webhookEvent(stage, from(at, session, sender)),
      via: "debugger",
      label: { confirmed: [mismatch], shows: [sid, how], hides: [alice, identifier] },
    };
  });
}

add("the sender is no Participant at all, and is one after the remedy", async (stage) => {
  const at = proxyStage(stage);
  const session = at.session(bob);
  const to = numberOf(at, 0).phone_number;
  const succeeds = () => inbound(at, carol, to) === 0;
  if (succeeds()) throw new Error("the message should not have been routed");
  return {
    event: streamEvent(stage, from(at, session, carol)),
    via: "event_streams",
    label: { confirmed: [mismatch], hides: [carol] },
    fixes: [
      { remedy: "correct-identifier", env: { CORRECT_IDENTIFIER: carol }, succeeds },
      { remedy: "create-participant", env: { IDENTIFIER: carol }, succeeds },
    ],
  };
});

add("the sender's Participant was removed: nobody active has the identifier", async (stage) => {
  stage.ago(day);
  const at = proxyStage(stage);
  const session = at.session(alice, bob);
  stage.ago(hour);
  await stage.refused(
    { method: "DELETE", url: at.url("Sessions", session.sid, "Participants", at.participant(session, alice)) },
    0,
  );
  stage.ago(0);
  return {
    event: webhookEvent(stage, from(at, session, alice)),
    via: "debugger",
    label: { confirmed: [mismatch, deleted], shows: [at.participant(session, alice)] },
  };
});

add("a foreign Participant and an unknown sender in one request", async (stage) => {
  const at = proxyStage(stage);
  const meant = at.session(alice);
  const other = at.session(bob);
  const report = await message(stage, at, meant, at.participant(other, bob));
  const parameters = { ...report.request.parameters, From: carol };
  return {
    event: webhookEvent(stage, { ...report, request: { ...report.request, parameters } }),
    via: "debugger",
    label: { confirmed: [notInSession, mismatch], conflicts: [other.sid] },
  };
});

add("the Session is gone: nothing can be said about its Participants", async (stage) => {
  const at = proxyStage(stage);
  const meant = at.session(alice);
  const report = await message(stage, at, meant, patternedSid("KP", 0xbad));
  at.proxy.deleteSession(meant);
  return { event: webhookEvent(stage, report), via: "debugger", label: { confirmed: [], shows: ["does not exist"] } };
});

add("the Participant is there by the time we look", async (stage) => {
  const at = proxyStage(stage);
  const meant = at.session(bob);
  const sid = patternedSid("KP", 2);
  const report = await message(stage, at, meant, sid);
  const event = webhookEvent(stage, report);
  stage.pass(minute);
  await stage.refused({ url: at.url("Sessions", meant.sid, "Participants"), form: { Identifier: alice } }, 0);
  if (at.participant(meant, alice) !== sid) throw new Error("the Participant should have this sid");
  return { event, via: "debugger", label: { confirmed: [] } };
});

add("other Sessions cannot be read: the Participant is missing here, and nobody knows where it is", async (stage) => {
  const at = proxyStage(stage);
  const meant = at.session(alice);
  const other = at.session(bob);
  const report = await message(stage, at, meant, at.participant(other, bob));
  stage.twilio.faults.add({ path: "/Sessions?", status: 500 });
  return { event: webhookEvent(stage, report), via: "debugger", label: { confirmed: [notInSession] } };
});

add("the Participant cannot be read (429), the Session can", async (stage) => {
  const at = proxyStage(stage);
  const meant = at.session(alice);
  const other = at.session(bob);
  const sid = at.participant(other, bob);
  const report = await message(stage, at, meant, sid);
  stage.twilio.faults.add({ path: `/Participants/${sid}`, status: 429 });
  return { event: webhookEvent(stage, report), via: "debugger", label: { confirmed: [] } };
});

add("the Participant is in one of 60 other Sessions: too many to read them all", async (stage) => {
  stage.ago(day);
  const at = proxyStage(stage);
  const other = at.session(bob);
  stage.ago(hour);
  const meant = at.session(alice);
  for (let count = 0; count < 60; count += 1) at.session();
  stage.ago(0);
  const report = await message(stage, at, meant, at.participant(other, bob));
  return {
    event: webhookEvent(stage, report),
    via: "debugger",
    label: { confirmed: [notInSession], shows: ["cut short"] },
  };
});

for (const [name, fault, failure] of [
  ["everything is gone (404)", { status: 404 }, undefined],
  ["every answer is not JSON", { malformed: true }, "server_error"],
  ["every connection is cut", { cut: true }, "network"],
] as const) {
  add(name, async (stage) => {
    const at = proxyStage(stage);
    const meant = at.session(alice);
    const report = await message(stage, at, meant, patternedSid("KP", 0xbad));
    const event = streamEvent(stage, report);
    stage.twilio.faults.add({ path: "/", ...fault });
    const label = { confirmed: [], ...(failure === undefined ? {} : { failure }) };
    return { event, via: "event_streams", label };
  });
}

add("an event without a request, and no Alert of it", async (stage) => {
  const at = proxyStage(stage);
  const meant = at.session(alice);
  return {
    event: bareEvent(stage, { code: 80903, resource: meant.sid, service: at.service }),
    via: "event_streams",
    label: { confirmed: [] },
  };
});

const sub = { sid: `AC${"b".repeat(32)}`, tokens: ["b".repeat(32)], parent: defaultAccount.sid };

add(
  "a subaccount with its own token",
  async (stage) => {
    const at = proxyStage(stage, 2, stage.twilio.state.account(sub.sid));
    const meant = at.session(alice);
    const other = at.session(bob);
    const url = at.url("Sessions", meant.sid, "Participants", at.participant(other, bob), "MessageInteractions");
    const action = { url, form: { Body: "hello" }, account: sub };
    await stage.refused(action, 80903);
    const of = { account: sub.sid, parentAccount: defaultAccount.sid };
    return {
      event: streamEvent(stage, {
        code: 80903,
        ...of,
        resource: meant.sid,
        service: at.service,
        request: asReported(action),
      }),
      via: "event_streams",
      label: { confirmed: [notInSession], conflicts: [other.sid] },
    };
  },
  { accounts: [defaultAccount, sub] },
);
