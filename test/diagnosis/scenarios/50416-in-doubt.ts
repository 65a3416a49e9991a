import { defaultAccount } from "../../support/simulated-twilio/server.ts";
import { adding, bind, customer, sender } from "../conversation-stage.ts";
import { scenariosOf } from "../scenario.ts";
import { asReported, bareEvent, day, hour, minute, must, type Stage, streamEvent, webhookEvent } from "../stage.ts";

/* 50416 where less is to be seen, or something else by now. */

const noLookup = "no-lookup-before-create";
const stale = "stale-binding";

const { all, add } = scenariosOf(50416);
export const scenarios50416InDoubt = all;

/** A pair bound so many seconds ago, and the refused request to bind it again. */
async function taken(stage: Stage, age: number) {
  stage.ago(age);
  const bound = bind(stage);
  stage.ago(0);
  const wanted = stage.account.conversations.createConversation();
  const action = adding(wanted);
  await stage.refused(action, 50416);
  const report = { code: 50416, resource: wanted.sid, service: wanted.chat_service_sid, request: asReported(action) };
  return { ...bound, wanted, action, report };
}

add("the Conversation with the pair is closed by the time we look", async (stage) => {
  const { conversation, report } = await taken(stage, 5 * day);
  const event = webhookEvent(stage, report);
  stage.pass(minute);
  stage.account.conversations.setState(conversation, "closed");
  return { event, via: "debugger", label: { confirmed: [] } };
});

add("the Conversation with the pair is deleted by the time we look", async (stage) => {
  const { conversation, report } = await taken(stage, hour);
  const event = webhookEvent(stage, report);
  stage.account.conversations.deleteConversation(conversation);
  return { event, via: "debugger", label: { confirmed: [] } };
});

add("the other Participant was removed, and a second try has worked", async (stage) => {
  const { participant, report, wanted, action } = await taken(stage, hour);
  const event = webhookEvent(stage, report);
  stage.pass(2 * minute);
  stage.account.conversations.removeParticipant(participant);
  await stage.refused(action, 0);
  stage.pass(minute);
  return { event, via: "debugger", label: { confirmed: [], shows: [wanted.sid] } };
});

add("the other Conversation was closed, and another one took the pair since", async (stage) => {
  const { conversation, report } = await taken(stage, 5 * day);
  const event = webhookEvent(stage, report);
  stage.pass(5 * minute);
  stage.account.conversations.setState(conversation, "closed");
  const next = bind(stage);
  // It was not in the way then; it is now.
  const label = {
    confirmed: [],
    likely: noLookup,
    conflicts: [next.conversation.sid],
    shows: ["since after the event"],
  };
  return { event, via: "debugger", label };
});

add("a staff member wrote in the old Conversation after the event: it was out of use before", async (stage) => {
  const { conversation, participant, report } = await taken(stage, 5 * day);
  const event = webhookEvent(stage, report);
  stage.pass(3 * hour);
  must(stage.account.conversations.addParticipant(conversation, { identity: "day-shift" }));
  return {
    event,
    via: "debugger",
    // When it was last used before cannot be seen any more; it is in use now.
    label: { confirmed: [], likely: noLookup, conflicts: [conversation.sid], shows: [participant.sid] },
  };
});

add("nothing says which pair, but the message names the Conversation that has it", async (stage) => {
  const { conversation, report, action } = await taken(stage, 2 * hour);
  const message = `A binding for this participant and proxy address already exists in Conversation ${conversation.sid}`;
  return {
    event: bareEvent(stage, { ...report, message }),
    via: "event_streams",
    label: { confirmed: [], likely: noLookup, conflicts: [conversation.sid] },
    fixes: [{ remedy: "close-conversation", succeeds: async () => (await stage.send(action)) === 0 }],
  };
});

add("the message names the Conversation, and the list of bindings cannot be read", async (stage) => {
  const { conversation, participant, report, action } = await taken(stage, 5 * day);
  stage.twilio.faults.add({ path: "/ParticipantConversations", status: 500 });
  const message = `A binding for this participant and proxy address already exists in Conversation ${conversation.sid}`;
  return {
    event: webhookEvent(stage, { ...report, message }),
    via: "debugger",
    label: { confirmed: [stale], conflicts: [conversation.sid], shows: [participant.sid] },
    fixes: [{ remedy: "remove-participant", succeeds: async () => (await stage.send(action)) === 0 }],
  };
});

add("the message names the very Conversation of the request, and nothing can be read", async (stage) => {
  stage.ago(hour);
  const { conversation } = bind(stage);
  stage.ago(0);
  const action = adding(conversation);
  await stage.refused(action, 50416);
  stage.twilio.faults.add({ path: "/", status: 401 });
  const message = `A binding for this participant and proxy address already exists in Conversation ${conversation.sid}`;
  return {
    event: webhookEvent(stage, {
      code: 50416,
      resource: conversation.sid,
      service: conversation.chat_service_sid,
      request: asReported(action),
      message,
    }),
    via: "debugger",
    label: { confirmed: [], conflicts: [conversation.sid], failure: "unauthorized" },
  };
});

add("the event's Service cannot be read, the default one can and has nothing", async (stage) => {
  stage.ago(hour);
  const { conversations } = stage.account;
  const service = conversations.createService();
  bind(stage, { service });
  stage.ago(0);
  const wanted = conversations.createConversation({ chat_service_sid: service });
  const action = adding(wanted);
  await stage.refused(action, 50416);
  stage.twilio.faults.add({ path: `/Services/${service}/`, status: 429 });
  return {
    event: webhookEvent(stage, { code: 50416, resource: wanted.sid, service, request: asReported(action) }),
    via: "debugger",
    label: { confirmed: [] },
  };
});

for (const [name, fault, failure] of [
  ["Twilio answers 404 to everything", { status: 404 }, undefined],
  ["Twilio refuses the credentials (403)", { status: 403 }, "unauthorized"],
  ["Twilio answers 429 for ever", { status: 429 }, "rate_limited"],
  ["Twilio does not answer", { hang: true }, "timeout"],
] as const) {
  add(name, async (stage) => {
    const { report } = await taken(stage, 5 * day);
    const event = streamEvent(stage, report);
    stage.twilio.faults.add({ path: "/", ...fault });
    const label = { confirmed: [], ...(failure === undefined ? {} : { failure }) };
    return { event, via: "event_streams", label };
  });
}

add("the second page of the list fails, and the pair is not on the first", async (stage) => {
  stage.ago(9 * day);
  bind(stage);
  stage.ago(8 * day);
  const { conversations } = stage.account;
  for (let count = 0; count < 60; count += 1)
    conversations.setState(bind(stage, { proxyAddress: "+15555550196" }).conversation, "closed");
  stage.ago(0);
  const wanted = conversations.createConversation();
  const action = adding(wanted);
  await stage.refused(action, 50416);
  stage.twilio.faults.add({ path: "Page=1", status: 500 });
  return {
    event: webhookEvent(stage, {
      code: 50416,
      resource: wanted.sid,
      service: wanted.chat_service_sid,
      request: asReported(action),
    }),
    via: "debugger",
    label: { confirmed: [], shows: ["cut short"] },
  };
});

const sub = { sid: `AC${"b".repeat(32)}`, tokens: ["b".repeat(32)], parent: defaultAccount.sid };
const accounts = [defaultAccount, sub];

for (const [name, tokens] of [
  ["its own token", new Map([[sub.sid, sub.tokens]])],
  [
    "only its parent's token; the parent has the same pair, which is not in the way",
    new Map([[defaultAccount.sid, defaultAccount.tokens]]),
  ],
] as const) {
  add(
    `a subaccount, with ${name}`,
    async (stage) => {
      const child = stage.twilio.state.account(sub.sid);
      stage.ago(hour);
      bind(stage);
      stage.ago(5 * day);
      const bound = bind(stage, { account: child });
      stage.ago(0);
      const wanted = child.conversations.createConversation();
      const action = { ...adding(wanted, {}, false), account: sub };
      await stage.refused(action, 50416);
      return {
        event: webhookEvent(stage, {
          code: 50416,
          account: sub.sid,
          parentAccount: defaultAccount.sid,
          resource: wanted.sid,
          request: asReported(action),
        }),
        via: "debugger",
        label: { confirmed: [stale], conflicts: [bound.conversation.sid], hides: [customer, sender] },
        fixes: [{ remedy: "close-conversation", succeeds: async () => (await stage.send(action)) === 0 }],
      };
    },
    { accounts, tokens },
  );
}

add(
  "a subaccount whose token cannot be had: what its parent owns proves nothing",
  async (stage) => {
    const child = stage.twilio.state.account(sub.sid);
    stage.ago(hour);
    bind(stage);
    bind(stage, { account: child });
    stage.ago(0);
    const wanted = child.conversations.createConversation();
    const action = { ...adding(wanted, {}, false), account: sub };
    await stage.refused(action, 50416);
    stage.twilio.faults.add({ path: "/2010-04-01/Accounts/", status: 404 });
    return {
      event: webhookEvent(stage, {
        code: 50416,
        account: sub.sid,
        parentAccount: defaultAccount.sid,
        resource: wanted.sid,
        request: asReported(action),
      }),
      via: "debugger",
      label: { confirmed: [], failure: "unauthorized" },
    };
  },
  { accounts, tokens: new Map([[defaultAccount.sid, defaultAccount.tokens]]) },
);
