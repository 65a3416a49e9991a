import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Redis, type RedisOptions } from "ioredis";
import type { Certificates } from "./certificates.ts";

/** Whether a `redis-server` can be started here. */
export function redisAvailable(): boolean {
  try {
    execFileSync("redis-server", ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

/** A private Redis. */
export interface RunningRedis {
  readonly url: string;
  readonly port: number;
  /** Stops answering without closing a connection (SIGSTOP). */
  pause(): void;
  /** Ends it, with no time for anything. */
  kill9(): Promise<void>;
  /** Ends it and removes its folder. */
  stop(): Promise<void>;
}

/** What a server may be started with. */
export interface RedisStart {
  /** A free one unless given. */
  readonly port?: number;
  /** Further arguments of redis-server. */
  readonly args?: readonly string[];
  /** A configuration file that the server may write to, as a Sentinel does. */
  readonly config?: string;
  /** Asked of every client. */
  readonly password?: string;
  /** Speaks TLS only, to clients, replicas and other nodes. */
  readonly tls?: Certificates;
}

/** What a client needs to be let in. */
export function letIn({ password, tls }: Pick<RedisStart, "password" | "tls">): Options {
  return { ...(password !== undefined && { password }), ...(tls !== undefined && { tls: { ca: tls.ca } }) };
}

type Options = Omit<RedisOptions, "replyMapping">;

/** Starts a private Redis in memory, in a folder of its own. */
export async function startRedis({ config, args = [], ...given }: RedisStart = {}): Promise<RunningRedis> {
  const { password, tls } = given;
  const port = given.port ?? (await freePort());
  const folder = await mkdtemp(join(tmpdir(), "faultline-redis-"));
  const file = join(folder, "redis.conf");
  if (config !== undefined) await writeFile(file, config);
  const memory = ["--save", "", "--appendonly", "no"];
  const listen = [...portArgs(port, tls), "--bind", "127.0.0.1", "--dir", folder];
  const secured = password === undefined ? [] : ["--requirepass", password];
  const isSentinel = args.includes("--sentinel");
  const child = spawn(
    "redis-server",
    [...(config === undefined ? [] : [file]), ...listen, ...secured, ...(isSentinel ? [] : memory), ...args],
    { stdio: "ignore" },
  );
  const kill9 = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, "exit");
    child.kill("SIGKILL");
    await exited;
  };
  try {
    await answering(
      { port, host: "127.0.0.1", ...letIn(given), ...(tls !== undefined && { tls: { rejectUnauthorized: false } }) },
      child,
    );
  } catch (error) {
    await kill9();
    throw error;
  }
  return {
    url: `${tls === undefined ? "redis" : "rediss"}://${password === undefined ? "" : `:${password}@`}127.0.0.1:${port}`,
    port,
    pause: () => void child.kill("SIGSTOP"),
    kill9,
    async stop() {
      await kill9();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function portArgs(port: number, tls: Certificates | undefined): string[] {
  if (tls === undefined) return ["--port", String(port)];
  const files = ["--tls-cert-file", tls.certFile, "--tls-key-file", tls.keyFile, "--tls-ca-cert-file", tls.caFile];
  const others = ["--tls-auth-clients", "no", "--tls-replication", "yes", "--tls-cluster", "yes"];
  return ["--port", "0", "--tls-port", String(port), ...files, ...others];
}

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const [port = 0] = await freePorts(1);
  return port;
}

/**
 * Different ports that were free a moment ago. Not those the system gives to connections that are made: a server that ends
 * and comes back would find its port taken. https://www.kernel.org/doc/html/latest/networking/ip-sysctl.html
 */
export async function freePorts(count: number): Promise<number[]> {
  const servers: Server[] = [];
  while (servers.length < count) {
    const server = createServer().listen(10_240 + Math.floor(Math.random() * 22_000), "127.0.0.1");
    const isFree = await once(server, "listening").then(
      () => true,
      () => false,
    );
    if (isFree) servers.push(server);
  }
  const ports = servers.map((server) => {
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("expected a TCP address");
    return address.port;
  });
  await Promise.all(servers.map((server) => once(server.close(), "close")));
  return ports;
}

async function answering(options: Options, child: ChildProcess): Promise<void> {
  const client = new Redis({ ...options, maxRetriesPerRequest: null, retryStrategy: () => 50 });
  client.on("error", () => undefined);
  const what = `redis-server on port ${options.port}`;
  const failed = new Promise<never>((_, reject) => {
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`${what}: expected it to run, it ended with ${code}`)));
    setTimeout(() => reject(new Error(`${what}: expected an answer within 10 s`)), 10_000).unref();
  });
  try {
    await Promise.race([client.ping(), failed]);
  } finally {
    client.disconnect();
    failed.catch(() => undefined);
  }
}
