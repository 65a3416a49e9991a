import type { ErrorWebhook } from "../support/sign.ts";
import type { ProxyPhoneNumber, ProxySession } from "../support/simulated-twilio/proxy-resources.ts";
import type { SimulatedProxy } from "../support/simulated-twilio/proxy-state.ts";
import { receiveInbound } from "../support/simulated-twilio/proxy-traffic.ts";
import { type ApiRequest, must, type Stage } from "./stage.ts";

export const alice = "+15555550101";
export const bob = "+15555550102";
export const carol = "+15555550103";

/** Somebody in a Session: on a number of Proxy's choice, or on the one given. */
type Person = string | { readonly identifier: string; readonly number: ProxyPhoneNumber };

/** A Proxy Service on a stage, with names for what is in it. */
export interface ProxyStage {
  readonly proxy: SimulatedProxy;
  /** KS sid. */
  readonly service: string;
  readonly numbers: readonly ProxyPhoneNumber[];
  /** An active Session with these people. */
  session(...people: readonly Person[]): ProxySession;
  /** The same, closed again. */
  ended(...people: readonly Person[]): ProxySession;
  /** KP sid of a person in a Session. */
  participant(session: ProxySession, identifier: string): string;
  /** `https://proxy.twilio.com/v1/Services/KS…`, and below it. */
  url(...path: string[]): string;
  /** Opens a Session again. */
  reopen(session: ProxySession): ApiRequest;
}

/** Makes a Service with so many numbers, `+15555550191` and on. */
export function proxyStage(stage: Stage, numbers = 2, account = stage.account): ProxyStage {
  const { proxy } = account;
  const first = proxy.phoneNumbers.size;
  const service = proxy.createService({ out_of_session_callback_url: "https://app.example.com/twilio/out-of-session" });
  const added = Array.from({ length: numbers }, (_, index) =>
    must(proxy.addPhoneNumber(service.sid, `+155555501${String(91 + first + index)}`)),
  );
  const url = (...path: string[]) => ["https://proxy.twilio.com/v1/Services", service.sid, ...path].join("/");
  const session: ProxyStage["session"] = (...people) =>
    must(
      proxy.createSession(service.sid, {
        participants: people.map((person) =>
          typeof person === "string"
            ? { identifier: person }
            : { identifier: person.identifier, proxyIdentifierSid: person.number.sid },
        ),
      }),
    );
  return {
    proxy,
    service: service.sid,
    numbers: added,
    session,
    ended: (...people) => {
      const created = session(...people);
      must(proxy.setStatus(created, "closed"));
      return created;
    },
    participant: ({ sid }, identifier) => {
      const found = proxy.participantsOf(sid).find((participant) => participant.identifier === identifier);
      if (found === undefined) throw new Error(`${identifier} is not in Session ${sid}`);
      return found.sid;
    },
    url,
    reopen: ({ sid }) => ({ url: url("Sessions", sid), form: { Status: "in-progress" } }),
  };
}

/** A number of a Service by its place. */
export function numberOf({ numbers }: ProxyStage, place: number): ProxyPhoneNumber {
  const number = numbers[place];
  if (number === undefined) throw new Error(`the Service has no number ${place}`);
  return number;
}

/**
 * A call or message that reaches a Proxy number, as Proxy handles it: through a Session, else by what the out-of-session
 * callback answers. Returns Twilio's error code, 0 when it was handled.
 */
export function inbound(at: ProxyStage, from: string, to: string, isAnswerValid = false): number {
  const routed = receiveInbound(at.proxy, { service: at.service, from, to });
  if (routed.ok) return 0;
  const callback = at.proxy.services.get(at.service)?.out_of_session_callback_url ?? null;
  return routed.code === 80905 && callback !== null && isAnswerValid ? 0 : routed.code;
}

/** The request of a call or message that Proxy could not route, to the out-of-session callback. */
export function outOfSession(from: string, to: string): NonNullable<ErrorWebhook["request"]> {
  const url = "https://app.example.com/twilio/out-of-session";
  return { url, method: "POST", headers: {}, parameters: { From: from, To: to, Body: "are you there" } };
}
