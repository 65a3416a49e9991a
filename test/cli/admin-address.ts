import { type AdminClient, createAdminClient } from "../../src/cli/admin-client.ts";

/** A client for the private port on this port of this machine. */
export function clientOf(port: number, token: string | null = null): AdminClient {
  return createAdminClient({ baseUrl: `http://127.0.0.1:${port}`, token });
}
