import { createHmac, hash } from "node:crypto";
import { debuggerForm, encodeForm, errorEvent, signForm, streamEvent } from "../../test/support/sign.ts";
import { account, publicUrl } from "./account.ts";

/*
 * Signed requests by the hundred thousand: what is the same in all of them is made once, by the test suite's own signer;
 * an event fills in its sids and signs. Sids are hashes of a counter, since Twilio's are as good as random, and what an
 * index makes of that is part of the cost.
 */

/** What differs from one event to the next. */
export interface Sids {
  readonly event: string;
  readonly resource: string;
  readonly service: string;
}

/** Text with places to fill in: pieces between them, and what stands at each. */
interface Gaps {
  readonly pieces: readonly string[];
  readonly keys: readonly (keyof Sids)[];
}

/** A kind of event: its code and its Service. */
export interface Template {
  /** A whole HTTP request to /twilio/debugger. `forged` signs with another token. */
  webhook(sids: Sids, forged: boolean): Buffer;
  /** One CloudEvent in JSON. */
  cloudEvent(sids: Sids): string;
  /** Sids number `index` of those that belong to `seed`; `ownService` gives each event a Service of its own. */
  sids(seed: string, index: number, ownService: boolean): Sids;
}

const holes: Sids = {
  event: `NO${"e".repeat(32)}`,
  resource: `XX${"d".repeat(32)}`,
  service: `YY${"c".repeat(32)}`,
};

const resourceKinds: Readonly<Record<number, string>> = { 50416: "CH", 48031: "CH", 80604: "KC", 80903: "KC" };

/** Codes with a diagnostician, codes with a rule, and one with neither. */
const codes = [80604, 80903, 80905, 50416, 48031, 11200, 30003, 13227];

const services = 5;

/** The usual mix: eight codes, each in five Services. */
export const templates: readonly Template[] = codes.flatMap((code) =>
  Array.from({ length: services }, (_, service) => template(code, service)),
);

function template(code: number, service: number): Template {
  const event = errorEvent({
    code,
    account: account.sid,
    sid: holes.event,
    resource: holes.resource,
    service: holes.service,
    webhook: webhookOf(code),
  });
  const params = debuggerForm(event);
  const body = gaps(encodeForm(params));
  const url = `${publicUrl}/twilio/debugger`;
  const toSign = gaps(
    url +
      Object.keys(params)
        .sort()
        .map((name) => name + params[name])
        .join(""),
  );
  const json = gaps(JSON.stringify(streamEvent(event)));
  const serviceSid = `KS${hash("md5", `service ${code} ${service}`)}`;
  const resourceKind = resourceKinds[code] ?? "SM";

  const made: Template = {
    webhook(sids, forged) {
      const text = filled(body, sids);
      const signature = sign(forged ? "another token" : account.token, filled(toSign, sids));
      return Buffer.from(
        `POST /twilio/debugger HTTP/1.1\r\nHost: faultline.example.com\r\nContent-Type: application/x-www-form-urlencoded; charset=utf-8\r\nX-Twilio-Signature: ${signature}\r\nI-Twilio-Idempotency-Token: ${sids.event}\r\nUser-Agent: TwilioProxy/1.1\r\nAccept: */*\r\nContent-Length: ${text.length}\r\n\r\n${text}`,
        "latin1",
      );
    },
    cloudEvent: (sids) => filled(json, sids),
    sids(seed, index, ownService) {
      const digits = hash("sha256", `${seed} ${index}`);
      return {
        event: `NO${digits.slice(0, 32)}`,
        resource: resourceKind + digits.slice(32),
        service: ownService ? `KS${digits.slice(16, 48)}` : serviceSid,
      };
    },
  };
  const probe = made.sids("probe", 0, false);
  const whole = debuggerForm({ ...event, sid: probe.event, resource: probe.resource, service: probe.service });
  if (
    !made
      .webhook(probe, false)
      .toString("latin1")
      .includes(signForm(account.token, url, whole))
  )
    throw new Error(`template of ${code}: expected the signature of the test suite's signer`);
  return made;
}

/** The request Twilio made and the answer it got; brings the form to about 1 KB. */
function webhookOf(code: number) {
  return {
    type: "application/json",
    request: {
      url: `https://hooks.example.com/webhooks/${code}`,
      method: "POST",
      parameters: {
        From: "+15550100123",
        To: "+15550100456",
        Body: "See you at five",
        MessagingServiceSid: `MG${"b".repeat(32)}`,
      },
    },
    response: {
      status_code: 409,
      headers: { "Content-Type": "application/json" },
      body: '{"code":409,"message":"Conflict"}',
    },
  };
}

/** A whole HTTP request to /twilio/events. */
export function streamRequest(events: readonly string[]): Buffer {
  const body = Buffer.from(`[${events.join(",")}]`, "utf8");
  const target = `/twilio/events?bodySHA256=${hash("sha256", body, "hex")}`;
  const head = `POST ${target} HTTP/1.1\r\nHost: faultline.example.com\r\nContent-Type: application/json\r\nX-Twilio-Signature: ${sign(account.token, publicUrl + target)}\r\nUser-Agent: TwilioProxy/1.1\r\nAccept: */*\r\nContent-Length: ${body.length}\r\n\r\n`;
  return Buffer.concat([Buffer.from(head, "latin1"), body]);
}

function sign(token: string, text: string): string {
  return createHmac("sha1", token).update(text, "utf8").digest("base64");
}

function gaps(text: string): Gaps {
  const pattern = new RegExp(Object.values(holes).join("|"), "g");
  const byHole = new Map(Object.entries(holes).map(([key, hole]) => [hole, key as keyof Sids]));
  const keys = [...text.matchAll(pattern)].flatMap(([hole]) => byHole.get(hole) ?? []);
  return { pieces: text.split(pattern), keys };
}

function filled({ pieces, keys }: Gaps, sids: Sids): string {
  let text = pieces[0] ?? "";
  for (let index = 0; index < keys.length; index += 1) {
    const key = keys[index];
    text += (key === undefined ? "" : sids[key]) + (pieces[index + 1] ?? "");
  }
  return text;
}
