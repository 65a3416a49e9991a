import { connect } from "node:net";
import { describe, expect, it } from "vitest";
import { Secret } from "../../src/core/secret.ts";
import { foreignHost } from "../../src/operate/same-origin.ts";
import { serve } from "./fakes.ts";

/*
 * DNS rebinding: a page of evil.example has its own name point at 127.0.0.1 and reads what it finds there. To the browser that
 * is the same origin, so it sends no Origin; only Host tells.
 */

const open = ["/livez", "/readyz"];
const guarded = ["/metrics", "/api/v1/incidents", "/api/v1/events", "/api/v1/openapi.json", "/nowhere"];

/** Status of a GET with exactly this Host; fetch() would set its own. */
async function statusOf(port: number, path: string, headers: readonly string[]): Promise<number> {
  const answer = Promise.withResolvers<string>();
  const socket = connect(port, "127.0.0.1", () => {
    socket.write(`GET ${path} HTTP/1.1\r\n${headers.map((line) => `${line}\r\n`).join("")}Connection: close\r\n\r\n`);
  });
  socket.once("data", (data) => answer.resolve(data.toString("latin1")));
  socket.once("error", answer.reject);
  const text = await answer.promise;
  socket.destroy();
  return Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1]);
}

describe("a page whose own name was made to point here", () => {
  it("reads nothing while there is no token", async () => {
    await using server = await serve();
    for (const path of guarded)
      expect([path, await statusOf(server.port, path, ["Host: evil.example:9464"])]).toEqual([path, 403]);
    for (const path of open)
      expect([path, await statusOf(server.port, path, ["Host: evil.example:9464"])]).toEqual([path, 200]);
  });

  it("is asked for the token where there is one", async () => {
    const token = "a-long-admin-token";
    await using server = await serve({ adminToken: new Secret(token) });
    expect(await statusOf(server.port, "/metrics", ["Host: evil.example:9464"])).toBe(401);
    const known = ["Host: faultline.internal:9464", `Authorization: Bearer ${token}`];
    expect(await statusOf(server.port, "/metrics", known)).toBe(200);
  });
});

describe("a Host", () => {
  it.each([
    "localhost",
    "localhost:9464",
    "LOCALHOST:9464",
    "faultline.localhost:9464",
    "127.0.0.1:9464",
    "127.1.2.3",
    "[::1]:9464",
    "192.0.2.7:9464",
    undefined,
  ])("%s is taken", (host) => {
    expect(foreignHost(host, false)).toBeNull();
  });

  it.each([
    "evil.example",
    "evil.example:9464",
    "localhost.evil.example",
    "evillocalhost",
    "127.0.0.1.evil.example",
    "localhost:9464@evil.example",
    "evil.example#localhost",
    "",
    "[::1",
  ])("%j is refused, and told what to do", (host) => {
    const refused = foreignHost(host, false);
    expect(refused?.status).toBe(403);
    expect(refused?.body.error.fix).toContain("ADMIN_TOKEN");
    expect(foreignHost(host, true)).toBeNull();
  });
});
