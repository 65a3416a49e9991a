import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import type { RejectReason } from "../core/outcome.ts";
import { acceptWaiting } from "./accept-waiting.ts";
import { Connections } from "./connections.ts";
import { brokenBody, isAfterTheEnd, isMalformed, reasonOf, refuseOutright } from "./malformed.ts";
import { respond } from "./respond.ts";

/** A listening HTTP server. */
export interface Listener {
  readonly port: number;
  /** Takes whoever waits, stops listening and resolves when every request under way is answered, at the latest after `timeoutMs`. */
  close(timeoutMs: number): Promise<void>;
}

/** Where and how to listen. Times in milliseconds. */
export interface ListenOptions {
  readonly host: string;
  readonly port: number;
  /** Headers must have arrived by then (slowloris). */
  readonly headersTimeoutMs: number;
  readonly maxConnections: number;
  /** Told of what was refused because it is no request the handler could be given. */
  readonly onRefused?: (reason: RejectReason) => void;
}

/**
 * An idle connection is kept for longer than a proxy before us keeps it (60 s: AWS's load balancers, nginx). The proxy has to
 * be the one who closes: a POST that meets our close on its way is lost, since it is not sent twice.
 */
const keepAliveMs = 75_000;

/** New connections may come for as long as we listen; after so many milliseconds those that still wait are given up. */
const acceptMs = 2_000;

/** Starts an HTTP server. Rejects with the system's error (`EADDRINUSE`, `EACCES`) when it cannot listen. */
export function listen(handler: RequestListener, options: ListenOptions): Promise<Listener> {
  const server = createServer({
    headersTimeout: options.headersTimeoutMs,
    keepAliveTimeout: keepAliveMs,
    connectionsCheckingInterval: 1000,
    maxHeaderSize: 16 * 1024,
    insecureHTTPParser: false,
    // Looked at by us, so that it is counted.
    requireHostHeader: false,
  });
  // Every header is seen; their size is bounded.
  server.maxHeadersCount = 0;
  watch(server, handler, options);
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port, options.host, () => {
      server.off("error", reject);
      // From here on an error is about one connection that could not be accepted; unheard, it would end the process.
      server.on("error", () => undefined);
      const { port } = server.address() as AddressInfo;
      resolve({ port, close: (timeoutMs) => close(server, timeoutMs) });
    });
  });
}

/** Everything that can come in on a connection is answered in order, and nothing of it goes uncounted. */
function watch(server: Server, handler: RequestListener, { maxConnections, onRefused }: ListenOptions): void {
  const connections = new Connections(maxConnections);
  const broken = new WeakSet<Socket>();

  function serve(request: IncomingMessage, response: ServerResponse): void {
    if (!connections.began(request, response)) return;
    if (!isMalformed(request)) {
      handler(request, response as Parameters<RequestListener>[1]);
      return;
    }
    onRefused?.("malformed");
    respond(request, response, { outcome: "rejected", reason: "malformed" }, true);
  }

  function refuse(socket: Socket, reason: RejectReason): void {
    if (broken.has(socket)) return;
    broken.add(socket);
    // What came before is answered first; it may have been recorded.
    connections.whenAnswered(socket, () => {
      // A connection made in advance and never used.
      if (socket.bytesRead > 0) onRefused?.(reason);
      refuseOutright(socket, reason);
    });
  }

  server.on("connection", (socket: Socket) => connections.opened(socket));
  server.on("request", serve);
  // Node would answer these two for itself, or not at all.
  server.on("checkExpectation", serve);
  server.on("connect", (_request, socket) => refuse(socket as Socket, "method_not_allowed"));
  server.on("clientError", (error, stream) => {
    const socket = stream as Socket;
    const reason = reasonOf(error);
    const last = connections.lastRequest(socket);
    // What follows a request that asked for the end of the connection was never received.
    if (last !== null && isAfterTheEnd(error)) return;
    if (reason === null || !socket.writable) socket.destroy();
    // It has an answer of its own, which comes when it is its turn.
    else if (last !== null && !last.complete) last.emit(brokenBody, reason);
    else refuse(socket, reason);
  });
}

async function close(server: Server, timeoutMs: number): Promise<void> {
  const started = performance.now();
  await acceptWaiting(server, started + Math.min(acceptMs, timeoutMs / 2));
  await new Promise<void>((resolve) => {
    const timer = setTimeout(() => server.closeAllConnections(), Math.max(0, started + timeoutMs - performance.now()));
    server.close(() => {
      clearTimeout(timer);
      resolve();
    });
    server.closeIdleConnections();
  });
}
