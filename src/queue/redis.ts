import { createRedisBackend, Queue } from "bullmq";
import { Redis, type RedisOptions } from "ioredis";
import { type JobQueue, type JobWorker, PatientWorker, type QueueServer } from "./backend.ts";
import { within } from "./patience.ts";
import type { Trouble } from "./trouble.ts";

type ClientOptions = Omit<RedisOptions, "replyMapping">;

/** How long a producer waits for its first connection before it goes on without, in milliseconds. */
const firstConnectionMs = 2_000;

/** Waits between attempts to reconnect, in milliseconds: short, doubling, at most 5 s, jittered. */
function waitToReconnect(attempt: number): number {
  return Math.min(100 * 2 ** Math.min(attempt, 6), 5_000) * (0.75 + Math.random() / 4);
}

const common: ClientOptions = { connectTimeout: 5_000, keepAlive: 10_000 };

/** A producer fails at once while Redis is away: what it could not hand over, the sweep brings again. */
const producer: ClientOptions = {
  ...common,
  maxRetriesPerRequest: 1,
  enableOfflineQueue: false,
  commandTimeout: 3_000,
};

/** A worker has nothing better to do than to wait for Redis. */
const worker: ClientOptions = { ...common, maxRetriesPerRequest: null };

/** The only place that makes Redis connections: Sentinel and Cluster go here. */
function createClient(url: string, options: ClientOptions): Redis {
  const protocol = URL.parse(url)?.protocol;
  if (protocol !== "redis:" && protocol !== "rediss:") {
    // The URL itself may hold a password.
    throw new TypeError(
      "Redis URL: expected redis://host:port or rediss://host:port, got something else; fix REDIS_URL",
    );
  }
  return new Redis(url, options);
}

/** Connects to Redis. Does not fail while Redis is away. */
export async function openRedis(
  options: { readonly url: string; readonly prefix: string; readonly role: "producer" | "worker" },
  trouble: Trouble,
): Promise<QueueServer> {
  let closed = false;
  const client = createClient(options.url, {
    ...(options.role === "producer" ? producer : worker),
    // Shared with the copy that BullMQ makes of this client for blocking commands.
    retryStrategy: (attempt) => (closed ? null : waitToReconnect(attempt)),
  });
  client.on("error", trouble.disconnected);
  client.on("close", () => trouble.disconnected(new Error("connection closed")));
  client.on("ready", trouble.connected);
  const prefix = options.prefix;
  if (options.role === "producer") await firstConnection(client);

  return {
    // No version check: the command it sends fails while Redis is away, and BullMQ then never tries again.
    queue: (name, settings): JobQueue =>
      new Queue<object, void, string>(name, {
        ...settings,
        connection: client,
        prefix,
        skipVersionCheck: true,
        skipWaitingForReady: true,
      }),
    worker: (name, handle, settings): JobWorker =>
      new PatientWorker(name, handle, { ...settings, connection: client, prefix, drainDelay: 5 }, createRedisBackend),
    async ping() {
      await client.ping();
    },
    async oldestWaiting(name) {
      const [id] = await client.lrange(`${prefix}:${name}:wait`, -1, -1);
      if (id === undefined) return null;
      const added = await client.hget(`${prefix}:${name}:${id}`, "timestamp");
      return added === null ? null : Number(added);
    },
    async close() {
      closed = true;
      client.removeAllListeners("close");
      client.disconnect();
    },
  };
}

async function firstConnection(client: Redis): Promise<void> {
  if (client.status === "ready") return;
  const ready = new Promise<void>((resolve) => {
    client.once("ready", resolve);
  });
  await within(firstConnectionMs, ready).catch(() => undefined);
}
