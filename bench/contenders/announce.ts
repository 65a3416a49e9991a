import type { Server } from "node:http";
import type { AddressInfo } from "node:net";

/** Listens on a free port, says which on standard output, and ends at SIGTERM. */
export function announce(server: Server): void {
  server.listen(0, "127.0.0.1", () => {
    const { port } = server.address() as AddressInfo;
    process.stdout.write(`${JSON.stringify({ port })}\n`);
  });
  process.once("SIGTERM", () => process.exit(0));
}

/** A variable of the environment that has to be there. */
export function setting(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`expected ${name} in the environment, got nothing`);
  return value;
}
