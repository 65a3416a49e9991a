import type { IncomingMessage } from "node:http";
import type { RejectReason } from "../core/outcome.ts";
import type { BodyBudget } from "./body-budget.ts";
import { brokenBody } from "./malformed.ts";

/** The body, with what gives its memory back once it is done with; or why there is none. */
export type Body =
  | { readonly ok: true; readonly bytes: Buffer; readonly release: () => void }
  | { readonly ok: false; readonly reason: RejectReason };

/** What a body may take. Sizes in bytes, times in milliseconds. */
export interface BodyLimits {
  readonly maxBytes: number;
  readonly timeoutMs: number;
  /** Shared by all bodies. */
  readonly budget: BodyBudget;
}

/**
 * Reads a request's raw bytes: signatures are about bytes, so nothing may decode them first.
 * Stops at `maxBytes`, whatever Content-Length says, and after `timeoutMs` for the whole body, so that a sender who
 * drips one byte a second holds a connection no longer than that; and when all bodies together have used up the budget.
 */
export function readBody(request: IncomingMessage, { maxBytes, timeoutMs, budget }: BodyLimits): Promise<Body> {
  return new Promise((resolve) => {
    let bytes: Buffer = Buffer.alloc(0);
    let size = 0;
    const held = budget.open(() => settle({ ok: false, reason: "overloaded" }));
    const timer = setTimeout(() => settle({ ok: false, reason: "request_timeout" }), timeoutMs);

    function settle(body: Body): void {
      clearTimeout(timer);
      request.off("data", onData).off("end", onEnd).off("close", onClose).off(brokenBody, onBroken);
      if (body.ok) held.complete();
      else held.release();
      resolve(body);
    }
    function onData(chunk: Buffer): void {
      const before = size;
      size += chunk.length;
      if (size > maxBytes) settle({ ok: false, reason: "body_too_large" });
      else if (size <= bytes.length) chunk.copy(bytes, before);
      else grow(chunk, before);
    }
    /**
     * One piece, as most bodies are, is kept as it came. More are put together at once, into room that doubles: a million
     * pieces of a byte each would take a hundred times the memory of their bytes.
     */
    function grow(chunk: Buffer, before: number): void {
      const room = before === 0 ? chunk.length : Math.min(maxBytes, Math.max(4096, size * 2));
      if (!held.take(room - bytes.length)) {
        settle({ ok: false, reason: "overloaded" });
        return;
      }
      if (before === 0) {
        bytes = chunk;
        return;
      }
      const roomier = Buffer.allocUnsafeSlow(room);
      bytes.copy(roomier, 0, 0, before);
      chunk.copy(roomier, before);
      bytes = roomier;
    }
    function onEnd(): void {
      settle({ ok: true, bytes: bytes.subarray(0, size), release: held.release });
    }
    function onClose(): void {
      settle({ ok: false, reason: "aborted" });
    }
    function onBroken(reason: RejectReason): void {
      settle({ ok: false, reason });
    }

    // An error is always followed by close; without a listener it would be thrown.
    request.on("data", onData).on("end", onEnd).on("close", onClose).on(brokenBody, onBroken).on("error", ignore);
  });
}

function ignore(): void {}
