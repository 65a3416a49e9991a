import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { mistakesOfRole, readConfig } from "../../src/config.ts";
import { startCommand } from "../support/start-command.ts";
import { mainContainer } from "./objects.ts";
import { matrix, render } from "./render.ts";
import { settingsIn } from "./settings.ts";
import { missingTools } from "./tools.ts";

const root = join(import.meta.dirname, "..", "..");

/** What Faultline makes of what the chart gives its containers. */
function configsOf(name: string) {
  const rendered = render(name);
  return rendered.workloads().map((workload) => {
    const { env, files } = settingsIn(rendered, workload);
    const readFile = (path: string) => {
      const text = files.get(path);
      if (text === undefined) throw Object.assign(new Error(`no ${path}`), { code: "ENOENT" });
      return text;
    };
    const loaded = readConfig({ env, readFile, exists: (path) => files.has(path) });
    const { command, args } = mainContainer(workload.spec.template.spec);
    return { loaded, role: args.at(-1), command: [...command, ...args] };
  });
}

describe.skipIf(missingTools !== null)(`Settings (${missingTools ?? "helm"})`, () => {
  test.each(matrix)("%s: Faultline finds no mistake in them", (name) => {
    const configs = configsOf(name);
    expect(configs.length).toBeGreaterThanOrEqual(1);
    for (const { loaded, role } of configs) {
      if (!loaded.ok) throw new Error(JSON.stringify(loaded.mistakes));
      expect(["all", "ingest", "worker"]).toContain(role);
      expect(mistakesOfRole(loaded.config, role === "ingest" ? "ingest" : "worker")).toEqual([]);
      expect(loaded.config).toMatchObject({
        host: "0.0.0.0",
        adminHost: "0.0.0.0",
        port: 8080,
        adminPort: 9464,
        dataDir: "/data",
      });
      expect(loaded.config.allowUnsigned).toBe(false);
      expect(loaded.config.adminToken).not.toBeNull();
      expect(loaded.config.sealingSecret).not.toBeNull();
      // Embedded: a database of its own, and only then.
      expect(loaded.config.databaseUrl === null).toBe(role === "all");
    }
  });

  test("everything on reaches Faultline as it was said", () => {
    for (const { loaded } of configsOf("everything-values.yaml")) {
      if (!loaded.ok) throw new Error(JSON.stringify(loaded.mistakes));
      const { config } = loaded;
      expect([...config.accounts.keys()]).toEqual([`AC${"a".repeat(32)}`, `AC${"b".repeat(32)}`]);
      expect(config.notices.receivers.map(({ name }) => name)).toEqual([
        "slack",
        "pagerduty",
        "alertmanager",
        "webhook",
        "proxy-team",
        "second-pager",
      ]);
      expect(config.userRules.map(({ id }) => id)).toEqual(["opt-outs-are-fine"]);
      expect(config.notices.stormThreshold).toBe(20);
      expect(config.notices.links.grafana).toBe(
        "https://grafana.example.com/d/faultline-twilio-errors?var-code={code}",
      );
      expect(config.publicUrl).toBe("https://faultline.example.com:8443/hooks");
      expect(config.apiKey?.key).toBe(`SK${"b".repeat(32)}`);
      expect(config.redisUrl).not.toBeNull();
      expect(config.tracing).not.toBeNull();
    }
  });

  test("Sentinels, Cluster and certificate authorities reach Faultline", () => {
    for (const { loaded } of configsOf("secrets-apart-values.yaml")) {
      if (!loaded.ok) throw new Error(JSON.stringify(loaded.mistakes));
      const { redis, databaseUrl } = loaded.config;
      expect(redis.sentinel?.nodes.map(({ host }) => host)).toEqual([
        "sentinel-0.redis",
        "sentinel-1.redis",
        "sentinel-2.redis",
      ]);
      expect(redis.sentinel?.password?.reveal()).toBe("not-real");
      expect(redis.ca).toContain("BEGIN CERTIFICATE");
      expect(redis.clusterNodes).toBeNull();
      expect(databaseUrl?.reveal()).toContain("sslrootcert=%2Fetc%2Ffaultline%2Fsecrets%2Fdatabase-ca.pem");
    }
    for (const { loaded } of configsOf("everything-values.yaml")) {
      expect(loaded.ok ? loaded.config.redis.clusterNodes?.map(({ port }) => port) : null).toEqual([6379, 6379, 6379]);
    }
  });

  test("containers start what the image starts, and that what `npm start` does, each with its role", () => {
    const dockerfile = readFileSync(join(root, "Dockerfile"), "utf8");
    const words = (name: string) =>
      z.array(z.string()).parse(JSON.parse(new RegExp(`^${name} (.*)$`, "m").exec(dockerfile)?.[1] ?? "null"));
    const started = [...words("ENTRYPOINT"), ...words("CMD")];
    const commands = ["embedded-values.yaml", "scaled-values.yaml"].flatMap((name) =>
      configsOf(name).map((each) => each.command),
    );
    expect(commands).toEqual(["all", "ingest", "worker"].map((role) => [...started, "--role", role]));
    expect(started).toEqual(startCommand);
    expect(dockerfile).toMatch(/^EXPOSE 8080 9464$/m);
    expect(dockerfile).toMatch(/^USER 10001:10001$/m);
    expect(dockerfile).toMatch(/\bDATA_DIR=\/data$/m);
  });

  test("every variable the chart sets is one that Faultline reads", () => {
    const sources = ["config.ts", ...readdirSync(join(root, "src", "config")).map((name) => join("config", name))]
      .map((name) => readFileSync(join(root, "src", name), "utf8"))
      .join("\n");
    const read = new Set([...sources.matchAll(/"([A-Z][A-Z0-9_]+)"/g)].map(([, name]) => name));
    const names = matrix.flatMap((file) =>
      render(file)
        .workloads()
        .flatMap(({ spec }) => mainContainer(spec.template.spec).env.map(({ name }) => name)),
    );
    // Read by OpenTelemetry's SDK, or there to make another one.
    const own = (name: string) => !/^(OTEL_|POD_NAME$)/.test(name);
    const unknown = [...new Set(names)].filter(
      (name) => own(name) && !read.has(name) && !read.has(name.replace(/_FILE$/, "")),
    );
    expect(unknown).toEqual([]);
    expect(new Set(names).size).toBeGreaterThan(30);
  });
});
