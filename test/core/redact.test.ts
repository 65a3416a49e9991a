import { existsSync, readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { Json, JsonObject } from "../../src/core/json.ts";
import { redactPayload, redactText } from "../../src/core/redact.ts";
import { parseForm } from "../../src/core/wire/form.ts";

const hex = "0123456789abcdef".repeat(2);

function redactParameter(key: string, value: Json): Json | undefined {
  const redacted = redactPayload({ webhook: { request: { parameters: { [key]: value } } } });
  return (redacted as { webhook: { request: { parameters: JsonObject } } }).webhook.request.parameters[key];
}

describe("phone numbers in text", () => {
  it.each([
    ["to +15555550101 failed", "to +1********01 failed"],
    ["to +1 555 555 0101 failed", "to +1********01 failed"],
    ["to +1 (555) 555-0101.", "to +1********01."],
    ["+44 20 7946 0958", "+44********58"],
    ["+353 1 234 5678", "+353******78"],
    ["+15555550101, +15555550199", "+1********01, +1********99"],
    ["+15555550101 404", "+1********01 404"],
    ["+15555550101 15555550199", "+1********01 *********99"],
    ["whatsapp:+15555550101", "whatsapp:+1********01"],
    ["call 15555550101 now", "call *********01 now"],
    ["call 5555550101", "call ********01"],
    ["(555) 555-0101", "********01"],
    ["555-555-0101, 555.555.0101 or 555 555 0101", "********01, ********01 or ********01"],
    ["%2B15555550101", "%2B1********01"],
    ["to %252B15555550101 it", "to %252B1********01 it"],
    ['broken "\\u002B15555550101', 'broken "\\u002B1********01'],
    ["https://app.example.com/to/+15555550101/x", "https://app.example.com/to/+1********01/x"],
    ["https://app.example.com/to/15555550101", "https://app.example.com/to/*********01"],
  ])("%s", (text, expected) => {
    expect(redactText(text)).toBe(expected);
  });

  it.each([
    `CA${hex} and NO${"1".repeat(32)}`,
    "2026-01-15T10:00:00.000Z",
    "Tue, 09 Aug 2022 16:51:20 +0000",
    "2026-01-15T10:00:00+1000",
    "at 1697000000 or 1697000000123, 20260115100000",
    "error 11200, status 502, port 8443",
    "cae2f9e2-c277-4612-8ad3-93c1a7a3ef88 12345678-1234-1234-1234-123456789012",
    "0.12345678901 192.168.100.200",
    "An attempt to retrieve content from https://app.example.com/voice returned the HTTP status code 404",
    "Error - 12100 - Document parse failure: expected </Say>",
    "The requested participant and proxy address pair is already registered in the system.",
    "Basic authentication failed. Is this a bearer token?",
    "1,234,567 of 12345678",
  ])("leaves %s alone", (text) => {
    expect(redactText(text)).toBe(text);
  });
});

describe("what else text may hold", () => {
  it.each([
    ["mail someone@example.com.", "mail ***@example.com."],
    ["sip:someone@sip.example.com", "sip:***@sip.example.com"],
    ["/users/someone%40example.com", "/users/***%40example.com"],
    ["https://user:pass@app.example.com/a", "https://app.example.com/a"],
    ["https://user:p/w@app.example.com/a", "https://app.example.com/a"],
    ["https://app.example.com/a?token=abc&b=&c#d=e", "https://app.example.com/a?token=*&b=&*#d=*"],
    ["see https://app.example.com/a?b=c, then", "see https://app.example.com/a?b=* then"],
    ["https:\\/\\/user:pass@app.example.com\\/a?b=c", "https:\\/\\/app.example.com\\/a?b=*"],
    ["/relative?a=b&c=d", "/relative?a=*&c=*"],
    [`AuthToken=${hex}&x=1`, "AuthToken=%5Bdropped%5D&x=1"],
    [`the AuthToken=${hex} is`, "the AuthToken=[dropped] is"],
    [`curl -u AC${hex}:${hex} x`, `curl -u AC${hex}:[dropped] x`],
    ["api_key: abc123 rest", "api_key: [dropped] rest"],
    ["with Bearer abc123.def", "with Bearer [dropped]"],
    ["with Basic dXNlcjpwYXNz", "with Basic [dropped]"],
    ["Authorization: Basic dXNlcjpwYXNz\nHost: x", "Authorization: [dropped]\nHost: x"],
    ["Set-Cookie: a=b; Path=/\r\nHost: x", "Set-Cookie: [dropped]\r\nHost: x"],
    ["X-Twilio-Signature: abc= rest", "X-Twilio-Signature: [dropped] rest"],
    ["a=1&Body=hello there&To=5550101", "a=1&Body=[dropped]&To=*****01"],
    ["a=1&Body=hello+there&To=5550101", "a=1&Body=%5Bdropped%5D&To=*****01"],
    ["FromCity=SPRINGFIELD&FromZip=12345&FromState=XX", "FromCity=%5Bdropped%5D&FromZip=%5Bdropped%5D&FromState=XX"],
    ['{"a":1,"Body":"hello \\" there","x', '{"a":1,"Body":"[dropped]","x'],
    ['{"parameters":{"Body":"hello the', '{"parameters":{"Body":"[dropped]'],
    ['{\\"Body\\":\\"hello \\\\\\" there\\",\\"a\\":1', '{\\"Body\\":\\"[dropped]\\",\\"a\\":1'],
    ["{'Body': 'hello', 'a': 1", "{'Body': '[dropped]', 'a': 1"],
    ['{"Cookie":{"a":"secret"},"b', '{"Cookie":[dropped]'],
    ["%7B%22Body%22%3A%22hello%22%7D", "%7B%22Body%22%3A%22%5Bdropped%5D%22%7D"],
    ["url=https%3A%2F%2Fu%3Ap%40h.example%2F%3Ftoken%3Dabc&a=1", "url=https%3A%2F%2Fh.example%2F%3Ftoken%3D*&a=1"],
  ])("%s", (text, expected) => {
    expect(redactText(text)).toBe(expected);
  });

  it("redacts JSON by its keys", () => {
    const text = JSON.stringify({ AccountSid: "AC1", Payload: JSON.stringify({ Body: "hello", From: "5550101" }) });
    expect(JSON.parse(redactText(text))).toEqual({
      AccountSid: "AC1",
      Payload: '{"Body":"[dropped]","From":"*****01"}',
    });
  });

  it("leaves the spelling of JSON alone when there is nothing to redact", () => {
    const text = '{ "id": 12345678901234567890, "a": [1,  2] }';
    expect(redactText(text)).toBe(text);
  });

  it("cuts at 16 KiB and says so", () => {
    const cut = redactText(`${"words ".repeat(10_000)}`);
    expect(cut.length).toBeLessThanOrEqual(16 * 1024);
    expect(cut).toMatch(/\[truncated\]$/);
  });

  it("strips NUL and halves of surrogate pairs", () => {
    expect(redactText("a\0b\ud800c")).toBe("ab\ufffdc");
    expect(redactText(["+1555", "555", "0101"].join("\0"))).toBe("+1********01");
  });
});

describe("a payload", () => {
  it("is copied, never changed", () => {
    const payload = { webhook: { request: { parameters: { Body: "hello" } } } };
    redactPayload(payload);
    expect(payload.webhook.request.parameters.Body).toBe("hello");
  });

  it.each([
    "Body",
    "body",
    "MessageBody",
    "message",
    "text",
    "ButtonText",
    "SpeechResult",
    "Digits",
    "MediaUrl0",
    "MediaUrl12",
    "ProfileName",
    "CallerName",
    "Set-Cookie",
    "Cookie",
    "Authorization",
    "X-Twilio-Signature",
    "AuthToken",
    "auth_token",
    "ApiKey",
    "api_key_secret",
    "client_secret",
    "Password",
    "I-Twilio-Idempotency-Token",
    "FromCity",
    "ToZip",
    "city",
    "postal_code",
    "Postcode",
    "calledzip",
  ])("drops the parameter %s", (key) => {
    expect(redactParameter(key, "something private")).toBe("[dropped]");
    expect(redactParameter(key, { nested: ["something private"] })).toBe("[dropped]");
    expect(redactParameter(key, 12345)).toBe("[dropped]");
    expect(redactParameter(key, null)).toBeNull();
    expect(redactParameter(key, "")).toBe("");
  });

  it.each([
    ["From", "5550101", "*****01"],
    ["To", "(555) 555-0101", "********01"],
    ["Called", "020 7946 0958", "*********58"],
    ["Caller", "whatsapp:15555550101", "whatsapp:*********01"],
    ["From", "messenger:1234567890123456", "messenger:**************56"],
    ["phonenumber", "15555550101", "*********01"],
    ["phonenumber", 5550101, "*****01"],
    ["channelToAddress", "5550101", "*****01"],
    ["MessagingBinding.ProxyAddress", "5550101", "*****01"],
    ["proxyIdentifier", ["5550101", "+15555550199"], ["*****01", "+1********99"]],
    ["From", "client:someone", "client:someone"],
    ["From", "12345", "12345"],
    ["To", "2026-01-15", "2026-01-15"],
    ["from", "2026-01-15T10:00:00Z", "2026-01-15T10:00:00Z"],
    ["To", "sip:someone@sip.example.com", "sip:***@sip.example.com"],
  ])("masks the address %s: %j", (key, value, expected) => {
    expect(redactParameter(key, value)).toEqual(expected);
  });

  it.each([
    ["CallSid", `CA${hex}`],
    ["capacity", "12"],
    ["velocity", "3"],
    ["FromState", "CA"],
    ["FromCountry", "US"],
    ["ErrorCode", "11200"],
    ["status_code", 502],
    ["date_created", 1697000000123],
    ["NumSegments", "1"],
    ["X-Twilio-WebhookError", "11203 HTTP communication total time out triggered"],
    ["bodySHA256", "abc"],
  ])("keeps %s", (key, value) => {
    expect(redactParameter(key, value)).toBe(value);
  });

  it("keeps Twilio's own sentence, numbers masked", () => {
    expect(
      redactPayload({ message: "Number +15555550101 is unreachable", more_info: { Msg: "Message Body: empty" } }),
    ).toEqual({ message: "Number +1********01 is unreachable", more_info: { Msg: "Message Body: empty" } });
  });

  it("drops the body of a response and its cookies, and keeps its status", () => {
    const response = {
      status_code: 500,
      headers: { "Set-Cookie": "a=b", Server: "nginx" },
      body: "<html>hello</html>",
    };
    expect(redactPayload({ webhook: { response } })).toEqual({
      webhook: {
        response: { status_code: 500, headers: { "Set-Cookie": "[dropped]", Server: "nginx" }, body: "[dropped]" },
      },
    });
  });

  it("reads lists of names and values as keys and values", () => {
    expect(
      redactPayload({
        headers: [
          { name: "Cookie", value: "a=b" },
          { name: "Server", value: "nginx" },
        ],
      }),
    ).toEqual({
      headers: [
        { name: "Cookie", value: "[dropped]" },
        { name: "Server", value: "nginx" },
      ],
    });
  });

  it("takes a URL field for a URL whatever is in it", () => {
    expect(redactPayload({ url: "https://app.example.com/a b?c=private words&d" })).toEqual({
      url: "https://app.example.com/a b?c=*&*",
    });
    expect(redactPayload({ request_url: "/hook?a=b c" })).toEqual({ request_url: "/hook?a=*" });
  });

  it("masks numbers in keys and in JSON numbers", () => {
    expect(redactPayload({ "+15555550101": 1, list: [15555550101] })).toEqual({
      "+1********01": 1,
      list: ["*********01"],
    });
  });

  it("loses the keys that reach prototypes", () => {
    const payload: JsonObject = JSON.parse(
      '{"__proto__":{"a":1},"constructor":1,"prototype":2,"__proto\\u0000__":3,"b":4}',
    );
    const redacted = redactPayload(payload);
    expect(redacted).toEqual({ b: 4 });
    expect(Object.getPrototypeOf(redacted)).toBe(Object.prototype);
  });

  it("is bounded in size", () => {
    const sizeOf = (payload: JsonObject) => JSON.stringify(redactPayload(payload)).length;
    const limit = 64 * 1024 * 1.2;
    expect(sizeOf({ a: "word ".repeat(100_000) })).toBeLessThan(limit);
    expect(sizeOf({ a: Array.from({ length: 200_000 }, () => 1) })).toBeLessThan(limit);
    expect(sizeOf({ a: Array.from({ length: 50_000 }, () => ({})) })).toBeLessThan(limit);
    expect(
      sizeOf(Object.fromEntries(Array.from({ length: 50_000 }, (_, index) => [`key${index}`, "value"]))),
    ).toBeLessThan(limit);
    expect(JSON.stringify(redactPayload({ a: "word ".repeat(100_000) }))).toContain("[truncated]");
  });

  it("is bounded in depth", () => {
    let deep: Json = "bottom";
    for (let level = 0; level < 10_000; level++) deep = { a: deep };
    const text = JSON.stringify(redactPayload({ deep }));
    expect(text).toContain("[too deep]");
    expect(text).not.toContain("bottom");
  });

  it("is bounded in depth within nested text", () => {
    const nested = `${"[".repeat(100_000)}"+15555550101"${"]".repeat(100_000)}`;
    expect(JSON.stringify(redactPayload({ nested }))).not.toContain("5555550101");
    let text = JSON.stringify({ Body: "hello there" });
    for (let level = 0; level < 8; level++) text = JSON.stringify(text);
    expect(JSON.stringify(redactPayload({ text }))).not.toContain("hello");
  });
});

const shared = new URL("../../../shared/fixtures/", import.meta.url);

describe.skipIf(!existsSync(shared))("the shared samples (a folder that need not exist)", () => {
  const files = ["debugger", "event-streams", "monitor"].flatMap((folder) =>
    existsSync(shared) ? readdirSync(new URL(`${folder}/`, shared)).map((name) => `${folder}/${name}`) : [],
  );

  it.each(files)("%s keeps no number and no message", (name) => {
    const bytes = readFileSync(new URL(name, shared));
    const text = bytes.toString("utf8");
    const form = parseForm(bytes);
    const decoded = form.ok ? form.fields.map(([, value]) => value).join("\n") : "";
    const numbers = `${text}\n${decoded}`.match(/(?:\+|%2B)[1-9]\d{6,14}/g) ?? [];
    const redacted = redactText(text);
    for (const number of numbers) {
      expect(redacted).not.toContain(number.replace(/^\+|^%2B/, "").slice(1, -2));
    }
    for (const word of [
      "twilio-go",
      "ZomboCom",
      "PLEASANTON",
      "BRENTWOOD",
      "94514",
      "__cfduid%3D",
      '"Body":"hello"',
      "landline@",
    ]) {
      expect(redacted).not.toContain(word);
    }
    expect(redactText(redacted)).toBe(redacted);
  });
});
