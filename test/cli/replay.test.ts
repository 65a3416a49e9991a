import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, it } from "vitest";
import { type ReplayTarget, replay, replayTarget } from "../../src/cli/replay.ts";
import { verifyFormSignature, verifyJsonSignature } from "../../src/core/signature.ts";
import { parseForm } from "../../src/core/wire/form.ts";
import { configOf, sidA, sidB } from "../config/read.ts";
import { debuggerForm, encodeForm, errorEvent, signForm, signJson, streamBatch } from "../support/sign.ts";

const publicUrl = "https://hooks.example.com/prefix";
const form = readFileSync(new URL("../fixtures/debugger-80903.form", import.meta.url));
const batch = readFileSync(new URL("../fixtures/event-streams-batch.json", import.meta.url));

interface Seen {
  readonly target: string;
  readonly type: string | undefined;
  readonly signature: string | null;
  readonly body: Buffer;
}

/** A public port that answers the same to everything and keeps what came. */
async function receiver(status = 204) {
  const seen: Seen[] = [];
  const server = createServer((request, response) => {
    void bodyOf(request).then((body) => {
      const signature = request.headers["x-twilio-signature"];
      seen.push({
        target: request.url ?? "",
        type: request.headers["content-type"],
        signature: typeof signature === "string" ? signature : null,
        body,
      });
      response.writeHead(status).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    seen,
    target: (more: Partial<ReplayTarget> = {}): ReplayTarget => ({
      localUrl: `http://127.0.0.1:${port}`,
      publicUrl,
      tokens: new Map([[sidA, "token-a"]]),
      ...more,
    }),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks);
}

describe("a form", () => {
  it("goes out as a Debugger webhook, signed over PUBLIC_URL", async () => {
    await using at = await receiver();
    expect(await replay("80903.form", form, at.target())).toEqual({
      ok: true,
      line: "204 80903.form to /twilio/debugger: taken",
    });
    const [seen] = at.seen;
    const parsed = parseForm(seen?.body ?? Buffer.alloc(0));
    expect(seen).toMatchObject({ target: "/twilio/debugger", type: expect.stringContaining("x-www-form-urlencoded") });
    expect(seen?.body.equals(form)).toBe(true);
    expect(
      verifyFormSignature({
        publicUrl,
        target: "/twilio/debugger",
        signature: seen?.signature ?? "",
        tokens: ["token-a"],
        fields: parsed.ok ? parsed.fields : [],
      }),
    ).toBe(true);
  });

  it("has the signature Twilio would send, of the account it names, an editor's last line break left out", async () => {
    await using at = await receiver();
    const tokens = new Map([
      [sidA, "token-a"],
      [sidB, "token-b"],
    ]);
    const fields = debuggerForm(errorEvent({ code: 80604, account: sidB }));
    const child = debuggerForm(errorEvent({ code: 80604, account: `AC${"c".repeat(32)}`, parentAccount: sidB }));
    const stranger = debuggerForm(errorEvent({ code: 80604, account: `AC${"c".repeat(32)}` }));
    for (const each of [fields, child, stranger]) {
      await replay("f", Buffer.from(`${encodeForm(each)}\r\n`), at.target({ tokens }));
    }
    const url = `${publicUrl}/twilio/debugger`;
    expect(at.seen.map(({ signature }) => signature)).toEqual([
      signForm("token-b", url, fields),
      signForm("token-b", url, child),
      signForm("token-a", url, stranger),
    ]);
    expect(at.seen[0]?.body.toString()).toBe(encodeForm(fields));
  });
});

describe("JSON", () => {
  it.each([
    ["an array", batch],
    ["a single event, after white space", Buffer.from(` \n ${JSON.stringify(JSON.parse(batch.toString())[0])}`)],
  ])("as %s goes out as Event Streams would send it", async (_name, body) => {
    await using at = await receiver();
    expect(await replay("batch.json", body, at.target())).toMatchObject({
      ok: true,
      line: "204 batch.json to /twilio/events: taken",
    });
    const [seen] = at.seen;
    expect(seen?.type).toBe("application/json");
    expect(seen?.body.equals(body)).toBe(true);
    const signed = signJson("token-a", `${publicUrl}/twilio/events`, body);
    expect([`${publicUrl}${seen?.target}`, seen?.signature]).toEqual([signed.url, signed.signature]);
    expect(
      verifyJsonSignature({
        publicUrl,
        target: seen?.target ?? "",
        signature: seen?.signature ?? "",
        tokens: ["token-a"],
        body,
      }),
    ).toBe("ok");
  });

  it("is signed by the account of its first event, where that is known", async () => {
    await using at = await receiver();
    const tokens = new Map([
      [sidA, "token-a"],
      [sidB, "token-b"],
    ]);
    const body = Buffer.from(streamBatch([errorEvent({ code: 80604, account: sidB })]));
    await replay("b", body, at.target({ tokens }));
    await replay("c", Buffer.from("[{"), at.target({ tokens }));
    const url = `${publicUrl}/twilio/events`;
    expect(at.seen.map(({ signature }) => signature)).toEqual([
      signJson("token-b", url, body).signature,
      signJson("token-a", url, "[{").signature,
    ]);
  });
});

describe("what became of a file", () => {
  it.each([
    [401, "set TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN"],
    [403, "PUBLIC_URL"],
    [404, "correct --url"],
    [503, "try again"],
    [418, "expected 204"],
  ])("is said with what to do about a %i", async (status, fix) => {
    await using at = await receiver(status);
    const { ok, line } = await replay("f.form", form, at.target());
    expect(ok).toBe(false);
    expect(line).toContain(`${status} f.form to /twilio/debugger: `);
    expect(line).toContain(fix);
  });

  it("goes out unsigned without a token", async () => {
    await using at = await receiver();
    await replay("f", form, at.target({ tokens: new Map() }));
    await replay("f", batch, at.target({ tokens: new Map() }));
    expect(at.seen.map(({ signature }) => signature)).toEqual([null, null]);
  });

  it("says so when nothing runs there", async () => {
    const target = { localUrl: "http://127.0.0.1:1", publicUrl, tokens: new Map() };
    const { ok, line } = await replay("f.form", form, target);
    expect(ok).toBe(false);
    expect(line).toMatch(/^--- f\.form: expected a running Faultline at http:\/\/127\.0\.0\.1:1, got .* Fix: start it/);
  });
});

describe("where it goes", () => {
  it("is the local port, signed over PUBLIC_URL with the first token of each account", () => {
    const env = { PUBLIC_URL: publicUrl, TWILIO_ACCOUNT_SID: sidA, TWILIO_AUTH_TOKEN: "new,old", PORT: "8081" };
    expect(replayTarget(configOf({ env }), undefined)).toEqual({
      localUrl: "http://127.0.0.1:8081",
      publicUrl,
      tokens: new Map([[sidA, "new"]]),
    });
  });

  it("is signed as serve assumes without PUBLIC_URL", () => {
    expect(replayTarget(configOf({}), undefined)).toEqual({
      localUrl: "http://127.0.0.1:8080",
      publicUrl: "http://localhost:8080",
      tokens: new Map(),
    });
  });

  it("is what --url says", () => {
    expect(replayTarget(configOf({}), "http://10.0.0.5:80/")).toMatchObject({ localUrl: "http://10.0.0.5:80" });
    for (const url of ["", "x", "http://user:hunter2@x", "http://x?a"]) {
      expect(replayTarget(configOf({}), url)).toEqual(expect.stringContaining("--url: expected a URL"));
    }
    expect(replayTarget(configOf({ env: { PORT: "0" } }), undefined)).toEqual(expect.stringContaining("pass --url"));
  });
});
