import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { type Request, type Response, Router } from "express";
import { type Answer, type RejectReason, statusOf } from "../core/outcome.ts";
import type { Ingest } from "../pipeline/ingest.ts";
import type { Clock, HttpTelemetry, Log, Telemetry } from "../pipeline/ports.ts";
import { noTracing, type TraceParent, type Tracing } from "../pipeline/trace-ports.ts";
import { type BodyBudget, createBodyBudget } from "./body-budget.ts";
import { type SenderOf, senderOf } from "./client-address.ts";
import { createCohort } from "./cohort.ts";
import { bodyTypeOf, type Endpoint, endpoints } from "./endpoints.ts";
import { guard, signatureOf } from "./guards.ts";
import type { RefusalLimit } from "./rate-limit-refused.ts";
import { readBody } from "./read-body.ts";
import { respond } from "./respond.ts";
import { answered, serverSpan } from "./spans.ts";
import { createTurns } from "./turns.ts";

/** How much of all bodies together is held in memory, in bytes; at least four of the largest size. */
const heldBodyBytes = 64 * 1024 * 1024;

/**
 * Bodies up to this size, in bytes, are taken on together. A larger one is work enough by itself, and many of them in a row
 * would keep everything else waiting.
 */
const cohortBytes = 16 * 1024;

/**
 * The larger ones are taken on one after the other, so many bytes at a time: enough for two statements of the database and what
 * comes after them.
 */
const turnBytes = 2 * 1024 * 1024;
const turnPatienceMs = 400;

/** How long a sender is asked to wait when that is used up, in seconds. */
const retryAfterSeconds = 5;

/** What the public port needs of the world. Sizes in bytes, times in milliseconds. */
export interface ReceiveParts {
  readonly ingest: Ingest;
  readonly telemetry: Telemetry & Pick<HttpTelemetry, "httpServed">;
  /** Off unless given. */
  readonly tracing?: Tracing;
  readonly clock: Clock;
  readonly log: Log;
  readonly maxBodyBytes: number;
  /** Of all bodies held in memory at once; 64 MiB unless given. */
  readonly heldBodyBytes?: number;
  readonly requestTimeoutMs: number;
  readonly signatureRequired: boolean;
  /** Who sent a request, by the key that limits use; the address of the connection unless given. */
  readonly senderOf?: SenderOf;
  /** No limit unless given. */
  readonly refusals?: RefusalLimit;
  /**
   * True once the process is about to stop. What still comes is taken, since Twilio sends a Debugger webhook only once, and each
   * connection ends with its answer.
   */
  readonly stopping: () => boolean;
}

/**
 * The public port: three paths for Twilio, 404 for everything else. Express routes; the body stays raw bytes, because
 * signatures are about bytes and because parsers reshape keys and stop at 1,000 of them.
 */
export function createReceiveApp(parts: ReceiveParts): RequestListener {
  // A router, since an application gives every request and response another prototype, after which V8 looks up all their
  // properties by name: 22 instead of 17 µs for the least a request can take.
  const router = Router({ caseSensitive: true, strict: true });
  const { tracing = noTracing, refusals } = parts;
  const budget = createBodyBudget(parts.heldBodyBytes ?? Math.max(heldBodyBytes, 4 * parts.maxBodyBytes));
  const cohort = createCohort();
  const turns = createTurns(turnBytes, turnPatienceMs);
  const sender = parts.senderOf ?? senderOf([]);
  for (const [path, endpoint] of endpoints) {
    router.all(path, async function receive(request, response) {
      const started = performance.now();
      await tracing.span(serverSpan(request.method, path), async (span) => {
        // Now, since a connection that has gone no longer says whose it was.
        const from = sender(request);
        const given = await answerTo(request, endpoint, from, span.context, parts, { budget, cohort, turns });
        const answer = refusals?.judge(from, given) ?? given;
        answered(span, answer);
        finish(request, response, path, answer, started, parts);
      });
    });
  }
  return function receiveOrRefuse(request, response) {
    const started = performance.now();
    // What no path took, or failed beyond answerTo. Express's own last handler would send a page of HTML.
    router(request as Request, response as Response, (error?: unknown) => {
      const given = error === undefined ? rejected("not_found") : failed(error, parts.log);
      const answer = refusals?.judge(sender(request), given) ?? given;
      finish(request, response, null, answer, started, parts);
    });
  };
}

/** What all deliveries share. */
interface Shared {
  readonly budget: BodyBudget;
  readonly cohort: ReturnType<typeof createCohort>;
  readonly turns: ReturnType<typeof createTurns>;
}

async function answerTo(
  request: Request,
  endpoint: Endpoint,
  sender: string,
  trace: TraceParent | null,
  parts: ReceiveParts,
  { budget, cohort, turns }: Shared,
): Promise<Answer> {
  const refused = guard(request, endpoint, {
    maxBytes: parts.maxBodyBytes,
    signatureRequired: parts.signatureRequired,
  });
  if (refused !== null) return rejected(refused);
  const signature = signatureOf(request);
  if (parts.signatureRequired && parts.refusals?.refusesEarly(sender, signature)) return rejected("wrong_signature");

  const body = await readBody(request, {
    maxBytes: parts.maxBodyBytes,
    timeoutMs: parts.requestTimeoutMs,
    budget,
  });
  if (!body.ok) {
    const { reason } = body;
    return reason === "overloaded" ? { outcome: "rejected", reason, retryAfterSeconds } : rejected(reason);
  }
  const receivedAt = parts.clock.now();
  let endTurn: (() => void) | null = null;
  try {
    if (body.bytes.length <= cohortBytes) await cohort();
    else endTurn = await turns(body.bytes.length);
    return await parts.ingest({
      source: endpoint.source,
      bodyType: bodyTypeOf(request.headers["content-type"]) ?? "form",
      target: request.originalUrl,
      signature,
      body: body.bytes,
      receivedAt,
      sender,
      ...(trace !== null && { trace }),
    });
  } catch (error) {
    return failed(error, parts.log);
  } finally {
    endTurn?.();
    body.release();
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
  path: string | null,
  answer: Answer,
  started: number,
  parts: ReceiveParts,
): void {
  const seconds = (performance.now() - started) / 1000;
  const source = endpoints.get(path ?? "")?.source ?? "none";
  parts.telemetry.delivery(source, answer, seconds);
  const status = response.destroyed ? null : statusOf(answer);
  parts.telemetry.httpServed({ method: request.method ?? "", route: path, status }, seconds);
  respond(request, response, answer, parts.stopping());
}
