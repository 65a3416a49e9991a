import { describe, expect, it } from "vitest";
import { debuggerUrl, expectCounted, formType, head, publicPort, rawConnection } from "./harness.ts";

const signed = { "X-Twilio-Signature": "x" };
const form = { ...signed, "Content-Type": formType };
const json = { ...signed, "Content-Type": "application/json" };

describe("a delivery that passes", () => {
  it("is answered 204 and reaches ingest with its bytes as they came", async () => {
    const port = await publicPort();
    const body = Buffer.from("Payload=%zz&Payload=+\u0000é&__proto__=1");
    const response = await fetch(`${port.url}${debuggerUrl}?a=%20b&a=2`, { method: "POST", headers: form, body });
    expect([response.status, await response.text()]).toEqual([204, ""]);
    expect(port.delivered).toEqual([
      {
        source: "debugger",
        bodyType: "form",
        target: "/twilio/debugger?a=%20b&a=2",
        signature: "x",
        body,
        receivedAt: new Date("2026-01-15T10:00:00.000Z"),
        sender: "127.0.0.1",
      },
    ]);
    expect(port.counted).toEqual([["debugger", "accepted"]]);
  });

  const accepted: [path: string, type: string, source: string, bodyType: string][] = [
    ["/twilio/debugger", formType, "debugger", "form"],
    ["/twilio/debugger", `${formType.toUpperCase()} ; charset=UTF-8`, "debugger", "form"],
    ["/twilio/events", "application/json", "event_streams", "json"],
    ["/twilio/events", "application/json;charset=utf-8", "event_streams", "json"],
    ["/twilio/events", "application/cloudevents-batch+json", "event_streams", "json"],
    ["/twilio/alarms", formType, "alarm", "form"],
    ["/twilio/alarms", "application/json", "alarm", "json"],
  ];
  it.each(accepted)("on %s with %s is a %s delivery", async (path, type, source, bodyType) => {
    const port = await publicPort();
    const response = await fetch(port.url + path, {
      method: "POST",
      headers: { ...signed, "Content-Type": type },
      body: "x",
    });
    expect(response.status).toBe(204);
    expect(port.delivered).toMatchObject([{ source, bodyType }]);
  });

  it("may be unsigned where no signature is required", async () => {
    const port = await publicPort({ signatureRequired: false });
    const response = await fetch(port.url + debuggerUrl, {
      method: "POST",
      headers: { "Content-Type": formType },
      body: "a=1",
    });
    expect(response.status).toBe(204);
    expect(port.delivered).toMatchObject([{ signature: null }]);
  });

  it("may have an empty body", async () => {
    const port = await publicPort();
    expect((await fetch(port.url + debuggerUrl, { method: "POST", headers: form })).status).toBe(204);
    expect(port.delivered).toMatchObject([{ body: Buffer.alloc(0) }]);
  });

  it("may be exactly as long as the limit", async () => {
    const port = await publicPort({ maxBodyBytes: 1000 });
    const response = await fetch(port.url + debuggerUrl, { method: "POST", headers: form, body: "x".repeat(1000) });
    expect(response.status).toBe(204);
  });
});

describe("a refusal", () => {
  const cases: [
    why: string,
    method: string,
    target: string,
    headers: Record<string, string>,
    status: number,
    source: string,
    reason: string,
  ][] = [
    ["an unknown path", "POST", "/", form, 404, "none", "not_found"],
    ["a path of the private port", "GET", "/metrics", {}, 404, "none", "not_found"],
    ["a slash at the end", "POST", "/twilio/debugger/", form, 404, "none", "not_found"],
    ["another case", "POST", "/Twilio/Debugger", form, 404, "none", "not_found"],
    ["percent-encoding in a known path", "POST", "/twilio/%64ebugger", form, 404, "none", "not_found"],
    ["malformed percent-encoding", "POST", "/%zz", form, 404, "none", "not_found"],
    ["malformed percent-encoding behind a known path", "POST", "/twilio/events/%zz", form, 404, "none", "not_found"],
    ["a path that climbs", "POST", "/x/../twilio/debugger", form, 404, "none", "not_found"],
    ["a target that is no URL", "GET", "http://[/", {}, 404, "none", "not_found"],
    ["the asterisk", "OPTIONS", "*", {}, 404, "none", "not_found"],
    ["GET", "GET", debuggerUrl, {}, 405, "debugger", "method_not_allowed"],
    ["HEAD", "HEAD", "/twilio/events", {}, 405, "event_streams", "method_not_allowed"],
    ["OPTIONS", "OPTIONS", "/twilio/alarms", {}, 405, "alarm", "method_not_allowed"],
    ["PUT", "PUT", debuggerUrl, form, 405, "debugger", "method_not_allowed"],
    ["DELETE", "DELETE", debuggerUrl, {}, 405, "debugger", "method_not_allowed"],
    ["no content type", "POST", debuggerUrl, signed, 415, "debugger", "unsupported_media_type"],
    [
      "text",
      "POST",
      debuggerUrl,
      { ...signed, "Content-Type": "text/plain" },
      415,
      "debugger",
      "unsupported_media_type",
    ],
    [
      "multipart",
      "POST",
      debuggerUrl,
      { ...signed, "Content-Type": "multipart/form-data; boundary=x" },
      415,
      "debugger",
      "unsupported_media_type",
    ],
    ["JSON where a form is due", "POST", debuggerUrl, json, 415, "debugger", "unsupported_media_type"],
    ["a form where JSON is due", "POST", "/twilio/events", form, 415, "event_streams", "unsupported_media_type"],
    [
      "a compressed body",
      "POST",
      debuggerUrl,
      { ...form, "Content-Encoding": "gzip" },
      415,
      "debugger",
      "unsupported_encoding",
    ],
    [
      "a body declared too large",
      "POST",
      debuggerUrl,
      { ...form, "Content-Length": "16385" },
      413,
      "debugger",
      "body_too_large",
    ],
    [
      "a body declared absurdly large",
      "POST",
      debuggerUrl,
      { ...form, "Content-Length": "9".repeat(15) },
      413,
      "debugger",
      "body_too_large",
    ],
    [
      "no signature",
      "POST",
      debuggerUrl,
      { "Content-Type": formType, "Content-Length": "10" },
      401,
      "debugger",
      "no_signature",
    ],
    [
      "an empty signature",
      "POST",
      debuggerUrl,
      { "Content-Type": formType, "X-Twilio-Signature": "" },
      401,
      "debugger",
      "no_signature",
    ],
  ];
  // Only the head is sent: none of these waits for the body.
  it.each(cases)(
    "of %s (%s %s %o) is %i, counted as %s %s",
    async (_why, method, target, headers, status, source, reason) => {
      const port = await publicPort();
      const connection = await rawConnection(port.port);
      connection.write(head(method, target, headers));
      const text = await connection.received(/\r\n\r\n/);
      expect(text).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
      expect(port.counted).toEqual([[source, reason]]);
      expect(port.delivered).toEqual([]);
      // Nothing but the head: no page, no stack trace, no word on what runs here.
      expect(text.split("\r\n\r\n")[1]).toBe("");
      expect(text).not.toMatch(/express|x-powered-by|html/i);
      expect(/^allow: (.*)$/im.exec(text)?.[1]).toBe(status === 405 ? "POST" : undefined);
    },
  );

  it("names the first thing that is wrong: method, media type, encoding, size, signature", async () => {
    const port = await publicPort();
    const wrong = { "Content-Type": "text/plain", "Content-Encoding": "br", "Content-Length": "99999" };
    const steps: [method: string, headers: Record<string, string>, status: number][] = [
      ["PUT", wrong, 405],
      ["POST", wrong, 415],
      ["POST", { ...wrong, "Content-Type": formType }, 415],
      ["POST", { ...wrong, "Content-Type": formType, "Content-Encoding": "identity" }, 413],
      ["POST", { "Content-Type": formType, "Content-Encoding": "identity", "Content-Length": "1" }, 401],
    ];
    for (const [method, headers, status] of steps) {
      const connection = await rawConnection(port.port);
      connection.write(head(method, debuggerUrl, headers));
      expect(await connection.received(/\r\n\r\n/)).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    }
    expect(port.counted.map(([, reason]) => reason)).toEqual([
      "method_not_allowed",
      "unsupported_media_type",
      "unsupported_encoding",
      "body_too_large",
      "no_signature",
    ]);
  });

  it("does not depend on what Host or a proxy's headers say", async () => {
    const port = await publicPort();
    const connection = await rawConnection(port.port);
    const spoofed = {
      ...form,
      Host: "evil.example.com",
      "X-Forwarded-Host": "evil.example.com",
      "X-Forwarded-Proto": "https",
      "X-Forwarded-Prefix": "/evil",
      "X-Original-URL": "/metrics",
      "X-HTTP-Method-Override": "GET",
      "Content-Length": "3",
    };
    connection.write(`${head("POST", `${debuggerUrl}?x=1`, spoofed)}a=1`);
    expect(await connection.received(/\r\n\r\n/)).toMatch(/^HTTP\/1.1 204 /);
    expect(port.delivered).toMatchObject([{ target: "/twilio/debugger?x=1" }]);
    await expectCounted(port, [["debugger", "accepted"]]);
  });
});
