import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Redis, type RedisOptions } from "ioredis";

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
  /** Ends it, with no time for anything. */
  kill9(): Promise<void>;
  /** Ends it and removes its folder. */
  stop(): Promise<void>;
}

/** What a server may be started with. */
export interface RedisStart {
  /** A free one unless given. */
  readonly port?: number;
  /** Further arguments of redis-server; `{dir}` stands for its folder. */
  readonly args?: readonly string[];
  /** A configuration file that the server may write to, as a Sentinel does. */
  readonly config?: string;
  /** What a client needs to be let in. */
  readonly client?: Omit<RedisOptions, "replyMapping">;
}

/** Starts a private Redis in memory, in a folder of its own. */
export async function startRedis({ config, args = [], client = {}, ...given }: RedisStart = {}): Promise<RunningRedis> {
  const port = given.port ?? (await freePort());
  const folder = await mkdtemp(join(tmpdir(), "faultline-redis-"));
  const file = join(folder, "redis.conf");
  if (config !== undefined) await writeFile(file, config);
  const memory = ["--save", "", "--appendonly", "no"];
  const listen = ["--port", String(port), "--bind", "127.0.0.1", "--dir", folder];
  const more = args.map((arg) => arg.replace("{dir}", folder));
  const isSentinel = more.includes("--sentinel");
  const child = spawn(
    "redis-server",
    [...(config === undefined ? [] : [file]), ...listen, ...(isSentinel ? [] : memory), ...more],
    { stdio: "ignore" },
  );
  const kill9 = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, "exit");
    child.kill("SIGKILL");
    await exited;
  };
  try {
    await answering({ port, host: "127.0.0.1", ...client }, child);
  } catch (error) {
    await kill9();
    throw error;
  }
  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    kill9,
    async stop() {
      await kill9();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("expected a TCP address");
  return address.port;
}

async function answering(options: Omit<RedisOptions, "replyMapping">, child: ChildProcess): Promise<void> {
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
