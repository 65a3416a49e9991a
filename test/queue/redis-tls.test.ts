import { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import type { QueueConnection } from "../../src/queue/connection.ts";
import { createWorkQueue } from "../../src/queue/producer.ts";
import { startWorker } from "../../src/queue/worker.ts";
import { fastRetry, memoryLog, work } from "../contract/work-queue.suite.ts";
import { type Certificates, makeCertificates, opensslAvailable } from "../support/certificates.ts";
import { redisAvailable, startRedis } from "../support/redis.ts";
import { startRedisCluster, startSentinelGroup } from "../support/redis-groups.ts";

/*
 * Redis with TLS and passwords, however it is found.
 */

const clock = { now: () => new Date() };

/** Adds a job, and waits until a worker has done it. */
async function expectJobDone(connection: QueueConnection): Promise<void> {
  const done: string[] = [];
  const queue = await createWorkQueue({ connection, clock, log: memoryLog() });
  onTestFinished(() => queue.close());
  const worker = await startWorker({
    queue: "diagnose",
    concurrency: 2,
    connection,
    log: memoryLog(),
    retry: fastRetry,
    telemetry: { jobTaken: () => undefined, job: () => undefined },
    handle: async ({ id }) => {
      done.push(id);
      return { retry: false };
    },
  });
  onTestFinished(async () => {
    await worker.close(2_000);
  });
  await queue.add([work("1")]);
  await expect.poll(() => done, { timeout: 10_000 }).toEqual(["1"]);
  await expect.poll(async () => (await queue.stats())[0]?.states.completed).toBe(1);
  await queue.ping();
}

/** What the log says first of a connection that does not come about. */
async function firstWarning(connection: QueueConnection): Promise<unknown> {
  const log = memoryLog();
  const queue = await createWorkQueue({ connection, clock, log });
  onTestFinished(() => queue.close());
  await expect(queue.add([work("1")])).rejects.toMatchObject({ name: "QueueUnavailable" });
  return log.lines[0];
}

const isAvailable = redisAvailable() && opensslAvailable();

describe.skipIf(!isAvailable)("Redis with TLS (skipped unless redis-server and openssl are installed)", () => {
  let tls: Certificates;
  beforeAll(() => {
    tls = makeCertificates();
  });
  afterAll(() => tls?.remove());
  const password = "p@ss:word/of?redis";

  describe("one server", () => {
    const open = async (certificates = tls) => {
      const server = await startRedis({ tls: certificates, password });
      onTestFinished(() => server.stop());
      const url = `rediss://:${encodeURIComponent(password)}@127.0.0.1:${server.port}`;
      return { kind: "redis", url, prefix: "faultline" } as const;
    };

    test("does jobs for those who know its certificate authority", async () => {
      await expectJobDone({ ...(await open()), ca: tls.ca });
    });

    test("is not trusted by its own word", async () => {
      expect(await firstWarning(await open())).toMatchObject({
        level: "warn",
        sentence: "Queue connection lost; trying again",
        fields: { code: expect.stringMatching(/^(UNABLE_TO_VERIFY_LEAF_SIGNATURE|SELF_SIGNED_CERT_IN_CHAIN)$/) },
      });
    });

    test("is not trusted under another name", async () => {
      const other = makeCertificates("DNS:elsewhere.example.com");
      onTestFinished(() => other.remove());
      expect(await firstWarning({ ...(await open(other)), ca: other.ca })).toMatchObject({
        fields: { code: "ERR_TLS_CERT_ALTNAME_INVALID" },
      });
    });
  });

  test("a master behind Sentinels, all of them with TLS and passwords", async () => {
    const group = await startSentinelGroup(tls);
    onTestFinished(() => group.stop());
    const nodes = group.sentinels.split(",").map((node) => ({ host: "127.0.0.1", port: Number(node.split(":")[1]) }));
    const sentinel = { nodes, master: "mymaster", password: group.sentinelPassword };
    const url = `rediss://:${group.password}@redis/1`;
    await expectJobDone({ kind: "redis", url, prefix: "faultline", ca: tls.ca, sentinel });
    const looking = new Redis({
      port: await group.masterPort(),
      host: "127.0.0.1",
      password: group.password,
      tls,
      db: 1,
    });
    onTestFinished(() => looking.disconnect());
    expect(await looking.keys("faultline:diagnose:meta")).toHaveLength(1);
  });

  test("a Cluster, all of it with TLS and passwords; all our keys in one slot", async () => {
    const cluster = await startRedisCluster({ tls, password: "cluster-password" });
    onTestFinished(() => cluster.stop());
    const clusterNodes = cluster.nodes
      .split(",")
      .slice(0, 2)
      .map((node) => ({ host: "127.0.0.1", port: Number(node.split(":")[1]) }));
    const url = "rediss://:cluster-password@redis";
    await expectJobDone({ kind: "redis", url, prefix: "{faultline}", ca: tls.ca, clusterNodes });
  });
});

describe.skipIf(!redisAvailable())(
  "Redis that may throw jobs away (skipped when redis-server is not installed)",
  () => {
    const sentence = "Redis throws jobs away when its memory is full; set its maxmemory-policy to noeviction";
    const warnings = (log: ReturnType<typeof memoryLog>) => log.lines.filter((line) => line.sentence === sentence);

    test("is told by its policy, at the start and again when it has changed", async () => {
      const server = await startRedis({ args: ["--maxmemory-policy", "allkeys-lru"] });
      onTestFinished(() => server.stop());
      const log = memoryLog();
      const connection = { kind: "redis", url: server.url, prefix: "faultline" } as const;
      const queue = await createWorkQueue({ connection, clock, log });
      onTestFinished(() => queue.close());
      expect(log.lines).toEqual([
        { level: "warn", sentence, fields: { connection: "redis producer", maxmemoryPolicy: "allkeys-lru" } },
      ]);
      // The next server behind that address: another policy, another word.
      await server.stop();
      const next = await startRedis({ port: server.port, args: ["--maxmemory-policy", "volatile-ttl"] });
      onTestFinished(() => next.stop());
      await expect.poll(() => warnings(log).length, { timeout: 15_000 }).toBe(2);
      expect(warnings(log)[1]?.fields).toMatchObject({ maxmemoryPolicy: "volatile-ttl" });
    });

    test("is not told of one that refuses work instead", async () => {
      const server = await startRedis({ args: ["--maxmemory-policy", "noeviction"] });
      onTestFinished(() => server.stop());
      const log = memoryLog();
      const connection = { kind: "redis", url: server.url, prefix: "faultline" } as const;
      const queue = await createWorkQueue({ connection, clock, log });
      onTestFinished(() => queue.close());
      await queue.ping();
      expect(log.lines).toEqual([]);
    });
  },
);
