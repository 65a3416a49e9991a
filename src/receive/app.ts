import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import express, { type Request } from "express";
import type { Source } from "../core/event.ts";
import type { Answer, RejectReason } from "../core/outcome.ts";
import type { Ingest } from "../pipeline/ingest.ts";
import type { Clock, Log, Telemetry } from "../pipeline/ports.ts";
import { bodyTypeOf, type Endpoint, endpoints } from "./endpoints.ts";
import { guard, signatureOf } from "./guards.ts";
import { readBody } from "./read-body.ts";
import { respond } from "./respond.ts";

/** What the public port needs of the world. Sizes in bytes, times in milliseconds. */
export interface ReceiveParts {
  readonly ingest: Ingest;
  readonly telemetry: Telemetry;
  readonly clock: Clock;
  readonly log: Log;
  readonly maxBodyBytes: number;
  readonly requestTimeoutMs: number;
  readonly signatureRequired: boolean;
  /** True once the process is stopping: new deliveries on kept-alive connections are sent elsewhere. */
  readonly stopping: () => boolean;
}

/**
 * The public port: three paths for Twilio, 404 for everything else. Express routes; the body stays raw bytes, because
 * signatures are about bytes and because parsers reshape keys and stop at 1,000 of them.
 */
export function createReceiveApp(parts: ReceiveParts): RequestListener {
  const app = express();
  app.disable("x-powered-by");
  app.set("case sensitive routing", true);
  app.set("strict routing", true);
  for (const [path, endpoint] of endpoints) {
    app.all(path, async function receive(request, response) {
      const started = performance.now();
      finish(request, response, endpoint.source, await answerTo(request, endpoint, parts), started, parts);
    });
  }
  return function receiveOrRefuse(request, response) {
    const started = performance.now();
    // What no path took, or failed beyond answerTo. Express's own last handler would send a page of HTML.
    app(request as Request, response as express.Response, (error?: unknown) => {
      const answer = error === undefined ? rejected("not_found") : failed(error, parts.log);
      finish(request, response, "none", answer, started, parts);
    });
  };
}

async function answerTo(request: Request, endpoint: Endpoint, parts: ReceiveParts): Promise<Answer> {
  if (parts.stopping()) return { outcome: "rejected", reason: "stopping", retryAfterSeconds: 1 };
  const refused = guard(request, endpoint, {
    maxBytes: parts.maxBodyBytes,
    signatureRequired: parts.signatureRequired,
  });
  if (refused !== null) return rejected(refused);

  const body = await readBody(request, { maxBytes: parts.maxBodyBytes, timeoutMs: parts.requestTimeoutMs });
  if (!body.ok) return rejected(body.reason);
  try {
    return await parts.ingest({
      source: endpoint.source,
      bodyType: bodyTypeOf(request.headers["content-type"]) ?? "form",
      target: request.originalUrl,
      signature: signatureOf(request),
      body: body.bytes,
      receivedAt: parts.clock.now(),
    });
  } catch (error) {
    return failed(error, parts.log);
  }
}

/** Not one of the failures we know. 503 rather than 500: Twilio tries again, and the event may yet be kept. */
function failed(error: unknown, log: Log): Answer {
  // Neither the message nor other properties: a driver's may quote the row it could not write.
  const { name, code, stack } = describe(error);
  log.error({ error: name, code, stack }, "Delivery failed unexpectedly");
  return { outcome: "rejected", reason: "database_unavailable", retryAfterSeconds: 30 };
}

function describe(error: unknown): { name: string; code: string | null; stack: string } {
  if (!(error instanceof Error)) return { name: typeof error, code: null, stack: "" };
  // The stack begins with the message, which may span lines; only the places are kept.
  const places = (error.stack ?? "").split("\n").filter((line) => /^\s+at \S.*:\d+:\d+\)?$/.test(line));
  return { name: error.name, code: "code" in error ? String(error.code) : null, stack: places.join("\n") };
}

function rejected(reason: RejectReason): Answer {
  return { outcome: "rejected", reason };
}

function finish(
  request: IncomingMessage,
  response: ServerResponse,
  source: Source | "none",
  answer: Answer,
  started: number,
  parts: ReceiveParts,
): void {
  parts.telemetry.delivery(source, answer, (performance.now() - started) / 1000);
  respond(request, response, answer, parts.stopping());
}
