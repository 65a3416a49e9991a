import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "./redis.ts";
import { until } from "./until.ts";

/** Debian's name; Prometheus's own release calls it `alertmanager`. */
const program = "prometheus-alertmanager";

/** Whether an Alertmanager can be started here. In CI (CI=true) a missing one is an error. */
export function alertmanagerAvailable(): boolean {
  try {
    execFileSync(program, ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    if (process.env.CI === "true") {
      throw new Error(`CI: expected ${program} to be installed; apt-get install ${program}`);
    }
    return false;
  }
}

/** A private Alertmanager. */
export interface RunningAlertmanager {
  /** Its base URL, for ALERTMANAGER_URL. */
  readonly url: string;
  /** Ends it and removes its folder. */
  stop(): Promise<void>;
}

/**
 * Starts an Alertmanager without cluster, in a folder of its own, that groups alerts by their name and the given labels
 * and sends the groups to one webhook, resolves too, within about a second.
 */
export async function startAlertmanager(options: {
  readonly webhookUrl: string;
  readonly groupBy: readonly string[];
}): Promise<RunningAlertmanager> {
  return await startAlertmanagerWith({
    route: {
      receiver: "webhook",
      group_by: ["alertname", ...options.groupBy],
      group_wait: "500ms",
      group_interval: "1s",
      repeat_interval: "1h",
    },
    receivers: [{ name: "webhook", webhook_configs: [{ url: options.webhookUrl, send_resolved: true }] }],
  });
}

/** Starts an Alertmanager without cluster, in a folder of its own, with this configuration. */
export async function startAlertmanagerWith(config: object): Promise<RunningAlertmanager> {
  const folder = await mkdtemp(join(tmpdir(), "faultline-alertmanager-"));
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  // JSON is YAML.
  await writeFile(join(folder, "alertmanager.yml"), JSON.stringify(config));
  const child = spawn(
    program,
    [
      `--config.file=${join(folder, "alertmanager.yml")}`,
      `--storage.path=${join(folder, "data")}`,
      `--web.listen-address=127.0.0.1:${port}`,
      "--cluster.listen-address=",
    ],
    { stdio: ["ignore", "ignore", "pipe"] },
  );
  let said = "";
  child.stderr.on("data", (chunk: Buffer) => {
    said = (said + chunk.toString("utf8")).slice(-4_000);
  });

  async function stop(): Promise<void> {
    if (child.exitCode === null && child.signalCode === null) {
      const exited = once(child, "exit");
      child.kill("SIGKILL");
      await exited;
    }
    await rm(folder, { recursive: true, force: true });
  }

  try {
    await until(`${program} to be ready`, 15_000, async () => (await fetch(`${url}/-/ready`)).ok);
  } catch (error) {
    await stop();
    throw new Error(`${program} did not start; it said: ${said}`, { cause: error });
  }
  return { url, stop };
}
