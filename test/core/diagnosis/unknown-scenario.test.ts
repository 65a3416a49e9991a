import { describe, expect, it } from "vitest";
import type { Subject } from "../../../src/core/diagnosis/subject.ts";
import { reasonUnknownScenario, type UnknownScenarioFacts } from "../../../src/core/diagnosis/unknown-scenario.ts";
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
  proxyService,
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

const callback = "https://app.example.com/out-of-session";
const calls = (fields: Partial<Subject> = {}) =>
  seen(subject({ from: alice, to: first, requestUrl: callback, ...fields }));
const answered = (status: number | null, contentType: string | null, body: string | null) =>
  calls({ answer: { status, contentType, body } });

/** Alice calls the first number of a Service with a callback; nobody else is around. */
function facts(fields: Partial<UnknownScenarioFacts> = {}): UnknownScenarioFacts {
  return {
    occurredAt,
    service,
    request: calls(),
    proxyService: seen(proxyService(callback)),
    numbers: seen([number(1, first), number(2, second)]),
    numberOwner: unread("not_asked"),
    open: seen([holding(2, bob, first)]),
    ended: seen([]),
    ...fields,
  };
}

function reason(fields: Partial<UnknownScenarioFacts> = {}) {
  return reasonUnknownScenario(facts(fields), remediesOf(80905));
}

const matching = seen([holding(1, alice, first)]);
const elsewhere = seen([holding(1, alice, second)]);
const closed = { status: "closed", dateEnded: ago(600), closedReason: "api" };
const over = seen([holding(3, alice, first, closed)]);
type Row = [string, Verdict, Partial<UnknownScenarioFacts>];

describe("caller-not-in-open-session", () => {
  const rows: Row[] = [
    ["no open Session has the pair", "confirmed", {}],
    ["a look-alike caller has it", "confirmed", { open: seen([holding(1, alice.slice(0, -1), first)]) }],
    [
      "the caller's Participant was removed",
      "confirmed",
      { open: seen([{ session: session(1), participants: [participant(1, { dateDeleted: ago(99) })] }]) },
    ],
    [
      "the Session's dateExpiry has passed",
      "confirmed",
      { open: seen([holding(1, alice, first, { dateExpiry: ago(99) })]) },
    ],
    ["an open Session has it", "ruled-out", { open: matching }],
    ["one has it, though the scan was cut short", "ruled-out", { open: seen(matching.value, { cutShort: true }) }],
    [
      "a Session got it after the event",
      "likely",
      { open: seen([holding(1, alice, first, { dateCreated: ago(-600) })]) },
    ],
    ["none in a scan cut short", "unknown", { open: seen([holding(2, bob, first)], { cutShort: true }) }],
    ["open Sessions not read", "unknown", { open: unread() }],
    ["caller not known", "unknown", { request: unread("absent") }],
    ["called number not known", "unknown", { request: calls({ to: null }) }],
  ];
  it.each(rows)("%s: %s", (_name, expected, fields) => {
    expect(verdictOf(reason(fields), "caller-not-in-open-session")).toBe(expected);
  });
});

describe("session-ended", () => {
  const rows: Row[] = [
    ["an ended Session had the pair", "confirmed", { ended: over }],
    ["ended Sessions cut short, but found", "confirmed", { ended: seen(over.value, { cutShort: true }) }],
    ["still called open, its ttl over", "confirmed", { open: seen([holding(1, alice, first, { ttl: 60 })]) }],
    [
      "still called open, its dateExpiry over",
      "confirmed",
      { open: seen([holding(1, alice, first, { dateExpiry: ago(5) })]) },
    ],
    [
      "ended after the event",
      "likely",
      { ended: seen([holding(3, alice, first, { ...closed, dateEnded: ago(-600) })]) },
    ],
    ["open Sessions not read", "likely", { ended: over, open: unread() }],
    ["open Sessions read in part", "likely", { ended: over, open: seen([], { cutShort: true }) }],
    ["the matching one is open", "ruled-out", { open: matching, ended: over }],
    ["none found: a deleted one cannot be", "unknown", {}],
    ["the ended one had another number", "unknown", { ended: seen([holding(3, alice, second, closed)]) }],
    ["ended Sessions not read", "unknown", { ended: unread() }],
    ["caller not known", "unknown", { request: unread("absent"), ended: over }],
  ];
  it.each(rows)("%s: %s", (_name, expected, fields) => {
    expect(verdictOf(reason(fields), "session-ended")).toBe(expected);
  });

  it("names it, when and why it ended", () => {
    const text = textOf(reason({ ended: over }), "session-ended");
    expect(text).toContain(`Session ${sid("KC", 3)}`);
    expect(text).toContain(`ended at ${ago(600)}: closed reason: api`);
    expect(textOf(reason({ open: seen([holding(1, alice, first, { ttl: 60 })]) }), "session-ended")).toContain(
      "its ttl has passed",
    );
  });

  it("prefers one that ended before the event", () => {
    const ended = seen([
      holding(4, alice, first, { ...closed, dateEnded: ago(-600) }),
      holding(3, alice, first, closed),
      holding(5, alice, first, { ...closed, dateEnded: ago(9000) }),
    ]);
    expect(textOf(reason({ ended }), "session-ended")).toContain(sid("KC", 3));
  });
});

describe("no-out-of-session-callback", () => {
  const rows: Row[] = [
    ["the Service has none", "confirmed", { proxyService: seen(proxyService(null)) }],
    ["it is empty", "confirmed", { proxyService: seen(proxyService("")) }],
    ["it has one", "ruled-out", {}],
    ["the Service is gone", "unknown", { proxyService: seen(null) }],
    ["the Service was not read", "unknown", { proxyService: unread() }],
  ];
  it.each(rows)("%s: %s", (_name, expected, fields) => {
    expect(verdictOf(reason(fields), "no-out-of-session-callback")).toBe(expected);
  });

  it("has the command with the Service", () => {
    const reasoned = reason({ proxyService: seen(proxyService(null)), open: matching });
    expect(reasoned.remedies[0]).toMatchObject({
      id: "configure-out-of-session-callback",
      command: `twilio api:proxy:v1:services:update --sid ${service} --out-of-session-callback-url "$CALLBACK_URL"`,
    });
  });
});

describe("invalid-callback-response", () => {
  const twiml = '<?xml version="1.0"?><Response><Reject/></Response>';
  const rows: Row[] = [
    ["status 500", "confirmed", { request: answered(500, "text/html", "oops") }],
    ["status 302", "confirmed", { request: answered(302, null, null) }],
    ["HTML", "confirmed", { request: answered(200, "text/html; charset=utf-8", twiml) }],
    [
      "XML that does not parse",
      "confirmed",
      { request: answered(200, "application/xml", "<Response><Say>hi</Response>") },
    ],
    ["JSON that does not parse", "confirmed", { request: answered(200, "application/json", "{uniqueName: 1}") }],
    ["TwiML sent as JSON", "confirmed", { request: answered(200, "application/json", twiml) }],
    ["text/xml", "likely", { request: answered(200, "text/xml", twiml) }],
    ["XML that is no TwiML", "likely", { request: answered(200, "application/xml", "<html></html>") }],
    ["JSON that is no object", "likely", { request: answered(200, "application/json", "[]") }],
    ["no content type", "likely", { request: answered(200, null, twiml) }],
    [
      "another URL than the callback's",
      "likely",
      {
        request: calls({
          requestUrl: "https://other.example.com/x",
          answer: { status: 500, contentType: null, body: null },
        }),
      },
    ],
    [
      "no callback is configured any more",
      "likely",
      { request: answered(500, null, null), proxyService: seen(proxyService(null)) },
    ],
    ["TwiML", "ruled-out", { request: answered(200, "application/xml; charset=utf-8", twiml) }],
    ["auto-create JSON", "ruled-out", { request: answered(200, "application/json", '{"uniqueName":"x"}') }],
    [
      "a body too long to be whole",
      "unknown",
      { request: answered(200, "application/json", `{"a":"${"x".repeat(8000)}`) },
    ],
    ["no body recorded", "unknown", { request: answered(200, "application/json", null) }],
    ["nothing recorded", "unknown", { request: calls() }],
    ["event without request", "unknown", { request: unread("absent") }],
  ];
  it.each(rows)("%s: %s", (_name, expected, fields) => {
    expect(verdictOf(reason(fields), "invalid-callback-response")).toBe(expected);
  });

  it("calls the callback in the command, unless its URL may hold a secret", () => {
    const broken = { request: answered(500, null, null), open: matching };
    expect(reason(broken).remedies[0]).toMatchObject({
      id: "fix-callback-response",
      curl: `curl -i -X POST '${callback}'`,
    });
    const secret = reason({ ...broken, proxyService: seen(proxyService(`${callback}?token=hush`)) });
    expect(JSON.stringify(secret)).not.toContain("hush");
  });
});

describe("pairing-mismatch", () => {
  const rows: Row[] = [
    ["the caller is on another number", "confirmed", { open: elsewhere }],
    ["in a scan cut short", "likely", { open: seen(elsewhere.value, { cutShort: true }) }],
    ["only since after the event", "likely", { open: seen([holding(1, alice, second, { dateCreated: ago(-600) })]) }],
    ["they match", "ruled-out", { open: matching }],
    ["they match in one of two Sessions", "ruled-out", { open: seen([...elsewhere.value, ...matching.value]) }],
    ["the caller is nowhere", "unknown", {}],
    ["the other Session is closed", "unknown", { open: seen([]), ended: seen([holding(1, alice, second, closed)]) }],
    ["not read", "unknown", { open: unread() }],
  ];
  it.each(rows)("%s: %s", (_name, expected, fields) => {
    expect(verdictOf(reason(fields), "pairing-mismatch")).toBe(expected);
  });

  it("leads, since it explains why no Session fits on this number", () => {
    const reasoned = reason({ open: elsewhere });
    expect(reasoned.causes.slice(0, 2).map(({ id }) => id)).toEqual(["pairing-mismatch", "caller-not-in-open-session"]);
    expect(textOf(reasoned, "pairing-mismatch")).toContain(sid("KC", 1));
    expect(textOf(reasoned, "pairing-mismatch")).toMatch(/\*02, but \+1\*+01 was called/);
    expectMasked(reasoned);
  });
});

describe("80905 as a whole", () => {
  it("has the causes of the rule, all unknown when nothing could be read", () => {
    const nothing = unread();
    const reasoned = reason({
      request: unread("absent"),
      proxyService: nothing,
      numbers: nothing,
      open: nothing,
      ended: nothing,
    });
    expect(reasoned.causes.map(({ id }) => id)).toEqual(rules[80905].causes?.map(({ id }) => id));
    expect(new Set(reasoned.causes.map(({ verdict }) => verdict))).toEqual(new Set(["unknown"]));
  });

  it("says when the number called belongs elsewhere", () => {
    expect(textOf(reason({ numbers: seen([number(2, second)]) }))).toContain("is none of the 1 numbers of the Service");
    expect(textOf(reason({ numberOwner: seen(sid("KS", 7)) }))).toContain(`belongs to Service ${sid("KS", 7)}`);
    expect(textOf(reason())).not.toContain("The number called");
  });
});
