import { execFileSync } from "node:child_process";
import { cpSync, existsSync, globSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { z } from "zod";
import { mistakesText, readConfig } from "../../src/config.ts";
import { alertmanagerAvailable } from "../support/alertmanager.ts";
import { prometheusAvailable, promtool } from "../support/prometheus.ts";

/*
 * The stack without a container engine: compose.yaml against the rules of https://compose-spec.io that it uses, and every
 * file it hands to a program checked by that program.
 */

const root = join(import.meta.dirname, "../..");

const Service = z.strictObject({
  image: z.string().optional(),
  build: z.string().optional(),
  command: z.array(z.string()).optional(),
  entrypoint: z.array(z.string()).optional(),
  environment: z.record(z.string(), z.string()).default({}),
  ports: z.array(z.string()).default([]),
  volumes: z.array(z.string()).default([]),
  depends_on: z
    .record(
      z.string(),
      z.strictObject({ condition: z.enum(["service_started", "service_healthy", "service_completed_successfully"]) }),
    )
    .default({}),
  healthcheck: z
    .strictObject({
      test: z.array(z.string()).min(2),
      interval: z.string(),
      timeout: z.string(),
      retries: z.number().int(),
    })
    .optional(),
  restart: z.enum(["no", "always", "on-failure", "unless-stopped"]).optional(),
  user: z.string().optional(),
  network_mode: z.string().optional(),
  init: z.boolean().optional(),
  read_only: z.boolean().optional(),
  tmpfs: z.array(z.string()).optional(),
  cap_drop: z.array(z.string()).optional(),
  security_opt: z.array(z.string()).optional(),
  stop_grace_period: z.string().optional(),
});
type Service = z.output<typeof Service>;
const Compose = z.strictObject({
  name: z.string().regex(/^[a-z0-9][a-z0-9_-]*$/),
  services: z.record(z.string(), Service),
  volumes: z.record(z.string(), z.null()),
});

const text = readFileSync(join(root, "compose.yaml"), "utf8");

/** As compose does with nothing in its environment. */
function withDefaults(source: string): string {
  return source.replaceAll(/\$\{(\w+)(?::-([^}]*))?\}/g, (_, _name, fallback: string | undefined) => fallback ?? "");
}

const { services, volumes } = Compose.parse(
  parse(text, (_key, value) => (typeof value === "string" ? withDefaults(value) : value)),
);
const every = Object.entries(services);

function service(name: string): Service {
  const found = services[name];
  if (found === undefined) throw new Error(`expected a service ${name}`);
  return found;
}

interface Mount {
  readonly source: string;
  readonly target: string;
  readonly readOnly: boolean;
}

function mounts({ volumes: lines }: Service): Mount[] {
  return lines.map((line) => {
    const [source = "", target = "", mode] = line.split(":");
    return { source, target, readOnly: mode === "ro" };
  });
}

let folder = "";
let secrets = "";

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "faultline-compose-"));
  secrets = join(folder, "secrets");
  makeSecrets();
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What the service `secrets` does, in a folder. */
function makeSecrets(environment: Record<string, string> = {}): Record<string, string> {
  mkdirSync(secrets, { recursive: true });
  const env = { PATH: process.env.PATH, SECRETS_DIR: secrets, ...environment };
  execFileSync("/bin/sh", [join(root, "compose/make-secrets.sh")], { env });
  return Object.fromEntries(readdirSync(secrets).map((name) => [name, readFileSync(join(secrets, name), "utf8")]));
}

/** The files of a container below a path, as its mounts put them there. */
function containerFolder(name: string, path: string): string {
  const below = join(folder, name);
  for (const { source, target } of mounts(service(name)).filter((mount) => mount.target.startsWith(`${path}/`))) {
    const from = source === "secrets" ? secrets : join(root, source);
    const to = join(below, target.slice(path.length));
    mkdirSync(dirname(to), { recursive: true });
    cpSync(from, to, { recursive: true });
  }
  return below;
}

describe("compose.yaml", () => {
  test("has everything, and starts with nothing set", () => {
    expect(Object.keys(services).toSorted()).toEqual(
      ["alertmanager", "faultline", "grafana", "postgres", "prometheus", "redis", "secrets"].toSorted(),
    );
    const required = [...text.matchAll(/\$\{(\w+)([^}]*)\}/g)].filter(([, , rest]) => !rest?.startsWith(":-"));
    expect(required.map(([whole]) => whole)).toEqual([]);
  });

  test.each(every)("%s: its image is pinned to a version or built here", (_, { image, build }) => {
    if (build === undefined) expect(image).toMatch(/^[a-z]+(\/[a-z]+)?:v?\d+\.\d+(\.\d+)?(-[a-z]+)?$/);
    else expect(existsSync(join(root, build, "Dockerfile"))).toBe(true);
  });

  test.each(every)("%s: is reached from this machine only", (_, { ports }) => {
    for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:(\d+):\1$/);
  });

  test.each(every)("%s: mounts what exists, what is ours read-only", (_, each) => {
    for (const { source, readOnly } of mounts(each)) {
      if (source.startsWith("./"))
        expect({ source, readOnly, exists: existsSync(join(root, source)) }).toEqual({
          source,
          readOnly: true,
          exists: true,
        });
      else expect(Object.keys(volumes)).toContain(source);
    }
  });

  test("declares no volume that nobody mounts", () => {
    const mounted = new Set(every.flatMap(([, each]) => mounts(each).map(({ source }) => source)));
    expect(Object.keys(volumes).filter((name) => !mounted.has(name))).toEqual([]);
  });

  test.each(every)("%s: waits for services that exist and can say that they are well", (_, { depends_on }) => {
    for (const [name, { condition }] of Object.entries(depends_on)) {
      expect(Object.keys(services)).toContain(name);
      if (condition === "service_healthy") expect(service(name).healthcheck, name).toBeDefined();
      if (condition === "service_completed_successfully") expect(service(name).restart, name).toBeUndefined();
    }
  });

  test("asks every service that stays whether it is well, and starts it again", () => {
    const staying = every.filter(([name]) => name !== "secrets");
    expect(staying.filter(([, { healthcheck, restart }]) => !healthcheck || !restart).map(([name]) => name)).toEqual(
      [],
    );
  });

  test("whoever reads a secret waits for it", () => {
    const readers = every.filter(
      ([name, each]) => name !== "secrets" && mounts(each).some((m) => m.source === "secrets"),
    );
    expect(readers.length).toBeGreaterThan(3);
    for (const [name, { depends_on }] of readers) {
      expect(depends_on.secrets, name).toEqual({ condition: "service_completed_successfully" });
    }
  });

  test("Redis throws no job away and keeps the queue over a restart", () => {
    expect(service("redis").command?.join(" ")).toBe("redis-server --appendonly yes --maxmemory-policy noeviction");
  });
});

describe("the secrets", () => {
  test("are made once, differ, and are not in the repository", () => {
    const first = makeSecrets();
    expect(makeSecrets()).toEqual(first);
    const random = Object.entries(first).filter(([name]) => name !== "database_url");
    expect(random.map(([name]) => name).toSorted()).toEqual(
      ["admin_token", "faultline_secret", "grafana_password", "postgres_password", "twilio_auth_token"].toSorted(),
    );
    for (const [name, value] of random) expect(value, name).toMatch(/^[0-9a-f]{48}$/);
    expect(new Set(random.map(([, value]) => value)).size).toBe(random.length);
    expect(first.database_url).toBe(`postgres://faultline:${first.postgres_password}@postgres:5432/faultline`);
  });

  test("the auth token is yours when it is set, also later, and the others stay", () => {
    const before = makeSecrets();
    const after = makeSecrets({ TWILIO_AUTH_TOKEN: "0123456789abcdef0123456789abcdef" });
    expect(after).toEqual({ ...before, twilio_auth_token: "0123456789abcdef0123456789abcdef" });
  });

  test("every file that a service names is made", () => {
    const made = Object.keys(makeSecrets());
    const named = [...text.matchAll(/\/run\/faultline\/(\w+)/g)].map(([, name]) => name);
    expect(named.length).toBeGreaterThan(5);
    expect(named.filter((name) => !made.includes(name ?? ""))).toEqual([]);
  });
});

describe("Faultline in the stack", () => {
  const { environment } = service("faultline");

  test("knows every variable it is given", () => {
    const sources = globSync(["src/config.ts", "src/config/*.ts"], { cwd: root })
      .map((file) => readFileSync(join(root, file), "utf8"))
      .join("\n");
    const unknown = Object.keys(environment).filter((name) => !sources.includes(`"${name.replace(/_FILE$/, "")}"`));
    expect(unknown).toEqual([]);
  });

  test("starts with them: everything is asked for a token, Twilio's signatures are checked", () => {
    const readFile = (path: string) => readFileSync(path.replace("/run/faultline", secrets), "utf8");
    const loaded = readConfig({ env: environment, readFile, exists: () => false });
    if (!loaded.ok) throw new Error(mistakesText(loaded.mistakes));
    const { config } = loaded;
    expect(config).toMatchObject({ port: 8080, adminPort: 9464, adminHost: "0.0.0.0", allowUnsigned: false });
    expect(config.adminToken?.reveal()).toMatch(/^[0-9a-f]{48}$/);
    expect(new URL(config.databaseUrl?.reveal() ?? "").hostname).toBe("postgres");
    expect(new URL(config.redisUrl?.reveal() ?? "").hostname).toBe("redis");
    expect(config.notices.receivers.map(({ name }) => name)).toEqual(["alertmanager"]);
    expect(service("faultline").ports).toEqual([`127.0.0.1:${config.port}:8080`, `127.0.0.1:${config.adminPort}:9464`]);
  });
});

test.skipIf(!prometheusAvailable())("promtool takes Prometheus's files as the container has them", () => {
  const at = containerFolder("prometheus", "/etc/prometheus");
  const { exitCode, output } = promtool(["check", "config", join(at, "prometheus.yml")]);
  expect({ exitCode, output }).toMatchObject({ exitCode: 0 });
  expect(output).toContain("1 rule files found");

  const { scrape_configs: jobs, alerting } = parse(readFileSync(join(at, "prometheus.yml"), "utf8"));
  expect(jobs.map(({ job_name: name }: { job_name: string }) => name)).toEqual(["faultline"]);
  expect(jobs[0].static_configs[0].targets).toEqual(["faultline:9464"]);
  expect(alerting.alertmanagers[0].static_configs[0].targets).toEqual(["alertmanager:9093"]);
});

test.skipIf(!alertmanagerAvailable())("amtool takes Alertmanager's files as the container has them", () => {
  const at = containerFolder("alertmanager", "/etc/alertmanager");
  const output = execFileSync("amtool", ["check-config", join(at, "alertmanager.yml")], { encoding: "utf8" });
  expect(output).toContain("SUCCESS");
});

test("Alertmanager in the stack routes and mutes as the example does, and tells nobody", () => {
  const read = (file: string) => parse(readFileSync(join(root, file), "utf8"), { merge: true });
  const [example, ours] = [read("alerts/alertmanager.yml"), read("compose/alertmanager.yml")];
  const names = (receivers: { name: string }[]) => receivers.map(({ name }) => name).toSorted();
  expect({ route: ours.route, inhibit: ours.inhibit_rules, receivers: names(ours.receivers) }).toEqual({
    route: example.route,
    inhibit: example.inhibit_rules,
    receivers: names(example.receivers),
  });
  for (const receiver of ours.receivers) expect(Object.keys(receiver)).toEqual(["name"]);
});

describe("Grafana in the stack", () => {
  const provisioning = join(root, "compose/grafana/provisioning");
  const read = (file: string) => parse(readFileSync(join(provisioning, file), "utf8"));

  test("has Prometheus as its default data source, with the interval it scrapes at", () => {
    const { global } = parse(readFileSync(join(root, "compose/prometheus.yml"), "utf8"));
    const { datasources } = read("datasources/prometheus.yml");
    expect(datasources[0]).toMatchObject({
      uid: "prometheus",
      type: "prometheus",
      url: "http://prometheus:9090",
      isDefault: true,
      jsonData: { timeInterval: global.scrape_interval },
    });
    expect(datasources[1]).toMatchObject({ type: "alertmanager", url: "http://alertmanager:9093" });
  });

  test("reads the dashboards of the repository, one of them as its home", () => {
    const { providers } = read("dashboards/faultline.yml");
    const mount = mounts(service("grafana")).find(({ target }) => target === providers[0].options.path);
    expect(mount?.source).toBe("./dashboards");
    const home = service("grafana").environment.GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH ?? "";
    const file = home.replace(providers[0].options.path, "dashboards");
    expect(JSON.parse(readFileSync(join(root, file), "utf8"))).toMatchObject({ uid: "faultline-twilio-errors" });
  });
});
