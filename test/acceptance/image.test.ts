import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { z } from "zod";
import { createLedger } from "../../src/cli/demo/ledger.ts";
import { type Observation, observe } from "../../src/cli/demo/observe.ts";
import { sendTraffic } from "../../src/cli/demo/traffic.ts";
import { checksOf } from "../../src/cli/demo/verify.ts";
import { stageFaults } from "../../src/cli/demo/world.ts";
import { postgresAndRedis } from "../support/backends.ts";
import { type Container, isolated, layOnBase, makeReadOnly, startContainer } from "../support/container.ts";
import {
  buildImage,
  filesBelow,
  type ImageConfig,
  ignorePatterns,
  isIgnored,
  readDockerfile,
} from "../support/dockerfile.ts";
import { baseEnvironment, publicUrl } from "../support/faultline.ts";
import { operateClient } from "../support/operate-client.ts";
import { freePort } from "../support/redis.ts";
import { defaultAccount, type SimulatedTwilio, startSimulatedTwilio } from "../support/simulated-twilio/server.ts";
import { until } from "../support/until.ts";

/*
 * The image without a container engine: the Dockerfile's own lines are carried out in a folder, and its command is run
 * there, read-only, as its user.
 */

const context = join(import.meta.dirname, "../..");
const instructions = readDockerfile(readFileSync(join(context, "Dockerfile"), "utf8"));
const packageJson = JSON.parse(readFileSync(join(context, "package.json"), "utf8")) as {
  version: string;
  devDependencies: Record<string, string>;
};
const how = isolated ? "in namespaces of its own" : "as a plain process, since namespaces are not allowed here";

let folder = "";
let root = "";
let config: ImageConfig;
let twilio: SimulatedTwilio;
const containers: Container[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "faultline-image-"));
  const env = {
    ...process.env,
    PATH: `${dirname(process.execPath)}:${process.env.PATH}`,
    npm_config_prefer_offline: "true",
  };
  ({ root, config } = buildImage({ context, folder, env }));
  layOnBase(root);
  makeReadOnly(root);
}, 300_000);

beforeEach(async () => {
  twilio = await startSimulatedTwilio();
});

afterEach(async () => {
  for (const container of containers.splice(0)) {
    await container.signal("SIGKILL");
    await container.ended(10_000).catch(() => null);
  }
  await twilio.stop();
});

afterAll(async () => {
  execFileSync("chmod", ["-R", "u+w", folder]);
  rmSync(folder, { recursive: true, force: true });
});

function textsOf(name: string): string[] {
  return instructions.filter((instruction) => instruction.name === name).map(({ text }) => text);
}

/** A volume, made as an engine makes one: owner and mode as in the image. */
function volume(name: string): string {
  const path = join(folder, name);
  execFileSync("cp", ["--archive", join(root, "data"), path]);
  execFileSync("chmod", ["u+w", path]);
  return path;
}

/** Starts a process of the image on free ports. */
async function start(data: string, env: Record<string, string> = {}, command?: readonly string[]) {
  const ports = { PORT: String(await freePort()), ADMIN_PORT: String(await freePort()) };
  const { DATA_DIR: _, ...base } = baseEnvironment(folder);
  const environment = { ...base, ...ports, TWILIO_API_BASE_URL: twilio.baseUrl, ...env };
  const options = { root, config, data, env: environment };
  const container = startContainer({ ...options, ...(command !== undefined && { command }) });
  containers.push(container);
  const adminUrl = `http://127.0.0.1:${ports.ADMIN_PORT}`;
  const ready = await until("/readyz to answer 200", 60_000, async () => {
    if (!container.running) return "ended";
    return (await fetch(`${adminUrl}/readyz`)).status === 200 ? "ready" : null;
  });
  if (ready === "ended") throw new Error(`expected it to run, it ended:\n${container.output()}`);

  async function health(): Promise<number | null> {
    const check = startContainer({ ...options, command: config.health });
    return await check.ended(20_000);
  }
  return { container, adminUrl, publicPort: Number(ports.PORT), health };
}

/** It must fit into what the chart allows it, in MB; the pod would be killed. */
async function expectToFit(container: Container, limitMb: number): Promise<void> {
  expect(limitMb).toBeGreaterThan(0);
  expect(await container.memoryAtMost()).toBeLessThan(limitMb);
}

function chartLimitMb(part: "embedded" | "ingest" | "worker"): number {
  const values: unknown = parse(readFileSync(join(context, "helm/faultline/values.yaml"), "utf8"));
  const Part = z.object({ resources: z.object({ limits: z.object({ memory: z.string().regex(/^\d+Mi$/) }) }) });
  return Number.parseInt(Part.parse((values as Record<string, unknown>)[part]).resources.limits.memory, 10);
}

/** SIGTERM: ends with 0, well before an engine would kill it. */
async function stop(container: Container): Promise<void> {
  await container.signal("SIGTERM");
  expect(await container.ended(10_000), container.output()).toBe(0);
}

/** The demo's traffic into one process and its record out of another; every line of the demo's book must agree. */
async function passTheDemo(publicPort: number, adminUrl: string): Promise<Observation> {
  const target = { localUrl: `http://127.0.0.1:${publicPort}`, publicUrl, token: defaultAccount.tokens[0] };
  const ledger = createLedger();
  const now = new Date();
  const scenes = await sendTraffic(target, ledger, stageFaults(twilio, now), now);
  const observed = await until("a diagnosis for every incident that is asked about", 60_000, async () => {
    const seen = await observe(adminUrl);
    return seen.incidents.every(({ diagnoses }) => diagnoses.length > 0) ? seen : null;
  });
  for (const { what, expected, seen } of checksOf(ledger, scenes, observed)) {
    // Metrics are one process's own.
    if (!what.includes("metrics") && !what.includes("duplicates"))
      expect(`${what}: ${seen}`).toBe(`${what}: ${expected}`);
  }
  const verdicts = observed.incidents.flatMap(({ causes }) => causes.map(({ verdict }) => verdict));
  expect(verdicts.filter((verdict) => verdict === "confirmed").length).toBeGreaterThanOrEqual(5);
  return observed;
}

describe("the Dockerfile", () => {
  test("begins with the Node these tests run on, pinned", () => {
    const [base] = textsOf("FROM");
    expect(base).toBe(`node:${packageJson.devDependencies.node}-slim AS node`);
    expect(process.version).toBe(`v${packageJson.devDependencies.node}`);
    expect(textsOf("LABEL").join()).toContain(
      `base.name="docker.io/library/node:${packageJson.devDependencies.node}-slim"`,
    );
  });

  test("says what the image is", () => {
    const [labels = ""] = textsOf("LABEL");
    for (const name of ["title", "description", "licenses", "version", "revision", "source"]) {
      expect(labels).toMatch(new RegExp(`org\\.opencontainers\\.image\\.${name}="[^"]+"`));
    }
    expect(textsOf("ARG")).toContain(`VERSION=${packageJson.version}`);
  });

  test("runs as a user by number who is not root, stops at SIGTERM, and has both ports and the volume", () => {
    expect(config.user).toBe("10001:10001");
    expect(textsOf("STOPSIGNAL")).toEqual(["SIGTERM"]);
    expect(textsOf("EXPOSE")).toEqual(["8080 9464"]);
    expect(textsOf("VOLUME")).toEqual(['["/data"]']);
  });

  test("takes nothing from a checkout but what .dockerignore names", () => {
    const patterns = ignorePatterns(readFileSync(join(context, ".dockerignore"), "utf8"));
    for (const path of [
      ".env",
      ".git/config",
      "node_modules/pg/package.json",
      "data/secret.key",
      "faultline.yaml",
      "test/acceptance/image.test.ts",
    ]) {
      expect([path, isIgnored(patterns, path)]).toEqual([path, true]);
    }
    for (const path of ["src/main.ts", "package-lock.json", "test/support/sign.ts"]) {
      expect([path, isIgnored(patterns, path)]).toEqual([path, false]);
    }
  });
});

describe("what is in the image", () => {
  test("the program, its production packages, its licence, what the demo needs, and no more", () => {
    const app = filesBelow(join(root, "app")).map(({ path }) => path);
    const own = app.filter((path) => !path.startsWith("node_modules/"));
    expect(new Set(own.map((path) => path.split("/")[0] ?? ""))).toEqual(
      new Set(["LICENSE", "package.json", "src", "test"]),
    );
    expect(own.filter((path) => /\.(test|suite)\.ts$|\.env|\.key$/.test(path))).toEqual([]);
    for (const name of Object.keys(packageJson.devDependencies)) {
      expect(app.filter((path) => path.startsWith(`node_modules/${name}/`) && !name.startsWith("@types/"))).toEqual([]);
    }
    expect(app.filter((path) => /\.(map|d\.[cm]?ts)$/.test(path))).toEqual([]);
  });

  test("everybody may read it and nobody may write it", () => {
    const files = filesBelow(join(root, "app"));
    expect(files.filter(({ mode }) => (mode & 0o444) !== 0o444).map(({ path }) => path)).toEqual([]);
    expect(files.filter(({ mode }) => (mode & 0o222) !== 0).map(({ path }) => path)).toEqual([]);
  });

  test("its layers of our own stay below 110 MB", () => {
    const bytes = filesBelow(join(root, "app")).reduce((sum, file) => sum + file.bytes, 0);
    console.log(`the image adds ${(bytes / 1e6).toFixed(1)} MB to its base`);
    expect(bytes).toBeLessThan(110e6);
  });
});

describe(`started from it, ${how}`, () => {
  test("the demo works", async () => {
    const demo = startContainer({ root, config, data: volume("demo"), command: ["node", "src/main.ts", "demo"] });
    containers.push(demo);
    expect(await demo.ended(90_000), demo.output()).toBe(0);
    expect(demo.output()).toContain("Every event was counted exactly once.");
  });

  test("with the embedded database: healthy, passes the demo's traffic, and finds its record again after SIGTERM and kill -9", async () => {
    const before = filesBelow(root);
    const data = volume("embedded");
    const first = await start(data);
    expect(await first.health()).toBe(0);
    const { events } = await passTheDemo(first.publicPort, first.adminUrl);
    await expectToFit(first.container, chartLimitMb("embedded"));
    await stop(first.container);
    expect(await first.health()).not.toBe(0);

    const second = await start(data);
    expect((await operateClient(second.adminUrl).events()).length).toBe(events);
    await second.container.signal("SIGKILL");
    await second.container.ended(10_000).catch(() => null);

    // Process 1 again, on a folder whose lock says that process 1 has it.
    const third = await start(data);
    expect((await operateClient(third.adminUrl).events()).length).toBe(events);
    await stop(third.container);
    expect(filesBelow(root)).toEqual(before);
    expect(filesBelow(data).length).toBeGreaterThan(100);
  });

  test.skipIf(!isolated)("it is process 1, as the image's user, and can write to /data and /tmp only", async () => {
    const data = volume("looking");
    const script = `
      const { writeFileSync } = require("node:fs");
      const tried = ["/app/src/x", "/app/x", "/x", "/usr/x", "/etc/x", "/node/x", "/data/x", "/tmp/x"].map((path) => {
        try { writeFileSync(path, ""); return path + " written"; } catch (error) { return path + " " + error.code; }
      });
      console.log(JSON.stringify({ pid: process.pid, ids: [process.getuid(), process.getgid(), ...process.getgroups()], tried }));`;
    const look = startContainer({ root, config, data, command: ["node", "-e", script] });
    expect(await look.ended(20_000), look.output()).toBe(0);
    const { pid, ids, tried } = JSON.parse(look.output()) as { pid: number; ids: number[]; tried: string[] };
    expect(pid).toBe(1);
    expect(new Set(ids)).toEqual(new Set([10_001]));
    expect(tried.filter((line) => line.endsWith("written"))).toEqual(["/data/x written", "/tmp/x written"]);
  });

  test.skipIf(!postgresAndRedis.available)(
    "with PostgreSQL and Redis: ingest and worker apart pass the demo's traffic",
    async () => {
      const backend = await postgresAndRedis.open();
      try {
        const roles = ["ingest", "worker"].map((role) => [...config.command, "--role", role]);
        const data = volume("scaled");
        const [ingest, worker] = await Promise.all(roles.map((command) => start(data, backend.env, command)));
        if (ingest === undefined || worker === undefined) throw new Error("expected two processes");
        await passTheDemo(ingest.publicPort, worker.adminUrl);
        expect([await ingest.health(), await worker.health()]).toEqual([0, 0]);
        await expectToFit(ingest.container, chartLimitMb("ingest"));
        await expectToFit(worker.container, chartLimitMb("worker"));
        await stop(ingest.container);
        await stop(worker.container);
        expect(filesBelow(data)).toEqual([]);
      } finally {
        await backend.dispose();
      }
    },
  );
});
