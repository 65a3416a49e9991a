import type { IncomingMessage } from "node:http";

/** The body, or why there is none. */
export type Body =
  | { readonly ok: true; readonly bytes: Buffer }
  | { readonly ok: false; readonly reason: "body_too_large" | "request_timeout" | "aborted" };

/**
 * Reads a request's raw bytes: signatures are about bytes, so nothing may decode them first.
 * Stops at `maxBytes`, whatever Content-Length says, and after `timeoutMs` for the whole body, so that a sender who
 * drips one byte a second holds a connection no longer than that.
 */
export function readBody(request: IncomingMessage, limits: { maxBytes: number; timeoutMs: number }): Promise<Body> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const timer = setTimeout(() => settle({ ok: false, reason: "request_timeout" }), limits.timeoutMs);

    function settle(body: Body): void {
      clearTimeout(timer);
      request.off("data", onData).off("end", onEnd).off("close", onClose);
      resolve(body);
    }
    function onData(chunk: Buffer): void {
      size += chunk.length;
      if (size > limits.maxBytes) settle({ ok: false, reason: "body_too_large" });
      else chunks.push(chunk);
    }
    function onEnd(): void {
      const [first] = chunks;
      settle({ ok: true, bytes: chunks.length === 1 && first !== undefined ? first : Buffer.concat(chunks, size) });
    }
    function onClose(): void {
      settle({ ok: false, reason: "aborted" });
    }

    // An error is always followed by close; without a listener it would be thrown.
    request.on("data", onData).on("end", onEnd).on("close", onClose).on("error", ignore);
  });
}

function ignore(): void {}
