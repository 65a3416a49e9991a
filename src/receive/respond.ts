import type { IncomingMessage, ServerResponse } from "node:http";
import { type Answer, type RejectReason, statusOf } from "../core/outcome.ts";

/** How long and how much of an unread body is thrown away so that the sender gets to read our answer. */
const discardMs = 1000;
const discardBytes = 4 * 1024 * 1024;

/** A body of this size, in bytes, costs less to read and throw away than a new connection. Most webhooks are smaller. */
const cheapBytes = 16 * 1024;

/** What is refused before a body is looked at. */
const refusedUnread: ReadonlySet<RejectReason> = new Set([
  "no_signature",
  "wrong_signature",
  "rate_limited",
  "not_found",
  "method_not_allowed",
  "unsupported_media_type",
  "unsupported_encoding",
]);

/**
 * Sends an answer, always without a body. The connection ends after an answer to a request whose own body was not read, unless
 * what is left of it is little; so it does when we are about to stop.
 */
export function respond(request: IncomingMessage, response: ServerResponse, answer: Answer, stopping: boolean): void {
  if (!hasUnreadBody(request) || !isCheap(request, answer)) respondNow(request, response, answer, stopping);
  // It came together with the head as a rule, and only has to be parsed: then there is nothing to wait for and to throw away,
  // and a refusal takes 68 instead of 113 µs.
  else setImmediate(() => respondNow(request, response, answer, stopping));
}

function respondNow(request: IncomingMessage, response: ServerResponse, answer: Answer, stopping: boolean): void {
  // Nobody is there any more.
  if (response.destroyed || response.headersSent) return;
  response.statusCode = statusOf(answer);
  if (answer.outcome === "rejected") {
    if (answer.retryAfterSeconds !== undefined) response.setHeader("Retry-After", String(answer.retryAfterSeconds));
    if (answer.reason === "method_not_allowed") response.setHeader("Allow", "POST");
    response.setHeader("X-Content-Type-Options", "nosniff");
    response.setHeader("Cache-Control", "no-store");
    response.setHeader("Content-Length", "0");
  }
  const unread = hasUnreadBody(request);
  // After a request that asks for another protocol Node's parser drops what came with it.
  const closes = (unread && !isCheap(request, answer)) || stopping || request.headers.upgrade !== undefined;
  if (closes) response.setHeader("Connection", "close");
  if (!unread || request.socket.readableEnded) {
    response.end();
    return;
  }
  // Closing with unread bytes resets the connection, and the answer is lost on the way. So the answer goes out whole, and
  // only then, when the rest has been thrown away or patience is at an end, the connection is closed, or free for the next.
  response.flushHeaders();
  discardRest(request, () => {
    if (closes || request.complete) response.end();
    else request.socket.destroy();
  });
}

/** Small, and refused for what stands in the head: a body that came too slowly or broken is not waited for again. */
function isCheap({ headers }: IncomingMessage, answer: Answer): boolean {
  if (answer.outcome === "accepted" || !refusedUnread.has(answer.reason)) return false;
  return headers["transfer-encoding"] === undefined && Number(headers["content-length"]) <= cheapBytes;
}

function hasUnreadBody(request: IncomingMessage): boolean {
  if (request.complete) return false;
  const { "content-length": length, "transfer-encoding": encoding } = request.headers;
  return encoding !== undefined || (length !== undefined && length !== "0");
}

function discardRest(request: IncomingMessage, then: () => void): void {
  let size = 0;
  const timer = setTimeout(done, discardMs);

  function done(): void {
    clearTimeout(timer);
    request.off("data", onData).off("end", done).off("close", done);
    request.socket.off("end", done);
    then();
  }
  function onData(chunk: Buffer): void {
    size += chunk.length;
    if (size > discardBytes) done();
  }

  request.on("data", onData).on("end", done).on("close", done).on("error", done);
  // The sender will write no more, which the request does not say when it could not be read to its end.
  request.socket.on("end", done);
  request.resume();
}
