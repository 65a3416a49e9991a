import { describe, expect, it } from "vitest";
import { reasonIdentifierInUse } from "../../../src/core/diagnosis/identifier-in-use.ts";
import type { IdentifierInUseFacts } from "../../../src/core/diagnosis/identifier-in-use-facts.ts";
import type { Verdict } from "../../../src/core/diagnosis/verdict.ts";
import {
  ago,
  alice,
  bob,
  expectMasked,
  first,
  holding,
  number,
  occurredAt,
  participant,
  remediesOf,
  rules,
  second,
  seen,
  service,
  session,
  sid,
  subject,
  textOf,
  unread,
  verdictOf,
} from "./facts-at-hand.ts";

const asks = (
  proxyIdentifier: string | null,
  proxyIdentifierSid: string | null = null,
  identifier: string | null = alice,
) => seen(subject({ participants: [{ identifier, proxyIdentifier, proxyIdentifierSid }] }));

/** Session 1 with Alice on the first number, opened an hour ago; Session 2 holds nothing of hers; two numbers. */
function facts(fields: Partial<IdentifierInUseFacts> = {}): IdentifierInUseFacts {
  return {
    occurredAt,
    service,
    sessionSid: sid("KC", 1),
    request: unread("absent"),
    session: seen(session(1)),
    participants: seen([participant(1)]),
    numbers: seen([number(1, first), number(2, second)]),
    others: seen([holding(2, bob, first)]),
    ...fields,
  };
}

function reason(fields: Partial<IdentifierInUseFacts> = {}) {
  return reasonIdentifierInUse(facts(fields), remediesOf(80604));
}

const closed = { status: "closed", dateEnded: ago(1800) };
const held = seen([holding(2, alice, first, { dateCreated: ago(1200) })]);
type Row = [string, Verdict, Partial<IdentifierInUseFacts>];

describe("reopened-session", () => {
  const rows: Row[] = [
    ["closed ago, its pair active elsewhere", "confirmed", { session: seen(session(1, closed)), others: held }],
    [
      "in progress again with an end date",
      "confirmed",
      { session: seen(session(1, { ...closed, status: "in-progress" })), others: held },
    ],
    [
      "only a closed reason shows it",
      "confirmed",
      { session: seen(session(1, { status: "in-progress", closedReason: "ttl" })), others: held },
    ],
    ["never closed", "ruled-out", { others: held }],
    ["never closed, others not read", "ruled-out", { others: unread() }],
    ["closed, and nobody holds its pair", "unknown", { session: seen(session(1, closed)) }],
    [
      "closed, the holder's Participant was removed",
      "unknown",
      {
        session: seen(session(1, closed)),
        others: seen([{ ...holding(2, alice, first), participants: [participant(2, { dateDeleted: ago(99) })] }]),
      },
    ],
    [
      "closed, the holder is closed too",
      "unknown",
      { session: seen(session(1, closed)), others: seen([holding(2, alice, first, { status: "closed" })]) },
    ],
    [
      "closed, a look-alike number elsewhere",
      "unknown",
      { session: seen(session(1, closed)), others: seen([holding(2, `${alice}0`, first)]) },
    ],
    [
      "the only holder is the Session itself",
      "unknown",
      { session: seen(session(1, closed)), others: seen([holding(1, alice, first)]) },
    ],
    [
      "the request created a Participant",
      "unknown",
      { session: seen(session(1, closed)), others: held, request: asks(null) },
    ],
    [
      "closed after the event",
      "likely",
      { session: seen(session(1, { status: "closed", dateEnded: ago(-600) })), others: held },
    ],
    [
      "the holder came after the event",
      "likely",
      { session: seen(session(1, closed)), others: seen([holding(2, alice, first, { dateCreated: ago(-600) })]) },
    ],
    ["Session gone", "unknown", { session: seen(null), others: held }],
    ["Session not read", "unknown", { session: unread(), others: held }],
    ["Participants not read", "unknown", { session: seen(session(1, closed)), participants: unread(), others: held }],
    ["others not read", "unknown", { session: seen(session(1, closed)), others: unread() }],
    ["failed without marks of an end", "unknown", { session: seen(session(1, { status: "failed" })), others: held }],
  ];
  it.each(rows)("%s: %s", (_name, expected, fields) => {
    expect(verdictOf(reason(fields), "reopened-session")).toBe(expected);
  });

  it("names the holder, and the command closes it", () => {
    const reasoned = reason({ session: seen(session(1, closed)), others: held });
    expect(reasoned.causes[0]?.id).toBe("reopened-session");
    expect(reasoned.conflicts).toEqual([
      {
        sid: sid("KC", 2),
        kind: "session",
        state: "open",
        url: `https://proxy.twilio.com/v1/Services/${service}/Sessions/${sid("KC", 2)}`,
      },
    ]);
    expect(textOf(reasoned, "reopened-session")).toContain(sid("KC", 2));
    expect(reasoned.remedies[0]).toMatchObject({ id: "reopen-when-free" });
    expect(reasoned.remedies[0]?.command).toBe(
      `twilio api:proxy:v1:services:sessions:update --service-sid ${service} --sid ${sid("KC", 2)} --status closed`,
    );
    expect(reasoned.remedies[0]?.text).toContain("Interrupts:");
    expectMasked(reasoned);
  });

  it("closes both Sessions when each holds the pair of one Participant", () => {
    const reasoned = reason({
      session: seen(session(1, closed)),
      participants: seen([participant(1), participant(2, { identifier: bob, proxyIdentifier: second })]),
      others: seen([holding(2, alice, first), holding(3, bob, second)]),
    });
    const close = reasoned.remedies.find(({ id }) => id === "reopen-when-free");
    expect(close?.command?.split(" && ")).toHaveLength(2);
    expect(reasoned.conflicts.map((conflict) => conflict.sid)).toEqual([sid("KC", 2), sid("KC", 3)]);
  });
});

describe("proxy-identifier-given", () => {
  const rows: Row[] = [
    ["number named and taken", "confirmed", { request: asks(first), others: held }],
    [
      "named by sid and taken",
      "confirmed",
      {
        request: asks(null, sid("PN", 1)),
        others: seen([
          { ...holding(2, alice, first), participants: [participant(9, { proxyIdentifierSid: sid("PN", 1) })] },
        ]),
      },
    ],
    [
      "named without an identifier, that of the Session is taken",
      "confirmed",
      { request: asks(first, null, null), others: held },
    ],
    [
      "refused create: no Session, named and taken",
      "confirmed",
      { request: asks(first), session: seen(null), participants: unread("not_asked"), others: held },
    ],
    ["named, no holder found", "likely", { request: asks(first) }],
    ["named, others not read", "likely", { request: asks(first), others: unread() }],
    [
      "named, taken only since after the event",
      "likely",
      { request: asks(first), others: seen([holding(2, alice, first, { dateCreated: ago(-600) })]) },
    ],
    ["named, taken for somebody else only", "likely", { request: asks(first), others: seen([holding(2, bob, first)]) }],
    ["known and names none", "ruled-out", { request: asks(null), others: held }],
    ["known, without Participants", "ruled-out", { request: seen(subject()), others: held }],
    ["request unknown, pair held, a number free, Session new", "likely", { others: held }],
    ["request unknown, pair held, no number free", "unknown", { others: held, numbers: seen([number(1, first)]) }],
    ["request unknown, pair held, Session reopened", "unknown", { others: held, session: seen(session(1, closed)) }],
    ["request unknown, nothing held", "unknown", {}],
    ["request without parameters is not known", "unknown", { request: seen(subject({ requestKnown: false })) }],
  ];
  it.each(rows)("%s: %s", (_name, expected, fields) => {
    expect(verdictOf(reason(fields), "proxy-identifier-given")).toBe(expected);
  });

  it("offers a number that is free", () => {
    const reasoned = reason({ request: asks(first), others: held });
    const remedy = reasoned.remedies.find(({ id }) => id === "give-another-number");
    expect(remedy?.command).toContain(`--proxy-identifier-sid '${sid("PN", 2)}'`);
    expect(remedy?.curl).toContain(`'ProxyIdentifierSid=${sid("PN", 2)}'`);
    expectMasked(reasoned);
  });
});

describe("pool-too-small", () => {
  const both = [holding(2, alice, first), holding(3, alice, second)];
  const rows: Row[] = [
    ["every number held by other Sessions of the person", "confirmed", { others: seen(both) }],
    [
      "refused create: the person comes from the request",
      "confirmed",
      { others: seen(both), request: asks(null), session: seen(null), participants: unread("not_asked") },
    ],
    ["the rest is reserved", "confirmed", { others: held, numbers: seen([number(1, first), number(2, second, true)]) }],
    ["full even as far as seen", "confirmed", { others: seen(both, { cutShort: true }) }],
    ["no unreserved number at all", "likely", { numbers: seen([number(1, first, true)]) }],
    [
      "full only since after the event",
      "likely",
      { others: seen([holding(2, alice, first, { dateCreated: ago(-900) })]), numbers: seen([number(1, first)]) },
    ],
    ["one number free", "ruled-out", { request: asks(null), others: held }],
    [
      "one free for those of a Session that was reopened",
      "ruled-out",
      { session: seen(session(1, closed)), others: held },
    ],
    [
      "held by somebody else",
      "ruled-out",
      { request: asks(null), others: seen([holding(2, bob, first), holding(3, bob, second)]) },
    ],
    ["one free, but the request may have been about somebody else", "unknown", { others: held }],
    [
      "no number for one whose own is reserved and not in conflict",
      "unknown",
      { others: seen([holding(2, alice, second)]), numbers: seen([number(1, first, true), number(2, second)]) },
    ],
    [
      "a free one in a scan cut short",
      "unknown",
      { request: asks(null), others: seen([holding(2, alice, first)], { cutShort: true }) },
    ],
    [
      "all seen numbers held, more numbers unseen",
      "unknown",
      { others: seen(both), numbers: seen([number(1, first), number(2, second)], { cutShort: true }) },
    ],
    ["numbers not read", "unknown", { numbers: unread() }],
    ["others not read", "unknown", { others: unread() }],
    ["nobody to ask for", "unknown", { participants: unread() }],
  ];
  it.each(rows)("%s: %s", (_name, expected, fields) => {
    expect(verdictOf(reason(fields), "pool-too-small")).toBe(expected);
  });

  it("says how many numbers are missing and closes the Session silent longest", () => {
    const reasoned = reason({
      request: asks(null),
      session: seen(null),
      participants: unread("not_asked"),
      others: seen([
        holding(2, alice, first, { dateLastInteraction: ago(60) }),
        holding(3, alice, second, { dateLastInteraction: ago(7200) }),
      ]),
    });
    expect(reasoned.causes[0]?.id).toBe("pool-too-small");
    expect(textOf(reasoned)).toContain("at least 1 more is needed");
    expect(reasoned.conflicts.map((conflict) => conflict.sid)).toEqual([sid("KC", 2), sid("KC", 3)]);
    expect(reasoned.remedies[0]?.id).toBe("add-numbers");
    expect(reasoned.remedies.find(({ id }) => id === "reopen-when-free")?.command).toContain(sid("KC", 3));
    expect(reasoned.remedies.find(({ id }) => id === "let-proxy-choose")?.command).toBeUndefined();
  });
});

describe("concurrent-requests", () => {
  const apart = (seconds: number) => seen([holding(2, alice, first, { dateCreated: ago(3600 - seconds) })]);
  const rows: Row[] = [
    ["created 9 s apart", "confirmed", { others: apart(9) }],
    ["created 10 s apart", "confirmed", { others: apart(10) }],
    [
      "started close together",
      "confirmed",
      {
        session: seen(session(1, { dateStarted: ago(120) })),
        others: seen([holding(2, alice, first, { dateCreated: ago(5000), dateStarted: ago(118) })]),
      },
    ],
    ["created 30 s apart", "likely", { others: apart(30) }],
    [
      "refused create 5 s after the holder",
      "likely",
      {
        session: seen(null),
        request: asks(first),
        others: seen([holding(2, alice, first, { dateCreated: ago(5) })]),
      },
    ],
    ["created 61 s apart", "ruled-out", { others: apart(61) }],
    [
      "61 s apart in a scan cut short",
      "unknown",
      { others: seen([holding(2, alice, first, { dateCreated: ago(3600 - 61) })], { cutShort: true }) },
    ],
    ["nobody holds it", "unknown", {}],
    ["no times", "unknown", { others: seen([holding(2, alice, first, { dateCreated: null })]) }],
    ["Session not read", "unknown", { session: unread(), others: held }],
    ["others not read", "unknown", { others: unread() }],
  ];
  it.each(rows)("%s: %s", (_name, expected, fields) => {
    expect(verdictOf(reason(fields), "concurrent-requests")).toBe(expected);
  });
});

describe("80604 as a whole", () => {
  it("has the causes of the rule, all unknown when nothing could be read", () => {
    const nothing = unread("rate_limited");
    const reasoned = reason({ session: nothing, participants: nothing, numbers: nothing, others: nothing });
    expect(reasoned.causes.map(({ id }) => id)).toEqual(rules[80604].causes?.map(({ id }) => id));
    expect(new Set(reasoned.causes.map(({ verdict }) => verdict))).toEqual(new Set(["unknown"]));
    expect(textOf(reasoned, "reopened-session")).toContain("429");
    expect(reasoned.conflicts).toEqual([]);
  });

  it("keeps the order of the page among confirmed causes", () => {
    const reasoned = reason({
      session: seen(session(1, { ...closed, dateCreated: ago(1203) })),
      others: held,
      numbers: seen([number(1, first)]),
    });
    const confirmed = reasoned.causes.filter(({ verdict }) => verdict === "confirmed").map(({ id }) => id);
    expect(confirmed).toEqual(["reopened-session", "pool-too-small", "concurrent-requests"]);
  });

  it("says when the scan was cut short", () => {
    expect(textOf(reason({ others: seen([holding(2, bob, first)], { cutShort: true }) }))).toContain(
      "cut short after 1 Sessions",
    );
  });
});
