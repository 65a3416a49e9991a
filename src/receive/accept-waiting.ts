import type { Server } from "node:net";
import { setImmediate as turn } from "node:timers/promises";

/** So many turns of the event loop in a row without a new connection say that none is waiting. */
const quietTurns = 3;

/**
 * Resolves when no connection waits to be accepted, or at `until` of `performance.now()`: the moment to stop listening. A sender
 * is connected as soon as the kernel says so, whether the process has accepted it or not; those that still wait when the socket
 * closes are reset, with the delivery they have sent. And they wait, since Node accepts one connection a turn.
 * https://github.com/libuv/libuv/pull/3696
 */
export async function acceptWaiting(server: Server, until: number): Promise<void> {
  let accepted = false;
  const noticed = () => {
    accepted = true;
  };
  server.on("connection", noticed);
  // The first turn is the rest of this one.
  await turn();
  for (let quiet = 0; quiet < quietTurns && performance.now() < until; ) {
    accepted = false;
    await turn();
    quiet = accepted ? 0 : quiet + 1;
  }
  server.off("connection", noticed);
}
