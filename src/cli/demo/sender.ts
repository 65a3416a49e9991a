import {
  debuggerForm,
  type ErrorEvent,
  encodeForm,
  signForm,
  signJson,
  streamBatch,
} from "../../../test/support/sign.ts";

/** What Twilio's side of the demo knows: where to send, what it was told the address is, and the account's token. */
export interface Target {
  /** Where the demo's Faultline listens. */
  readonly localUrl: string;
  /** The address Twilio believes it calls, and therefore signs. */
  readonly publicUrl: string;
  readonly token: string;
}

/** Sends an event as a Debugger webhook, signed. Returns the status. */
export function sendWebhook(target: Target, event: ErrorEvent): Promise<number> {
  const form = debuggerForm(event);
  const path = "/twilio/debugger";
  return post(target, path, {
    body: encodeForm(form),
    type: "application/x-www-form-urlencoded; charset=utf-8",
    signature: signForm(target.token, target.publicUrl + path, form),
  });
}

/** Sends events as one Event Streams delivery, signed. */
export function sendStream(target: Target, events: readonly ErrorEvent[]): Promise<number> {
  return sendStreamBody(target, streamBatch(events));
}

/** Sends any body as an Event Streams delivery, signed. */
export function sendStreamBody(target: Target, body: string): Promise<number> {
  const { url, signature } = signJson(target.token, `${target.publicUrl}/twilio/events`, body);
  return post(target, url.slice(target.publicUrl.length), { body, type: "application/json", signature });
}

/** One POST, as raw as the caller wants it. */
export async function post(
  target: Target,
  path: string,
  request: { body: string; type: string; signature: string | null },
): Promise<number> {
  const headers: Record<string, string> = { "content-type": request.type };
  if (request.signature !== null) headers["x-twilio-signature"] = request.signature;
  const response = await fetch(target.localUrl + path, { method: "POST", headers, body: request.body });
  await response.arrayBuffer();
  return response.status;
}
