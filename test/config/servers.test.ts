import { describe, expect, it } from "vitest";
import { configOf, mistakesOf } from "./read.ts";

const pem = "-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----\n";
const files = { "/ca.pem": pem, "/none.pem": "nothing of the kind" };

describe("Redis", () => {
  it("is nowhere unless it is named", () => {
    expect(configOf({})).toMatchObject({ redisUrl: null, redis: { ca: null, sentinel: null, clusterNodes: null } });
  });

  it("takes certificate authorities, with TLS", () => {
    const { redis } = configOf({ env: { REDIS_URL: "rediss://u:p@redis:6380/2", REDIS_CA_FILE: "/ca.pem" }, files });
    expect(redis.ca).toBe(pem);
  });

  it("is found through Sentinels, with their password and the name of the master", () => {
    const { redis } = configOf({
      env: {
        REDIS_URL: "rediss://:p@redis/1",
        REDIS_SENTINELS: "s-0:26380, s-1 ,[::1]:26381",
        REDIS_SENTINEL_MASTER: "errors",
        REDIS_SENTINEL_PASSWORD_FILE: "/password",
      },
      files: { "/password": "hunter2\n" },
    });
    expect(redis.sentinel).toMatchObject({
      nodes: [
        { host: "s-0", port: 26_380 },
        { host: "s-1", port: 26_379 },
        { host: "::1", port: 26_381 },
      ],
      master: "errors",
    });
    expect(redis.sentinel?.password?.reveal()).toBe("hunter2");
    expect(JSON.stringify(redis)).not.toContain("hunter2");
  });

  it("is a Cluster by some of its nodes, and needs no URL without a password", () => {
    const { redis, redisUrl } = configOf({ env: { REDIS_CLUSTER_NODES: "10.0.0.1:7000,redis.example.com" } });
    expect(redisUrl?.reveal()).toMatch(/^redis:/);
    expect(redis).toEqual({
      ca: null,
      sentinel: null,
      clusterNodes: [
        { host: "10.0.0.1", port: 7000 },
        { host: "redis.example.com", port: 6379 },
      ],
    });
    expect(configOf({ env: { REDIS_SENTINELS: "s" } }).redis.sentinel).toMatchObject({
      master: "mymaster",
      password: null,
    });
  });

  const wrong: [env: Record<string, string>, where: string, expected: RegExp][] = [
    [{ REDIS_SENTINELS: "a", REDIS_CLUSTER_NODES: "b" }, "REDIS_CLUSTER_NODES", /^either REDIS_SENTINELS or/],
    [{ REDIS_SENTINELS: "a:0" }, "REDIS_SENTINELS", /^host:port, separated by commas$/],
    [{ REDIS_SENTINELS: "a:65536" }, "REDIS_SENTINELS", /^host:port/],
    [{ REDIS_SENTINELS: "a,,b" }, "REDIS_SENTINELS", /^host:port/],
    [{ REDIS_CLUSTER_NODES: "redis://:hunter2@a:1" }, "REDIS_CLUSTER_NODES", /^host:port/],
    [{ REDIS_URL: "redis://r/3", REDIS_CLUSTER_NODES: "a" }, "REDIS_URL", /^no database number/],
    [{ REDIS_URL: "redis://r", REDIS_CA_FILE: "/ca.pem" }, "REDIS_CA_FILE", /^a REDIS_URL with TLS/],
    [{ REDIS_URL: "rediss://r", REDIS_CA_FILE: "/none.pem" }, "REDIS_CA_FILE", /^certificates in PEM/],
    [{ REDIS_URL: "rediss://r", REDIS_CA_FILE: "/missing" }, "REDIS_CA_FILE", /^a file that can be read$/],
  ];
  it.each(wrong)("%o is a mistake", (env, where, expected) => {
    const mistakes = mistakesOf({ env, files });
    expect(mistakes).toEqual([expect.objectContaining({ where, expected: expect.stringMatching(expected) })]);
    expect(JSON.stringify(mistakes)).not.toContain("hunter2");
  });
});

describe("PostgreSQL", () => {
  const url = (env: Record<string, string>) => configOf({ env, files }).databaseUrl?.reveal();

  it("is checked in full once there are certificate authorities", () => {
    for (const mode of ["", "?sslmode=require", "?sslmode=verify-ca", "?sslmode=verify-full"]) {
      expect(url({ DATABASE_URL: `postgres://u:p@db/x${mode}`, DATABASE_CA_FILE: "/ca.pem" })).toBe(
        "postgres://u:p@db/x?sslmode=verify-full&sslrootcert=%2Fca.pem",
      );
    }
  });

  it("is left as it was said without them", () => {
    const said = "postgres://db/x?sslmode=verify-full&sslrootcert=/ca.pem";
    expect(url({ DATABASE_URL: said })).toBe(said);
  });

  const wrong: [env: Record<string, string>, where: string, got: string][] = [
    [
      { DATABASE_URL: "postgres://db/x?sslmode=disable", DATABASE_CA_FILE: "/ca.pem" },
      "DATABASE_CA_FILE",
      "sslmode=disable",
    ],
    [{ DATABASE_URL: "postgres://db/x?sslrootcert=/ca.pem", DATABASE_CA_FILE: "/ca.pem" }, "DATABASE_CA_FILE", "both"],
    [{ DATABASE_URL: "postgres://db/x", DATABASE_CA_FILE: "/none.pem" }, "DATABASE_CA_FILE", "another text"],
    [{ DATABASE_URL: "postgres://db/x?sslrootcert=/missing" }, "DATABASE_URL sslrootcert", "ENOENT for /missing"],
  ];
  it.each(wrong)("%o is a mistake", (env, where, got) => {
    expect(mistakesOf({ env, files })).toEqual([expect.objectContaining({ where, got })]);
  });
});
