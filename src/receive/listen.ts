import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";

/** A listening HTTP server. */
export interface Listener {
  readonly port: number;
  /** Stops listening and resolves when every request under way is answered, at the latest after `timeoutMs`. */
  close(timeoutMs: number): Promise<void>;
}

/** Where and how to listen. Times in milliseconds. */
export interface ListenOptions {
  readonly host: string;
  readonly port: number;
  /** Headers must have arrived by then (slowloris). */
  readonly headersTimeoutMs: number;
  readonly maxConnections: number;
}

/**
 * An idle connection is kept for longer than a proxy before us keeps it (60 s: AWS's load balancers, nginx). The proxy has to
 * be the one who closes: a POST that meets our close on its way is lost, since it is not sent twice.
 */
const keepAliveMs = 75_000;

/** Starts an HTTP server. Rejects with the system's error (`EADDRINUSE`, `EACCES`) when it cannot listen. */
export function listen(handler: RequestListener, options: ListenOptions): Promise<Listener> {
  const server = createServer(
    {
      headersTimeout: options.headersTimeoutMs,
      keepAliveTimeout: keepAliveMs,
      connectionsCheckingInterval: 1000,
      maxHeaderSize: 16 * 1024,
    },
    handler,
  );
  server.maxConnections = options.maxConnections;
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

function close(server: Server, timeoutMs: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => server.closeAllConnections(), timeoutMs);
    server.close(() => {
      clearTimeout(timer);
      resolve();
    });
    server.closeIdleConnections();
  });
}
