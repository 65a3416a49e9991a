import { describe, expect, it } from "vitest";
import { type BindingExistsFacts, reasonBindingExists } from "../../../src/core/diagnosis/binding-exists.ts";
import type { Verdict } from "../../../src/core/diagnosis/verdict.ts";
import {
  ago,
  alice,
  binding,
  day,
  expectMasked,
  first,
  occurredAt,
  remediesOf,
  rules,
  second,
  seen,
  sid,
  subject,
  textOf,
  unread,
  verdictOf,
} from "./facts-at-hand.ts";

/** Alice was to be added to CH 1; CH 2 holds her pair and was updated a minute ago. */
function facts(fields: Partial<BindingExistsFacts> = {}): BindingExistsFacts {
  return {
    occurredAt,
    service: sid("IS", 1),
    conversation: sid("CH", 1),
    namedInMessage: null,
    request: seen(subject({ address: alice, proxyAddress: first })),
    bindings: seen([binding(2)]),
    failedBefore: seen(null),
    ...fields,
  };
}

function reason(fields: Partial<BindingExistsFacts> = {}) {
  return reasonBindingExists(facts(fields), remediesOf(50416));
}

const updated = (seconds: number, state = "active") =>
  seen([binding(2, { conversationDateUpdated: ago(seconds), conversationState: state })]);
const noPair = seen([
  binding(2, {
    participantMessagingBinding: { type: "sms", address: alice, proxyAddress: second, projectedAddress: null },
  }),
]);
type Row = [string, Verdict, Partial<BindingExistsFacts>];

describe("added-twice", () => {
  const rows: Row[] = [
    ["the conflict is in the Conversation of the request", "confirmed", { bindings: seen([binding(1)]) }],
    ["in it and in another", "confirmed", { bindings: seen([binding(2), binding(1)]) }],
    ["in another", "ruled-out", {}],
    ["in another, the list cut short", "unknown", { bindings: seen([binding(2)], { cutShort: true }) }],
    [
      "the message names that Conversation, the list was not read",
      "likely",
      { bindings: unread(), namedInMessage: sid("CH", 1) },
    ],
    [
      "the message names another, the list was not read",
      "unknown",
      { bindings: unread(), namedInMessage: sid("CH", 2) },
    ],
    ["no conflict found", "unknown", { bindings: seen([]) }],
    ["only another proxy address", "unknown", { bindings: noPair }],
    ["only a closed Conversation", "unknown", { bindings: updated(60, "closed") }],
    ["Conversation of the request not known", "unknown", { conversation: null }],
    ["pair not known", "unknown", { request: unread("absent") }],
    ["half a pair", "unknown", { request: seen(subject({ address: alice })) }],
    ["list not read", "unknown", { bindings: unread() }],
  ];
  it.each(rows)("%s: %s", (_name, expected, fields) => {
    expect(verdictOf(reason(fields), "added-twice")).toBe(expected);
  });
});

describe("no-lookup-before-create", () => {
  const rows: Row[] = [
    ["another Conversation in use", "confirmed", {}],
    ["updated 23 h ago", "confirmed", { bindings: updated(23 * 3600) }],
    ["the same pair failed before", "confirmed", { bindings: updated(9 * day), failedBefore: seen(ago(300)) }],
    ["failed ago, the list not read", "confirmed", { bindings: unread(), failedBefore: seen(ago(300)) }],
    ["in use, but whether it is another is not known", "likely", { conversation: null }],
    ["none in use", "ruled-out", { bindings: updated(2 * day) }],
    ["only the Conversation of the request", "ruled-out", { bindings: seen([binding(1)]) }],
    ["none in use, earlier events not read", "unknown", { bindings: updated(2 * day), failedBefore: unread() }],
    ["none in use in a list cut short", "unknown", { bindings: seen(updated(2 * day).value, { cutShort: true }) }],
    ["inactive since an hour", "unknown", { bindings: updated(3600, "inactive") }],
    ["no time of update", "unknown", { bindings: seen([binding(2, { conversationDateUpdated: null })]) }],
    ["no conflict found", "unknown", { bindings: seen([]) }],
    ["list not read", "unknown", { bindings: unread() }],
  ];
  it.each(rows)("%s: %s", (_name, expected, fields) => {
    expect(verdictOf(reason(fields), "no-lookup-before-create")).toBe(expected);
  });
});

describe("stale-binding", () => {
  const rows: Row[] = [
    ["inactive for 2 days", "confirmed", { bindings: updated(2 * day, "inactive") }],
    ["not updated for 3 days", "confirmed", { bindings: updated(3 * day) }],
    ["not updated for 1.5 days", "likely", { bindings: updated(1.5 * day) }],
    ["inactive since an hour", "likely", { bindings: updated(3600, "inactive") }],
    [
      "the Conversation of the request itself",
      "likely",
      { bindings: seen([binding(1, { conversationDateUpdated: ago(9 * day) })]) },
    ],
    ["updated within a day", "ruled-out", {}],
    ["updated within a day, the list cut short", "unknown", { bindings: seen([binding(2)], { cutShort: true }) }],
    ["no time of update", "unknown", { bindings: seen([binding(2, { conversationDateUpdated: null })]) }],
    ["no conflict found", "unknown", { bindings: seen([]) }],
    ["list not read", "unknown", { bindings: unread() }],
    ["pair not known", "unknown", { request: unread("absent") }],
  ];
  it.each(rows)("%s: %s", (_name, expected, fields) => {
    expect(verdictOf(reason(fields), "stale-binding")).toBe(expected);
  });
});

describe("50416 as a whole", () => {
  it("names the Conversation in the way and fills commands with its own Service", () => {
    const reasoned = reason({
      bindings: seen([binding(2, { chatServiceSid: sid("IS", 9), conversationDateUpdated: ago(5 * day) })]),
    });
    const url = `https://conversations.twilio.com/v1/Services/${sid("IS", 9)}/Conversations/${sid("CH", 2)}`;
    expect(reasoned.conflicts).toEqual([{ sid: sid("CH", 2), kind: "conversation", state: "active", url }]);
    const ids = reasoned.remedies.map(({ id }) => id);
    expect(ids.slice(0, 4)).toEqual([
      "update-participant",
      "remove-participant",
      "close-conversation",
      "delete-conversation",
    ]);
    const close = reasoned.remedies.find(({ id }) => id === "close-conversation");
    expect(close?.curl).toContain(`"${url}"`);
    expect(close?.command).toContain(`--chat-service-sid ${sid("IS", 9)} --sid ${sid("CH", 2)} --state closed`);
    expect(close?.text).toContain("Interrupts:");
    expect(textOf(reasoned)).toContain(sid("MB", 2));
    expectMasked(reasoned);
  });

  it("puts what interrupts nobody first", () => {
    expect(reason().remedies[0]?.id).toBe("look-up-first");
    expect(
      reason({ bindings: seen([binding(1)]) })
        .remedies.slice(0, 2)
        .map(({ id }) => id),
    ).toEqual(["look-up-first", "reuse-binding"]);
  });

  it("takes the Conversation from the message when the list cannot be read", () => {
    const reasoned = reason({ bindings: unread(), namedInMessage: sid("CH", 2) });
    expect(reasoned.conflicts).toMatchObject([{ sid: sid("CH", 2), state: "unknown" }]);
    expect(reasoned.remedies.find(({ id }) => id === "remove-participant")?.command).toBeUndefined();
  });

  it("reads an inbound message's sender and receiver as the pair", () => {
    const reasoned = reason({ request: seen(subject({ from: alice, to: first })) });
    expect(reasoned.conflicts.map((conflict) => conflict.sid)).toEqual([sid("CH", 2)]);
  });

  it("has the causes of the rule, all unknown when nothing could be read", () => {
    const reasoned = reason({ bindings: unread(), failedBefore: unread() });
    expect(reasoned.causes.map(({ id }) => id)).toEqual(rules[50416].causes?.map(({ id }) => id));
    expect(new Set(reasoned.causes.map(({ verdict }) => verdict))).toEqual(new Set(["unknown"]));
  });
});
