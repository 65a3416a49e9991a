import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { onTestFinished } from "vitest";
import type { Log } from "../../src/pipeline/ports.ts";
import { createTwilioReader } from "../../src/twilio/reader.ts";
import type { RestOptions } from "../../src/twilio/rest.ts";

export const account = `AC${"a".repeat(32)}`;
export const subaccount = `AC${"b".repeat(32)}`;
export const token = "0123456789abcdef0123456789abcdef";
export const alertSid = `NO${"c".repeat(32)}`;
export const owner = { account, parentAccount: null };

/** A request as a double saw it. */
export interface Seen {
  readonly method: string;
  readonly url: string;
  /** `user:password`. */
  readonly credentials: string;
  readonly atMs: number;
}

type Answer = (request: IncomingMessage, response: ServerResponse, nth: number) => void;

/** An HTTP server that answers as told and remembers what it was asked. Ends with the test. */
export async function startDouble(answer: Answer): Promise<{ baseUrl: string; seen: Seen[]; mostAtOnce(): number }> {
  const seen: Seen[] = [];
  const sockets = new Set<Socket>();
  let running = 0;
  let most = 0;
  const server = createServer((request, response) => {
    const [, encoded = ""] = (request.headers.authorization ?? "").split(" ");
    seen.push({
      method: request.method ?? "",
      url: request.url ?? "",
      credentials: Buffer.from(encoded, "base64").toString("utf8"),
      atMs: performance.now(),
    });
    running += 1;
    most = Math.max(most, running);
    response.on("close", () => {
      running -= 1;
    });
    answer(request, response, seen.length);
  });
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, "close");
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("expected a TCP address");
  return { baseUrl: `http://127.0.0.1:${address.port}`, seen, mostAtOnce: () => most };
}

/** Answers JSON. */
export function json(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(body));
}

/** A reader on a double, with what it counted and logged. */
export function createReader(baseUrl: string, more: Partial<RestOptions> = {}) {
  const outcomes: string[] = [];
  const lines: { level: string; fields: Record<string, unknown>; sentence: string }[] = [];
  const write = (level: string) => (fields: Record<string, unknown>, sentence: string) => {
    lines.push({ level, fields, sentence });
  };
  const log: Log = { debug: write("debug"), info: write("info"), warn: write("warn"), error: write("error") };
  const reader = createTwilioReader({
    accounts: new Map([[account, [token]]]),
    baseUrl,
    telemetry: { twilioRequest: (api, outcome) => outcomes.push(`${api} ${outcome}`) },
    clock: { now: () => new Date() },
    random: () => 0,
    log,
    requestsPerSecond: 1_000,
    ...more,
  });
  return { reader, outcomes, lines };
}
