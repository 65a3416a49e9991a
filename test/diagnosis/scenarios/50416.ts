import type { Conversation } from "../../support/simulated-twilio/conversations-state.ts";
import { adding, type Bound, bind, customer, otherSender, participantsUrl, sender } from "../conversation-stage.ts";
import { type Fix, scenariosOf } from "../scenario.ts";
import {
  type ApiRequest,
  asReported,
  day,
  hour,
  minute,
  type Report,
  type Stage,
  streamEvent,
  webhookEvent,
} from "../stage.ts";

/* 50416 A binding for this participant and proxy address already exists: each cause alone, and several together. */

const twice = "added-twice";
const noLookup = "no-lookup-before-create";
const stale = "stale-binding";

const { all, add } = scenariosOf(50416);
export const scenarios50416 = all;

/** Adds the pair to a new Conversation, which Twilio refuses. */
async function refusedAdd(stage: Stage, wanted: Conversation, action: ApiRequest = adding(wanted)) {
  await stage.refused(action, 50416);
  const report: Report = {
    code: 50416,
    resource: wanted.sid,
    service: wanted.chat_service_sid,
    request: asReported(action) ?? {},
  };
  return { action, report };
}

/** Every remedy that frees the pair. */
function freeing(stage: Stage, action: ApiRequest): Fix[] {
  const succeeds = async () => (await stage.send(action)) === 0;
  return [
    { remedy: "update-participant", env: { NEW_PROXY_ADDRESS: otherSender }, succeeds },
    { remedy: "remove-participant", succeeds },
    { remedy: "close-conversation", succeeds },
    { remedy: "delete-conversation", succeeds },
  ];
}

function named({ conversation, participant }: Bound): { conflicts: string[]; shows: string[]; hides: string[] } {
  return { conflicts: [conversation.sid], shows: [participant.sid], hides: [customer, sender] };
}

add("the pair is in the very Conversation of the request", async (stage) => {
  stage.ago(hour);
  const bound = bind(stage);
  stage.ago(0);
  const { report } = await refusedAdd(stage, bound.conversation);
  return { event: webhookEvent(stage, report), via: "debugger", label: { confirmed: [twice], ...named(bound) } };
});

add("twice in the same Conversation, the second time days later", async (stage) => {
  stage.ago(6 * day);
  const bound = bind(stage);
  stage.ago(0);
  const { report } = await refusedAdd(stage, bound.conversation);
  return { event: streamEvent(stage, report), via: "event_streams", label: { confirmed: [twice], ...named(bound) } };
});

add("another Conversation with the pair is in use", async (stage) => {
  stage.ago(2 * hour);
  const bound = bind(stage);
  stage.ago(0);
  const { report, action } = await refusedAdd(stage, stage.account.conversations.createConversation());
  return {
    event: webhookEvent(stage, report),
    via: "debugger",
    label: { confirmed: [noLookup], ...named(bound) },
    fixes: freeing(stage, action),
  };
});

for (const [name, age, state, label] of [
  ["has not changed for 4 days", 4 * day, "active", { confirmed: [stale] }],
  ["is inactive for 2 days", 2 * day, "inactive", { confirmed: [stale] }],
  ["is inactive for 9 days", 9 * day, "inactive", { confirmed: [stale] }],
  ["has not changed for 2 days", 2 * day, "active", { confirmed: [], likely: stale }],
] as const) {
  add(`the Conversation with the pair ${name}`, async (stage) => {
    stage.ago(age);
    const bound = bind(stage);
    bound.conversation.state = state;
    stage.ago(0);
    const { report, action } = await refusedAdd(stage, stage.account.conversations.createConversation());
    return {
      event: webhookEvent(stage, report),
      via: "debugger",
      label: { ...label, ...named(bound) },
      fixes: freeing(stage, action),
    };
  });
}

add("the same pair has failed before in this incident, against an old Conversation", async (stage) => {
  stage.ago(5 * day);
  const bound = bind(stage);
  stage.ago(10 * minute);
  const first = await refusedAdd(stage, stage.account.conversations.createConversation());
  const earlier = webhookEvent(stage, first.report);
  stage.ago(0);
  const { report, action } = await refusedAdd(stage, stage.account.conversations.createConversation());
  return {
    event: webhookEvent(stage, { ...report, count: 2 }),
    earlier: [earlier],
    via: "debugger",
    label: { confirmed: [noLookup, stale], ...named(bound) },
    fixes: freeing(stage, action),
  };
});

add("another pair has failed before in this incident: that proves nothing", async (stage) => {
  stage.ago(5 * day);
  const bound = bind(stage);
  bind(stage, { address: "+15555550107" });
  stage.ago(10 * minute);
  const other = stage.account.conversations.createConversation();
  const first = await refusedAdd(stage, other, adding(other, { address: "+15555550107" }));
  const earlier = webhookEvent(stage, first.report);
  stage.ago(0);
  const { report } = await refusedAdd(stage, stage.account.conversations.createConversation());
  return {
    event: webhookEvent(stage, { ...report, count: 2 }),
    earlier: [earlier],
    via: "debugger",
    label: { confirmed: [stale], ...named(bound) },
  };
});

add("the request is to another Service, the pair is in the default one", async (stage) => {
  stage.ago(2 * hour);
  const bound = bind(stage);
  const { conversations } = stage.account;
  stage.ago(0);
  const wanted = conversations.createConversation({ chat_service_sid: conversations.createService() });
  const { report, action } = await refusedAdd(stage, wanted);
  return {
    event: webhookEvent(stage, report),
    via: "debugger",
    label: { confirmed: [noLookup], ...named(bound) },
    fixes: freeing(stage, action),
  };
});

add("request and pair are both in a Service that is not the default one", async (stage) => {
  stage.ago(4 * day);
  const { conversations } = stage.account;
  const service = conversations.createService();
  const bound = bind(stage, { service });
  stage.ago(0);
  const wanted = conversations.createConversation({ chat_service_sid: service });
  const { report, action } = await refusedAdd(stage, wanted);
  return {
    event: streamEvent(stage, report),
    via: "event_streams",
    label: { confirmed: [stale], ...named(bound) },
    fixes: freeing(stage, action),
  };
});

add("the event names no Service; the URL does", async (stage) => {
  stage.ago(3 * hour);
  const { conversations } = stage.account;
  const service = conversations.createService();
  const bound = bind(stage, { service });
  stage.ago(0);
  const wanted = conversations.createConversation({ chat_service_sid: service });
  const { report, action } = await refusedAdd(stage, wanted);
  return {
    event: webhookEvent(stage, { ...report, service: null, resource: null }),
    via: "debugger",
    label: { confirmed: [noLookup], ...named(bound) },
    fixes: freeing(stage, action),
  };
});

add("a path without a Service: the default one, named by its sid in the commands", async (stage) => {
  stage.ago(4 * day);
  const bound = bind(stage);
  stage.ago(0);
  const wanted = stage.account.conversations.createConversation();
  const { report, action } = await refusedAdd(stage, wanted, adding(wanted, {}, false));
  return {
    event: webhookEvent(stage, { ...report, service: null }),
    via: "debugger",
    label: { confirmed: [stale], ...named(bound) },
    fixes: freeing(stage, action),
  };
});

const whatsapp = { address: `whatsapp:${customer}`, proxyAddress: `whatsapp:${sender}` };

add("a WhatsApp pair, next to an SMS pair with the same digits", async (stage) => {
  stage.ago(4 * hour);
  bind(stage);
  const bound = bind(stage, whatsapp);
  stage.ago(0);
  const wanted = stage.account.conversations.createConversation();
  const { report, action } = await refusedAdd(stage, wanted, adding(wanted, whatsapp));
  return {
    event: webhookEvent(stage, report),
    via: "debugger",
    label: { confirmed: [noLookup], ...named(bound) },
    fixes: freeing(stage, action),
  };
});

add("an SMS pair, next to a stale WhatsApp pair and an address without +", async (stage) => {
  stage.ago(9 * day);
  bind(stage, whatsapp);
  bind(stage, { address: customer.slice(1) });
  stage.ago(hour);
  const bound = bind(stage);
  stage.ago(0);
  const { report, action } = await refusedAdd(stage, stage.account.conversations.createConversation());
  return {
    event: streamEvent(stage, report),
    via: "event_streams",
    label: { confirmed: [noLookup], ...named(bound) },
    fixes: freeing(stage, action),
  };
});

add("the customer is in 70 closed Conversations and one open, which is the oldest", async (stage) => {
  stage.ago(9 * day);
  const bound = bind(stage);
  stage.ago(8 * day);
  const { conversations } = stage.account;
  for (let count = 0; count < 70; count += 1) {
    const { conversation } = bind(stage, { proxyAddress: otherSender });
    conversations.setState(conversation, "closed");
  }
  stage.ago(0);
  const { report, action } = await refusedAdd(stage, conversations.createConversation());
  return {
    event: webhookEvent(stage, report),
    via: "debugger",
    label: { confirmed: [stale], ...named(bound) },
    fixes: freeing(stage, action),
  };
});

for (const [name, parameters] of [
  ["in snake case", { messaging_binding_address: customer, messaging_binding_proxy_address: sender }],
  ["in brackets", { "MessagingBinding[Address]": customer, "MessagingBinding[ProxyAddress]": sender }],
  ["as an object", { MessagingBinding: { Address: customer, ProxyAddress: sender } }],
  ["as JSON", { messagingBinding: JSON.stringify({ address: customer, proxyAddress: sender }) }],
  ["in camel case", { messagingBindingAddress: customer, messagingBindingProxyAddress: sender }],
] as const) {
  add(`the pair is named ${name}`, async (stage) => {
    stage.ago(2 * hour);
    const bound = bind(stage);
    stage.ago(0);
    const { report } = await refusedAdd(stage, stage.account.conversations.createConversation());
    return {
      event: webhookEvent(stage, { ...report, request: { ...report.request, parameters } }),
      via: "debugger",
      label: { confirmed: [noLookup], ...named(bound) },
    };
  });
}

add("a Conversation is created together with two participants, the second of whom is taken", async (stage) => {
  stage.ago(2 * hour);
  const bound = bind(stage);
  stage.ago(0);
  const wanted = stage.account.conversations.createConversation();
  await stage.refused(adding(wanted), 50416);
  const participants = [
    { messaging_binding: { address: "+15555550108", proxy_address: sender } },
    { messaging_binding: { address: customer, proxy_address: sender } },
  ];
  const request = {
    url: `https://conversations.twilio.com/v1/Services/${wanted.chat_service_sid}/ConversationWithParticipants`,
    parameters: { FriendlyName: "order 12", Participant: participants.map((each) => JSON.stringify(each)) },
  };
  return {
    event: streamEvent(stage, { code: 50416, service: wanted.chat_service_sid, request }),
    via: "event_streams",
    label: { confirmed: [], likely: noLookup, ...named(bound) },
  };
});

add("a participant is updated to a number that is taken for the same customer", async (stage) => {
  stage.ago(3 * hour);
  const bound = bind(stage);
  const own = bind(stage, { proxyAddress: otherSender });
  stage.ago(0);
  const url = `${participantsUrl(own.conversation)}/${own.participant.sid}`;
  const action = { url, form: { "MessagingBinding.ProxyAddress": sender } };
  await stage.refused(action, 50416);
  const parameters = { ...action.form, "MessagingBinding.Address": customer };
  return {
    event: webhookEvent(stage, {
      code: 50416,
      resource: own.conversation.sid,
      service: own.conversation.chat_service_sid,
      request: { url, parameters },
    }),
    via: "debugger",
    label: { confirmed: [noLookup], ...named(bound) },
    fixes: [{ remedy: "remove-participant", succeeds: async () => (await stage.send(action)) === 0 }],
  };
});
