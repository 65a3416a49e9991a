import { describe, expect, it } from "vitest";
import {
  type FrontlineConversationExistsFacts,
  reasonFrontlineConversationExists,
} from "../../../src/core/diagnosis/frontline-conversation-exists.ts";
import type { Verdict } from "../../../src/core/diagnosis/verdict.ts";
import {
  ago,
  alice,
  binding,
  chatParticipant,
  day,
  expectMasked,
  first,
  frontlineUser,
  occurredAt,
  remediesOf,
  rules,
  seen,
  sid,
  subject,
  textOf,
  unread,
  verdictOf,
} from "./facts-at-hand.ts";

const carol = "carol@example.com";
const dave = "dave@example.com";
const customer = chatParticipant(1, null);
const members = (...identities: string[]) => ({
  [sid("CH", 1)]: seen([customer, ...identities.map((identity, index) => chatParticipant(index + 2, identity))]),
});
const asks = (worker: string | null) => seen(subject({ address: alice, proxyAddress: first, worker }));

/** Carol asks; Dave is in CH 1, which was updated a minute ago. */
function facts(fields: Partial<FrontlineConversationExistsFacts> = {}): FrontlineConversationExistsFacts {
  return {
    occurredAt,
    request: asks(carol),
    bindings: seen([binding(1)]),
    participants: members(dave),
    users: {},
    ...fields,
  };
}

function reason(fields: Partial<FrontlineConversationExistsFacts> = {}) {
  return reasonFrontlineConversationExists(facts(fields), remediesOf(48031));
}

const part = { [sid("CH", 1)]: seen([customer], { cutShort: true }) };
type Row = [string, Verdict, Partial<FrontlineConversationExistsFacts>];

describe("other-user-engaged", () => {
  const rows: Row[] = [
    ["another user is in it", "confirmed", {}],
    ["another user beside the one asking", "confirmed", { participants: members(carol, dave) }],
    ["some user is in it, the one asking is not known", "likely", { request: asks(null) }],
    ["only the one asking", "ruled-out", { participants: members(carol) }],
    ["nobody", "ruled-out", { participants: members() }],
    ["nobody in a list read in part", "unknown", { participants: part }],
    [
      "nobody, the list of Conversations cut short",
      "unknown",
      { participants: members(), bindings: seen([binding(1)], { cutShort: true }) },
    ],
    ["Participants not read", "unknown", { participants: { [sid("CH", 1)]: unread() } }],
    ["Participants not asked for", "unknown", { participants: {} }],
    ["no conflict found", "unknown", { bindings: seen([]) }],
    ["list not read", "unknown", { bindings: unread() }],
    ["pair not known", "unknown", { request: unread("absent") }],
  ];
  it.each(rows)("%s: %s", (_name, expected, fields) => {
    expect(verdictOf(reason(fields), "other-user-engaged")).toBe(expected);
  });

  it("names both, and what Frontline says of the other", () => {
    const reasoned = reason({ users: { [dave]: seen(frontlineUser(1, dave)) } });
    const text = textOf(reasoned, "other-user-engaged");
    expect(text).toContain(`${dave} is in Conversation ${sid("CH", 1)}; ${carol} is asking`);
    expect(text).toContain(`is ${sid("US", 1)}, active`);
    expect(reasoned.remedies[0]?.id).toBe("transfer-conversation");
  });

  it("goes on when Frontline no longer answers", () => {
    const reasoned = reason({ users: { [dave]: unread("server_error") } });
    expect(verdictOf(reasoned, "other-user-engaged")).toBe("confirmed");
    expect(textOf(reasoned)).toContain(`Frontline user ${dave} could not be read`);
  });

  it("masks an identity that is a phone number", () => {
    const reasoned = reason({ participants: members(alice), request: asks(`whatsapp:${alice}`) });
    expectMasked(reasoned);
  });
});

describe("never-routed", () => {
  const rows: Row[] = [
    ["nobody with an identity", "confirmed", { participants: members() }],
    ["somebody with one", "ruled-out", {}],
    ["nobody in a list read in part", "unknown", { participants: part }],
    ["Participants not read", "unknown", { participants: { [sid("CH", 1)]: unread() } }],
    ["no conflict found", "unknown", { bindings: seen([]) }],
    ["list not read", "unknown", { bindings: unread() }],
  ];
  it.each(rows)("%s: %s", (_name, expected, fields) => {
    expect(verdictOf(reason(fields), "never-routed")).toBe(expected);
  });

  it("adds the user who asked, quoted for the shell", () => {
    const reasoned = reason({ participants: members(), request: asks("o'hara; rm -rf /") });
    expect(reasoned.remedies[0]?.id).toBe("add-asking-user");
    expect(reasoned.remedies[0]?.command).toContain("--identity 'o'\\''hara; rm -rf /'");
    expect(reasoned.remedies[0]?.curl).toContain("'Identity=o'\\''hara; rm -rf /'");
  });
});

describe("not-closed", () => {
  const rows: Row[] = [
    ["a conflict exists", "confirmed", {}],
    ["a conflict exists, the list cut short", "confirmed", { bindings: seen([binding(1)], { cutShort: true }) }],
    ["no conflict", "ruled-out", { bindings: seen([]) }],
    ["only a closed one", "ruled-out", { bindings: seen([binding(1, { conversationState: "closed" })]) }],
    ["none in a list cut short", "unknown", { bindings: seen([], { cutShort: true }) }],
    ["list not read", "unknown", { bindings: unread() }],
    ["pair not known", "unknown", { request: unread("absent") }],
  ];
  it.each(rows)("%s: %s", (_name, expected, fields) => {
    expect(verdictOf(reason(fields), "not-closed")).toBe(expected);
  });

  it("leads only when the Conversation is idle", () => {
    expect(reason().causes.map(({ id }) => id)).toEqual(["other-user-engaged", "not-closed", "never-routed"]);
    expect(reason({ request: asks(null) }).causes[0]?.id).toBe("other-user-engaged");
    const idle = reason({ bindings: seen([binding(1, { conversationDateUpdated: ago(2 * day) })]) });
    expect(idle.causes[0]?.id).toBe("not-closed");
  });
});

describe("48031 as a whole", () => {
  it("names the Conversation in the way", () => {
    expect(reason().conflicts).toMatchObject([{ sid: sid("CH", 1), kind: "conversation", state: "active" }]);
  });

  it("has the causes of the rule, all unknown when nothing could be read", () => {
    const reasoned = reason({ bindings: unread(), participants: {} });
    expect(reasoned.causes.map(({ id }) => id)).toEqual(rules[48031].causes?.map(({ id }) => id));
    expect(new Set(reasoned.causes.map(({ verdict }) => verdict))).toEqual(new Set(["unknown"]));
  });
});
