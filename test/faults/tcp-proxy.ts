import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import { freePort } from "../support/redis.ts";

/** What a proxy does with connections: passes bytes on; refuses and cuts them; takes them and lets no byte through. */
export type ProxyMode = "forward" | "refuse" | "swallow";

/** A TCP proxy before a server of this machine. */
export interface TcpProxy {
  readonly port: number;
  set(mode: ProxyMode): Promise<void>;
  stop(): Promise<void>;
}

interface Pair {
  readonly near: Socket;
  far: Socket | null;
}

/** Starts one that forwards. What it swallowed is passed on when it forwards again, as TCP does after an outage. */
export async function startTcpProxy(targetPort: number): Promise<TcpProxy> {
  const pairs = new Set<Pair>();
  let mode: ProxyMode = "forward";
  let server: Server | null = null;
  const port = await freePort();

  function end(pair: Pair): void {
    pairs.delete(pair);
    pair.near.destroy();
    pair.far?.destroy();
  }

  function forward(pair: Pair): void {
    const { near } = pair;
    const far = pair.far ?? connect(targetPort, "127.0.0.1");
    if (pair.far === null) {
      pair.far = far;
      far.on("error", () => end(pair)).on("close", () => end(pair));
    }
    near.pipe(far);
    far.pipe(near);
  }

  function swallow({ near, far }: Pair): void {
    for (const socket of [near, far]) socket?.unpipe().pause();
  }

  async function listen(): Promise<void> {
    server = createServer((near) => {
      const pair: Pair = { near, far: null };
      pairs.add(pair);
      near.on("error", () => end(pair)).on("close", () => end(pair));
      if (mode === "forward") forward(pair);
      else near.pause();
    });
    server.listen(port, "127.0.0.1");
    await once(server, "listening");
  }

  async function refuse(): Promise<void> {
    const closing = server;
    server = null;
    for (const pair of pairs) end(pair);
    if (closing === null) return;
    const closed = once(closing, "close");
    closing.close();
    await closed;
  }

  await listen();
  return {
    port,
    async set(next) {
      mode = next;
      if (next === "refuse") return await refuse();
      if (server === null) await listen();
      for (const pair of pairs) {
        if (next === "forward") forward(pair);
        else swallow(pair);
      }
    },
    stop: refuse,
  };
}
