import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { type AlertText, readFailedRequest } from "../../../src/core/wire/monitor-alert.ts";

const none: AlertText = { alertText: null, requestMethod: null, requestUrl: null, responseHeaders: null };

describe("readFailedRequest", () => {
  it("reads the request of a webhook payload", () => {
    const payload = {
      more_info: { Msg: "Got HTTP 502 response", httpResponse: "502" },
      webhook: {
        request: { url: "https://user:pass@app.example.com:8443/sms?From=%2B15555550101", method: "post" },
        response: {
          status_code: null,
          headers: { "x-twilio-webhookerror": "11203 HTTP communication total time out triggered" },
        },
      },
    };
    expect(readFailedRequest(payload, null)).toEqual({
      host: "app.example.com:8443",
      path: "/sms",
      method: "POST",
      status: 502,
      reason: "11203 HTTP communication total time out triggered",
    });
  });

  it("reads an Alert when the payload has no request", () => {
    const alert = JSON.parse(readFileSync(new URL("../../fixtures/monitor-alert-11200.json", import.meta.url), "utf8"));
    const text: AlertText = {
      alertText: alert.alert_text,
      requestMethod: alert.request_method,
      requestUrl: alert.request_url,
      responseHeaders: alert.response_headers,
    };
    expect(readFailedRequest({ error_code: 11200, message: "HTTP retrieval failure" }, text)).toEqual({
      host: "app.example.com",
      path: "/voice/greeting.mp3",
      method: "POST",
      status: 405,
      reason: "11203 HTTP communication total time out triggered",
    });
  });

  it("reads the pairs of alert_text, with a bare Msg falling back to the event's message", () => {
    const alertText = "Msg&ErrorCode=11210&httpResponse=502&url=https%3A%2F%2Fapp.example.com%2Freply%2F%3Fa%3D1";
    expect(readFailedRequest({ message: "Bad host name" }, { ...none, alertText })).toEqual({
      host: "app.example.com",
      path: "/reply/",
      method: null,
      status: 502,
      reason: "Bad host name",
    });
    const spoken = { ...none, alertText: "LogLevel=WARN&Msg=forbidden+phone+number+%2B15555550101" };
    expect(readFailedRequest({}, spoken)?.reason).toBe("forbidden phone number +1********01");
  });

  it("takes an alert_text that is a sentence as it is, masked", () => {
    const alertText = "The number +15555550101 = wrong & gone";
    expect(readFailedRequest({}, { ...none, alertText })?.reason).toBe("The number +1********01 = wrong & gone");
  });

  it.each([
    ["sip:someone@sip.example.com", "sip.example.com"],
    ["sip:+15555550101@sip.example.com:5060;transport=tls", "sip.example.com"],
    ["sips:sip.example.com", "sip.example.com"],
  ])("shows of %s the host only", (url, host) => {
    const failed = readFailedRequest({ webhook: { request: { url, method: "INVITE" } } }, null);
    expect(failed).toEqual({ host, path: null, method: "INVITE", status: null, reason: null });
  });

  it("masks numbers in the path", () => {
    const failed = readFailedRequest({ more_info: { url: "https://app.example.com/to/%2B15555550101/sms" } }, null);
    expect(failed?.path).toBe("/to/%2B1********01/sms");
  });

  it("is null when nothing is said", () => {
    expect(readFailedRequest({}, null)).toBeNull();
    expect(readFailedRequest({ webhook: { request: { url: null }, response: null }, more_info: [] }, none)).toBeNull();
  });

  it("bounds what it takes over and refuses what is no method or status", () => {
    const payload = {
      more_info: { Msg: "x".repeat(5000), httpResponse: "999999", url: `https://app.example.com/${"p".repeat(5000)}` },
      webhook: { request: { method: "GET / HTTP/1.1" } },
    };
    const failed = readFailedRequest(payload, null);
    expect(failed?.reason).toHaveLength(500);
    expect(failed?.path).toHaveLength(512);
    expect(failed?.method).toBeNull();
    expect(failed?.status).toBeNull();
  });
});
