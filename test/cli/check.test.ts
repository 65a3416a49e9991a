import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { checkDeliveries } from "../../src/cli/check/check-deliveries.ts";
import { checkStorage } from "../../src/cli/check/check-storage.ts";
import { checkTwilio } from "../../src/cli/check/check-twilio.ts";
import type { CheckResult } from "../../src/cli/check/result.ts";
import { runChecks } from "../../src/cli/check/run-checks.ts";
import { configOf, type Sources } from "../config/read.ts";
import { redisAvailable, startRedis } from "../support/redis.ts";
import { type SimulatedTwilio, startSimulatedTwilio } from "../support/simulated-twilio/server.ts";

const sid = `AC${"a".repeat(32)}`;
const other = `AC${"b".repeat(32)}`;
const key = `SK${"1".repeat(32)}`;
/** Opening the embedded database takes seconds on a busy machine. */
const patience = 60_000;
/** Nothing listens there: the port is reserved. */
const nowhere = "127.0.0.1:1";

let folder: string;
let twilio: SimulatedTwilio;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "faultline-check-"));
  twilio = await startSimulatedTwilio({
    accounts: [
      { sid, tokens: ["right", "second"], apiKeys: [{ sid: key, secret: "key-secret" }] },
      { sid: other, tokens: ["other"] },
    ],
  });
});
afterAll(async () => {
  await twilio.stop();
  await rm(folder, { recursive: true, force: true });
});

function base(): Record<string, string> {
  return { DATA_DIR: join(folder, "data"), TWILIO_API_BASE_URL: twilio.baseUrl };
}

function config(env: Record<string, string>, files?: Sources["files"]) {
  return configOf({ env: { ...base(), ...env }, ...(files === undefined ? {} : { files }) });
}

function line({ what, ok, detail }: CheckResult): string {
  return `${ok ? "ok" : "FAIL"} ${what}: ${detail}`;
}

describe("everything in place", () => {
  it(
    "is said line by line, with the addresses for Twilio",
    async () => {
      const results = await runChecks(
        config({
          PUBLIC_URL: "https://hooks.example.com/prefix",
          TWILIO_ACCOUNT_SID: sid,
          TWILIO_AUTH_TOKEN: "right",
          TWILIO_API_KEY: key,
          TWILIO_API_SECRET: "key-secret",
        }),
      );
      expect(results.map(line)).toEqual([
        `ok deliveries: taken when signed by ${sid}`,
        "ok URL of the Debugger webhook: https://hooks.example.com/prefix/twilio/debugger",
        "ok URL of the Event Streams sink: https://hooks.example.com/prefix/twilio/events",
        "ok URL of Alarms: https://hooks.example.com/prefix/twilio/alarms",
        `ok database: embedded, in ${join(folder, "data")}: answers, its schema is up to date`,
        "ok queue: BullMQ on the database: answers",
        `ok auth token 1 of 1 of ${sid}: works`,
        `ok API key ${key} of ${sid}: works, and may read Alerts`,
      ]);
    },
    patience,
  );

  it(
    "leaves nothing open: the same folder can be checked again",
    async () => {
      for (let time = 0; time < 2; time += 1) {
        expect((await checkStorage(config({}))).map(({ ok }) => ok)).toEqual([true, true]);
      }
    },
    patience,
  );
});

describe("storage out of reach", () => {
  it(
    "is said with the fix; a queue in that database is not tried",
    async () => {
      const env = { DATABASE_URL: `postgres://faultline:hunter2@${nowhere}/faultline` };
      const results = await checkStorage(config(env));
      expect(results.map(({ what, ok }) => [what, ok])).toEqual([
        ["database", false],
        ["queue", false],
      ]);
      expect(results[0]?.detail).toMatch(/ECONNREFUSED.*check DATABASE_URL/);
      expect(results[1]?.detail).toBe("not tried: it lives in the database, see there");
    },
    patience,
  );

  it(
    "is told apart: Redis away, database there",
    async () => {
      const results = await checkStorage(config({ REDIS_URL: `redis://:hunter2@${nowhere}` }));
      expect(results.map(({ what, ok }) => [what, ok])).toEqual([
        ["database", true],
        ["queue", false],
      ]);
      expect(results[1]?.detail).toMatch(/ECONNREFUSED.*check REDIS_URL/);
    },
    patience,
  );

  it.skipIf(!redisAvailable())(
    "is told of a Redis that may throw jobs away (skipped when redis-server is not installed)",
    async () => {
      const redis = await startRedis({ args: ["--maxmemory-policy", "allkeys-lru"] });
      onTestFinished(() => redis.stop());
      const [, queue] = await checkStorage(config({ REDIS_URL: redis.url }));
      expect(queue).toMatchObject({
        ok: true,
        detail: expect.stringMatching(/set its .* to noeviction, it is allkeys-lru$/),
      });
    },
    patience,
  );

  it("is told of a data folder that is a file", async () => {
    const [database] = await checkStorage(config({ DATA_DIR: import.meta.filename }));
    expect(database).toMatchObject({ what: "database", ok: false, detail: expect.stringMatching(/EEXIST|ENOTDIR/) });
  });
});

describe("Twilio's API", () => {
  it("is asked with every token by itself: one that was rotated out is named", async () => {
    const results = await checkTwilio(
      config(
        { TWILIO_ACCOUNT_SID: sid, TWILIO_AUTH_TOKEN: "wrong,second" },
        {
          "faultline.yaml": `accounts:\n  - sid: ${other}\n    tokens: [other]\n`,
        },
      ),
    );
    expect(results.map(line)).toEqual([
      `FAIL auth token 1 of 2 of ${sid}: Twilio refuses it; correct it, or remove it if it has been rotated out`,
      `ok auth token 2 of 2 of ${sid}: works`,
      `ok auth token 1 of 1 of ${other}: works`,
    ]);
  });

  it("is asked with the API key for what diagnoses need", async () => {
    const env = { TWILIO_ACCOUNT_SID: sid, TWILIO_API_KEY: key, TWILIO_API_SECRET: "wrong" };
    const [result] = await checkTwilio(config(env));
    expect(result).toMatchObject({
      ok: false,
      detail: expect.stringContaining("a restricted key needs to be allowed"),
    });
  });

  it("is not asked without credentials, which is no mistake", async () => {
    const before = twilio.calls.all.length;
    expect((await checkTwilio(config({}))).map(line)).toEqual([
      "ok Twilio's API: no credentials: diagnoses will rest on the events alone",
    ]);
    expect(twilio.calls.all.length).toBe(before);
  });

  const faults: [what: string, status: number, detail: RegExp][] = [
    ["503", 503, /error of its own/],
    ["404", 404, /knows no such account/],
  ];
  it.each(faults)("that answers %s is said to do so", async (_what, status, detail) => {
    const remove = twilio.faults.add({ path: "/Accounts/", status });
    const [result] = await checkTwilio(config({ TWILIO_ACCOUNT_SID: sid, TWILIO_AUTH_TOKEN: "right" }));
    remove();
    expect(result).toMatchObject({ ok: false, detail: expect.stringMatching(detail) });
  });

  it("that cannot be reached is said to be", async () => {
    const env = { TWILIO_ACCOUNT_SID: sid, TWILIO_AUTH_TOKEN: "right", TWILIO_API_BASE_URL: `http://${nowhere}` };
    const [result] = await checkTwilio(config(env));
    expect(result).toMatchObject({ ok: false, detail: expect.stringContaining("cannot be reached") });
  });
});

describe("deliveries", () => {
  it("without any token are said to be taken unsigned, from this machine only", () => {
    const [first, ...rest] = checkDeliveries(config({ PORT: "1234" }));
    expect(first).toMatchObject({ ok: true, detail: expect.stringContaining("UNSIGNED") });
    expect(rest.map(({ detail }) => detail)).toContain("http://localhost:1234/twilio/debugger");
  });

  it("that would all be refused are a failure", () => {
    const results = checkDeliveries(config({ HOST: "0.0.0.0", PUBLIC_URL: "https://hooks.example.com" }));
    expect(results[0]).toMatchObject({ ok: false, detail: expect.stringContaining("TWILIO_AUTH_TOKEN") });
  });

  it("without a public address are a failure", () => {
    const results = checkDeliveries(config({ TWILIO_ACCOUNT_SID: sid, TWILIO_AUTH_TOKEN: "right" }));
    expect(results.map(({ what, ok }) => [what, ok])).toEqual([
      ["deliveries", true],
      ["PUBLIC_URL", false],
    ]);
  });
});

it(
  "no secret is in any line",
  async () => {
    const secret = "5ec7e75ec7e75ec7e7";
    const results = await runChecks(
      config({
        PUBLIC_URL: `https://user:${secret}@hooks.example.com`,
        DATABASE_URL: `postgres://${secret}:${secret}@${nowhere}/${secret}`,
        REDIS_URL: `redis://:${secret}@${nowhere}`,
        TWILIO_ACCOUNT_SID: sid,
        TWILIO_AUTH_TOKEN: `${secret},right`,
        TWILIO_API_KEY: key,
        TWILIO_API_SECRET: secret,
        ADMIN_TOKEN: secret,
      }),
    );
    expect(results.map(({ ok }) => ok)).toEqual([true, true, true, true, false, false, false, true, false]);
    expect(results.map(line).join("\n")).not.toContain(secret);
  },
  patience,
);
