import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { apiUrl, toRequestUrl } from "../../src/twilio/base-url.ts";

describe("toRequestUrl", () => {
  test("goes to Twilio, or to the base with the host as first part of the path", () => {
    const url = "https://proxy.twilio.com/v1/Services?PageSize=100&Page=1";
    expect(toRequestUrl(url, null)).toBe(url);
    expect(toRequestUrl(url, "http://localhost:3000/")).toBe(
      "http://localhost:3000/proxy.twilio.com/v1/Services?PageSize=100&Page=1",
    );
    expect(toRequestUrl(url, "http://localhost:3000/sim")).toBe(
      "http://localhost:3000/sim/proxy.twilio.com/v1/Services?PageSize=100&Page=1",
    );
  });

  test.each([
    "http://proxy.twilio.com/v1",
    "https://twilio.com.example.com/v1",
    "https://eviltwilio.com/v1",
    "https://user:pass@proxy.twilio.com/v1",
    "https://proxy.twilio.com:8443/v1",
    "https://proxy.twilio.com@example.com/v1",
    "//proxy.twilio.com/v1",
    "/v1/Services",
    "",
  ])("credentials do not go to %j", (url) => {
    expect(toRequestUrl(url, null)).toBeNull();
    expect(toRequestUrl(url, "http://localhost:3000")).toBeNull();
  });
});

describe("apiUrl", () => {
  test("encodes what it is given", () => {
    expect(apiUrl("frontline-api.twilio.com", ["v1", "Users", "jane/doe@example.com"])).toBe(
      "https://frontline-api.twilio.com/v1/Users/jane%2Fdoe%40example.com",
    );
    expect(apiUrl("conversations.twilio.com", ["v1"], { Address: "+15550001111" })).toBe(
      "https://conversations.twilio.com/v1?Address=%2B15550001111",
    );
  });

  test("no sid from an event changes which path is read", () => {
    expect(apiUrl("proxy.twilio.com", ["v1", "Services", "..", "Sessions"])).toBeNull();
    expect(apiUrl("proxy.twilio.com", ["v1", "Services", ""])).toBeNull();
    const wild = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.constantFrom(".", "..", "%2e%2e", "..\\", "a/../..", "\t.."),
    );
    fc.assert(
      fc.property(wild, (segment) => {
        if (!segment.isWellFormed()) return;
        const url = apiUrl("proxy.twilio.com", ["v1", "Services", segment, "Sessions"]);
        if (url === null) return;
        const parsed = new URL(url);
        expect(parsed.origin).toBe("https://proxy.twilio.com");
        expect(parsed.search + parsed.hash).toBe("");
        const parts = parsed.pathname.split("/");
        expect(parts.slice(0, 3)).toEqual(["", "v1", "Services"]);
        expect(decodeURIComponent(parts[3] ?? "")).toBe(segment);
        expect(parts.slice(4)).toEqual(["Sessions"]);
      }),
      { numRuns: 500 },
    );
  });

  test("a sid with half a character is no sid", () => {
    expect(apiUrl("proxy.twilio.com", ["v1", "\ud800"])).toBeNull();
  });
});
