import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { setTimeout as wait } from "node:timers/promises";

/*
 * Strangers who hold connections open: many at once, each saying little or nothing.
 */

/** Connections a process may have here, less what it needs for itself: the hard limit on open files, to which Node raises its own. */
export function connectionsPossible(): number {
  const limit = execFileSync("sh", ["-c", "ulimit -Hn"], { encoding: "utf8" }).trim();
  return limit === "unlimited" ? Number.POSITIVE_INFINITY : Number(limit) - 500;
}

/** Opens connections, a hundred at a time, and writes these bytes on each. */
export async function openConnections(port: number, count: number, bytes: string): Promise<Socket[]> {
  const sockets: Socket[] = [];
  while (sockets.length < count) {
    const some = Array.from({ length: Math.min(100, count - sockets.length) }, () => open(port, bytes));
    sockets.push(...some);
    await Promise.all(some.map((socket) => (socket.connecting ? once(socket, "connect") : Promise.resolve())));
    await wait(5);
  }
  return sockets;
}

function open(port: number, bytes: string): Socket {
  const socket = connect(port, "127.0.0.1");
  socket.on("error", () => undefined);
  // What comes back is not of interest; unread it would keep the end from being seen.
  socket.resume();
  if (bytes !== "") socket.write(bytes);
  return socket;
}

/** Writes a byte on each every so often, until stopped. */
export function drip(sockets: readonly Socket[], everyMs: number): () => void {
  const timer = setInterval(() => {
    for (const socket of sockets) if (socket.writable) socket.write("x");
  }, everyMs);
  return () => clearInterval(timer);
}

/** How long it took until all were closed by the other side, in milliseconds; the number still open after `timeoutMs`. */
export async function allClosed(
  sockets: readonly Socket[],
  timeoutMs: number,
): Promise<{ readonly tookMs: number; readonly open: number }> {
  const started = performance.now();
  const isOpen = (socket: Socket) => !socket.closed && !socket.readableEnded;
  while (sockets.some(isOpen) && performance.now() - started < timeoutMs) await wait(50);
  return { tookMs: performance.now() - started, open: sockets.filter(isOpen).length };
}
