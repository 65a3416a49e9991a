import { debuggerForm, encodeForm, errorEvent, signForm, signJson, streamBatch } from "../../../test/support/sign.ts";
import { post, type Target } from "./sender.ts";

/** A request that must not be believed, with the status it must get. */
export interface BadRequest {
  readonly what: string;
  readonly expected: number;
  send(target: Target): Promise<number>;
}

const formType = "application/x-www-form-urlencoded";
const form = debuggerForm(errorEvent({ code: 80604 }, 0xbad));
const webhookPath = "/twilio/debugger";

function signed(target: Target, params: Record<string, string>, token = target.token): string {
  return signForm(token, target.publicUrl + webhookPath, params);
}

/** Signed, but not what Twilio would send: kept in quarantine and answered 204. */
export const unreadable: readonly BadRequest[] = [
  quarantine("payload is not JSON", { Payload: "<Response/>" }),
  quarantine("payload without an error code", { Payload: '{"resource_sid":"CA1"}' }),
  quarantine("error code is not a number", { Payload: '{"error_code":"eighty"}' }),
];

function quarantine(what: string, change: Record<string, string>): BadRequest {
  const params = { ...form, Sid: `NO${Buffer.from(what).toString("hex").slice(0, 32)}`, ...change };
  return {
    what,
    expected: 204,
    send: (target) =>
      post(target, webhookPath, { body: encodeForm(params), type: formType, signature: signed(target, params) }),
  };
}

/** Refused, each for its own reason. */
export const refused: readonly BadRequest[] = [
  {
    what: "no signature",
    expected: 401,
    send: (target) => post(target, webhookPath, { body: encodeForm(form), type: formType, signature: null }),
  },
  {
    what: "signed with another token",
    expected: 403,
    send: (target) =>
      post(target, webhookPath, {
        body: encodeForm(form),
        type: formType,
        signature: signed(target, form, "another token"),
      }),
  },
  {
    what: "an account nobody configured",
    expected: 403,
    send: (target) => {
      const params = { ...form, AccountSid: `AC${"f".repeat(32)}` };
      return post(target, webhookPath, { body: encodeForm(params), type: formType, signature: signed(target, params) });
    },
  },
  {
    what: "a captured signature with another body",
    expected: 403,
    send: (target) => {
      const { url, signature } = signJson(target.token, `${target.publicUrl}/twilio/events`, "[]");
      const forged = streamBatch([errorEvent({ code: 80604 }, 0xbad)]);
      return post(target, url.slice(target.publicUrl.length), { body: forged, type: "application/json", signature });
    },
  },
  {
    what: "the wrong content type",
    expected: 415,
    send: (target) => post(target, webhookPath, { body: "{}", type: "text/plain", signature: "x" }),
  },
  {
    what: "a body larger than the limit",
    expected: 413,
    send: (target) =>
      post(target, webhookPath, { body: `Payload=${"x".repeat(1_100_000)}`, type: formType, signature: "x" }),
  },
  {
    what: "a path that does not exist",
    expected: 404,
    send: (target) => post(target, "/metrics", { body: "", type: formType, signature: null }),
  },
];
