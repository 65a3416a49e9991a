import { defaultAccount } from "../../support/simulated-twilio/server.ts";
import { alice, bob, carol, numberOf, type ProxyStage, proxyStage } from "../proxy-stage.ts";
import { scenariosOf } from "../scenario.ts";
import {
  type ApiRequest,
  asReported,
  bareEvent,
  day,
  hour,
  minute,
  type Stage,
  streamEvent,
  webhookEvent,
} from "../stage.ts";

/* 80604 where less is to be seen: gone, unreadable, cut short, another account's. */

const reopened = "reopened-session";

const { all, add } = scenariosOf(80604);
export const scenarios80604InDoubt = all;

/** A closed Session, the one in its way, and the refused request to open it again. */
async function reopening(stage: Stage, at: ProxyStage = proxyStage(stage)) {
  stage.ago(2 * day);
  const first = at.ended(alice);
  stage.ago(hour);
  const holder = at.session({ identifier: alice, number: numberOf(at, 0) }, bob);
  stage.ago(0);
  const action: ApiRequest = at.reopen(first);
  await stage.refused(action, 80604);
  const report = { code: 80604, resource: first.sid, service: at.service, request: asReported(action) };
  return { at, first, holder, action, report };
}

add("the Session in the way is closed by the time we look", async (stage) => {
  const { at, holder, report } = await reopening(stage);
  const event = webhookEvent(stage, report);
  stage.pass(minute);
  at.proxy.setStatus(holder, "closed");
  return { event, via: "debugger", label: { confirmed: [] } };
});

add("the Session in the way is deleted by the time we look", async (stage) => {
  const { at, holder, report } = await reopening(stage);
  const event = webhookEvent(stage, report);
  at.proxy.deleteSession(holder);
  return { event, via: "debugger", label: { confirmed: [] } };
});

add("the person was removed from the Session in the way", async (stage) => {
  const { at, holder, report } = await reopening(stage);
  const event = webhookEvent(stage, report);
  const participant = at.proxy.participants.get(at.participant(holder, alice));
  if (participant !== undefined) at.proxy.removeParticipant(participant);
  return { event, via: "debugger", label: { confirmed: [] } };
});

add("the Session of the event is deleted by the time we look", async (stage) => {
  const { at, first, report } = await reopening(stage);
  const event = webhookEvent(stage, report);
  at.proxy.deleteSession(first);
  return { event, via: "debugger", label: { confirmed: [] } };
});

add("another Session came to hold the pair only after the event", async (stage) => {
  stage.ago(2 * day);
  const at = proxyStage(stage);
  const first = at.ended(alice);
  stage.ago(hour);
  const event = webhookEvent(stage, {
    code: 80604,
    resource: first.sid,
    service: at.service,
    request: asReported(at.reopen(first)),
  });
  stage.ago(0);
  const holder = at.session({ identifier: alice, number: numberOf(at, 0) });
  return { event, via: "debugger", label: { confirmed: [], likely: reopened, conflicts: [holder.sid] } };
});

add("the person was added to the Session in the way only after the event", async (stage) => {
  stage.ago(2 * day);
  const at = proxyStage(stage);
  const first = at.ended(alice);
  const other = at.session(bob);
  stage.ago(hour);
  const request = asReported(at.reopen(first));
  const event = webhookEvent(stage, { code: 80604, resource: first.sid, service: at.service, request });
  stage.ago(0);
  const form = { Identifier: alice, ProxyIdentifierSid: numberOf(at, 0).sid };
  await stage.refused({ url: at.url("Sessions", other.sid, "Participants"), form }, 0);
  return { event, via: "debugger", label: { confirmed: [], likely: reopened, conflicts: [other.sid] } };
});

add("the Session in the way was opened again only after the event", async (stage) => {
  stage.ago(2 * day);
  const at = proxyStage(stage);
  const first = at.ended(alice);
  const other = at.ended(alice);
  stage.ago(hour);
  const request = asReported(at.reopen(first));
  const event = webhookEvent(stage, { code: 80604, resource: first.sid, service: at.service, request });
  stage.ago(0);
  await stage.refused(at.reopen(other), 0);
  return { event, via: "debugger", label: { confirmed: [], likely: reopened, conflicts: [other.sid] } };
});

add("the Service was scanned for another event just now, and the Session in the way closed since", async (stage) => {
  const { at, holder, report } = await reopening(stage);
  const earlier = webhookEvent(stage, { ...report, count: 2 });
  stage.pass(20);
  const event = webhookEvent(stage, report);
  const meanwhile = () => {
    stage.pass(10);
    at.proxy.setStatus(holder, "closed");
  };
  return { event, earlier: [earlier], meanwhile, via: "debugger", label: { confirmed: [] } };
});

add("the Service was scanned for another event just now, and nothing has changed", async (stage) => {
  const { holder, report } = await reopening(stage);
  const earlier = webhookEvent(stage, { ...report, count: 2 });
  stage.pass(20);
  const event = webhookEvent(stage, report);
  return {
    event,
    earlier: [earlier],
    meanwhile: () => stage.pass(10),
    via: "debugger",
    label: { confirmed: [reopened], conflicts: [holder.sid] },
  };
});

add("the event names the Session alone: its Service is looked for", async (stage) => {
  proxyStage(stage).session(alice);
  const { holder, report } = await reopening(stage);
  return {
    event: bareEvent(stage, { ...report, service: null }),
    via: "event_streams",
    label: { confirmed: [reopened], conflicts: [holder.sid] },
  };
});

add("look-alikes of the person hold the number: without +, with whitespace, same last digits", async (stage) => {
  stage.ago(2 * day);
  const at = proxyStage(stage);
  const first = at.ended(alice);
  stage.ago(hour);
  for (const identifier of [alice.slice(1), ` ${alice}`, `whatsapp:${alice}`, "+445555550101"])
    at.session({ identifier, number: numberOf(at, 0) });
  stage.ago(0);
  const request = asReported(at.reopen(first));
  return {
    event: webhookEvent(stage, { code: 80604, resource: first.sid, service: at.service, request }),
    via: "debugger",
    label: { confirmed: [] },
  };
});

for (const [name, status, failure] of [
  ["everything is gone (404): the Service was deleted", 404, undefined],
  ["Twilio refuses the credentials (401)", 401, "unauthorized"],
  ["Twilio answers 429 for ever", 429, "rate_limited"],
] as const) {
  add(name, async (stage) => {
    const { report } = await reopening(stage);
    stage.twilio.faults.add({ path: "/", status });
    const label = { confirmed: [], ...(failure === undefined ? {} : { failure }) };
    return { event: webhookEvent(stage, report), via: "debugger", label };
  });
}

add(
  "Twilio does not answer, and the event is all there is: it named the number, which proves nothing",
  async (stage) => {
    stage.ago(hour);
    const at = proxyStage(stage);
    at.session(alice);
    const session = at.session();
    stage.ago(0);
    const form = { Identifier: alice, ProxyIdentifierSid: numberOf(at, 0).sid };
    const action = { url: at.url("Sessions", session.sid, "Participants"), form };
    await stage.refused(action, 80604);
    stage.twilio.faults.add({ path: "/", hang: true });
    return {
      event: webhookEvent(stage, {
        code: 80604,
        resource: session.sid,
        service: at.service,
        request: asReported(action),
      }),
      via: "debugger",
      label: { confirmed: [], failure: "timeout" },
    };
  },
);

add("one 429 on the way is waited for and forgotten", async (stage) => {
  const { holder, report } = await reopening(stage);
  stage.twilio.faults.add({ path: "/Sessions?", status: 429, times: 1 });
  return {
    event: webhookEvent(stage, report),
    via: "debugger",
    label: { confirmed: [reopened], conflicts: [holder.sid] },
  };
});

add("the numbers of the Service cannot be read, the Sessions can", async (stage) => {
  const { holder, report } = await reopening(stage);
  stage.twilio.faults.add({ path: "/PhoneNumbers", status: 500 });
  return {
    event: streamEvent(stage, report),
    via: "event_streams",
    label: { confirmed: [reopened], conflicts: [holder.sid] },
  };
});

add("the Participants of the Session in the way cannot be read", async (stage) => {
  const { holder, report } = await reopening(stage);
  stage.twilio.faults.add({ path: `/${holder.sid}/Participants`, cut: true });
  return { event: webhookEvent(stage, report), via: "debugger", label: { confirmed: [], shows: ["cut short"] } };
});

add("forty open Sessions, the one in the way the newest: found before the calls are used up", async (stage) => {
  stage.ago(3 * day);
  const at = proxyStage(stage);
  for (let count = 0; count < 40; count += 1) at.session();
  const { holder, report } = await reopening(stage, at);
  return {
    event: webhookEvent(stage, report),
    via: "debugger",
    label: { confirmed: [reopened], conflicts: [holder.sid] },
  };
});

add("forty open Sessions, the one in the way the oldest: the scan is cut short, and that is said", async (stage) => {
  stage.ago(2 * day);
  const at = proxyStage(stage);
  const first = at.ended(alice);
  stage.ago(day);
  at.session({ identifier: alice, number: numberOf(at, 0) });
  stage.ago(hour);
  for (let count = 0; count < 40; count += 1) at.session();
  stage.ago(0);
  const action = at.reopen(first);
  await stage.refused(action, 80604);
  const report = { code: 80604, resource: first.sid, service: at.service, request: asReported(action) };
  return { event: webhookEvent(stage, report), via: "debugger", label: { confirmed: [], shows: ["cut short"] } };
});

add("the one open Session in the way is on the second page, behind 120 ended ones", async (stage) => {
  stage.ago(2 * day);
  const at = proxyStage(stage);
  const first = at.ended(alice);
  stage.ago(day);
  const holder = at.session({ identifier: alice, number: numberOf(at, 0) });
  stage.ago(hour);
  for (let count = 0; count < 120; count += 1) at.ended(carol);
  stage.ago(0);
  const action = at.reopen(first);
  await stage.refused(action, 80604);
  const report = { code: 80604, resource: first.sid, service: at.service, request: asReported(action) };
  return {
    event: webhookEvent(stage, report),
    via: "debugger",
    label: { confirmed: [reopened], conflicts: [holder.sid] },
    fixes: [{ remedy: "reopen-when-free", succeeds: async () => (await stage.send(action)) === 0 }],
  };
});

const sub = { sid: `AC${"b".repeat(32)}`, tokens: ["b".repeat(32)], parent: defaultAccount.sid };
const accounts = [defaultAccount, sub];

for (const [name, tokens] of [
  ["its own token", new Map([[sub.sid, sub.tokens]])],
  ["only its parent's token", new Map([[defaultAccount.sid, defaultAccount.tokens]])],
] as const) {
  add(
    `a subaccount, with ${name}`,
    async (stage) => {
      const child = stage.twilio.state.account(sub.sid);
      // The parent has resources of the same kind, which have nothing to do with it.
      proxyStage(stage).session(alice);
      stage.ago(2 * day);
      const at = proxyStage(stage, 2, child);
      const first = at.ended(alice);
      stage.ago(hour);
      const holder = at.session({ identifier: alice, number: numberOf(at, 0) });
      stage.ago(0);
      const action = { ...at.reopen(first), account: sub };
      await stage.refused(action, 80604);
      return {
        event: webhookEvent(stage, {
          code: 80604,
          account: sub.sid,
          parentAccount: defaultAccount.sid,
          resource: first.sid,
          service: at.service,
          request: asReported(action),
        }),
        via: "debugger",
        label: { confirmed: [reopened], conflicts: [holder.sid] },
        fixes: [{ remedy: "reopen-when-free", succeeds: async () => (await stage.send(action)) === 0 }],
      };
    },
    { accounts, tokens },
  );
}

add("nothing is known but the code", async (stage) => ({
  event: bareEvent(stage, { code: 80604 }),
  via: "debugger",
  label: { confirmed: [] },
}));
