import { randomUUID } from "node:crypto";
import { readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";

/*
 * One process per data folder: PGlite has no lock of its own, and two would destroy the database. The lock is a file with
 * the owner's pid; a lock whose owner is dead is taken over at once. Where the pid says nothing (another container with
 * the same folder, or pid 1 again), or cannot be read since it is just being written, the file's heartbeat decides.
 */

const heartbeatMs = 1_000;
const silenceMs = 4_000;

interface LockFile {
  readonly pid: number;
  readonly host: string;
  readonly token: string;
  readonly socketDir: string | null;
}

/** A lock that is held. */
export interface Lock {
  /** The socket directory a dead owner left behind. */
  readonly abandonedSocketDir: string | null;
  /** Notes where our socket is, for whoever finds the lock when we are dead. */
  noteSocketDir(path: string): void;
  release(): void;
}

/** Raised when another process uses the data folder. */
export class DataDirInUse extends Error {
  constructor(dataDir: string, owner: string) {
    super(
      `DATA_DIR: expected a folder that no other process uses, got ${dataDir}, in use by ${owner}; ` +
        "stop that process, choose another DATA_DIR, or set DATABASE_URL to share one PostgreSQL",
    );
    this.name = "DataDirInUse";
  }
}

/** Takes the lock of a data folder (it must exist). @throws DataDirInUse */
export async function lockDataDir(dataDir: string): Promise<Lock> {
  const path = join(dataDir, "lock");
  const own = { pid: process.pid, host: hostname(), token: randomUUID() };
  let abandonedSocketDir: string | null = null;

  if (!tryCreate(path, { ...own, socketDir: null })) {
    const found = read(path);
    if (await isAlive(path, found)) throw new DataDirInUse(dataDir, ownerOf(found ?? read(path)));
    abandonedSocketDir = found?.socketDir ?? null;
    rmSync(path, { force: true });
    const created = tryCreate(path, { ...own, socketDir: null });
    // Two processes may find the same dead lock; the one whose file stays has it.
    await wait(50);
    const now = read(path);
    if (!created || now?.token !== own.token) throw new DataDirInUse(dataDir, ownerOf(now));
  }

  const heartbeat = setInterval(() => beat(path), heartbeatMs).unref();
  return {
    abandonedSocketDir,
    noteSocketDir: (socketDir) => replace(path, { ...own, socketDir }),
    release: () => {
      clearInterval(heartbeat);
      if (read(path)?.token === own.token) rmSync(path, { force: true });
    },
  };
}

function tryCreate(path: string, content: LockFile): boolean {
  try {
    writeFileSync(path, JSON.stringify(content), { flag: "wx", mode: 0o600 });
    return true;
  } catch (error) {
    if (codeOf(error) === "EEXIST") return false;
    throw error;
  }
}

/** Whoever reads it meanwhile finds the one or the other, never half of it. */
function replace(path: string, content: LockFile): void {
  writeFileSync(`${path}.new`, JSON.stringify(content), { mode: 0o600 });
  renameSync(`${path}.new`, path);
}

/** Null when it is gone, or cannot be read: cut off by a crash, or just being written. */
function read(path: string): LockFile | null {
  try {
    const found: unknown = JSON.parse(readFileSync(path, "utf8"));
    return isLockFile(found) ? found : null;
  } catch (error) {
    if (codeOf(error) === "ENOENT" || error instanceof SyntaxError) return null;
    throw error;
  }
}

function isLockFile(value: unknown): value is LockFile {
  if (typeof value !== "object" || value === null) return false;
  return "pid" in value && typeof value.pid === "number" && "host" in value && "token" in value;
}

async function isAlive(path: string, found: LockFile | null): Promise<boolean> {
  if (found?.host === hostname() && found.pid !== process.pid) return processExists(found.pid);
  const before = modified(path);
  if (before === null) return false;
  const steps = silenceMs / 200;
  for (let step = 0; step < steps; step += 1) {
    await wait(200);
    if (modified(path) !== before) return true;
  }
  return false;
}

function ownerOf(found: LockFile | null): string {
  if (found === null) return "a process that has just started";
  return `process ${found.pid}${found.host === hostname() ? "" : ` on ${found.host}`}`;
}

function processExists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return codeOf(error) === "EPERM";
  }
}

function modified(path: string): number | null {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? null;
}

function beat(path: string): void {
  const seconds = performance.timeOrigin / 1000 + performance.now() / 1000;
  try {
    utimesSync(path, seconds, seconds);
  } catch {
    // Someone removed the folder; there is nothing left to guard.
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}
