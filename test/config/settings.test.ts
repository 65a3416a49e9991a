import { describe, expect, it } from "vitest";
import { mistakesOfRole, mistakesText } from "../../src/config.ts";
import { configOf, load, mistakesOf, sidA } from "./read.ts";

const minute = 60_000;
const day = 24 * 60 * minute;

describe("defaults", () => {
  it("need nothing to be set", () => {
    expect(configOf({})).toMatchObject({
      host: "127.0.0.1",
      port: 8080,
      adminHost: "127.0.0.1",
      adminPort: 9464,
      adminToken: null,
      publicUrl: null,
      apiKey: null,
      twilioApiBaseUrl: null,
      twilioRequestsPerSecond: 5,
      databaseUrl: null,
      redisUrl: null,
      dataDir: "./data",
      maxBodyBytes: 1024 * 1024,
      requestTimeoutMs: 10_000,
      shutdownTimeoutMs: 20_000,
      drainDelayMs: 0,
      maxConnections: 10_000,
      quietPeriodMs: 30 * minute,
      retentionMs: 30 * day,
      samplesPerHour: 12,
      logLevel: "info",
      tracing: null,
      userRules: [],
    });
  });

  it("take an empty variable for an absent one", () => {
    expect(configOf({ env: { PORT: "", DATABASE_URL: "  ", LOG_LEVEL: "" } })).toMatchObject({
      port: 8080,
      databaseUrl: null,
      logLevel: "info",
    });
  });

  it("listen for others once there is a token", () => {
    expect(configOf({ env: { TWILIO_ACCOUNT_SID: sidA, TWILIO_AUTH_TOKEN: "t" } }).host).toBe("0.0.0.0");
  });
});

describe("a right value", () => {
  const cases: [name: string, value: string, field: string, expected: unknown][] = [
    ["PORT", "0", "port", 0],
    ["PORT", " 65535 ", "port", 65_535],
    ["ADMIN_PORT", "1", "adminPort", 1],
    ["HOST", "10.0.0.1", "host", "10.0.0.1"],
    ["PUBLIC_URL", "https://example.com/hooks/", "publicUrl", "https://example.com/hooks"],
    ["PUBLIC_URL", "http://localhost:8080", "publicUrl", "http://localhost:8080"],
    ["PUBLIC_URL", "https://example.com/twilio", "publicUrl", "https://example.com/twilio"],
    ["TWILIO_API_BASE_URL", "http://127.0.0.1:4010/", "twilioApiBaseUrl", "http://127.0.0.1:4010"],
    ["TWILIO_REQUESTS_PER_SECOND", "100", "twilioRequestsPerSecond", 100],
    ["DATA_DIR", "/var/lib/faultline", "dataDir", "/var/lib/faultline"],
    ["BODY_LIMIT", "16384", "maxBodyBytes", 16_384],
    ["BODY_LIMIT", "512KiB", "maxBodyBytes", 512 * 1024],
    ["BODY_LIMIT", "2 mib", "maxBodyBytes", 2 * 1024 * 1024],
    ["BODY_LIMIT", "20000B", "maxBodyBytes", 20_000],
    ["REQUEST_TIMEOUT", "1s", "requestTimeoutMs", 1000],
    ["REQUEST_TIMEOUT", "10m", "requestTimeoutMs", 10 * minute],
    ["SHUTDOWN_TIMEOUT", "90S", "shutdownTimeoutMs", 90_000],
    ["DRAIN_DELAY", "5s", "drainDelayMs", 5_000],
    ["MAX_CONNECTIONS", "1", "maxConnections", 1],
    ["INCIDENT_QUIET_PERIOD", "31d", "quietPeriodMs", 31 * day],
    ["INCIDENT_QUIET_PERIOD", "2H", "quietPeriodMs", 120 * minute],
    ["RETENTION_DAYS", "3650", "retentionMs", 3650 * day],
    ["DIAGNOSES_PER_HOUR", "1", "samplesPerHour", 1],
    ["LOG_LEVEL", "WARN", "logLevel", "warn"],
    ["LOG_LEVEL", "Silent", "logLevel", "silent"],
  ];
  it.each(cases)("%s=%s", (name, value, field, expected) => {
    expect(configOf({ env: { [name]: value } })).toHaveProperty(field, expected);
  });
});

describe("a wrong value", () => {
  const cases: [name: string, value: string, expected: RegExp, got: string][] = [
    ["PORT", "65536", /^a whole number from 0 to 65535$/, '"65536"'],
    ["PORT", "-1", /^a whole number/, '"-1"'],
    ["PORT", "8080.5", /^a whole number/, '"8080.5"'],
    ["PORT", "0x1f90", /^a whole number/, '"0x1f90"'],
    ["ADMIN_PORT", "http", /^a whole number from 0 to 65535$/, '"http"'],
    ["TWILIO_REQUESTS_PER_SECOND", "0", /^a whole number from 1 to 100$/, '"0"'],
    ["MAX_CONNECTIONS", "0", /^a whole number from 1 to 1000000$/, '"0"'],
    ["RETENTION_DAYS", "30d", /^a whole number from 1 to 3650$/, '"30d"'],
    ["RETENTION_DAYS", "0", /^a whole number/, '"0"'],
    ["DIAGNOSES_PER_HOUR", "1001", /^a whole number from 1 to 1000$/, '"1001"'],
    ["BODY_LIMIT", "1MB", /^a size from 16384 to 67108864 bytes$/, '"1MB"'],
    ["BODY_LIMIT", "1KiB", /^a size/, '"1KiB"'],
    ["BODY_LIMIT", "65MiB", /^a size/, '"65MiB"'],
    ["REQUEST_TIMEOUT", "10", /^a period from 1s to 10m$/, '"10"'],
    ["REQUEST_TIMEOUT", "0s", /^a period/, '"0s"'],
    ["REQUEST_TIMEOUT", "11m", /^a period/, '"11m"'],
    ["SHUTDOWN_TIMEOUT", "30d", /^a period from 1s to 10m$/, '"30d"'],
    ["INCIDENT_QUIET_PERIOD", "32d", /^a period from 1s to 31d$/, '"32d"'],
    ["INCIDENT_QUIET_PERIOD", "1.5h", /^a period/, '"1.5h"'],
    ["LOG_LEVEL", "verbose", /^one of debug, info, warn, error, silent$/, '"verbose"'],
    ["PUBLIC_URL", "example.com", /^a URL starting with https:\/\/ or http:\/\//, "something that is no URL"],
    ["PUBLIC_URL", "ftp://example.com", /^a URL starting with https/, "a URL of another kind"],
    ["PUBLIC_URL", "https://example.com/?a=1", /without query/, "a URL with a query or fragment"],
    ["PUBLIC_URL", "https://example.com/?", /without query/, "a URL with a query or fragment"],
    ["PUBLIC_URL", "https://example.com/#", /without query/, "a URL with a query or fragment"],
    [
      "PUBLIC_URL",
      "https://example.com/twilio/events/",
      /without Faultline's own path/,
      "a URL ending in /twilio/events",
    ],
    ["TWILIO_API_BASE_URL", "127.0.0.1:4010", /^a URL starting with/, "something that is no URL"],
    [
      "DATABASE_URL",
      "mysql://db/x",
      /^a URL starting with postgres:\/\/ or postgresql:\/\//,
      "another value of 12 characters",
    ],
    ["DATABASE_URL", "db", /^a URL starting with postgres/, "another value of 2 characters"],
    ["REDIS_URL", "http://redis", /^a URL starting with redis:\/\/ or rediss:\/\/$/, "another value of 12 characters"],
  ];
  it.each(cases)("%s=%s is said with expected, got and fix", (name, value, expected, got) => {
    const mistakes = mistakesOf({ env: { [name]: value } });
    expect(mistakes).toEqual([
      { where: name, expected: expect.stringMatching(expected), got, fix: expect.stringMatching(/./) },
    ]);
  });

  it("does not hide the others: all are listed, one a line", () => {
    const env = { PORT: "a", ADMIN_PORT: "b", LOG_LEVEL: "c", REDIS_URL: "d", DATABASE_URL: "e", BODY_LIMIT: "f" };
    const mistakes = mistakesOf({ env, files: { "faultline.yaml": "rulez: []\n" } });
    expect(mistakes.map(({ where }) => where).sort()).toEqual([...Object.keys(env), "faultline.yaml:1 rulez"].sort());
    const lines = mistakesText(mistakes).split("\n");
    expect(lines[0]).toBe("The configuration has 7 mistakes:");
    expect(lines).toHaveLength(8);
    for (const line of lines.slice(1)) expect(line).toMatch(/^ {2}\S.*: expected .+, got .+\. Fix: .+\.$/);
  });
});

describe("secrets", () => {
  const urls = { DATABASE_URL: "postgres://u:hunter2@db/x", REDIS_URL: "redis://:hunter2@r" } as const;
  const secrets: [name: string, field: string, value: string, more: Record<string, string>][] = [
    ["ADMIN_TOKEN", "adminToken", "hunter2", {}],
    ["FAULTLINE_SECRET", "sealingSecret", "hunter2", {}],
    ["DATABASE_URL", "databaseUrl", urls.DATABASE_URL, {}],
    ["REDIS_URL", "redisUrl", urls.REDIS_URL, {}],
    [
      "TWILIO_API_SECRET",
      "apiKey.secret",
      "hunter2",
      { TWILIO_API_KEY: `SK${"1".repeat(32)}`, TWILIO_ACCOUNT_SID: sidA },
    ],
  ];

  it.each(secrets)("%s may come directly, and prints nothing", (name, field, value, more) => {
    const config = configOf({ env: { ...more, [name]: value } });
    expect(config).toHaveProperty(field);
    expect(field.split(".").reduce<unknown>((at, key) => Reflect.get(Object(at), key), config)).toHaveProperty(
      "reveal",
    );
    expect(JSON.stringify(config)).not.toContain("hunter2");
  });

  it.each(secrets)("%s may come from the file %s_FILE names, space around it left out", (name, field, value, more) => {
    const env = { ...more, [`${name}_FILE`]: "/run/secrets/it" };
    const config = configOf({ env, files: { "/run/secrets/it": `${value}\n` } });
    const secret = field.split(".").reduce<unknown>((at, key) => Reflect.get(Object(at), key), config);
    expect(secret).toMatchObject({ reveal: expect.any(Function) });
    expect((secret as { reveal(): string }).reveal()).toBe(value);
  });

  it.each(secrets)("%s given both ways is a mistake", (name, _field, value, more) => {
    const env = { ...more, [name]: value, [`${name}_FILE`]: "/f" };
    const mistakes = mistakesOf({ env, files: { "/f": value } });
    expect(mistakes).toEqual([
      { where: name, expected: `either ${name} or ${name}_FILE`, got: "both", fix: "remove one of the two" },
    ]);
  });

  it.each(secrets)("%s_FILE that is not there, or empty, is a mistake", (name, _field, _value, more) => {
    const env = { ...more, [`${name}_FILE`]: "/f" };
    // A missing secret may bring a second complaint about its partner.
    expect(mistakesOf({ env })[0]).toMatchObject({ where: `${name}_FILE`, got: "ENOENT for /f" });
    expect(mistakesOf({ env, files: { "/f": " \n" } })[0]).toMatchObject({
      where: `${name}_FILE`,
      got: "an empty file",
    });
  });

  it("are in no mistake, wherever they were pasted", () => {
    const secret = "5ec7e75ec7e75ec7e75ec7e75ec7e75e";
    const settings = [
      "TWILIO_ACCOUNT_SID",
      "TWILIO_API_KEY",
      "PUBLIC_URL",
      "TWILIO_API_BASE_URL",
      "DATABASE_URL",
      "REDIS_URL",
    ];
    for (const setting of settings) {
      for (const value of [secret, `ftp://user:${secret}@host/`, `${secret}:x`]) {
        const env = { TWILIO_API_SECRET: secret, TWILIO_AUTH_TOKEN: secret, ADMIN_TOKEN: secret, [setting]: value };
        const mistakes = mistakesOf({ env });
        expect(mistakes.length, setting).toBeGreaterThan(0);
        expect(mistakesText(mistakes), setting).not.toContain(secret);
      }
    }
  });
});

describe("the API key", () => {
  const key = `SK${"1".repeat(32)}`;

  it("belongs to the account of the environment", () => {
    const { apiKey } = configOf({ env: { TWILIO_ACCOUNT_SID: sidA, TWILIO_API_KEY: key, TWILIO_API_SECRET: "s" } });
    expect(apiKey).toMatchObject({ account: sidA, key });
    expect(apiKey?.secret.reveal()).toBe("s");
  });

  it.each([
    [{ TWILIO_ACCOUNT_SID: sidA, TWILIO_API_KEY: key }, "TWILIO_API_SECRET"],
    [{ TWILIO_ACCOUNT_SID: sidA, TWILIO_API_SECRET: "s" }, "TWILIO_API_KEY"],
    [{ TWILIO_ACCOUNT_SID: sidA, TWILIO_API_KEY: "SK1", TWILIO_API_SECRET: "s" }, "TWILIO_API_KEY"],
    [{ TWILIO_API_KEY: key, TWILIO_API_SECRET: "s" }, "TWILIO_ACCOUNT_SID"],
  ])("%o is a mistake of %s", (env, where) => {
    expect(mistakesOf({ env }).map((mistake) => mistake.where)).toEqual([where]);
  });
});

describe("the private port", () => {
  it.each(["0.0.0.0", "::", "10.0.0.1", "faultline.internal"])("on %s asks for a token", (host) => {
    expect(mistakesOf({ env: { ADMIN_HOST: host } })).toEqual([
      {
        where: "ADMIN_TOKEN",
        expected: "a token when the private port can be reached from outside",
        got: `ADMIN_HOST=${host} without ADMIN_TOKEN`,
        fix: "set ADMIN_TOKEN, or ADMIN_HOST=127.0.0.1",
      },
    ]);
    expect(configOf({ env: { ADMIN_HOST: host, ADMIN_TOKEN: "t" } }).adminHost).toBe(host);
  });

  it.each(["127.0.0.1", "127.0.0.53", "::1", "localhost"])("on %s needs none", (host) => {
    expect(configOf({ env: { ADMIN_HOST: host } }).adminToken).toBeNull();
  });
});

describe("unsigned deliveries", () => {
  const token = { TWILIO_ACCOUNT_SID: sidA, TWILIO_AUTH_TOKEN: "t" };
  const cases: [taken: boolean, why: string, env: Record<string, string>][] = [
    [true, "no token, nothing set", {}],
    [true, "no token, loopback host", { HOST: "127.0.0.1" }],
    [true, "no token, loopback host and loopback public URL", { HOST: "::1", PUBLIC_URL: "http://[::1]:8080" }],
    [true, "an account without a token", { TWILIO_ACCOUNT_SID: sidA }],
    [false, "no token, every interface", { HOST: "0.0.0.0" }],
    [false, "no token, a public URL (a tunnel leads here)", { PUBLIC_URL: "https://example.com" }],
    [false, "no token, a host that only begins like loopback", { HOST: "127.0.0.1.example.com" }],
    [false, "a token", token],
    [false, "a token, loopback", { ...token, HOST: "127.0.0.1" }],
    [false, "a token, every interface", { ...token, HOST: "0.0.0.0" }],
    [false, "a token, loopback, public URL", { ...token, HOST: "127.0.0.1", PUBLIC_URL: "https://example.com" }],
  ];
  it.each(cases)("are taken: %s, with %s", (taken, _why, env) => {
    expect(configOf({ env }).allowUnsigned).toBe(taken);
  });

  it("are refused once any account of the file has a token", () => {
    const files = { "faultline.yaml": `accounts:\n  - sid: ${sidA}\n    tokens: ["t"]\n` };
    expect(configOf({ env: { HOST: "127.0.0.1" }, files }).allowUnsigned).toBe(false);
  });
});

it("is frozen, so that nothing changes a setting while running", () => {
  const env = { TWILIO_ACCOUNT_SID: sidA, TWILIO_AUTH_TOKEN: "t" };
  const config = configOf({ env });
  expect(() => Object.assign(config, { allowUnsigned: true })).toThrow(TypeError);
  expect(() => Object.assign(config.accounts.get(sidA) ?? {}, { name: "x" })).toThrow(TypeError);
  expect(() => (config.userRules as unknown[]).push({})).toThrow(TypeError);
});

it("says that a named file cannot be read, and does not ask for one that was not named", () => {
  expect(mistakesOf({ env: { FAULTLINE_CONFIG: "/etc/f.yaml" } })).toMatchObject([
    { where: "FAULTLINE_CONFIG", got: "ENOENT for /etc/f.yaml" },
  ]);
  expect(load({ env: {} }).ok).toBe(true);
});

describe("a role of its own", () => {
  it.each(["ingest", "worker"] as const)("%s asks for the secret all processes share", (role) => {
    const [mistake, ...others] = mistakesOfRole(configOf({}), role);
    expect(mistake).toMatchObject({ where: "FAULTLINE_SECRET", got: "nothing" });
    expect(mistake?.expected).toContain(`--role ${role}`);
    expect(mistake?.fix).toContain("FAULTLINE_SECRET_FILE");
    expect(others).toEqual([]);
    expect(mistakesOfRole(configOf({ env: { FAULTLINE_SECRET: "hunter2" } }), role)).toEqual([]);
  });

  it("is not what `all` is: its key file is enough", () => {
    expect(mistakesOfRole(configOf({}), "all")).toEqual([]);
  });
});
