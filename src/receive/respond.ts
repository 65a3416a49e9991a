import type { IncomingMessage, ServerResponse } from "node:http";
import { type Answer, statusOf } from "../core/outcome.ts";

/** How long and how much of an unread body is thrown away so that the sender gets to read our answer. */
const discardMs = 1000;
const discardBytes = 4 * 1024 * 1024;

/**
 * Sends an answer, always without a body. What is left of the request's own body would be read as the next request, so the
 * connection ends after such an answer; so it does when we are about to stop.
 */
export function respond(request: IncomingMessage, response: ServerResponse, answer: Answer, stopping: boolean): void {
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
  if (unread || stopping || request.headers.upgrade !== undefined) response.setHeader("Connection", "close");
  if (!unread || request.socket.readableEnded) {
    response.end();
    return;
  }
  // Closing with unread bytes resets the connection, and the answer is lost on the way. So the answer goes out whole, and
  // only then, when the rest has been thrown away or patience is at an end, the connection is closed.
  response.flushHeaders();
  discardRest(request, () => response.end());
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
