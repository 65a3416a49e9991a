import { Redis } from "ioredis";
import type { Certificates } from "./certificates.ts";
import { freePorts, letIn, type RedisStart, type RunningRedis, startRedis } from "./redis.ts";
import { until } from "./until.ts";

/*
 * Several Redis servers that stand in for each other, as production runs them: real processes on free ports.
 */

/** A master and its replica, watched by three Sentinels. */
export interface SentinelGroup {
  /** For REDIS_SENTINELS. */
  readonly sentinels: string;
  readonly password: string;
  readonly sentinelPassword: string;
  /** The port of the server that the Sentinels take for the master. */
  masterPort(): Promise<number>;
  /** `kill -9` of the master. */
  killMaster(): Promise<void>;
  /** Stops the master from answering, without closing a connection. */
  hangMaster(): Promise<void>;
  stop(): Promise<void>;
}

/** How long a server may be silent before it counts as gone, in milliseconds. */
export const downAfterMs = 1_000;

/** Starts a group that knows its members. Everybody asks for a password. */
export async function startSentinelGroup(tls?: Certificates): Promise<SentinelGroup> {
  const [password, sentinelPassword] = ["password-of-redis", "password-of-sentinel"];
  const secured = { password, ...(tls !== undefined && { tls }) };
  const watching = { ...secured, password: sentinelPassword };
  const follow = ["--masterauth", password, "--repl-diskless-sync-delay", "0"];
  const first = await startRedis({ args: follow, ...secured });
  const second = await startRedis({ args: [...follow, "--replicaof", `127.0.0.1 ${first.port}`], ...secured });
  const servers = [first, second];
  const config = [
    `sentinel monitor mymaster 127.0.0.1 ${first.port} 2`,
    `sentinel auth-pass mymaster ${password}`,
    `sentinel down-after-milliseconds mymaster ${downAfterMs}`,
    "sentinel failover-timeout mymaster 5000",
    `sentinel sentinel-pass ${sentinelPassword}`,
  ].join("\n");
  const watchers = await Promise.all([1, 2, 3].map(() => startRedis({ config, args: ["--sentinel"], ...watching })));
  const asked = new Redis({ port: watchers[0]?.port ?? 0, host: "127.0.0.1", ...letIn(watching) });
  asked.on("error", () => undefined);
  await until("the Sentinels to know each other and the replica", 20_000, async () => {
    const known = await Promise.all(watchers.map(({ port }) => stateOf(port, letIn(watching))));
    return known.every((state) => state.get("num-other-sentinels") === "2" && state.get("num-slaves") === "1");
  });
  const masterPort = async () => {
    const address = await asked.call("SENTINEL", "GET-MASTER-ADDR-BY-NAME", "mymaster");
    return Number(Array.isArray(address) ? address[1] : 0);
  };
  const master = async () => {
    const port = await masterPort();
    return servers.find((server) => server.port === port);
  };
  return {
    sentinels: watchers.map(({ port }) => `127.0.0.1:${port}`).join(","),
    password,
    sentinelPassword,
    masterPort,
    killMaster: async () => await (await master())?.kill9(),
    hangMaster: async () => (await master())?.pause(),
    async stop() {
      asked.disconnect();
      await Promise.all([...watchers, ...servers].map((server) => server.stop()));
    },
  };
}

async function stateOf(port: number, options: ReturnType<typeof letIn>): Promise<Map<string, string>> {
  const client = new Redis({ port, host: "127.0.0.1", ...options });
  try {
    const answer = await client.call("SENTINEL", "MASTER", "mymaster");
    const words = Array.isArray(answer) ? answer.map(String) : Object.entries(Object(answer)).flat().map(String);
    return new Map(words.flatMap((word, index) => (index % 2 === 0 ? [[word, words[index + 1] ?? ""] as const] : [])));
  } finally {
    client.disconnect();
  }
}

/** Three masters, each with a replica. */
export interface RedisCluster {
  /** For REDIS_CLUSTER_NODES. */
  readonly nodes: string;
  /** `kill -9` of the master that has a key. */
  killMasterOf(key: string): Promise<void>;
  /** Port of the master that has a key, as the node that is asked sees it. */
  masterOf(key: string): Promise<number>;
  stop(): Promise<void>;
}

const slots = 16_384;

/** Starts a Cluster that serves all slots. */
export async function startRedisCluster(secured: Pick<RedisStart, "password" | "tls"> = {}): Promise<RedisCluster> {
  const ports = await freePorts(12);
  const pairs = Array.from({ length: 6 }, (_, index) => ({ port: ports[index] ?? 0, busPort: ports[index + 6] ?? 0 }));
  const servers = await allOrNone(pairs.map((pair) => startNode(pair, secured)));
  const clients = servers.map(({ port }) => new Redis({ port, host: "127.0.0.1", ...letIn(secured) }));
  for (const client of clients) client.on("error", () => undefined);
  const [first] = clients;
  if (first === undefined) throw new Error("expected a node");
  for (const { port, busPort } of servers.slice(1)) await first.call("CLUSTER", "MEET", "127.0.0.1", port, busPort);
  const [masters, replicas] = [clients.slice(0, 3), clients.slice(3)];
  await Promise.all(
    masters.map((client, index) => {
      const [from, to] = [index, index + 1].map((part) => Math.floor((slots * part) / masters.length));
      return client.call("CLUSTER", "ADDSLOTSRANGE", from ?? 0, (to ?? slots) - 1);
    }),
  );
  const info = (client: Redis) => client.call("CLUSTER", "INFO").then(String);
  await until("the nodes to know each other", 20_000, async () =>
    (await Promise.all(clients.map(info))).every((text) => text.includes("cluster_known_nodes:6")),
  );
  for (const [index, replica] of replicas.entries()) {
    await replica.call("CLUSTER", "REPLICATE", String(await masters[index]?.call("CLUSTER", "MYID")));
  }
  await until("the replicas to follow", 20_000, async () =>
    (await Promise.all(replicas.map((replica) => replica.info("replication")))).every((text) =>
      text.includes("master_link_status:up"),
    ),
  );
  await until("all slots to be served", 20_000, async () =>
    (await Promise.all(clients.map(info))).every((text) => text.includes("cluster_state:ok")),
  );

  async function masterOf(key: string): Promise<number> {
    for (const client of clients.filter(({ status }) => status === "ready")) {
      const slot = Number(await client.call("CLUSTER", "KEYSLOT", key));
      const ranges = await client.call("CLUSTER", "SLOTS");
      const found = (ranges as [number, number, [string, number]][]).find(([from, to]) => from <= slot && slot <= to);
      if (found !== undefined) return found[2][1];
    }
    return 0;
  }

  return {
    nodes: servers.map(({ port }) => `127.0.0.1:${port}`).join(","),
    masterOf,
    async killMasterOf(key) {
      const port = await masterOf(key);
      await servers.find((server) => server.port === port)?.kill9();
    },
    async stop() {
      for (const client of clients) client.disconnect();
      await Promise.all(servers.map((server) => server.stop()));
    },
  };
}

async function startNode(
  { port, busPort }: { port: number; busPort: number },
  secured: Pick<RedisStart, "password" | "tls">,
): Promise<RunningRedis & { busPort: number }> {
  const cluster = ["--cluster-enabled", "yes", "--cluster-node-timeout", "2000", "--cluster-port", String(busPort)];
  const auth = secured.password === undefined ? [] : ["--masterauth", secured.password];
  const server = await startRedis({ port, args: [...cluster, ...auth, "--repl-diskless-sync-delay", "0"], ...secured });
  return { ...server, busPort };
}

/** What has started, or the first error, with what has started ended again. */
async function allOrNone<T extends { stop(): Promise<void> }>(starting: readonly Promise<T>[]): Promise<T[]> {
  const ends = await Promise.allSettled(starting);
  const started = ends.flatMap((each) => (each.status === "fulfilled" ? [each.value] : []));
  if (started.length === starting.length) return started;
  await Promise.all(started.map((server) => server.stop()));
  throw ends.find((each) => each.status === "rejected")?.reason;
}
