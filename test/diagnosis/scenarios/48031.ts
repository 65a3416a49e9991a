import { type Bound, customer, otherSender, sender } from "../conversation-stage.ts";
import { type Fix, scenariosOf } from "../scenario.ts";
import {
  bareEvent,
  day,
  hour,
  minute,
  must,
  mustRefuse,
  type Report,
  type Stage,
  streamEvent,
  webhookEvent,
} from "../stage.ts";

/* 48031 Outgoing conversation already exists for this contact and proxy address. */

const otherUser = "other-user-engaged";
const neverRouted = "never-routed";
const notClosed = "not-closed";

const { all, add } = scenariosOf(48031);
export const scenarios48031 = all;

const pair = { contact: customer, proxyAddress: sender };

/** The customer talks with somebody, or with nobody yet. */
function talk(
  stage: Stage,
  worker: string | null,
  { service = "", contact = customer, proxyAddress = sender } = {},
): Bound {
  const { conversations } = stage.account;
  const conversation = conversations.createConversation(service === "" ? {} : { chat_service_sid: service });
  const participant = must(conversations.addParticipant(conversation, { address: contact, proxyAddress }));
  if (worker !== null) must(conversations.addParticipant(conversation, { identity: worker }));
  return { conversation, participant };
}

/** A Frontline user writes to the customer, which Frontline refuses. */
function writes(stage: Stage, worker = "night-shift", asked = pair) {
  const { frontline } = stage.account;
  const again = () => frontline.startOutgoingConversation({ worker, ...asked });
  mustRefuse(again(), 48031);
  const parameters = {
    Worker: worker,
    "MessagingBinding.Address": asked.contact,
    "MessagingBinding.ProxyAddress": asked.proxyAddress,
  };
  const report: Report & { request: object } = {
    code: 48031,
    service: stage.account.conversations.defaultService,
    request: { url: "https://frontline-api.twilio.com/v1/Conversations", method: "POST", headers: {}, parameters },
  };
  return { report, parameters, succeeds: () => again().ok };
}

/** Every remedy that lets the user write. */
function freeing(succeeds: () => boolean): Fix[] {
  return ["add-asking-user", "remove-participant", "close-conversation", "delete-conversation"].map((remedy) => ({
    remedy,
    succeeds,
  }));
}

function shift(stage: Stage): void {
  stage.account.frontline.createUser("day-shift");
  stage.account.frontline.createUser("night-shift");
}

for (const [name, make] of [
  ["by webhook", webhookEvent],
  ["by Event Streams", streamEvent],
] as const) {
  add(`a colleague is talking with the customer, ${name}`, (stage) => {
    shift(stage);
    stage.ago(2 * hour);
    const { conversation } = talk(stage, "day-shift");
    stage.ago(0);
    const { report, succeeds } = writes(stage);
    return {
      event: make(stage, report),
      via: make === webhookEvent ? "debugger" : "event_streams",
      label: {
        confirmed: [otherUser, notClosed],
        conflicts: [conversation.sid],
        shows: ["day-shift", "night-shift"],
        hides: [customer, sender],
      },
      fixes: freeing(succeeds),
    };
  });
}

for (const [name, age, state] of [
  ["unchanged for 5 days", 5 * day, "active"],
  ["unchanged for 2 days", 2 * day, "active"],
  ["inactive since yesterday", 30 * hour, "inactive"],
] as const) {
  add(`a colleague's conversation is idle: ${name}`, (stage) => {
    shift(stage);
    stage.ago(age);
    const { conversation } = talk(stage, "day-shift");
    conversation.state = state;
    stage.ago(0);
    const { report, succeeds } = writes(stage);
    return {
      event: webhookEvent(stage, report),
      via: "debugger",
      label: { confirmed: [notClosed, otherUser], conflicts: [conversation.sid] },
      fixes: freeing(succeeds),
    };
  });
}

add("the customer wrote, and nobody was assigned", (stage) => {
  shift(stage);
  stage.ago(hour);
  const { conversation } = talk(stage, null);
  stage.ago(0);
  const { report, succeeds } = writes(stage);
  return {
    event: webhookEvent(stage, report),
    via: "debugger",
    label: { confirmed: [neverRouted, notClosed], conflicts: [conversation.sid] },
    fixes: freeing(succeeds),
  };
});

add("nobody was assigned, a week ago", (stage) => {
  stage.ago(7 * day);
  const { conversation } = talk(stage, null);
  stage.ago(0);
  const { report, succeeds } = writes(stage);
  return {
    event: streamEvent(stage, report),
    via: "event_streams",
    label: { confirmed: [notClosed, neverRouted], conflicts: [conversation.sid] },
    fixes: freeing(succeeds),
  };
});

add("the colleague has been deactivated", (stage) => {
  stage.account.frontline.createUser("former", { state: "deactivated", is_available: false });
  stage.account.frontline.createUser("night-shift");
  stage.ago(3 * hour);
  const { conversation } = talk(stage, "former");
  stage.ago(0);
  const { report, succeeds } = writes(stage);
  return {
    event: webhookEvent(stage, report),
    via: "debugger",
    label: { confirmed: [otherUser, notClosed], conflicts: [conversation.sid], shows: ["former", "deactivated"] },
    fixes: freeing(succeeds),
  };
});

add("Frontline knows the colleague no more (20404)", (stage) => {
  stage.ago(3 * hour);
  const { conversation } = talk(stage, "day-shift");
  stage.ago(0);
  const { report, succeeds } = writes(stage);
  return {
    event: webhookEvent(stage, report),
    via: "debugger",
    label: { confirmed: [otherUser, notClosed], conflicts: [conversation.sid], shows: ["404"] },
    fixes: freeing(succeeds),
  };
});

add("Frontline does not answer any more", (stage) => {
  shift(stage);
  stage.ago(3 * hour);
  const { conversation } = talk(stage, "day-shift");
  stage.ago(0);
  const { report, succeeds } = writes(stage);
  stage.twilio.faults.add({ path: "/frontline-api.twilio.com/", hang: true });
  return {
    event: webhookEvent(stage, report),
    via: "debugger",
    label: { confirmed: [otherUser, notClosed], conflicts: [conversation.sid] },
    fixes: freeing(succeeds),
  };
});

add("the colleague's identity is a phone number, and that of the user who asks has a quote in it", (stage) => {
  stage.ago(3 * hour);
  const { conversation } = talk(stage, "+15555550120");
  stage.ago(0);
  const { report, succeeds } = writes(stage, `o'hara; echo "$HOME" \`id\``);
  return {
    event: webhookEvent(stage, report),
    via: "debugger",
    label: { confirmed: [otherUser, notClosed], conflicts: [conversation.sid], hides: ["+15555550120"] },
    fixes: freeing(succeeds),
  };
});

add("nothing says who asked: a colleague is in there, if it is not the same person", (stage) => {
  shift(stage);
  stage.ago(hour);
  const { conversation } = talk(stage, "day-shift");
  stage.ago(0);
  const { report, parameters } = writes(stage);
  const { Worker: _, ...rest } = parameters;
  return {
    event: webhookEvent(stage, { ...report, request: { ...report.request, parameters: rest } }),
    via: "debugger",
    // That it is not closed is true of every conflict, and leads only when it is idle.
    label: { confirmed: [notClosed], likely: otherUser, conflicts: [conversation.sid], shows: ["day-shift"] },
  };
});

for (const [name, rename] of [
  ["in lower camel case", { worker: "night-shift", address: customer, proxyAddress: sender }],
  ["in snake case", { worker_identity: "night-shift", messaging_binding_address: customer, proxy_address: sender }],
  [
    "as the app's callback has them",
    {
      Location: "GetProxyAddress",
      Worker: "night-shift",
      ChannelType: "sms",
      ChannelValue: customer,
      ProxyAddress: sender,
    },
  ],
] as const) {
  add(`the parameters are named ${name}`, (stage) => {
    shift(stage);
    stage.ago(2 * hour);
    const { conversation } = talk(stage, "day-shift");
    stage.ago(0);
    const { report } = writes(stage);
    return {
      event: streamEvent(stage, { ...report, request: { ...report.request, parameters: rename } }),
      via: "event_streams",
      label: { confirmed: [otherUser, notClosed], conflicts: [conversation.sid] },
    };
  });
}

add("on WhatsApp, next to an SMS talk of the same digits with somebody else", (stage) => {
  shift(stage);
  stage.ago(2 * hour);
  talk(stage, "day-shift");
  const onWhatsapp = { contact: `whatsapp:${customer}`, proxyAddress: `whatsapp:${sender}` };
  const { conversation } = talk(stage, null, onWhatsapp);
  stage.ago(0);
  const { report, succeeds } = writes(stage, "night-shift", onWhatsapp);
  return {
    event: webhookEvent(stage, report),
    via: "debugger",
    label: { confirmed: [neverRouted, notClosed], conflicts: [conversation.sid] },
    fixes: freeing(succeeds),
  };
});

add("in a Service that is not the default one", (stage) => {
  shift(stage);
  stage.ago(2 * hour);
  const service = stage.account.conversations.createService();
  const { conversation } = talk(stage, "day-shift", { service });
  stage.ago(0);
  const { report, succeeds } = writes(stage);
  return {
    event: webhookEvent(stage, { ...report, service }),
    via: "debugger",
    label: { confirmed: [otherUser, notClosed], conflicts: [conversation.sid] },
    fixes: freeing(succeeds),
  };
});

add("a look-alike talk on another number, and one without +, are not in the way", (stage) => {
  shift(stage);
  stage.ago(4 * hour);
  talk(stage, "day-shift", { proxyAddress: otherSender });
  talk(stage, "day-shift", { contact: customer.slice(1) });
  const { conversation } = talk(stage, null);
  stage.ago(0);
  const { report, succeeds } = writes(stage);
  return {
    event: webhookEvent(stage, report),
    via: "debugger",
    label: { confirmed: [neverRouted, notClosed], conflicts: [conversation.sid] },
    fixes: freeing(succeeds),
  };
});

add("the conversation is closed by the time we look", (stage) => {
  shift(stage);
  stage.ago(2 * hour);
  const { conversation } = talk(stage, "day-shift");
  stage.ago(0);
  const { report } = writes(stage);
  const event = webhookEvent(stage, report);
  stage.pass(minute);
  stage.account.conversations.setState(conversation, "closed");
  return { event, via: "debugger", label: { confirmed: [] } };
});

add("the conversation is deleted by the time we look", (stage) => {
  shift(stage);
  stage.ago(2 * hour);
  const { conversation } = talk(stage, "day-shift");
  stage.ago(0);
  const { report } = writes(stage);
  const event = webhookEvent(stage, report);
  stage.account.conversations.deleteConversation(conversation);
  return { event, via: "debugger", label: { confirmed: [] } };
});

add("it was closed, and the user's second try has worked", (stage) => {
  shift(stage);
  stage.ago(2 * hour);
  const { conversation } = talk(stage, "day-shift");
  stage.ago(0);
  const { report, succeeds } = writes(stage);
  const event = webhookEvent(stage, report);
  stage.pass(2 * minute);
  stage.account.conversations.setState(conversation, "closed");
  if (!succeeds()) throw new Error("the second try should work");
  stage.pass(minute);
  return { event, via: "debugger", label: { confirmed: [] } };
});

add("a colleague was added only after the event: nobody was there before", (stage) => {
  shift(stage);
  stage.ago(2 * hour);
  const { conversation } = talk(stage, null);
  stage.ago(0);
  const { report } = writes(stage);
  const event = webhookEvent(stage, report);
  stage.pass(10 * minute);
  must(stage.account.conversations.addParticipant(conversation, { identity: "day-shift" }));
  return {
    event,
    via: "debugger",
    label: { confirmed: [notClosed], likely: neverRouted, conflicts: [conversation.sid] },
  };
});

add("the Participants of the conversation cannot be read", (stage) => {
  shift(stage);
  stage.ago(2 * hour);
  const { conversation } = talk(stage, "day-shift");
  stage.ago(0);
  const { report } = writes(stage);
  stage.twilio.faults.add({ path: `/Conversations/${conversation.sid}/Participants`, status: 500 });
  return {
    event: webhookEvent(stage, report),
    via: "debugger",
    label: { confirmed: [notClosed], conflicts: [conversation.sid] },
  };
});

for (const [name, fault, failure] of [
  ["Twilio answers 404 to everything", { status: 404 }, undefined],
  ["Twilio refuses the credentials (401)", { status: 401 }, "unauthorized"],
  ["Twilio answers 429 for ever", { status: 429 }, "rate_limited"],
  ["Twilio's answers are not JSON", { malformed: true }, "server_error"],
] as const) {
  add(name, (stage) => {
    stage.ago(5 * day);
    talk(stage, "day-shift");
    stage.ago(0);
    const { report } = writes(stage);
    const event = webhookEvent(stage, report);
    stage.twilio.faults.add({ path: "/", ...fault });
    return { event, via: "debugger", label: { confirmed: [], ...(failure === undefined ? {} : { failure }) } };
  });
}

add("nothing is known but the code", (stage) => ({
  event: bareEvent(stage, { code: 48031 }),
  via: "event_streams",
  label: { confirmed: [] },
}));
