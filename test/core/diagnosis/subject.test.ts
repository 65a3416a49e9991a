import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { wantedBindings } from "../../../src/core/diagnosis/bindings.ts";
import { mergeSubjects, Subject, subjectOfAlert, subjectOfPayload } from "../../../src/core/diagnosis/subject.ts";
import type { JsonObject } from "../../../src/core/json.ts";

const alice = "+15555550101";
const number = "+15555550199";

function ofParameters(parameters: JsonObject, url: string | null = null): Subject {
  return subjectOfPayload({ webhook: { request: { url, parameters } } });
}

function ofVariables(requestVariables: string): Subject {
  return subjectOfAlert({ requestUrl: null, requestVariables, responseBody: null, responseHeaders: null });
}

describe("a pair to be bound", () => {
  it.each<[string, JsonObject]>([
    ["as documented", { "MessagingBinding.Address": alice, "MessagingBinding.ProxyAddress": number }],
    ["in snake case", { messaging_binding_address: alice, messaging_binding_proxy_address: number }],
    ["in brackets", { "MessagingBinding[Address]": alice, "MessagingBinding[ProxyAddress]": number }],
    ["as an object", { MessagingBinding: { Address: alice, ProxyAddress: number } }],
    ["as JSON", { messaging_binding: JSON.stringify({ address: alice, proxy_address: number }) }],
    [
      "in a participant as JSON",
      { Participant: `{"messaging_binding":{"address":"${alice}","proxy_address":"${number}"}}` },
    ],
    ["as Frontline's callback has it", { ChannelValue: alice, ProxyAddress: number, Worker: "day-shift" }],
  ])("is found %s", (_how, parameters) => {
    expect(wantedBindings(ofParameters(parameters))).toEqual([{ address: alice, proxyAddress: number }]);
  });

  it("is found as often as a request has participants", () => {
    const one = (address: string) => JSON.stringify({ messaging_binding: { address, proxy_address: number } });
    const subject = ofParameters({ Participant: [one(alice), one("+15555550102"), '{"identity":"day-shift"}'] });
    expect(wantedBindings(subject).map(({ address }) => address)).toEqual([alice, "+15555550102"]);
  });
});

describe("parameters of an Alert", () => {
  it.each([
    ["encoded", `From=${encodeURIComponent(alice)}&Body=a+b`, alice],
    ["with a bare +", `From=${alice}&Body=a+b`, alice],
    ["on a channel, with a bare +", `From=whatsapp:${alice}`, `whatsapp:${alice}`],
    ["on a channel, half encoded", `From=whatsapp%3A${alice}`, `whatsapp:${alice}`],
    ["with a space of its own", `From=+${encodeURIComponent(alice)}`, ` ${alice}`],
    ["with a + between words", "From=day+shift", "day shift"],
  ])("are read %s", (_how, variables, from) => {
    expect(ofVariables(variables).from).toBe(from);
  });
});

describe("the query of a webhook asked for by GET", () => {
  const url = `https://app.example.com/hook?${new URLSearchParams({ From: alice, To: number })}`;

  it("stands for parameters that are missing", () => {
    expect(ofParameters({}, url)).toMatchObject({ requestKnown: true, from: alice, to: number });
  });

  it("does not go before parameters, and one of the user's own is none", () => {
    expect(ofParameters({ From: "+15555550102" }, url)).toMatchObject({ from: "+15555550102", to: null });
    expect(ofParameters({}, "https://app.example.com/hook?customer=4711")).toMatchObject({ requestKnown: false });
  });
});

it("reads anything without failing, and what it reads can be sealed and opened", () => {
  fc.assert(
    fc.property(fc.json(), fc.string(), fc.string(), (text, variables, url) => {
      const parameters = { Participants: text, MessagingBinding: text, From: text, [variables]: text };
      const subject = mergeSubjects(ofParameters(parameters, url), ofVariables(variables));
      expect(Subject.parse(JSON.parse(JSON.stringify(subject)))).toEqual(subject);
    }),
  );
});
