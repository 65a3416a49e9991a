import { alice, bob, carol, numberOf, proxyStage } from "../proxy-stage.ts";
import { scenariosOf } from "../scenario.ts";
import { asReported, bareEvent, day, hour, minute, must, streamEvent, webhookEvent } from "../stage.ts";

/* 80604 Proxy Identifier In Use: each cause alone, and several together. */

const reopened = "reopened-session";
const given = "proxy-identifier-given";
const pool = "pool-too-small";
const concurrent = "concurrent-requests";

const { all, add } = scenariosOf(80604);
export const scenarios80604 = all;

add("a closed Session is opened again while its caller talks in another", async (stage) => {
  stage.ago(2 * day);
  const at = proxyStage(stage);
  const first = at.ended(alice, bob);
  stage.ago(hour);
  const holder = at.session({ identifier: alice, number: numberOf(at, 0) }, carol);
  stage.ago(0);
  const action = at.reopen(first);
  await stage.refused(action, 80604);
  return {
    event: webhookEvent(stage, {
      code: 80604,
      resource: first.sid,
      service: at.service,
      request: asReported(action),
    }),
    via: "debugger",
    label: { confirmed: [reopened], conflicts: [holder.sid], shows: [first.sid, holder.sid], hides: [alice] },
    fixes: [{ remedy: "reopen-when-free", succeeds: async () => (await stage.send(action)) === 0 }],
  };
});

add("both people of the Session that is opened again are taken, each in a Session of its own", async (stage) => {
  stage.ago(2 * day);
  const at = proxyStage(stage);
  const first = at.ended(alice, bob);
  stage.ago(3 * hour);
  const one = at.session({ identifier: alice, number: numberOf(at, 0) });
  stage.ago(2 * hour);
  const two = at.session({ identifier: bob, number: numberOf(at, 0) });
  stage.ago(0);
  const action = at.reopen(first);
  await stage.refused(action, 80604);
  return {
    event: streamEvent(stage, { code: 80604, resource: first.sid, service: at.service, request: asReported(action) }),
    via: "event_streams",
    label: { confirmed: [reopened], conflicts: [one.sid, two.sid] },
    fixes: [{ remedy: "reopen-when-free", succeeds: async () => (await stage.send(action)) === 0 }],
  };
});

add("opened again while the caller talks on the Service's only number", async (stage) => {
  stage.ago(2 * day);
  const at = proxyStage(stage, 1);
  const first = at.ended(alice);
  stage.ago(hour);
  const holder = at.session(alice);
  stage.ago(0);
  const action = at.reopen(first);
  await stage.refused(action, 80604);
  return {
    event: webhookEvent(stage, { code: 80604, resource: first.sid, service: at.service, request: asReported(action) }),
    via: "debugger",
    label: { confirmed: [reopened, pool], conflicts: [holder.sid] },
    fixes: [{ remedy: "reopen-when-free", succeeds: async () => (await stage.send(action)) === 0 }],
  };
});

add("opened again, and nothing says what was asked", async (stage) => {
  stage.ago(2 * day);
  const at = proxyStage(stage);
  const first = at.ended(alice);
  stage.ago(hour);
  const holder = at.session({ identifier: alice, number: numberOf(at, 0) });
  stage.ago(0);
  const action = at.reopen(first);
  await stage.refused(action, 80604);
  return {
    event: bareEvent(stage, { code: 80604, resource: first.sid, service: at.service }),
    via: "event_streams",
    label: { confirmed: [reopened], conflicts: [holder.sid] },
    fixes: [{ remedy: "reopen-when-free", succeeds: async () => (await stage.send(action)) === 0 }],
  };
});

add("let through by the account's flag: the Session that was closed is in progress again", async (stage) => {
  stage.ago(2 * day);
  const at = proxyStage(stage);
  at.proxy.allowParticipantConflict = true;
  const first = at.ended(alice);
  stage.ago(hour);
  const holder = at.session({ identifier: alice, number: numberOf(at, 0) });
  stage.ago(0);
  const action = at.reopen(first);
  await stage.refused(action, 0);
  return {
    event: webhookEvent(stage, { code: 80604, resource: first.sid, service: at.service, request: asReported(action) }),
    via: "debugger",
    label: { confirmed: [reopened], conflicts: [holder.sid] },
  };
});

add("a Participant is added with a number that stands for the same person elsewhere", async (stage) => {
  stage.ago(hour);
  const at = proxyStage(stage);
  const holder = at.session(alice, bob);
  stage.ago(10 * minute);
  const session = at.session();
  stage.ago(0);
  const form = { Identifier: alice, ProxyIdentifier: numberOf(at, 0).phone_number };
  const action = { url: at.url("Sessions", session.sid, "Participants"), form };
  await stage.refused(action, 80604);
  const isIn = () => at.participant(session, alice) !== "";
  return {
    event: webhookEvent(stage, {
      code: 80604,
      resource: session.sid,
      service: at.service,
      request: asReported(action),
    }),
    via: "debugger",
    label: { confirmed: [given], conflicts: [holder.sid], hides: [alice, numberOf(at, 0).phone_number] },
    fixes: [
      { remedy: "reopen-when-free", succeeds: async () => (await stage.send(action)) === 0 },
      { remedy: "let-proxy-choose", env: { IDENTIFIER: alice }, succeeds: isIn },
      { remedy: "give-another-number", env: { IDENTIFIER: alice }, succeeds: isIn },
    ],
  };
});

add("a Session is created with a number that is taken, by its sid; nothing is left behind", async (stage) => {
  stage.ago(hour);
  const at = proxyStage(stage);
  const holder = at.session(alice);
  stage.ago(0);
  const participant = JSON.stringify({ Identifier: alice, ProxyIdentifierSid: numberOf(at, 0).sid });
  const action = { url: at.url("Sessions"), form: { UniqueName: "ride 17", Participants: [participant] } };
  await stage.refused(action, 80604);
  return {
    event: webhookEvent(stage, { code: 80604, service: at.service, request: asReported(action) }),
    via: "debugger",
    label: { confirmed: [given], conflicts: [holder.sid], shows: [numberOf(at, 0).sid] },
    fixes: [{ remedy: "reopen-when-free", succeeds: async () => (await stage.send(action)) === 0 }],
  };
});

add("the same by Event Streams, two Participants as JSON in the Alert", async (stage) => {
  stage.ago(hour);
  const at = proxyStage(stage);
  const holder = at.session(alice);
  stage.ago(0);
  const participants = [
    JSON.stringify({ Identifier: bob }),
    JSON.stringify({ Identifier: alice, ProxyIdentifier: numberOf(at, 0).phone_number }),
  ];
  const action = { url: at.url("Sessions"), form: { Participants: participants } };
  await stage.refused(action, 80604);
  return {
    event: streamEvent(stage, { code: 80604, service: at.service, request: asReported(action) }),
    via: "event_streams",
    label: { confirmed: [given], conflicts: [holder.sid] },
    fixes: [{ remedy: "reopen-when-free", succeeds: async () => (await stage.send(action)) === 0 }],
  };
});

add("a number is named in other spellings: snake case, one JSON list of Participants", async (stage) => {
  stage.ago(hour);
  const at = proxyStage(stage);
  const holder = at.session(alice);
  stage.ago(0);
  const taken = numberOf(at, 0);
  const asked = { identifier: alice, proxyIdentifier: taken.phone_number };
  const action = { url: at.url("Sessions"), form: { Participants: [JSON.stringify(asked)] } };
  await stage.refused(action, 80604);
  const parameters = {
    unique_name: "ride 18",
    participants: JSON.stringify([{ identifier: alice, proxy_identifier: taken.phone_number }]),
  };
  return {
    event: webhookEvent(stage, { code: 80604, service: at.service, request: { url: action.url, parameters } }),
    via: "debugger",
    label: { confirmed: [given], conflicts: [holder.sid] },
    fixes: [{ remedy: "reopen-when-free", succeeds: async () => (await stage.send(action)) === 0 }],
  };
});

add("a reserved number is named that stands for the same person elsewhere", async (stage) => {
  stage.ago(hour);
  const at = proxyStage(stage);
  const reserved = must(at.proxy.addPhoneNumber(at.service, "+15555550181", { reserved: true }));
  const holder = at.session({ identifier: alice, number: reserved });
  stage.ago(10 * minute);
  const session = at.session();
  stage.ago(0);
  const action = {
    url: at.url("Sessions", session.sid, "Participants"),
    form: { Identifier: alice, ProxyIdentifierSid: reserved.sid },
  };
  await stage.refused(action, 80604);
  return {
    event: streamEvent(stage, { code: 80604, resource: session.sid, service: at.service, request: asReported(action) }),
    via: "event_streams",
    label: { confirmed: [given], conflicts: [holder.sid] },
    fixes: [
      {
        remedy: "give-another-number",
        env: { IDENTIFIER: alice },
        succeeds: () => at.participant(session, alice) !== "",
      },
    ],
  };
});

add("a person is in as many Sessions as the Service has numbers, and a third is refused", async (stage) => {
  stage.ago(day);
  const at = proxyStage(stage);
  const one = at.session(alice, bob);
  stage.ago(hour);
  const two = at.session(alice, carol);
  stage.ago(0);
  const form = { Participants: [JSON.stringify({ Identifier: alice })] };
  const action = { url: at.url("Sessions"), form };
  await stage.refused(action, 80604);
  const succeeds = async () => (await stage.send(action)) === 0;
  return {
    event: webhookEvent(stage, { code: 80604, service: at.service, request: asReported(action) }),
    via: "debugger",
    label: { confirmed: [pool], conflicts: [one.sid, two.sid], shows: ["1 more"] },
    fixes: [
      { remedy: "add-numbers", env: { PHONE_NUMBER_SID: `PN${"9".repeat(32)}` }, succeeds },
      { remedy: "reopen-when-free", succeeds },
    ],
  };
});

add("the pool is used up although a reserved number is free: Proxy does not give it out unasked", async (stage) => {
  stage.ago(day);
  const at = proxyStage(stage, 1);
  must(at.proxy.addPhoneNumber(at.service, "+15555550182", { reserved: true }));
  const holder = at.session(alice);
  stage.ago(2 * hour);
  const session = at.session();
  stage.ago(0);
  const action = { url: at.url("Sessions", session.sid, "Participants"), form: { Identifier: alice } };
  await stage.refused(action, 80604);
  const succeeds = async () => (await stage.send(action)) === 0;
  return {
    event: streamEvent(stage, { code: 80604, resource: session.sid, service: at.service, request: asReported(action) }),
    via: "event_streams",
    label: { confirmed: [pool], conflicts: [holder.sid] },
    fixes: [
      { remedy: "add-numbers", env: { PHONE_NUMBER_SID: `PN${"9".repeat(32)}` }, succeeds },
      { remedy: "reopen-when-free", succeeds },
    ],
  };
});

add("two people of one request are both in as many Sessions as there are numbers", async (stage) => {
  stage.ago(day);
  const at = proxyStage(stage, 1);
  const one = at.session(alice);
  stage.ago(hour);
  const two = at.session(bob);
  stage.ago(0);
  const form = { Participants: [JSON.stringify({ Identifier: alice }), JSON.stringify({ Identifier: bob })] };
  const action = { url: at.url("Sessions"), form };
  await stage.refused(action, 80604);
  const succeeds = async () => (await stage.send(action)) === 0;
  return {
    event: webhookEvent(stage, { code: 80604, service: at.service, request: asReported(action) }),
    via: "debugger",
    label: { confirmed: [pool], conflicts: [one.sid, two.sid] },
    fixes: [{ remedy: "reopen-when-free", succeeds }],
  };
});

add("Sessions created three seconds apart name the same number", async (stage) => {
  stage.ago(day);
  const at = proxyStage(stage);
  stage.ago(4);
  const holder = at.session({ identifier: alice, number: numberOf(at, 1) });
  stage.ago(1);
  const session = at.session();
  stage.ago(0);
  const action = {
    url: at.url("Sessions", session.sid, "Participants"),
    form: { Identifier: alice, ProxyIdentifier: numberOf(at, 1).phone_number },
  };
  await stage.refused(action, 80604);
  return {
    event: webhookEvent(stage, {
      code: 80604,
      resource: session.sid,
      service: at.service,
      request: asReported(action),
    }),
    via: "debugger",
    label: { confirmed: [given, concurrent], conflicts: [holder.sid] },
    fixes: [
      { remedy: "reopen-when-free", succeeds: async () => (await stage.send(action)) === 0 },
      { remedy: "let-proxy-choose", env: { IDENTIFIER: alice }, succeeds: () => at.participant(session, alice) !== "" },
    ],
  };
});

add("Sessions that came about three seconds apart are in conflict, and nothing says what was asked", async (stage) => {
  stage.ago(day);
  const at = proxyStage(stage);
  at.proxy.allowParticipantConflict = true;
  stage.ago(3);
  const holder = at.session(alice);
  stage.ago(0);
  const session = at.session({ identifier: alice, number: numberOf(at, 0) });
  return {
    event: bareEvent(stage, { code: 80604, resource: session.sid, service: at.service }),
    via: "event_streams",
    label: { confirmed: [concurrent], conflicts: [holder.sid] },
  };
});

add(
  "a new Session holds a pair that is taken although another number is free: probably it was named",
  async (stage) => {
    stage.ago(day);
    const at = proxyStage(stage);
    at.proxy.allowParticipantConflict = true;
    const holder = at.session(alice);
    stage.ago(0);
    const session = at.session({ identifier: alice, number: numberOf(at, 0) });
    return {
      event: bareEvent(stage, { code: 80604, resource: session.sid, service: at.service }),
      via: "event_streams",
      label: { confirmed: [], likely: given, conflicts: [holder.sid] },
    };
  },
);

add("the Session is named by its unique name in the URL", async (stage) => {
  stage.ago(2 * day);
  const at = proxyStage(stage);
  const first = at.ended(alice);
  first.unique_name = "ride-19";
  stage.ago(hour);
  const holder = at.session({ identifier: alice, number: numberOf(at, 0) });
  stage.ago(0);
  const action = { url: at.url("Sessions", "ride-19"), form: { Status: "in-progress" } };
  await stage.refused(action, 80604);
  return {
    event: webhookEvent(stage, { code: 80604, service: at.service, request: asReported(action) }),
    via: "debugger",
    label: { confirmed: [reopened], conflicts: [holder.sid], shows: [first.sid] },
    fixes: [{ remedy: "reopen-when-free", succeeds: async () => (await stage.send(action)) === 0 }],
  };
});
