/*
 * The only place that makes Redis connections: to one server, through Sentinels, to a Cluster.
 */
import { Cluster, Redis, type RedisOptions } from "ioredis";

/** Where one server is. */
export interface RedisNode {
  readonly host: string;
  readonly port: number;
}

/** How Redis is found. */
export interface RedisTarget {
  /** `redis://` or `rediss://` with user, password and number of the database; host and port count without the next two. */
  readonly url: string;
  /** Certificate authorities (PEM) believed instead of the well-known ones. */
  readonly ca?: string;
  /** Asked which server is the master, with TLS if the URL has it. */
  readonly sentinel?: { readonly nodes: readonly RedisNode[]; readonly master: string; readonly password?: string };
  /** Some nodes of a Redis Cluster, which tell the others. Keys then need a `{hash tag}`. */
  readonly clusterNodes?: readonly RedisNode[];
}

/** A connection, or as many as a Cluster takes. */
export type RedisClient = Redis | Cluster;

/** What may differ between connections. */
export interface ClientSettings {
  /** Null: a command waits for as long as Redis is away. */
  readonly maxRetriesPerRequest: number | null;
  /** Whether commands wait for the first connection, or are refused. */
  readonly enableOfflineQueue: boolean;
  /** The longest a command takes, in milliseconds. */
  readonly commandTimeout?: number;
  /** Once true, nobody connects again. */
  readonly isClosed: () => boolean;
}

type Options = Omit<RedisOptions, "replyMapping">;

/**
 * A server that owes an answer for so long hangs, and so do the connections to it; in milliseconds. Longer than a worker waits
 * for a job in one command.
 */
const socketTimeout = 10_000;

/** How often a server that takes no writes is left for another one, in milliseconds. */
const leaveReadOnlyEveryMs = 5_000;

/**
 * Waits between attempts to reconnect, in milliseconds: short, doubling, at most 2 s, jittered. After an outage it is the longer
 * part of the time until work goes on, for which 10 s are promised.
 */
function waitToReconnect(attempt: number): number {
  return Math.min(100 * 2 ** Math.min(attempt, 6), 2_000) * (0.75 + Math.random() / 4);
}

/** Makes a client, which connects by itself. Does not fail while Redis is away. */
export function createRedisClient(target: RedisTarget, settings: ClientSettings): RedisClient {
  const url = URL.parse(target.url);
  if (url?.protocol !== "redis:" && url?.protocol !== "rediss:") {
    // The URL itself may hold a password.
    throw new TypeError(
      "Redis URL: expected redis://host:port or rediss://host:port, got something else; fix REDIS_URL",
    );
  }
  const { maxRetriesPerRequest, enableOfflineQueue, commandTimeout, isClosed } = settings;
  const tls = url.protocol === "rediss:" ? { ...(target.ca !== undefined && { ca: target.ca }) } : null;
  const retryStrategy = (attempt: number) => (isClosed() ? null : waitToReconnect(attempt));
  const common: Options = {
    connectTimeout: 5_000,
    keepAlive: 10_000,
    socketTimeout,
    maxRetriesPerRequest,
    ...(commandTimeout !== undefined && { commandTimeout }),
    ...(tls !== null && { tls }),
  };
  if (target.clusterNodes !== undefined) {
    return createCluster(target.clusterNodes, { ...common, ...credentials(url) }, enableOfflineQueue, retryStrategy);
  }
  const options: Options = { ...common, enableOfflineQueue, retryStrategy, reconnectOnError: leaveReadOnly() };
  // The driver would let the protocol win over the certificates.
  const plainUrl = target.url.replace(/^rediss:/, "redis:");
  return target.sentinel === undefined
    ? new Redis(plainUrl, options)
    : new Redis(plainUrl, { ...options, ...throughSentinel(target.sentinel, tls, retryStrategy) });
}

function throughSentinel(
  { nodes, master, password }: NonNullable<RedisTarget["sentinel"]>,
  tls: { ca?: string } | null,
  retryStrategy: (attempt: number) => number | null,
): Options {
  return {
    sentinels: nodes.map((node) => ({ ...node })),
    name: master,
    role: "master",
    ...(password !== undefined && { sentinelPassword: password }),
    ...(tls !== null && { enableTLSForSentinelMode: true, sentinelTLS: tls }),
    sentinelRetryStrategy: retryStrategy,
    sentinelCommandTimeout: 2_000,
    // Every server we are led to has been checked to be the master: what it refuses now, the next one takes.
    reconnectOnError: (error) => (isReadOnly(error) ? 2 : false),
  };
}

function createCluster(
  nodes: readonly RedisNode[],
  redisOptions: Options,
  enableOfflineQueue: boolean,
  clusterRetryStrategy: (attempt: number) => number | null,
): Cluster {
  return new Cluster(
    nodes.map((node) => ({ ...node })),
    {
      redisOptions,
      enableOfflineQueue,
      clusterRetryStrategy,
      // Certificates are for names, so names are not turned into addresses.
      ...(redisOptions.tls !== undefined && { dnsLookup: keepName }),
    },
  );
}

function keepName(name: string, done: (error: null, address: string) => void): void {
  done(null, name);
}

function credentials({ username, password }: URL): Options {
  return {
    ...(username !== "" && { username: decodeURIComponent(username) }),
    ...(password !== "" && { password: decodeURIComponent(password) }),
  };
}

/** Leaves a server that was made a replica: behind the same name there may be another master now. */
function leaveReadOnly(): (error: Error) => boolean {
  let leftAt = Number.NEGATIVE_INFINITY;
  return (error) => {
    if (!isReadOnly(error) || performance.now() - leftAt < leaveReadOnlyEveryMs) return false;
    leftAt = performance.now();
    return true;
  };
}

/** The first word of an error is its code. https://redis.io/docs/latest/develop/reference/protocol-spec/#simple-errors */
function isReadOnly(error: Error): boolean {
  return error.message.startsWith("READONLY ");
}

/** Whether what a server keeps is safe from being evicted: its `maxmemory-policy`, of every master. Rejects while one is away. */
export async function evictionPolicies(client: RedisClient): Promise<readonly string[]> {
  const servers = client instanceof Cluster ? client.nodes("master") : [client];
  const texts = await Promise.all(servers.map((server) => server.info("memory")));
  return texts.flatMap((text) => /^maxmemory_policy:(\S+)/m.exec(text)?.[1] ?? []);
}
