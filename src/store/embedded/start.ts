import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { Worker } from "node:worker_threads";
import type { Log } from "../../pipeline/ports.ts";
import { type Lock, lockDataDir } from "./lock.ts";
import type { WorkerInput, WorkerOutput } from "./worker.ts";

/** A running embedded database. */
export interface Embedded {
  /** Directory of the Unix socket: the `host` for `pg`. */
  readonly socketDir: string;
  close(): Promise<void>;
}

/** The kernel's limit for a socket path is 108 bytes, 104 on some systems. */
const maxSocketPathBytes = 100;
/** `pg` looks for `.s.PGSQL.<port>` in its host directory. */
const socketName = ".s.PGSQL.5432";
const socketDirPrefix = "faultline-";

/**
 * Starts PostgreSQL inside this process, on a thread of its own, with its files in `dataDir` (made with mode 0700).
 * An acknowledged commit survives the end of the process by any signal. The operating system's crash is another matter:
 * this build cannot wait for the disk, so for that use a PostgreSQL server.
 * @throws DataDirInUse when another process has the folder
 */
export async function startEmbedded(options: {
  dataDir: string;
  log: Log;
  onLost: (error: Error) => void;
}): Promise<Embedded> {
  mkdirSync(options.dataDir, { recursive: true, mode: 0o700 });
  const lock = await lockDataDir(options.dataDir);
  let socketDir: string | null = null;
  try {
    removeAbandoned(lock);
    socketDir = makeSocketDir();
    lock.noteSocketDir(socketDir);
    return await run({ ...options, lock, socketDir });
  } catch (error) {
    if (socketDir !== null) rmSync(socketDir, { recursive: true, force: true });
    lock.release();
    throw error;
  }
}

async function run(options: {
  dataDir: string;
  log: Log;
  onLost: (error: Error) => void;
  lock: Lock;
  socketDir: string;
}): Promise<Embedded> {
  const { socketDir, lock } = options;
  const input: WorkerInput = {
    databaseDir: join(options.dataDir, "pgdata"),
    socketPath: join(socketDir, socketName),
  };
  const firstStart = beginFirstStart(options.dataDir, input.databaseDir);
  const started = performance.now();
  const worker = new Worker(new URL("./worker.ts", import.meta.url), { workerData: input });
  const exited = new Promise<void>((resolve) => worker.once("exit", () => resolve()));
  try {
    await ready(worker, input.databaseDir);
  } catch (error) {
    await worker.terminate();
    throw error;
  }
  firstStart.done();
  options.log.info({ dataDir: options.dataDir, ms: Math.round(performance.now() - started) }, "embedded database open");

  let closing = false;
  let failure: Error | null = null;
  worker.on("error", (error: Error) => {
    failure = error;
  });
  worker.once("exit", () => {
    if (!closing) options.onLost(failure ?? new Error("the embedded database's thread ended by itself"));
  });
  return {
    socketDir,
    close: async () => {
      closing = true;
      worker.postMessage("close");
      await exited;
      rmSync(socketDir, { recursive: true, force: true });
      lock.release();
    },
  };
}

/**
 * A process that is killed while the files are made the first time leaves half a database behind, which would never open.
 * A note beside it, away again before anything is stored, tells the next start to make it anew.
 */
function beginFirstStart(dataDir: string, databaseDir: string): { done(): void } {
  const note = join(dataDir, "being-made");
  if (existsSync(note)) rmSync(databaseDir, { recursive: true, force: true });
  else if (isHalf(databaseDir)) throw unusable(databaseDir, "something else");
  if (!existsSync(databaseDir)) writeFileSync(note, "");
  return { done: () => rmSync(note, { force: true }) };
}

/** Whether there is something, though no database. One would be made over it, and what it was could not be told any more. */
function isHalf(databaseDir: string): boolean {
  const found = statSync(databaseDir, { throwIfNoEntry: false });
  if (found === undefined) return false;
  if (!found.isDirectory()) return true;
  return readdirSync(databaseDir).length > 0 && !existsSync(join(databaseDir, "PG_VERSION"));
}

function unusable(databaseDir: string, got: string): Error {
  return new Error(
    `DATA_DIR: expected a database of this version in ${databaseDir}, got ${got}; ` +
      "restore a copy, or move the folder away to begin anew",
  );
}

function ready(worker: Worker, databaseDir: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const failed = (reason: string) => reject(unusable(databaseDir, `"${reason}"`));
    worker.once("message", (output: WorkerOutput) => (output.kind === "ready" ? resolve() : failed(output.message)));
    worker.once("error", (error: Error) => failed(error.message));
    worker.once("exit", (code) => failed(`exit ${code}`));
  });
}

function makeSocketDir(): string {
  for (const base of [tmpdir(), "/tmp"]) {
    const longest = join(base, `${socketDirPrefix}XXXXXX`, socketName);
    if (Buffer.byteLength(longest) >= maxSocketPathBytes) continue;
    const path = mkdtempSync(join(base, socketDirPrefix));
    chmodSync(path, 0o700);
    return path;
  }
  throw new Error(`TMPDIR: expected a path of at most 60 bytes, got ${tmpdir()}; set a shorter one`);
}

function removeAbandoned(lock: Lock): void {
  const path = lock.abandonedSocketDir;
  // The lock file names it, but only a directory of the kind we make is ours to remove.
  const ours =
    path !== null && [tmpdir(), "/tmp"].includes(dirname(path)) && basename(path).startsWith(socketDirPrefix);
  if (ours) rmSync(path, { recursive: true, force: true });
}
