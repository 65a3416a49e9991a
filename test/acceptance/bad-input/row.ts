import { type RejectReason, rejections } from "../../../src/core/outcome.ts";
import { formParcel, head, jsonParcel, type Parcel, signedFormBody, webhookParcel } from "../../support/deliver.ts";
import { debuggerForm, type ErrorEvent, errorEvent, type FormParams, streamEvent } from "../../support/sign.ts";

/** What must never be found anywhere afterwards: it stands in almost every body. */
export const privateThings = ["5555550142", "meet me at the usual place"] as const;
export const number = `+1${privateThings[0]}`;
export const text: string = privateThings[1];

/** A second account, with a token of its own. */
export const otherAccount = { sid: `AC${"b".repeat(32)}`, token: "fedcba9876543210fedcba9876543210" } as const;

/** Bytes for the socket as they stand, and what becomes of the connection when they are written. */
export interface RawRequest {
  readonly bytes: string;
  readonly afterwards: "keep open" | "end";
}

/** What bad input must meet. Exactly one delivery is counted, and nothing but these events. */
export interface BadInput {
  readonly what: string;
  readonly send: Parcel | RawRequest;
  readonly status: number;
  readonly counted: { readonly source: string; readonly reason: RejectReason | "none" };
  readonly recorded?: number;
  readonly quarantined?: number;
}

interface Fates {
  readonly recorded?: number;
  readonly quarantined?: number;
}

/** A row of its own status and reason. */
export function refused(what: string, reason: RejectReason, send: BadInput["send"], source = "debugger"): BadInput {
  return { what, send, status: rejections[reason], counted: { source, reason } };
}

/** Answered 204, with the fates of the events in it. */
export function taken(what: string, send: BadInput["send"], fates: Fates, source = "debugger"): BadInput {
  return { what, send, status: 204, counted: { source, reason: "none" }, ...fates };
}

export function recorded(what: string, send: BadInput["send"]): BadInput {
  return taken(what, send, { recorded: 1 });
}

export function quarantined(what: string, send: BadInput["send"]): BadInput {
  return taken(what, send, { quarantined: 1 });
}

/** What is no HTTP request at all, or one that can be understood in two ways. */
export function notHttp(what: string, bytes: string): BadInput {
  return refused(what, "malformed", { bytes, afterwards: "end" }, "none");
}

export const hook = "/twilio/debugger";
export const stream = "/twilio/events";
let made = 0;

/** An event of its own, full of private things. */
export function event(fields: Partial<ErrorEvent> = {}): ErrorEvent {
  made += 1;
  const url = `https://user:pass@app.example.com/sms?From=${encodeURIComponent(number)}`;
  const request = { url, method: "POST", parameters: { From: number, To: number, Body: text } };
  const webhook = { type: "application/json", request };
  return errorEvent({ code: 80604, message: `Call ${number} failed`, webhook, ...fields }, made);
}

/** Its form parameters, some of them replaced. */
export function form(change: FormParams = {}): FormParams {
  return { ...debuggerForm(event()), ...change };
}

/** Its CloudEvent, with some fields of `data` and of the envelope replaced. */
export function streamed(data: Record<string, unknown> = {}, envelope: Record<string, unknown> = {}) {
  const whole = streamEvent(event());
  const payload = JSON.stringify({ error_code: 80604, message: `Call ${number}`, parameters: { Body: text } });
  return { ...whole, data: { ...Object(whole.data), payload, ...data }, ...envelope };
}

/** A good delivery. */
export function good(): Parcel {
  return webhookParcel(event());
}

/** A signed webhook with this payload. */
export function payload(value: string): Parcel {
  return formParcel(hook, form({ Payload: value }));
}

/** A signed webhook with this form body. */
export function signedBody(body: string): Parcel {
  return signedFormBody(hook, body);
}

/** A signed stream delivery of this value. */
export function json(value: unknown): Parcel {
  return jsonParcel(stream, JSON.stringify(value));
}

export function deep(levels: number): string {
  return "[".repeat(levels) + "]".repeat(levels);
}

export function withHeaders(parcel: Parcel, headers: Record<string, string>): Parcel {
  return { ...parcel, headers: { ...parcel.headers, ...headers } };
}

export function without(parcel: Parcel, header: string): Parcel {
  const headers = Object.fromEntries(Object.entries(parcel.headers).filter(([name]) => name !== header));
  return { ...parcel, headers };
}

/** A parcel as it goes over the wire, with other or further headers. */
export function asBytes(parcel: Parcel, headers: Record<string, string> = {}): string {
  return head(parcel, { "content-length": String(parcel.body.length), ...headers }) + parcel.body.toString();
}
