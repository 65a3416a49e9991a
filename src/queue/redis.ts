import { createRedisBackend, Queue } from "bullmq";
import { type JobQueue, type JobWorker, PatientWorker, type QueueServer } from "./backend.ts";
import { within } from "./patience.ts";
import {
  type ClientSettings,
  createRedisClient,
  evictionPolicies,
  type RedisClient,
  type RedisTarget,
} from "./redis-client.ts";
import { watchHealth } from "./redis-health.ts";
import type { Trouble } from "./trouble.ts";

/** How long a producer waits for its first connection before it goes on without, in milliseconds. */
const firstConnectionMs = 2_000;

/** A producer fails at once while Redis is away: what it could not hand over, the sweep brings again. */
const producer = { maxRetriesPerRequest: 1, enableOfflineQueue: false, commandTimeout: 3_000 } as const;

/** A worker has nothing better to do than to wait for Redis. */
const worker = { maxRetriesPerRequest: null, enableOfflineQueue: true } as const;

/** What is connected to and how. */
export interface RedisServerOptions extends RedisTarget {
  /** Starts every key. */
  readonly prefix: string;
  readonly role: "producer" | "worker";
  /** Whether it is told when Redis may evict what it keeps. */
  readonly warnsOfEviction: boolean;
}

/** Connects to Redis. Does not fail while Redis is away. */
export async function openRedis(options: RedisServerOptions, trouble: Trouble): Promise<QueueServer> {
  let closed = false;
  const settings: ClientSettings = {
    ...(options.role === "producer" ? producer : worker),
    // Shared with the copy that BullMQ makes of this client for blocking commands.
    isClosed: () => closed,
  };
  const client = createRedisClient(options, settings);
  const { prefix } = options;
  // Of the server that has the queues: any node of a Cluster would answer PING.
  const ask = () => client.exists(`${prefix}:ping`);
  const health = watchHealth(client, ask, trouble);
  if (options.role === "producer") await firstConnection(client);
  if (options.warnsOfEviction) await watchEviction(client, trouble);

  return {
    // No version check: the command it sends fails while Redis is away, and BullMQ then never tries again.
    queue: (name, queueSettings): JobQueue =>
      new Queue<object, void, string>(name, {
        ...queueSettings,
        connection: client,
        prefix,
        skipVersionCheck: true,
        skipWaitingForReady: true,
      }),
    worker: (name, handle, workerSettings): JobWorker =>
      new PatientWorker(
        name,
        handle,
        { ...workerSettings, connection: client, prefix, drainDelay: 5 },
        createRedisBackend,
      ),
    async ping() {
      await ask();
    },
    isShaken: health.isShaken,
    async oldestWaiting(name) {
      const [id] = await client.lrange(`${prefix}:${name}:wait`, -1, -1);
      if (id === undefined) return null;
      const added = await client.hget(`${prefix}:${name}:${id}`, "timestamp");
      return added === null ? null : Number(added);
    },
    async close() {
      closed = true;
      health.close();
      client.disconnect();
    },
  };
}

async function firstConnection(client: RedisClient): Promise<void> {
  if (client.status === "ready") return;
  const ready = new Promise<void>((resolve) => {
    client.once("ready", resolve);
  });
  await within(firstConnectionMs, ready).catch(() => undefined);
}

/** Looks now, and after every new connection: after a failover it may be another server. */
async function watchEviction(client: RedisClient, trouble: Trouble): Promise<void> {
  const look = async () => {
    // One that refuses to tell is not worth a word.
    const policies = await within(firstConnectionMs, evictionPolicies(client)).catch(() => []);
    trouble.mayEvict(policies.find((policy) => policy !== "noeviction") ?? null);
  };
  client.on("ready", () => void look());
  if (client.status === "ready") await look();
}
