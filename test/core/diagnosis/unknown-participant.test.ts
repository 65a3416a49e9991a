import { describe, expect, it } from "vitest";
import {
  reasonUnknownParticipant,
  type UnknownParticipantFacts,
} from "../../../src/core/diagnosis/unknown-participant.ts";
import type { Verdict } from "../../../src/core/diagnosis/verdict.ts";
import {
  ago,
  alice,
  bob,
  expectMasked,
  occurredAt,
  participant,
  remediesOf,
  rules,
  seen,
  service,
  session,
  sid,
  subject,
  textOf,
  unread,
  verdictOf,
} from "./facts-at-hand.ts";

const from = (address: string) => seen(subject({ from: address }));

/** Session 1 with Alice (KP 1) and Bob (KP 2); the request names KP 1. */
function facts(fields: Partial<UnknownParticipantFacts> = {}): UnknownParticipantFacts {
  return {
    occurredAt,
    service,
    sessionSid: sid("KC", 1),
    participantSid: sid("KP", 1),
    request: unread("absent"),
    session: seen(session(1)),
    participant: seen(participant(1)),
    participants: seen([participant(1), participant(2, { identifier: bob })]),
    elsewhere: unread("not_asked"),
    ...fields,
  };
}

function reason(fields: Partial<UnknownParticipantFacts> = {}) {
  return reasonUnknownParticipant(facts(fields), remediesOf(80903));
}

const foreign = { participantSid: sid("KP", 9), participant: seen(null) };
const removed = participant(1, { dateDeleted: ago(600) });
type Row = [string, Verdict, Partial<UnknownParticipantFacts>];

describe("participant-not-in-session", () => {
  const rows: Row[] = [
    ["404 in a Session that is there", "confirmed", foreign],
    ["404, found in another Session", "confirmed", { ...foreign, elsewhere: seen(session(5)) }],
    ["404, other Sessions not read", "confirmed", { ...foreign, elsewhere: unread() }],
    ["found there", "ruled-out", {}],
    ["found there, Session not read", "ruled-out", { session: unread() }],
    ["not fetched, but listed", "ruled-out", { participant: unread() }],
    ["the Session is gone", "unknown", { ...foreign, session: seen(null), participants: unread("not_found") }],
    ["the Session was not read", "unknown", { ...foreign, session: unread(), participants: unread() }],
    ["the Participant was not read", "unknown", { ...foreign, participant: unread() }],
    ["no ParticipantSid in the request", "unknown", { participantSid: null, participant: unread("not_asked") }],
  ];
  it.each(rows)("%s: %s", (_name, expected, fields) => {
    expect(verdictOf(reason(fields), "participant-not-in-session")).toBe(expected);
  });

  it("names the Session it belongs to and the SIDs that would be right", () => {
    const reasoned = reason({ ...foreign, elsewhere: seen(session(5)) });
    expect(textOf(reasoned)).toContain(`Participant ${sid("KP", 9)} belongs to Session ${sid("KC", 5)}`);
    expect(textOf(reasoned)).toContain(`${sid("KP", 1)} and ${sid("KP", 2)}`);
    expect(reasoned.remedies[0]).toMatchObject({ id: "list-participants" });
    expect(reasoned.remedies[0]?.command).toContain(sid("KC", 1));
  });

  it("says that the Session is gone", () => {
    const reasoned = reason({ ...foreign, session: seen(null), participants: unread("not_found") });
    expect(textOf(reasoned, "participant-not-in-session")).toContain(`Session ${sid("KC", 1)} does not exist`);
  });
});

describe("identifier-mismatch", () => {
  const rows: Row[] = [
    ["equals none", "confirmed", { request: from("+15550100099") }],
    ["equals one but for a space", "confirmed", { request: from(`${alice} `) }],
    ["equals a removed one only", "confirmed", { request: from(alice), participants: seen([removed]) }],
    ["equals one", "ruled-out", { request: from(alice) }],
    [
      "equals one of a list cut short",
      "ruled-out",
      { request: from(alice), participants: seen([participant(1)], { cutShort: true }) },
    ],
    [
      "equals none of a list cut short",
      "unknown",
      { request: from("+15550100099"), participants: seen([participant(1)], { cutShort: true }) },
    ],
    [
      "equals one removed after the event",
      "unknown",
      { request: from(alice), participants: seen([participant(1, { dateDeleted: ago(-600) })]) },
    ],
    ["sender not known", "unknown", {}],
    ["Participants not read", "unknown", { request: from(alice), participants: unread() }],
  ];
  it.each(rows)("%s: %s", (_name, expected, fields) => {
    expect(verdictOf(reason(fields), "identifier-mismatch")).toBe(expected);
  });

  it.each([
    ["a missing +", alice.slice(1), "in the leading +"],
    ["whitespace", alice.replace("555", "555 "), "only in whitespace"],
    ["a channel prefix", `whatsapp:${alice}`, "in the channel prefix"],
    ["the same last digits", alice.replace("+1", "+44"), "before the last 10 digits"],
  ])("shows the nearest identifier: %s", (_name, sender, how) => {
    const reasoned = reason({ request: from(sender) });
    expect(textOf(reasoned, "identifier-mismatch")).toContain(`Participant ${sid("KP", 1)}: it differs ${how}`);
    expectMasked(reasoned);
  });

  it("shows none when nothing is near", () => {
    expect(textOf(reason({ request: from("+445550777777") }), "identifier-mismatch")).not.toContain("nearest");
  });
});

describe("participant-deleted", () => {
  const rows: Row[] = [
    [
      "the sender's Participant was removed, more may follow in a list cut short",
      "likely",
      {
        participantSid: null,
        participant: unread("not_asked"),
        request: from(alice),
        participants: seen([removed], { cutShort: true }),
      },
    ],
    ["has a date_deleted", "confirmed", { participant: seen(removed) }],
    ["only the list shows it", "confirmed", { participant: unread(), participants: seen([removed]) }],
    [
      "the sender's Participant was removed",
      "confirmed",
      { participantSid: null, participant: unread("not_asked"), request: from(alice), participants: seen([removed]) },
    ],
    ["removed after the event", "likely", { participant: seen(participant(1, { dateDeleted: ago(-600) })) }],
    ["has none", "ruled-out", {}],
    [
      "the sender is active again under another sid",
      "ruled-out",
      {
        participantSid: null,
        participant: unread("not_asked"),
        request: from(alice),
        participants: seen([removed, participant(7)]),
      },
    ],
    ["404", "unknown", foreign],
    ["not read", "unknown", { participant: unread(), participants: unread() }],
    ["nothing says who", "unknown", { participantSid: null, participant: unread("not_asked") }],
  ];
  it.each(rows)("%s: %s", (_name, expected, fields) => {
    expect(verdictOf(reason(fields), "participant-deleted")).toBe(expected);
  });

  it("says that only a new Session helps", () => {
    const reasoned = reason({ participant: seen(removed) });
    expect(reasoned.causes[0]?.id).toBe("participant-deleted");
    expect(reasoned.remedies[0]?.id).toBe("new-session-after-removal");
  });
});

describe("80903 as a whole", () => {
  it("has the causes of the rule, all unknown when nothing could be read", () => {
    const nothing = unread();
    const reasoned = reason({ session: nothing, participant: nothing, participants: nothing, elsewhere: nothing });
    expect(reasoned.causes.map(({ id }) => id)).toEqual(rules[80903].causes?.map(({ id }) => id));
    expect(new Set(reasoned.causes.map(({ verdict }) => verdict))).toEqual(new Set(["unknown"]));
  });
});
