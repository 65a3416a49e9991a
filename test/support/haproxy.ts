import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "./redis.ts";
import { until } from "./until.ts";

/*
 * A private haproxy with the configuration of docs/operations/haproxy.cfg; only the addresses are others.
 */

const example = join(import.meta.dirname, "../../docs/operations/haproxy.cfg");

/** Whether haproxy can be started here. */
export function haproxyAvailable(): boolean {
  try {
    execFileSync("haproxy", ["-v"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

/** A process behind it: where deliveries go, and where its /readyz is. */
export interface Behind {
  readonly port: number;
  readonly adminPort: number;
}

/** A running haproxy. */
export interface Haproxy {
  readonly port: number;
  /** Ports of the processes it sends deliveries to at present. */
  up(): Promise<number[]>;
  stop(): Promise<void>;
}

/** Starts one before these processes; one that is `severe` never tries twice, and keeps its connections open. */
export async function startHaproxy(processes: readonly Behind[], { severe = false } = {}): Promise<Haproxy> {
  const folder = mkdtempSync(join(tmpdir(), "faultline-haproxy-"));
  const [port, statsPort] = [await freePort(), await freePort()];
  const file = join(folder, "haproxy.cfg");
  writeFileSync(file, configuration(port, statsPort, processes, severe));
  const child = spawn("haproxy", ["-db", "-f", file], { stdio: ["ignore", "ignore", "pipe"] });
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
    said += chunk;
  });

  async function up(): Promise<number[]> {
    const text = await (await fetch(`http://127.0.0.1:${statsPort}/;csv`)).text();
    const [head = "", ...lines] = text.split("\n");
    const column = head.replace("# ", "").split(",").indexOf("status");
    return lines.flatMap((line) => {
      const fields = line.split(",");
      const server = /^p(\d+)$/.exec(fields[1] ?? "")?.[1];
      return server !== undefined && fields[column]?.startsWith("UP") === true ? [Number(server)] : [];
    });
  }

  const haproxy: Haproxy = {
    port,
    up,
    async stop() {
      if (child.exitCode === null && child.signalCode === null) {
        const exited = once(child, "exit");
        child.kill("SIGTERM");
        await exited;
      }
      rmSync(folder, { recursive: true, force: true });
    },
  };
  try {
    const seen = await until("haproxy to see every process", 30_000, async () => {
      if (child.exitCode !== null) return "ended";
      return (await up()).length === processes.length ? "up" : null;
    });
    if (seen === "ended") throw new Error(`expected haproxy to run, it ended: ${said}`);
  } catch (error) {
    await haproxy.stop();
    throw error;
  }
  return haproxy;
}

/** Lines of the example, and what is in their place where only DRAIN_DELAY helps. */
const withoutMercy: Readonly<Record<string, string>> = {
  "  retry-on conn-failure": "  retries 0",
  "  option redispatch 1": "  no option redispatch",
  "  option http-server-close": "  option http-keep-alive",
};

function configuration(port: number, statsPort: number, processes: readonly Behind[], severe: boolean): string {
  const servers = processes.map((each) => `  server p${each.port} 127.0.0.1:${each.port} check port ${each.adminPort}`);
  const lines = readFileSync(example, "utf8")
    .split("\n")
    .filter((line) => !/^ {2}server /.test(line))
    .map((line) => line.replace(/^ {2}bind .*$/, `  bind 127.0.0.1:${port}`))
    .map((line) => (severe ? (withoutMercy[line] ?? line) : line));
  const stats = ["frontend stats", `  bind 127.0.0.1:${statsPort}`, "  stats enable", "  stats uri /"];
  return [...lines, ...servers, ...stats, ""].join("\n");
}
