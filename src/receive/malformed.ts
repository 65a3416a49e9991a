import { type IncomingMessage, STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import { type RejectReason, rejections } from "../core/outcome.ts";

/** How long we listen on after an answer that ends a connection, so that its sender gets to read it, in milliseconds. */
const lingerMs = 1000;

/** Emitted on a request whose body cannot be read to its end, with the {@link RejectReason}. */
export const brokenBody = "brokenBody";

/**
 * Whether a request is framed in a way two programs may understand differently: one of them would see another request in it.
 * Node's parser refuses the rest (two lengths, a length and chunks, lines without CR, folded lines).
 * Source: https://www.rfc-editor.org/rfc/rfc9112#section-6.1, https://www.rfc-editor.org/rfc/rfc9112#section-3.2
 */
export function isMalformed({ httpVersion, headers }: IncomingMessage): boolean {
  if (httpVersion === "1.1") return headers.host === undefined;
  return httpVersion !== "1.0" || headers["transfer-encoding"] !== undefined;
}

/** Why Node's parser gave up, as a reason of ours. Null for a connection that just broke: nobody asked for anything. */
export function reasonOf(error: Error): RejectReason | null {
  const code = "code" in error ? String(error.code) : "";
  if (code === "ERR_HTTP_REQUEST_TIMEOUT") return "request_timeout";
  if (code === "HPE_HEADER_OVERFLOW") return "headers_too_large";
  if (code === "HPE_INVALID_EOF_STATE") return "aborted";
  return code.startsWith("HPE_") ? "malformed" : null;
}

/** Whether these are bytes after a request with `Connection: close`. */
export function isAfterTheEnd(error: Error): boolean {
  return "code" in error && error.code === "HPE_CLOSED_CONNECTION";
}

/** Answers what is no request, and ends the connection. */
export function refuseOutright(socket: Duplex, reason: RejectReason): void {
  if (socket.destroyed || socket.writableEnded) return;
  const status = rejections[reason];
  const allow = status === 405 ? "Allow: POST\r\n" : "";
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${allow}X-Content-Type-Options: nosniff\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`,
  );
  // Closing with unread bytes would reset the connection, and the answer be lost on the way.
  const timer = setTimeout(() => socket.destroy(), lingerMs);
  socket.once("end", () => socket.destroy()).once("close", () => clearTimeout(timer));
}
