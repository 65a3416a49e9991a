import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { prometheusAvailable, promtool, type RunningPrometheus, startPrometheus } from "../support/prometheus.ts";
import { until } from "../support/until.ts";

const isInstalled = prometheusAvailable();
const main = join(import.meta.dirname, "../../src/main.ts");
const folders: string[] = [];
let demo: ChildProcess | null = null;
let prometheus: RunningPrometheus | null = null;

afterEach(async () => {
  await prometheus?.stop();
  prometheus = null;
  if (demo !== null && demo.exitCode === null && demo.signalCode === null) {
    const closed = once(demo, "close");
    demo.kill("SIGKILL");
    await closed;
  }
  demo = null;
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), "faultline-demo-stay-"));
  folders.push(made);
  return made;
}

/** Starts `demo --stay` and waits until it has printed everything. */
async function startDemo(): Promise<{ child: ChildProcess; output: string }> {
  const home = folder();
  const child = spawn(process.execPath, [main, "demo", "--stay"], {
    cwd: home,
    env: { PATH: process.env.PATH ?? "", HOME: home },
    stdio: ["ignore", "pipe", "inherit"],
  });
  demo = child;
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    output += chunk;
  });
  await until("the demo to print how to go on", 90_000, () => /^Grafana: .*\n.*\n/m.test(output));
  return { child, output };
}

describe.skipIf(!isInstalled)(`a demo that stays${isInstalled ? "" : " (prometheus is not installed)"}`, () => {
  test("prints a prometheus.yml that promtool takes and with which a Prometheus scrapes it; Ctrl-C ends it well", async () => {
    const { child, output } = await startDemo();
    const config = /^global:\n(?:.+\n)+/m.exec(output)?.[0] ?? "";
    const file = join(folder(), "prometheus.yml");
    writeFileSync(file, config);
    expect(promtool(["check", "config", file])).toMatchObject({ exitCode: 0 });
    for (const path of config.matchAll(/^ {2}- "(.+)"$/gm)) expect(readFileSync(path[1] ?? "", "utf8")).not.toBe("");

    prometheus = await startPrometheus({ config });
    const running = prometheus;
    await until("the target to be up", 30_000, async () => {
      const [target] = await running.targets();
      return target?.health === "up";
    });
    const [target] = await running.targets();
    expect(target?.labels.job).toBe("faultline");
    await until("an event after those of the demo", 30_000, async () => {
      const [events] = await running.query('sum(increase(twilio_debugger_events_total{job="faultline"}[1m]))');
      return (events?.value ?? 0) > 0;
    });

    const closed = once(child, "close");
    child.kill("SIGINT");
    await closed;
    expect(child.exitCode).toBe(0);
  });
});
