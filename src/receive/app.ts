import express, { type Express, type Request, type Response } from "express";
import type { Source } from "../core/event.ts";
import { type Answer, type RejectReason, statusOf } from "../core/outcome.ts";
import type { Ingest } from "../pipeline/ingest.ts";
import type { Clock, Log, Telemetry } from "../pipeline/ports.ts";
import { bodyTypeOf, type Endpoint, endpoints } from "./endpoints.ts";
import { guard, signatureOf } from "./guards.ts";
import { readBody } from "./read-body.ts";

/** What the public port needs of the world. */
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
export function createReceiveApp(parts: ReceiveParts): Express {
  const app = express();
  app.disable("x-powered-by");
  app.disable("etag");
  app.set("case sensitive routing", true);
  app.set("strict routing", true);
  for (const [path, endpoint] of endpoints) {
    app.all(path, async function receive(request: Request, response: Response) {
      await handle(request, response, endpoint, parts);
    });
  }
  app.use(function unknownPath(request: Request, response: Response) {
    finish(request, response, "none", { outcome: "rejected", reason: "not_found" }, performance.now(), parts);
  });
  return app;
}

async function handle(request: Request, response: Response, endpoint: Endpoint, parts: ReceiveParts): Promise<void> {
  const started = performance.now();
  let answer: Answer;
  try {
    answer = await answerTo(request, endpoint, parts);
  } catch (error) {
    // Not one of the failures we know. 503 rather than 500: Twilio tries again, and the event may yet be kept.
    parts.log.error({ err: error }, "Delivery failed unexpectedly");
    answer = { outcome: "rejected", reason: "database_unavailable", retryAfterSeconds: 30 };
  }
  finish(request, response, endpoint.source, answer, started, parts);
}

async function answerTo(request: Request, endpoint: Endpoint, parts: ReceiveParts): Promise<Answer> {
  if (parts.stopping()) return { outcome: "rejected", reason: "stopping", retryAfterSeconds: 1 };
  const refused = guard(request, endpoint, { maxBytes: parts.maxBodyBytes, signatureRequired: parts.signatureRequired });
  if (refused !== null) return rejected(refused);

  const body = await readBody(request, { maxBytes: parts.maxBodyBytes, timeoutMs: parts.requestTimeoutMs });
  if (!body.ok) return rejected(body.reason);
  return await parts.ingest({
    source: endpoint.source,
    bodyType: bodyTypeOf(request.headers["content-type"]) ?? "form",
    target: request.originalUrl,
    signature: signatureOf(request),
    body: body.bytes,
    receivedAt: parts.clock.now(),
  });
}

function rejected(reason: RejectReason): Answer {
  return { outcome: "rejected", reason };
}

function finish(
  request: Request,
  response: Response,
  source: Source | "none",
  answer: Answer,
  started: number,
  parts: ReceiveParts,
): void {
  parts.telemetry.delivery(source, answer, (performance.now() - started) / 1000);
  if (answer.outcome === "rejected") {
    if (answer.retryAfterSeconds !== undefined) response.setHeader("Retry-After", String(answer.retryAfterSeconds));
    if (answer.reason === "method_not_allowed") response.setHeader("Allow", "POST");
    response.setHeader("X-Content-Type-Options", "nosniff");
    // What is left of the body would be read as the next request.
    if (!request.complete) response.setHeader("Connection", "close");
  }
  response.statusCode = statusOf(answer);
  response.end();
  if (!request.complete) discardRest(request);
}

/** How long and how much of an unread body is thrown away so that the sender gets to read our answer. */
const discardMs = 1000;
const discardBytes = 4 * 1024 * 1024;

/** Closing with unread bytes resets the connection and the answer is lost on the way; so read on for a little while. */
function discardRest(request: Request): void {
  let size = 0;
  const timer = setTimeout(() => request.destroy(), discardMs);
  request.on("data", (chunk: Buffer) => {
    size += chunk.length;
    if (size > discardBytes) request.destroy();
  });
  request.on("close", () => clearTimeout(timer));
  request.on("error", () => clearTimeout(timer));
  request.resume();
}
