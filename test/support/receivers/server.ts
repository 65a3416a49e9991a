import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { setTimeout as wait } from "node:timers/promises";
import { createReceiverFaults, type ReceiverFault, type ReceiverFaults } from "./faults.ts";

/** A request as a receiver got it. */
export interface Received {
  readonly method: string;
  readonly path: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** The body as JSON, undefined when it is none. */
  readonly json: unknown;
  /** When its last byte came, in milliseconds since 1970. */
  readonly at: number;
  /** The status answered, 0 when the connection was cut or left hanging. */
  status: number;
}

/** What a receiver answers: text, or an object as JSON. */
export interface ReceiverAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | object;
}

/** What every double has. */
export interface ReceiverDouble {
  readonly url: string;
  /** Every request, in order of arrival, the refused ones too. */
  readonly received: readonly Received[];
  readonly faults: ReceiverFaults;
  /** Bytes of endless answers that were written before the other side had enough. */
  flooded(): number;
  stop(): Promise<void>;
}

/** More of a request is not read, in bytes. */
const maxRequestBytes = 4 * 1024 * 1024;

/** Serves on a free loopback port; `url` is its origin. */
export async function startReceiver(answer: (request: Received) => ReceiverAnswer): Promise<ReceiverDouble> {
  const received: Received[] = [];
  const faults = createReceiverFaults();
  let flooded = 0;

  async function respond(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const request = await read(incoming);
    received.push(request);
    const fault = faults.take(request.path);
    if (fault?.delayMs !== undefined) await wait(fault.delayMs, undefined, { ref: false });
    if (fault?.applied === true) answer(request);
    if (fault?.hang === true) return;
    if (fault?.cut === "before") {
      response.destroy();
      return;
    }
    const reply = replyOf(fault) ?? answer(request);
    request.status = reply.status;
    const body = typeof reply.body === "object" ? JSON.stringify(reply.body) : (reply.body ?? "");
    const type = typeof reply.body === "object" ? "application/json; charset=utf-8" : "text/plain";
    const headers = { "content-type": type, ...reply.headers };
    if (fault?.cut === "within") {
      response.writeHead(reply.status, { ...headers, "content-length": String(body.length + 100) });
      response.write(body, () => response.destroy());
    } else if (fault?.endless === true) {
      response.writeHead(reply.status, headers);
      flood(response);
    } else {
      response.writeHead(reply.status, headers).end(body);
    }
  }

  function flood(response: ServerResponse): void {
    const chunk = "x".repeat(16 * 1024);
    const more = () => {
      if (response.destroyed) return;
      flooded += chunk.length;
      response.write(chunk, more);
    };
    more();
  }

  const server = createServer((incoming, response) => {
    respond(incoming, response).catch(() => response.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("expected a TCP address");
  return {
    url: `http://127.0.0.1:${address.port}`,
    received,
    faults,
    flooded: () => flooded,
    async stop() {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

async function read(incoming: IncomingMessage): Promise<Received> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of incoming) {
    const bytes = Buffer.from(chunk);
    size += bytes.length;
    if (size > maxRequestBytes) throw new Error("request too large");
    chunks.push(bytes);
  }
  const body = Buffer.concat(chunks).toString("utf8");
  const headers = Object.fromEntries(Object.entries(incoming.headers).map(([name, value]) => [name, String(value)]));
  const { method = "", url: path = "" } = incoming;
  return { method, path, headers, body, json: parsed(body), at: Date.now(), status: 0 };
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

function replyOf(fault: ReceiverFault | null): ReceiverAnswer | null {
  const status = fault?.status ?? (fault?.redirectTo === undefined ? undefined : 307);
  if (fault === null || status === undefined) return null;
  return {
    status,
    headers: {
      ...(fault.retryAfter !== undefined && { "retry-after": String(fault.retryAfter) }),
      ...(fault.redirectTo !== undefined && { location: fault.redirectTo }),
    },
    body: fault.body ?? "",
  };
}
