import { type Listener, type ListenOptions, listen } from "../receive/listen.ts";

/** Listens on a configured port. Rejects with what to do when it cannot. */
export async function listenOn(
  setting: "PORT" | "ADMIN_PORT",
  handler: Parameters<typeof listen>[0],
  host: string,
  port: number,
  maxConnections: number,
  onRefused?: ListenOptions["onRefused"],
): Promise<Listener> {
  try {
    return await listen(handler, {
      host,
      port,
      headersTimeoutMs: 10_000,
      maxConnections,
      ...(onRefused !== undefined && { onRefused }),
    });
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "an error";
    throw new Error(
      `expected to listen on ${host}:${port}, got ${code}. Fix: free that port, or set ${setting} to another.`,
      {
        cause: error,
      },
    );
  }
}
