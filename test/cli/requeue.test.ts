import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, it } from "vitest";
import { adminAddress } from "../../src/cli/admin-client.ts";
import { requeue } from "../../src/cli/requeue.ts";
import { Secret } from "../../src/core/secret.ts";
import { StoreUnavailable } from "../../src/pipeline/ports.ts";
import { configOf } from "../config/read.ts";
import { serve } from "../operate/fakes.ts";
import { clientOf } from "./admin-address.ts";

const token = "a-long-admin-token";

describe("requeue", () => {
  it.each([
    [0, "Nothing to try again: nothing was given up."],
    [1, "1 piece of work is tried again."],
    [12, "12 pieces of work are tried again."],
  ])("says that %i were taken up", async (count, text) => {
    await using server = await serve({ requeue: async () => count });
    expect(await requeue(clientOf(server.port), undefined)).toEqual({ ok: true, text });
  });

  it("passes the limit on", async () => {
    const asked: number[] = [];
    await using server = await serve({ requeue: async (limit) => asked.push(limit) });
    await requeue(clientOf(server.port), 3);
    await requeue(clientOf(server.port), undefined);
    expect(asked).toEqual([3, 10_000]);
  });

  it("carries the token", async () => {
    await using server = await serve({ adminToken: new Secret(token) });
    expect((await requeue(clientOf(server.port, token), 1)).ok).toBe(true);
  });
});

describe("what goes wrong is said with the fix", () => {
  it("when the process asks for another token, without showing it", async () => {
    await using server = await serve({ adminToken: new Secret(token) });
    for (const given of [null, "wrong-token"]) {
      const { ok, text } = await requeue(clientOf(server.port, given), 1);
      expect(ok).toBe(false);
      expect(text).toMatch(
        /^expected the ADMIN_TOKEN of this process, got .*\. Fix: give this command the ADMIN_TOKEN/,
      );
      expect(text).not.toContain("wrong-token");
    }
  });

  it("when nothing runs there", async () => {
    const { ok, text } = await requeue(clientOf(1), 1);
    expect(ok).toBe(false);
    expect(text).toMatch(/^expected a running Faultline at http:\/\/127\.0\.0\.1:1, got \S.*\. Fix: start it with/);
    expect(text).toContain("--url");
  });

  it("when the database is away", async () => {
    const away = async () => {
      throw new StoreUnavailable("database_unavailable");
    };
    await using server = await serve({ requeue: away });
    const { ok, text } = await requeue(clientOf(server.port), 1);
    expect([ok, text]).toEqual([
      false,
      "expected a database that answers, got database_unavailable. Fix: try again; GET /readyz says what is wrong.",
    ]);
  });

  it.each([
    ["a page", 200, "<html>"],
    ["JSON of another kind", 200, '{"requeued": "many"}'],
    ["a redirect", 302, ""],
    ["an error of its own", 502, '{"error": "bad gateway"}'],
  ])("when something else answers with %s", async (_name, status, body) => {
    const server = createServer((_request, response) =>
      response.writeHead(status, { location: "http://x/" }).end(body),
    );
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { ok, text } = await requeue(clientOf((server.address() as AddressInfo).port), 1);
    await new Promise((resolve) => server.close(resolve));
    expect(ok).toBe(false);
    expect(text).toContain(`got an answer of another kind (${status})`);
    expect(text).not.toContain("html");
  });

  it("when the answer would play with the terminal", async () => {
    const evil = JSON.stringify({ error: { expected: "a\u001b[2Jb", got: "c\u202ed", fix: "e\nf" } });
    const server = createServer((_request, response) => response.writeHead(400).end(evil));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { text } = await requeue(clientOf((server.address() as AddressInfo).port), 1);
    await new Promise((resolve) => server.close(resolve));
    expect(text).toBe("expected a [2Jb, got c d. Fix: e f.");
  });
});

describe("the address", () => {
  it.each([
    [{}, "http://127.0.0.1:9464"],
    [{ ADMIN_PORT: "1234" }, "http://127.0.0.1:1234"],
    [{ ADMIN_HOST: "0.0.0.0", ADMIN_TOKEN: token }, "http://127.0.0.1:9464"],
    [{ ADMIN_HOST: "::", ADMIN_TOKEN: token }, "http://[::1]:9464"],
    [{ ADMIN_HOST: "::1" }, "http://[::1]:9464"],
    [{ ADMIN_HOST: "10.0.0.5", ADMIN_TOKEN: token }, "http://10.0.0.5:9464"],
  ])("comes from %j", (env, baseUrl) => {
    expect(adminAddress(configOf({ env }), undefined)).toEqual({
      baseUrl,
      token: "ADMIN_TOKEN" in env ? token : null,
    });
  });

  it("is what --url says, the token still that of the configuration", () => {
    const config = configOf({ env: { ADMIN_PORT: "0", ADMIN_TOKEN: token } });
    expect(adminAddress(config, "https://ops.example.com/faultline/")).toEqual({
      baseUrl: "https://ops.example.com/faultline",
      token,
    });
  });

  it.each(["", "localhost:9464", "ftp://x", "http://user:hunter2@x", "http://x?y=1", "http://x#y", "nonsense"])(
    "is not taken from --url %j",
    (url) => {
      const wrong = adminAddress(configOf({}), url);
      expect(wrong).toContain("--url: expected a URL");
      expect(wrong).not.toContain("hunter2");
    },
  );

  it("has to be given when the port is any free one", () => {
    expect(adminAddress(configOf({ env: { ADMIN_PORT: "0" } }), undefined)).toContain("pass --url");
  });
});
