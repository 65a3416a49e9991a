import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { createInterface } from "node:readline";

/** A process of its own that says on its standard output when it is ready. */
export interface Started<T> {
  readonly pid: number;
  /** What it said. */
  readonly announced: T;
  /** From its start until it was ready, in milliseconds. */
  readonly readyMs: number;
  /** Lines of its log that matter to whoever wonders about a figure. */
  warnings(): readonly string[];
  /** Sends SIGTERM and waits until it has ended; after 30 s SIGKILL. */
  stop(): Promise<void>;
}

const startTimeoutMs = 60_000;
const stopTimeoutMs = 30_000;
const keptWarnings = 20;

/** Whatever ends this process ends them, too. */
const running = new Set<ChildProcess>();
process.on("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

/** Runs a TypeScript file with this Node. `ready` reads a line of output, null until the one that says so. */
export async function startProcess<T>(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  ready: (line: Record<string, unknown>) => T | null,
): Promise<Started<T>> {
  const started = performance.now();
  const child = spawn(process.execPath, args, {
    // Nothing of this environment and no file of this folder, so that no setting of the machine gets in.
    cwd: tmpdir(),
    env: { PATH: process.env.PATH ?? "", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  running.add(child);
  child.once("exit", () => running.delete(child));
  const warnings: string[] = [];
  const keep = (line: string) => {
    if (warnings.length < keptWarnings) warnings.push(line.slice(0, 500));
  };
  const errors: string[] = [];
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
    if (errors.length < 100) errors.push(chunk);
  });
  const announced = await new Promise<T>((resolve, reject) => {
    const ended = () => reject(new Error(`${args.join(" ")}: ended before it was ready:\n${errors.join("")}`));
    const timer = setTimeout(
      () => reject(new Error(`${args.join(" ")}: expected it to be ready within ${startTimeoutMs} ms`)),
      startTimeoutMs,
    );
    child.once("exit", ended);
    createInterface(child.stdout).on("line", (line) => {
      const entry = entryOf(line);
      if (typeof entry.level === "number" ? entry.level >= 40 : /warn|error/.test(String(entry.level))) keep(line);
      const said = ready(entry);
      if (said === null) return;
      clearTimeout(timer);
      child.off("exit", ended);
      resolve(said);
    });
  });
  return {
    pid: child.pid ?? 0,
    announced,
    readyMs: performance.now() - started,
    warnings: () => warnings,
    stop: () => end(child),
  };
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const closed = once(child, "close");
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), stopTimeoutMs);
  await closed;
  clearTimeout(timer);
}

function entryOf(line: string): Record<string, unknown> {
  try {
    const entry: unknown = JSON.parse(line);
    return typeof entry === "object" && entry !== null ? { ...entry } : {};
  } catch {
    return {};
  }
}
