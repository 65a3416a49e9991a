import type { Pool } from "pg";
import type { Log } from "../pipeline/ports.ts";
import type { QueueServer } from "./backend.ts";
import { openPostgres } from "./postgres.ts";
import { openRedis } from "./redis.ts";
import type { RedisTarget } from "./redis-client.ts";
import { createTrouble } from "./trouble.ts";

/**
 * Where the queue lives. `prefix` starts every key. A `pool` stays its owner's to end, is meant for the queue alone, and needs
 * room for three connections: a worker keeps one for LISTEN.
 */
export type QueueConnection =
  | ({ readonly kind: "redis"; readonly prefix: string } & RedisTarget)
  | { readonly kind: "postgres"; readonly pool: Pool };

/** Connects one end of the queue. `warnsOfEviction`: one connection of a process is enough to say so. */
export function openQueueServer(
  connection: QueueConnection,
  role: "producer" | "worker",
  log: Log,
  { warnsOfEviction = false } = {},
): Promise<QueueServer> {
  const trouble = createTrouble(log, { connection: `${connection.kind} ${role}` });
  switch (connection.kind) {
    case "redis":
      return openRedis({ ...connection, role, warnsOfEviction }, trouble);
    case "postgres":
      return openPostgres({ pool: connection.pool }, trouble);
  }
}
