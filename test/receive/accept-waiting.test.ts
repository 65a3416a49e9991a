import { Server } from "node:net";
import { expect, it } from "vitest";
import { acceptWaiting } from "../../src/receive/accept-waiting.ts";

it("where new connections never cease, waits until the time that is given and no longer", async () => {
  const server = new Server();
  let coming = true;
  const come = () => {
    server.emit("connection");
    if (coming) setImmediate(come);
  };
  come();
  const until = performance.now() + 50;
  await acceptWaiting(server, until);
  coming = false;
  expect(performance.now()).toBeGreaterThanOrEqual(until);
  expect(server.listenerCount("connection")).toBe(0);
});
