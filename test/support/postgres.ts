import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import pg from "pg";
import type { Certificates } from "./certificates.ts";
import { freePort } from "./redis.ts";

/*
 * A private PostgreSQL for the tests: its own folder and port, away again afterwards. As root it runs as the user
 * `postgres`, since PostgreSQL refuses to run as root.
 */

/** A running private server. */
export interface PrivatePostgres {
  /** Of its database `postgres`. */
  readonly url: string;
  /** Stops answering without closing a connection (SIGSTOP), and goes on again. */
  pause(): void;
  resume(): void;
  /** Ends it at once, cutting all connections; {@link restart} starts it again on the same port. */
  stop(): Promise<void>;
  /** Ends it as an operator does (SIGINT): transactions under way are rolled back. */
  shutDown(): Promise<void>;
  /** `kill -9` of the server and all its processes, as the kernel does when memory is short. */
  kill9(): Promise<void>;
  restart(): Promise<void>;
}

/** The folder of the newest PostgreSQL's programs, null when there is none. */
export function postgresPrograms(): string | null {
  const root = "/usr/lib/postgresql";
  const versions = existsSync(root) ? readdirSync(root).map(Number).filter(Number.isInteger) : [];
  for (const version of versions.toSorted((a, b) => b - a)) {
    const bin = join(root, String(version), "bin");
    if (existsSync(join(bin, "initdb")) && existsSync(join(bin, "postgres"))) return bin;
  }
  return null;
}

/** Starts one, which speaks TLS only when it is given a certificate. Its processes end with this one, even when this one is killed. */
export async function startPostgres({
  tls,
}: {
  readonly tls?: Certificates;
} = {}): Promise<PrivatePostgres & { remove(): Promise<void> }> {
  const bin = postgresPrograms();
  if (bin === null)
    throw new Error("expected PostgreSQL, found none in /usr/lib/postgresql; apt-get install postgresql");
  const dir = mkdtempSync(join(tmpdir(), "faultline-test-pg-"));
  const data = join(dir, "data");
  const port = await freePort();
  const asRoot = process.getuid?.() === 0;
  if (asRoot) execFileSync("chown", ["postgres:postgres", dir]);
  const identity = asRoot ? ["--reuid", "postgres", "--regid", "postgres", "--init-groups"] : [];
  // The parent's death is a signal to end: no server is left behind by a test run that was killed.
  const wrapped = (program: string, args: string[]) => [...identity, "--pdeathsig", "INT", join(bin, program), ...args];
  const options = { cwd: dir, env: { PATH: process.env.PATH, LC_ALL: "C.UTF-8" } };
  execFileSync("setpriv", wrapped("initdb", ["-D", data, "-A", "trust", "-U", "postgres", "-E", "UTF8"]), {
    ...options,
    stdio: "ignore",
  });

  const encrypted = tls === undefined ? [] : encrypt(data, tls, asRoot);
  const url = `postgres://postgres@127.0.0.1:${port}/postgres${tls === undefined ? "" : "?sslmode=no-verify"}`;
  let server: ChildProcess | null = null;
  const start = async () => {
    server = spawn(
      "setpriv",
      wrapped("postgres", [
        "-D",
        data,
        "-k",
        dir,
        "-p",
        String(port),
        "-c",
        "listen_addresses=127.0.0.1",
        ...encrypted,
      ]),
      { ...options, stdio: "ignore" },
    );
    await untilAnswers(url);
  };
  const end = async (signal: NodeJS.Signals) => {
    const ended = server;
    server = null;
    if (ended === null || ended.exitCode !== null) return;
    const exited = new Promise((resolve) => ended.once("exit", resolve));
    ended.kill(signal);
    await exited;
  };
  await start();
  return {
    url,
    pause: () => void server?.kill("SIGSTOP"),
    resume: () => void server?.kill("SIGCONT"),
    // Immediate shutdown: no checkpoint, connections cut, recovery on the next start.
    stop: () => end("SIGQUIT"),
    shutDown: () => end("SIGINT"),
    async kill9() {
      const pid = server?.pid;
      const children = pid === undefined ? [] : childrenOf(pid);
      await end("SIGKILL");
      for (const child of children) killIfThere(child);
    },
    restart: start,
    remove: async () => {
      await end("SIGINT");
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

function childrenOf(pid: number): number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ").filter(Boolean).map(Number);
}

function killIfThere(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // Some end by themselves as soon as the server is gone.
  }
}

/** Its key must be its own. Who comes without TLS is turned away. */
function encrypt(data: string, tls: Certificates, asRoot: boolean): string[] {
  const [cert, key, access] = ["server.pem", "server.key", "pg_hba.conf"].map((name) => join(data, name)) as [
    string,
    string,
    string,
  ];
  copyFileSync(tls.certFile, cert);
  copyFileSync(tls.keyFile, key);
  chmodSync(key, 0o600);
  if (asRoot) execFileSync("chown", ["postgres:postgres", cert, key]);
  writeFileSync(access, "local all all trust\nhostssl all all 127.0.0.1/32 trust\n");
  return ["-c", "ssl=on", "-c", `ssl_cert_file=${cert}`, "-c", `ssl_key_file=${key}`];
}

/** Makes an empty database on the server and gives its URL. */
export async function freshDatabase(serverUrl: string): Promise<string> {
  const name = `t_${process.pid}_${Math.random().toString(36).slice(2, 10)}`;
  const client = new pg.Client(serverUrl);
  await client.connect();
  await client.query(`create database ${name}`);
  await client.end();
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  return url.toString();
}

/** Removes it, whoever is connected. */
export async function dropDatabase(databaseUrl: string): Promise<void> {
  const url = new URL(databaseUrl);
  const name = url.pathname.slice(1);
  url.pathname = "/postgres";
  const client = new pg.Client(url.toString());
  await client.connect();
  await client.query(`drop database if exists ${name} with (force)`);
  await client.end();
}

async function untilAnswers(url: string): Promise<void> {
  let last: unknown = null;
  for (let attempt = 0; attempt < 300; attempt += 1) {
    const client = new pg.Client(url);
    client.on("error", () => undefined);
    try {
      await client.connect();
      await client.end();
      return;
    } catch (error) {
      last = error;
      await wait(100);
    }
  }
  throw new Error("expected the private PostgreSQL to answer within 30 s", { cause: last });
}
