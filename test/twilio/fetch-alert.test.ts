import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import type { TwilioFailure } from "../../src/pipeline/ports.ts";
import { freePort } from "../support/redis.ts";
import { account, alertSid, createReader, json, owner, startDouble, subaccount, token } from "./double.ts";

const alert = {
  sid: alertSid,
  account_sid: account,
  alert_text: "Msg&ErrorCode=11200&httpResponse=502",
  request_method: "POST",
  request_url: "https://app.example.com/voice",
  request_variables: "CallSid=CA1",
  response_body: "",
  response_headers: null,
};

describe("fetchAlert", () => {
  test("reads the Alert with the account's credentials, through the base URL", async () => {
    const double = await startDouble((_request, response) => json(response, 200, alert));
    const { reader, outcomes } = createReader(double.baseUrl);
    expect(await reader.fetchAlert(owner, alertSid)).toEqual({
      ok: true,
      value: {
        alertText: "Msg&ErrorCode=11200&httpResponse=502",
        requestMethod: "POST",
        requestUrl: "https://app.example.com/voice",
        requestVariables: "CallSid=CA1",
        responseBody: null,
        responseHeaders: null,
      },
    });
    expect(double.seen).toMatchObject([
      { method: "GET", url: `/monitor.twilio.com/v1/Alerts/${alertSid}`, credentials: `${account}:${token}` },
    ]);
    expect(outcomes).toEqual(["monitor.alerts.fetch ok"]);
  });

  test("an event without an Alert's sid is no question for Twilio", async () => {
    const double = await startDouble((_request, response) => json(response, 200, alert));
    const { reader, outcomes } = createReader(double.baseUrl);
    for (const sid of ["", `hash:${"0".repeat(64)}`, account, `${alertSid}/../../x`, `${alertSid}\n`]) {
      expect(await reader.fetchAlert(owner, sid)).toEqual({ ok: false, reason: "not_an_alert", retry: false });
    }
    expect(double.seen).toEqual([]);
    expect(outcomes).toEqual([]);
  });

  test.each<[number, TwilioFailure]>([
    [400, { ok: false, reason: "client_error", retry: false }],
    [401, { ok: false, reason: "unauthorized", retry: false }],
    [403, { ok: false, reason: "unauthorized", retry: false }],
    [404, { ok: false, reason: "not_found", retry: false }],
    [408, { ok: false, reason: "timeout", retry: true }],
    [418, { ok: false, reason: "client_error", retry: false }],
    [500, { ok: false, reason: "server_error", retry: true }],
    [503, { ok: false, reason: "server_error", retry: true, retryAfterMs: 7_000 }],
  ])("status %i, once asked", async (status, expected) => {
    const double = await startDouble((_request, response) =>
      json(response, status, { code: 20404, message: "words", status }, status === 503 ? { "retry-after": "7" } : {}),
    );
    const { reader, outcomes } = createReader(double.baseUrl);
    expect(await reader.fetchAlert(owner, alertSid)).toEqual(expected);
    expect(double.seen).toHaveLength(1);
    expect(outcomes).toEqual([`monitor.alerts.fetch ${expected.reason}`]);
  });

  test("429 is tried a second time, after a random part of a second", async () => {
    const double = await startDouble((_request, response, nth) =>
      nth === 1 ? json(response, 429, { code: 20429 }) : json(response, 200, alert),
    );
    const { reader, outcomes } = createReader(double.baseUrl, { random: () => 0.2 });
    expect(await reader.fetchAlert(owner, alertSid)).toMatchObject({ ok: true });
    expect(outcomes).toEqual(["monitor.alerts.fetch rate_limited", "monitor.alerts.fetch ok"]);
    expect((double.seen[1]?.atMs ?? 0) - (double.seen[0]?.atMs ?? 0)).toBeGreaterThan(195);
  });

  test("429 again is handed on for the queue to retry", async () => {
    const double = await startDouble((_request, response) => json(response, 429, { code: 20429 }));
    const { reader } = createReader(double.baseUrl);
    expect(await reader.fetchAlert(owner, alertSid)).toEqual({ ok: false, reason: "rate_limited", retry: true });
    expect(double.seen).toHaveLength(2);
  });

  test("a short Retry-After is waited for, a long one handed on at once", async () => {
    const short = await startDouble((_request, response, nth) =>
      nth === 1 ? json(response, 429, {}, { "retry-after": "1" }) : json(response, 200, alert),
    );
    expect(await createReader(short.baseUrl).reader.fetchAlert(owner, alertSid)).toMatchObject({ ok: true });
    expect((short.seen[1]?.atMs ?? 0) - (short.seen[0]?.atMs ?? 0)).toBeGreaterThan(990);

    const long = await startDouble((_request, response) => json(response, 429, {}, { "retry-after": "90" }));
    expect(await createReader(long.baseUrl).reader.fetchAlert(owner, alertSid)).toEqual({
      ok: false,
      reason: "rate_limited",
      retry: true,
      retryAfterMs: 90_000,
    });
    expect(long.seen).toHaveLength(1);
  });

  test.each([
    ["a date", "Sat, 01 Jan 2050 00:01:00 GMT", 60_000],
    ["a date long past", "Sat, 01 Jan 2000 00:00:00 GMT", 0],
    ["a year", "31536000", 3_600_000],
    ["no time at all", "soon", undefined],
  ])("Retry-After may be %s", async (_name, header, expected) => {
    const double = await startDouble((_request, response) => json(response, 503, {}, { "retry-after": header }));
    const clock = { now: () => new Date("2050-01-01T00:00:00Z") };
    const answer = await createReader(double.baseUrl, { clock }).reader.fetchAlert(owner, alertSid);
    expect(answer).toEqual({
      ok: false,
      reason: "server_error",
      retry: true,
      ...(expected === undefined ? {} : { retryAfterMs: expected }),
    });
  });

  test.each([
    ["hangs before the status", () => undefined],
    [
      "hangs in the body",
      (response: import("node:http").ServerResponse) => {
        response.writeHead(200, { "content-type": "application/json" });
        response.write('{"sid":');
      },
    ],
    [
      "drips",
      (response: import("node:http").ServerResponse) => {
        response.writeHead(200, { "content-type": "application/json" });
        const timer = setInterval(() => response.write(" "), 20);
        response.on("close", () => clearInterval(timer));
      },
    ],
  ])("a server that %s is a timeout", async (_name, misbehave) => {
    const double = await startDouble((_request, response) => misbehave(response));
    const { reader } = createReader(double.baseUrl, { timeoutMs: 200 });
    const asked = performance.now();
    expect(await reader.fetchAlert(owner, alertSid)).toEqual({ ok: false, reason: "timeout", retry: true });
    expect(performance.now() - asked).toBeLessThan(1_500);
  });

  test("a slow answer within the time is an answer", async () => {
    const double = await startDouble((_request, response) => void setTimeout(() => json(response, 200, alert), 150));
    const { reader } = createReader(double.baseUrl, { timeoutMs: 5_000 });
    expect(await reader.fetchAlert(owner, alertSid)).toMatchObject({ ok: true });
  });

  test("a connection that is refused, or cut before or in the body, is the network", async () => {
    const network = { ok: false, reason: "network", retry: true };
    const nobody = createReader(`http://127.0.0.1:${await freePort()}`);
    expect(await nobody.reader.fetchAlert(owner, alertSid)).toEqual(network);
    const early = await startDouble((request) => request.socket.destroy());
    expect(await createReader(early.baseUrl).reader.fetchAlert(owner, alertSid)).toEqual(network);
    const late = await startDouble((_request, response) => {
      response.writeHead(200, { "content-length": "1000" });
      response.write('{"sid":');
      setImmediate(() => response.destroy());
    });
    expect(await createReader(late.baseUrl).reader.fetchAlert(owner, alertSid)).toEqual(network);
  });

  test.each([
    ["not JSON", "<html>"],
    ["cut off", '{"sid":"NO'],
    ["null", "null"],
    ["a list", "[]"],
    ["a number", "7"],
    ["empty", ""],
    ["nested a hundred thousand deep", "[".repeat(100_000)],
    ["an object without a sid", "{}"],
    ["an inherited sid", '{"__proto__":{"sid":"NO1"}}'],
  ])("a body that is %s is the server's error", async (_name, body) => {
    const double = await startDouble((_request, response) => void response.writeHead(200).end(body));
    const { reader } = createReader(double.baseUrl);
    expect(await reader.fetchAlert(owner, alertSid)).toEqual({ ok: false, reason: "server_error", retry: true });
  });

  test("fields of another type are absent", async () => {
    const double = await startDouble((_request, response) =>
      json(response, 200, { sid: alertSid, alert_text: { a: 1 }, request_url: 7, response_body: ["x"] }),
    );
    expect(await createReader(double.baseUrl).reader.fetchAlert(owner, alertSid)).toEqual({
      ok: true,
      value: {
        alertText: null,
        requestMethod: null,
        requestUrl: null,
        requestVariables: null,
        responseBody: null,
        responseHeaders: null,
      },
    });
  });

  test("a body over 1 MiB is not read on, sent plain or compressed", async () => {
    let written = 0;
    const endless = await startDouble((_request, response) => {
      response.writeHead(200, { "content-type": "application/json" });
      const chunk = Buffer.alloc(64 * 1024, " ");
      const pour = () => {
        while (!response.destroyed && response.write(chunk)) written += chunk.length;
        written += chunk.length;
      };
      response.on("drain", pour);
      pour();
    });
    const tooLarge = { ok: false, reason: "server_error", retry: false };
    expect(await createReader(endless.baseUrl).reader.fetchAlert(owner, alertSid)).toEqual(tooLarge);
    expect(written).toBeLessThan(32 * 1024 * 1024);

    const bomb = gzipSync(Buffer.alloc(200 * 1024 * 1024, " "));
    const packed = await startDouble((_request, response) => {
      response.writeHead(200, { "content-encoding": "gzip", "content-length": bomb.length }).end(bomb);
    });
    expect(await createReader(packed.baseUrl).reader.fetchAlert(owner, alertSid)).toEqual(tooLarge);
  });

  test.each([301, 302, 303, 307, 308])("a redirect (%i) is not followed", async (status) => {
    const elsewhere = await startDouble((_request, response) => json(response, 200, alert));
    const double = await startDouble((_request, response) => {
      response.writeHead(status, { location: `${elsewhere.baseUrl}/` }).end();
    });
    const { reader } = createReader(double.baseUrl);
    expect(await reader.fetchAlert(owner, alertSid)).toEqual({ ok: false, reason: "client_error", retry: false });
    expect(elsewhere.seen).toEqual([]);
  });
});

describe("credentials", () => {
  test("without any for the account nothing is asked", async () => {
    const double = await startDouble((_request, response) => json(response, 200, alert));
    const { reader, outcomes } = createReader(double.baseUrl, { accounts: new Map() });
    const none = { ok: false, reason: "no_credentials", retry: false };
    expect(await reader.fetchAlert(owner, alertSid)).toEqual(none);
    expect(await reader.fetchAlert({ account: subaccount, parentAccount: account }, alertSid)).toEqual(none);
    expect(double.seen).toEqual([]);
    expect(outcomes).toEqual(["monitor.alerts.fetch no_credentials", "monitor.alerts.fetch no_credentials"]);
  });

  const ofSubaccount = { account: subaccount, parentAccount: account };

  test("a subaccount's own come before its parent's", async () => {
    const double = await startDouble((_request, response) => json(response, 200, alert));
    const both = new Map([
      [account, [token]],
      [subaccount, ["sub-token"]],
    ]);
    await createReader(double.baseUrl, { accounts: both }).reader.fetchAlert(ofSubaccount, alertSid);
    expect(double.seen.map(({ credentials }) => credentials)).toEqual([`${subaccount}:sub-token`]);
  });

  test("with its parent's alone, the subaccount's token is fetched, once, and used", async () => {
    const double = await startDouble((request, response) => {
      const isAccount = request.url === `/api.twilio.com/2010-04-01/Accounts/${subaccount}.json`;
      json(response, 200, isAccount ? { sid: subaccount, auth_token: "fetched-token" } : alert);
    });
    const { reader, lines } = createReader(double.baseUrl);
    expect(await reader.fetchAlert(ofSubaccount, alertSid)).toMatchObject({ ok: true });
    expect(await reader.fetchAlert(ofSubaccount, alertSid)).toMatchObject({ ok: true });
    expect(double.seen.map(({ credentials }) => credentials)).toEqual([
      `${account}:${token}`,
      `${subaccount}:fetched-token`,
      `${subaccount}:fetched-token`,
    ]);
    expect(JSON.stringify(lines)).not.toContain("fetched-token");
  });

  test("a fetched token that Twilio refuses is fetched anew", async () => {
    let current = "first-token";
    const double = await startDouble((request, response) => {
      if (request.url?.includes("/Accounts/") === true) json(response, 200, { sid: subaccount, auth_token: current });
      else if (request.headers.authorization === `Basic ${btoa(`${subaccount}:${current}`)}`)
        json(response, 200, alert);
      else json(response, 401, { code: 20003 });
    });
    const { reader } = createReader(double.baseUrl);
    expect(await reader.fetchAlert(ofSubaccount, alertSid)).toMatchObject({ ok: true });
    current = "second-token";
    expect(await reader.fetchAlert(ofSubaccount, alertSid)).toMatchObject({ reason: "unauthorized" });
    expect(await reader.fetchAlert(ofSubaccount, alertSid)).toMatchObject({ ok: true });
  });

  test("without that token, an Alert that the parent cannot see says nothing about the subaccount", async () => {
    const double = await startDouble((_request, response) => json(response, 404, { code: 20404 }));
    const { reader } = createReader(double.baseUrl);
    const refused = { ok: false, reason: "unauthorized", retry: false };
    expect(await reader.fetchAlert(ofSubaccount, alertSid)).toEqual(refused);
    expect(await reader.fetchAlert(ofSubaccount, alertSid)).toEqual(refused);
    // That the token is not to be had is not asked twice.
    expect(double.seen.filter(({ url }) => url.includes("/Accounts/"))).toHaveLength(1);
  });

  test.each([
    ["the parent's own rows", [{ account_sid: account }], "unauthorized"],
    ["no rows", [], "unauthorized"],
    ["the subaccount's rows", [{ account_sid: subaccount }], "ok"],
  ])(
    "without that token, a list of an address is taken only if it is the subaccount's: %s",
    async (_what, rows, outcome) => {
      const double = await startDouble((request, response) =>
        request.url?.includes("/Accounts/") === true
          ? json(response, 404, {})
          : json(response, 200, { conversations: rows, meta: { key: "conversations", next_page_url: null } }),
      );
      const { reader } = createReader(double.baseUrl);
      const answer = await reader.participantConversations(
        ofSubaccount,
        null,
        { address: "+15555550101" },
        { maxPages: 1 },
      );
      expect(answer.ok ? "ok" : answer.reason).toBe(outcome);
    },
  );

  test("without that token, a resource that says it is the subaccount's is taken", async () => {
    const double = await startDouble((request, response) =>
      request.url?.includes("/Accounts/") === true
        ? json(response, 403, {})
        : json(response, 200, { ...alert, account_sid: subaccount }),
    );
    expect(await createReader(double.baseUrl).reader.fetchAlert(ofSubaccount, alertSid)).toMatchObject({ ok: true });
  });

  test("a question that may make no more requests is not asked", async () => {
    const double = await startDouble((_request, response) => json(response, 429, { code: 20429 }));
    const { reader } = createReader(double.baseUrl, { random: () => 0 });
    const meter = { calls: 0, ms: 0, maxCalls: 1 };
    const limited = { ...owner, meter };
    expect(await reader.fetchAlert(limited, alertSid)).toMatchObject({ reason: "rate_limited" });
    expect([double.seen.length, meter.calls]).toEqual([1, 1]);
  });

  test("an API key comes before the tokens of its account, and serves no other account", async () => {
    const double = await startDouble((_request, response) => json(response, 200, alert));
    const apiKey = { account, key: `SK${"d".repeat(32)}`, secret: "key-secret" };
    const { reader } = createReader(double.baseUrl, { apiKey });
    await reader.fetchAlert(owner, alertSid);
    expect(await reader.fetchAlert({ account: subaccount, parentAccount: null }, alertSid)).toMatchObject({
      reason: "no_credentials",
    });
    expect(double.seen.map(({ credentials }) => credentials)).toEqual([`${apiKey.key}:key-secret`]);
  });

  test("while a token is rotated the next one is tried, and first from then on", async () => {
    const double = await startDouble((request, response) => {
      const right = Buffer.from(`${account}:new-token`).toString("base64");
      if (request.headers.authorization === `Basic ${right}`) json(response, 200, alert);
      else json(response, 401, { code: 20003 });
    });
    const { reader, lines } = createReader(double.baseUrl, {
      accounts: new Map([[account, ["old-token", "new-token"]]]),
    });
    expect(await reader.fetchAlert(owner, alertSid)).toMatchObject({ ok: true });
    expect(await reader.fetchAlert(owner, alertSid)).toMatchObject({ ok: true });
    expect(double.seen.map(({ credentials }) => credentials)).toEqual([
      `${account}:old-token`,
      `${account}:new-token`,
      `${account}:new-token`,
    ]);
    expect(lines.map(({ level, sentence }) => `${level} ${sentence}`)).toEqual([
      "warn Twilio refused the credentials of an account",
    ]);
  });

  test("none ever stands in a failure, a log line or a metric", async () => {
    const wrong: ((response: import("node:http").ServerResponse) => void)[] = [
      (response) => json(response, 401, { code: 20003, message: `${account}:${token}` }),
      (response) => json(response, 404, { code: 20404, message: token }),
      (response) => json(response, 429, { message: token }),
      (response) => json(response, 500, { message: token }),
      (response) => void response.writeHead(200).end(`<html>${token}`),
      (response) => void response.socket?.destroy(),
      () => undefined,
    ];
    const told: unknown[] = [];
    for (const misbehave of wrong) {
      const double = await startDouble((_request, response) => misbehave(response));
      const { reader, lines, outcomes } = createReader(double.baseUrl, { timeoutMs: 200 });
      told.push(await reader.fetchAlert(owner, alertSid), lines, outcomes);
    }
    const text = JSON.stringify(told);
    expect(told).toHaveLength(21);
    expect(text).not.toContain(token);
    expect(text).not.toContain(Buffer.from(`${account}:${token}`).toString("base64"));
    expect(text.toLowerCase()).not.toContain("basic ");
  });
});

describe("limits", () => {
  test("at most so many requests at once per account", async () => {
    const double = await startDouble((_request, response) => void setTimeout(() => json(response, 200, alert), 30));
    const { reader } = createReader(double.baseUrl, { concurrency: 3 });
    const answers = await Promise.all(Array.from({ length: 12 }, () => reader.fetchAlert(owner, alertSid)));
    expect(answers.every(({ ok }) => ok)).toBe(true);
    expect(double.mostAtOnce()).toBe(3);
  });

  test("at most so many a second per account, and waiting is no timeout", async () => {
    const double = await startDouble((_request, response) => json(response, 200, alert));
    const { reader } = createReader(double.baseUrl, { requestsPerSecond: 10, timeoutMs: 500 });
    const asked = performance.now();
    const answers = await Promise.all(Array.from({ length: 18 }, () => reader.fetchAlert(owner, alertSid)));
    expect(answers.every(({ ok }) => ok)).toBe(true);
    expect(performance.now() - asked).toBeGreaterThan(780);
  });
});
