import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { freePort } from "./redis.ts";
import { until } from "./until.ts";

/** Whether PgBouncer can be started here. */
export function pgbouncerAvailable(): boolean {
  try {
    execFileSync("pgbouncer", ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

/** A private PgBouncer. */
export interface RunningPgbouncer {
  /** A database's URL, through it. */
  through(databaseUrl: string): string;
  stop(): Promise<void>;
}

/** How connections are shared out. `settings` are further lines of its configuration. */
export interface PgbouncerStart {
  readonly mode: "session" | "transaction";
  readonly settings?: readonly string[];
}

/** Starts one in front of the server that a URL leads to. It ends with this process, even when that is killed. */
export async function startPgbouncer(
  serverUrl: string,
  { mode, settings = [] }: PgbouncerStart,
): Promise<RunningPgbouncer> {
  const server = new URL(serverUrl);
  const port = await freePort();
  const dir = mkdtempSync(join(tmpdir(), "faultline-test-pgbouncer-"));
  chmodSync(dir, 0o755);
  const file = join(dir, "pgbouncer.ini");
  const lines = [
    "[databases]",
    `* = host=${server.hostname} port=${server.port} user=${server.username}`,
    "[pgbouncer]",
    "listen_addr = 127.0.0.1",
    `listen_port = ${port}`,
    "unix_socket_dir =",
    // The user of the line above, whoever asks.
    "auth_type = any",
    `pool_mode = ${mode}`,
    ...settings,
  ];
  writeFileSync(file, `${lines.join("\n")}\n`);
  // It refuses to run as root, as PostgreSQL does.
  const identity = process.getuid?.() === 0 ? ["--reuid", "postgres", "--regid", "postgres", "--init-groups"] : [];
  const child = spawn("setpriv", [...identity, "--pdeathsig", "INT", "pgbouncer", file], { stdio: "ignore", cwd: dir });
  const stop = async () => {
    await end(child);
    rmSync(dir, { recursive: true, force: true });
  };
  const through = (databaseUrl: string) => {
    const url = new URL(databaseUrl);
    url.port = String(port);
    return url.toString();
  };
  try {
    await until("PgBouncer to answer", 10_000, () => isAnswering(through(serverUrl)));
  } catch (error) {
    await stop();
    throw error;
  }
  return { through, stop };
}

async function isAnswering(url: string): Promise<boolean> {
  const client = new pg.Client(url);
  client.on("error", () => undefined);
  await client.connect();
  await client.end();
  return true;
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, "exit");
  child.kill("SIGKILL");
  await exited;
}
