import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect } from "vitest";
import { type OperateClient, operateClient } from "./operate-client.ts";
import { defaultAccount } from "./simulated-twilio/server.ts";
import { nodeOptions } from "./start-command.ts";
import { until } from "./until.ts";

/*
 * Faultline as a process of its own, started, watched and ended as an operator would: through its environment, its log,
 * its ports and signals.
 */

/** The address Twilio believes it calls, and therefore signs; the real port changes with every start. */
export const publicUrl = "https://faultline.example.com";

/** The account of the processes started here, and its auth token. */
export const account = { sid: defaultAccount.sid, token: defaultAccount.tokens[0] } as const;

const main = join(import.meta.dirname, "../../src/main.ts");
const startTimeoutMs = 60_000;

/** A running `faultline serve`. */
export interface Faultline extends OperateClient {
  readonly pid: number;
  /** 0 with the role `worker`. */
  readonly publicPort: number;
  readonly adminPort: number;
  readonly adminUrl: string;
  /** Everything it has written so far, to stdout and stderr. */
  output(): string;
  /** The entries of its log so far. */
  logs(): Record<string, unknown>[];
  readonly alive: boolean;
  /** `kill -9`, and waits until it is gone. */
  kill9(): Promise<void>;
  /** SIGTERM; resolves once it has ended, and fails unless it did so with exit code 0 within `timeoutMs`. */
  stop(timeoutMs?: number): Promise<void>;
}

/** What a start that was meant to fail left behind. */
export interface Ended {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Starts processes for the tests of one file. */
export interface Faultlines {
  /** Starts `faultline serve`, as `npm start` does, on free ports with exactly this environment, and waits until it is ready. */
  start(env?: Record<string, string>, args?: readonly string[]): Promise<Faultline>;
  /** Runs any command to its end. */
  run(args: readonly string[], env?: Record<string, string>, timeoutMs?: number): Promise<Ended>;
  /** A folder that goes away after the test: for DATA_DIR, files with secrets. */
  folder(): string;
}

/**
 * Call it once at the top of a test file. After each test every process started in it is ended by its pid; one that the
 * test left running although it passed is a leak, and fails it.
 */
export function useFaultlines(): Faultlines {
  const processes = new Map<ChildProcess, Output>();
  const folders: string[] = [];

  afterEach(async ({ task }) => {
    const left = [...processes.keys()].filter(isRunning);
    await Promise.all(left.map((child) => end(child, "SIGKILL")));
    // What the processes said is the first thing a person wants to know of a failure.
    const said = [...processes].map(([child, { stdout, stderr }]) => `process ${child.pid}:\n${stdout()}${stderr()}`);
    if (task.result?.state === "fail") console.log(said.map((text) => text.slice(-4_000)).join("\n"));
    processes.clear();
    for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
    if (task.result?.state !== "fail") {
      expect(
        left.map(({ pid }) => pid),
        "processes the test left running",
      ).toEqual([]);
    }
  });

  function launch(args: readonly string[], env: Record<string, string>, cwd: string) {
    const child = spawn(process.execPath, [...(args[0] === "serve" ? nodeOptions : []), main, ...args], {
      cwd,
      // Nothing of the environment of the tests, so that no setting of the developer's gets in.
      env: { PATH: process.env.PATH ?? "", HOME: cwd, ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const output = collect(child);
    processes.set(child, output);
    return { child, output };
  }

  function folder(): string {
    const made = mkdtempSync(join(tmpdir(), "faultline-acceptance-"));
    folders.push(made);
    return made;
  }

  return {
    folder,
    async start(env = {}, args = ["serve"]) {
      const cwd = folder();
      const { child, output } = launch(args, { ...baseEnvironment(cwd), ...env }, cwd);
      return await ready(child, output);
    },
    async run(args, env = {}, timeoutMs = 60_000) {
      const { child, output } = launch(args, env, folder());
      const closed = once(child, "close");
      const timer = setTimeout(() => child.kill("SIGKILL"), timeoutMs);
      await closed;
      clearTimeout(timer);
      return { exitCode: child.exitCode, stdout: output.stdout(), stderr: output.stderr() };
    },
  };
}

/** One account, free ports, the embedded database in a folder, and a Twilio API that is nowhere. */
export function baseEnvironment(folder: string): Record<string, string> {
  return {
    PORT: "0",
    ADMIN_PORT: "0",
    HOST: "127.0.0.1",
    PUBLIC_URL: publicUrl,
    DATA_DIR: join(folder, "data"),
    TWILIO_ACCOUNT_SID: account.sid,
    TWILIO_AUTH_TOKEN: account.token,
    // Port 9 (discard): diagnoses fail at once and nobody outside is asked.
    TWILIO_API_BASE_URL: "http://127.0.0.1:9",
    // So that a process that stops does not wait for its turn to ask in vain.
    TWILIO_REQUESTS_PER_SECOND: "100",
    FAULTLINE_SECRET: "acceptance-tests-only-0123456789abcdef",
  };
}

interface Output {
  stdout(): string;
  stderr(): string;
}

function collect(child: ChildProcess): Output {
  const text = { stdout: "", stderr: "" };
  child.stdout?.setEncoding("utf8").on("data", (chunk: string) => {
    text.stdout += chunk;
  });
  child.stderr?.setEncoding("utf8").on("data", (chunk: string) => {
    text.stderr += chunk;
  });
  return { stdout: () => text.stdout, stderr: () => text.stderr };
}

async function ready(child: ChildProcess, output: Output): Promise<Faultline> {
  const logs = () => entriesOf(output.stdout());
  const announced = await until("Faultline to be ready", startTimeoutMs, () => {
    if (!isRunning(child)) return "ended";
    return logs().find(({ msg }) => msg === "Faultline is ready") ?? null;
  });
  if (announced === "ended") {
    throw new Error(
      `Faultline ended with ${child.exitCode} before it was ready:\n${output.stdout()}${output.stderr()}`,
    );
  }
  const adminPort = Number(announced.adminPort);
  const adminUrl = `http://127.0.0.1:${adminPort}`;
  const client = operateClient(adminUrl);
  await until("/readyz to answer 200", startTimeoutMs, async () => (await client.get("/readyz")).status === 200);
  return {
    ...client,
    pid: child.pid ?? 0,
    publicPort: Number(announced.publicPort ?? 0),
    adminPort,
    adminUrl,
    output: () => output.stdout() + output.stderr(),
    logs,
    get alive() {
      return isRunning(child);
    },
    async kill9() {
      await end(child, "SIGKILL");
    },
    async stop(timeoutMs = 30_000) {
      const started = performance.now();
      await end(child, "SIGTERM", timeoutMs);
      const took = Math.round(performance.now() - started);
      const how = child.signalCode ?? child.exitCode;
      if (how !== 0) throw new Error(`SIGTERM: expected exit code 0, got ${how} after ${took} ms:\n${output.stdout()}`);
    },
  };
}

async function end(child: ChildProcess, signal: NodeJS.Signals, timeoutMs = 10_000): Promise<void> {
  if (!isRunning(child)) return;
  // `close` comes after the last output.
  const closed = once(child, "close");
  child.kill(signal);
  const timer = setTimeout(() => child.kill("SIGKILL"), timeoutMs);
  await closed;
  clearTimeout(timer);
}

function isRunning(child: ChildProcess): boolean {
  return child.exitCode === null && child.signalCode === null;
}

/** The JSON lines of a log; the last may be unfinished. */
function entriesOf(text: string): Record<string, unknown>[] {
  return text.split("\n").flatMap((line) => {
    try {
      const entry: unknown = JSON.parse(line);
      return typeof entry === "object" && entry !== null ? [{ ...entry }] : [];
    } catch {
      return [];
    }
  });
}
