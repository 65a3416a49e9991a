import { existsSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { loadCatalogue } from "../../../src/core/catalogue.ts";
import {
  type HttpCause,
  httpCauses,
  httpCausesOf,
  httpFailureNamedBy,
  httpFailureOf,
  httpRetrievalCodes,
} from "../../../src/core/diagnosis/http-failure.ts";
import { type HttpRetrievalFacts, reasonHttpRetrieval } from "../../../src/core/diagnosis/http-retrieval.ts";
import type { FailedRequest, Verdict } from "../../../src/core/diagnosis/verdict.ts";
import { codeRanges } from "../../../src/core/rules/code-pattern.ts";
import { compileRules, ruleOfCode } from "../../../src/core/rules/match.ts";
import { readFailedRequest } from "../../../src/core/wire/monitor-alert.ts";
import { loadBuiltInRules } from "../../../src/rule-packs.ts";

const builtIn = loadBuiltInRules();
const rules = compileRules([], builtIn, loadCatalogue());
const eventSid = `NO${"a".repeat(32)}`;
const source = `GET /v1/Alerts/${eventSid}`;
const at = "2026-01-02T03:04:05.000Z";

const request = (over: Partial<FailedRequest> = {}): FailedRequest => ({
  host: "hooks.shop.example.com",
  path: "/voice",
  method: "POST",
  status: null,
  reason: null,
  ...over,
});

function reason(code: number, over: Partial<FailedRequest> = {}, more: Partial<HttpRetrievalFacts> = {}) {
  const facts = { code, eventSid, failedRequest: request(over), contentType: null, message: null, source, at, ...more };
  return reasonHttpRetrieval(facts, ruleOfCode(code, rules)?.remedies ?? []);
}

type Verdicts = Partial<Record<HttpCause, Verdict>>;
const verdictsOf = (reasoned: ReturnType<typeof reason>) =>
  Object.fromEntries(reasoned.causes.map(({ id, verdict }) => [id, verdict])) as Verdicts;
const idsWith = (verdicts: Verdicts, wanted: Verdict) => httpCauses.filter((id) => verdicts[id] === wanted);

/** Each number, the cause it names, a word of its sentence, and what it leaves open of all other causes. */
const table: readonly (readonly [number, HttpCause, RegExp, readonly HttpCause[]])[] = [
  [11100, "bad-url", /URL is not valid/, []],
  [11201, "connect", /timed out/, ["bad-url", "redirect"]],
  [11202, "connect", /refused/, ["bad-url", "redirect"]],
  [11203, "timeout", /longer than Twilio waits/, ["bad-url", "dns", "connect", "tls", "redirect", "protocol"]],
  [11205, "connect", /broke off/, ["bad-url", "tls", "timeout", "redirect", "protocol"]],
  [11206, "protocol", /no proper HTTP/, ["bad-url", "connect", "tls", "timeout", "redirect"]],
  [11210, "dns", /could not be resolved/, ["bad-url", "redirect"]],
  [11215, "redirect", /too many redirects/, ["bad-url"]],
  [11216, "redirect", /not valid/, ["bad-url"]],
  [11217, "status-code", /error status/, ["bad-url", "content-type", "body-too-large", "invalid-body"]],
  [11220, "tls", /encrypted/, ["bad-url", "connect", "redirect"]],
  [11235, "tls", /another host name/, ["bad-url", "redirect"]],
  [11236, "tls", /expired/, ["bad-url", "redirect"]],
  [11237, "tls", /authority/, ["bad-url", "redirect"]],
  [11240, "bad-url", /edge/, []],
  [11241, "bad-url", /edge/, []],
  [11242, "bad-url", /Interconnect/, []],
  [11243, "bad-url", /retry/, []],
  [11251, "protocol", /HTTP protocol/, ["bad-url", "connect", "tls", "timeout", "redirect"]],
  [11750, "body-too-large", /64 KB/, ["bad-url", "status-code", "content-type", "invalid-body"]],
  [11770, "invalid-body", /no body/, ["bad-url", "status-code", "content-type"]],
  [12100, "invalid-body", /XML/, ["bad-url", "status-code", "content-type", "body-too-large"]],
  [12300, "content-type", /Content-Type/, ["bad-url", "status-code", "body-too-large", "invalid-body"]],
];

describe.each(table)("%i", (number, cause, sentence, open) => {
  test("in X-Twilio-WebhookError of an 11200 confirms its cause and no other, whatever the placeholder status", () => {
    for (const status of [null, 502]) {
      const reasoned = reason(11200, { status, reason: `${number} whatever Twilio writes after it` });
      const verdicts = verdictsOf(reasoned);
      expect(idsWith(verdicts, "confirmed")).toEqual([cause]);
      expect(reasoned.causes[0]?.id).toBe(cause);
      expect(idsWith(verdicts, "likely")).toEqual([]);
      expect(idsWith(verdicts, "unknown")).toEqual(open);
      expect(idsWith(verdicts, "ruled-out")).toEqual(httpCauses.filter((id) => id !== cause && !open.includes(id)));
    }
  });

  test("says so with host, path and source", () => {
    const evidence = reason(11200, { reason: String(number) }).causes[0]?.evidence[0];
    expect(evidence?.text).toMatch(sentence);
    expect(evidence?.text).toMatch(/POST hooks\.shop\.example\.com\/voice/);
    expect(evidence).toMatchObject({ source, observedAt: at });
  });

  test("is no number that stands somewhere else in the reason, or inside a longer one", () => {
    for (const text of [
      `Error ${number}`,
      `${number}0 items`,
      `x${number}`,
      `${String(number).slice(0, 4)} ${number}`,
    ]) {
      expect(idsWith(verdictsOf(reason(11200, { reason: text })), "unknown")).toEqual([...httpCauses]);
    }
  });
});

test.each(httpRetrievalCodes.filter((code) => code !== 11200))(
  "the code %i confirms its cause without anything else",
  (code) => {
    const cause = table.find(([number]) => number === code)?.[1];
    const reasoned = reason(code, {}, { failedRequest: null, source: "event" });
    expect(reasoned.causes[0]).toMatchObject({ id: cause, verdict: "confirmed" });
    expect(reasoned.causes[0]?.evidence[0]).toMatchObject({ source: "event" });
    expect(reasoned.causes[0]?.evidence[0]?.text).toContain(`failed with ${code}`);
    expect(reasoned.causes.map(({ id }) => id).toSorted()).toEqual([...httpCausesOf(code)].toSorted());
    expect(reasoned.causes.slice(1).filter(({ verdict }) => verdict !== "unknown" && verdict !== "ruled-out")).toEqual(
      [],
    );
  },
);

describe("two numbers", () => {
  test.each([
    [11205, "11210 HTTP bad host name", "dns"],
    [11205, "11203 HTTP communication total time out triggered", "timeout"],
    [11217, "11203 HTTP communication total time out triggered", "timeout"],
    [11201, "11205 HTTP connection failure", "connect"],
    [11235, "11220 SSL/TLS Handshake Error", "tls"],
  ] as const)("%i with %j: the exact one leads", (code, header, cause) => {
    const reasoned = reason(code, { status: 502, reason: header });
    expect(idsWith(verdictsOf(reasoned), "confirmed")).toEqual([cause]);
    expect(reasoned.causes[0]?.id).toBe(cause);
  });

  test("that differ and are both exact confirm nothing", () => {
    const verdicts = verdictsOf(reason(11210, { reason: "11203 HTTP communication total time out triggered" }));
    expect(verdicts).toMatchObject({ dns: "likely", timeout: "likely" });
    expect(idsWith(verdicts, "confirmed")).toEqual([]);
  });

  test("of which one says that no answer came rule the error status out", () => {
    expect(verdictsOf(reason(11217, { status: 502, reason: "11202 TCP connection refused" }))).toMatchObject({
      connect: "confirmed",
      "status-code": "ruled-out",
    });
  });
});

describe("the status of an 11200 without a number", () => {
  test.each([400, 401, 403, 405, 422, 429, 500, 501, 503, 504, 599])("%i confirms an error status", (status) => {
    const verdicts = verdictsOf(reason(11200, { status }));
    expect(idsWith(verdicts, "confirmed")).toEqual(["status-code"]);
    expect(idsWith(verdicts, "ruled-out")).toEqual(["dns", "connect", "tls", "timeout", "redirect", "protocol"]);
    expect(idsWith(verdicts, "unknown")).toEqual(["bad-url", "content-type", "body-too-large", "invalid-body"]);
  });

  test.each([404, 410])("%i makes a wrong URL likely as well", (status) => {
    const reasoned = reason(11200, { status });
    expect(verdictsOf(reasoned)).toMatchObject({ "status-code": "confirmed", "bad-url": "likely" });
    expect(reasoned.causes[0]?.id).toBe("status-code");
    expect(reasoned.causes[0]?.evidence[0]?.text).toContain(`was answered ${status}`);
  });

  test("502 may be Twilio's own: likely, and nothing is ruled out by it", () => {
    const verdicts = verdictsOf(reason(11200, { status: 502 }));
    expect(verdicts["status-code"]).toBe("likely");
    expect(idsWith(verdicts, "unknown")).toEqual(httpCauses.filter((id) => id !== "status-code"));
  });

  test("502 is the server's when the headers of its answer are known and name nothing", () => {
    const verdicts = verdictsOf(reason(11200, { status: 502 }, { contentType: "text/html" }));
    expect(verdicts).toMatchObject({ "status-code": "confirmed", dns: "ruled-out", timeout: "ruled-out" });
  });

  test("502 with the headers of Twilio's placeholder is not the server's", () => {
    const reasoned = reason(
      11200,
      { status: 502, reason: "11203 HTTP communication total time out triggered" },
      { contentType: "text/html" },
    );
    expect(verdictsOf(reasoned)).toMatchObject({ timeout: "confirmed", "status-code": "ruled-out" });
    expect(reasoned.causes[0]?.id).toBe("timeout");
  });

  test.each([200, 204])("%i rules an error status out and the way to the server too", (status) => {
    const verdicts = verdictsOf(reason(11200, { status }));
    expect(idsWith(verdicts, "ruled-out")).toEqual(["dns", "connect", "tls", "redirect", "status-code"]);
    expect(idsWith(verdicts, "confirmed")).toEqual([]);
    expect(idsWith(verdicts, "likely")).toEqual([]);
  });

  test.each([301, 302, 304, 308])("%i makes the redirect likely", (status) => {
    expect(verdictsOf(reason(11200, { status }))).toMatchObject({ redirect: "likely", "status-code": "ruled-out" });
  });

  test("of another code says nothing about an error status, but a good one excludes it", () => {
    expect(verdictsOf(reason(12100, { status: 500 }))).toEqual({ "invalid-body": "confirmed" });
    const named = (status: number) => verdictsOf(reason(11200, { status, reason: "12300 Invalid Content-Type" }));
    expect(named(200)["status-code"]).toBe("ruled-out");
    expect(named(500)["status-code"]).toBe("unknown");
  });
});

describe("the content type", () => {
  test.each(["application/pdf", "image/png; charset=x", "video/mp4", "nonsense"])(
    "%j of a 200 is likely the cause",
    (contentType) => {
      const reasoned = reason(11200, { status: 200 }, { contentType });
      expect(reasoned.causes[0]).toMatchObject({ id: "content-type", verdict: "likely" });
      expect(reasoned.causes[0]?.evidence[0]?.text).toContain(contentType);
    },
  );

  test.each([
    "text/xml",
    "Application/XML; charset=utf-8",
    "text/html",
    "text/plain",
    "audio/mpeg",
    "application/json",
  ])("%j of a 200 is one that some product takes", (contentType) => {
    expect(verdictsOf(reason(11200, { status: 200 }, { contentType }))["content-type"]).toBe("unknown");
  });

  test("of an error page is not the cause", () => {
    expect(verdictsOf(reason(11200, { status: 500 }, { contentType: "image/png" }))["content-type"]).toBe("unknown");
  });

  test("stands in the evidence of 12300", () => {
    const reasoned = reason(12300, { status: 200 }, { contentType: "application/pdf" });
    expect(reasoned.causes[0]).toMatchObject({ id: "content-type", verdict: "confirmed" });
    expect(reasoned.causes[0]?.evidence[0]?.text).toMatch(/failed with 12300.*application\/pdf/);
  });
});

describe("a private host", () => {
  test.each([[11200], [11201], [11202], [11205], [11210]])(
    "makes a wrong URL likely where %i says nobody answered",
    (code) => {
      const reasoned = reason(code, { host: "192.168.1.20:8080" });
      expect(verdictsOf(reasoned)["bad-url"]).toBe("likely");
      expect(reasoned.causes.find(({ id }) => id === "bad-url")?.evidence[0]?.text).toContain("192.168.1.20:8080");
    },
  );

  test.each([
    ["an answer came", 11200, { status: 500 }],
    ["the certificate was shown", 11235, {}],
  ])("says nothing where %s", (_name, code, over) => {
    expect(verdictsOf(reason(code, { host: "10.0.0.1", ...over }))["bad-url"]).toBe("unknown");
  });

  test("that is public says nothing", () => {
    expect(verdictsOf(reason(11201))["bad-url"]).toBe("unknown");
  });
});

describe("without a fact", () => {
  const text = fc.string({ unit: "binary", maxLength: 60 });
  const nobodysNumber = text.filter((reasonText) => httpFailureNamedBy(reasonText) === null);

  test("every cause is unknown, whatever the words are", () => {
    const anyCode = fc.integer({ min: 1, max: 99_999 }).filter((code) => httpFailureOf(code) === null);
    fc.assert(
      fc.property(
        fc.oneof(fc.constant(11200), anyCode),
        fc.option(text),
        fc.option(nobodysNumber),
        (code, message, why) => {
          const failedRequest =
            why === null ? null : { host: null, path: null, method: null, status: null, reason: why };
          const reasoned = reason(code, {}, { failedRequest, message });
          expect(reasoned.causes.map(({ id, verdict }) => [id, verdict])).toEqual(
            httpCauses.map((id) => [id, "unknown"]),
          );
        },
      ),
    );
  });

  test("there is no evidence either", () => {
    expect(reason(11200, {}, { failedRequest: null })).toMatchObject({ evidence: [], conflicts: [] });
  });

  test("no words of the message decide anything", () => {
    fc.assert(
      fc.property(fc.constantFrom(...httpRetrievalCodes), text, (code, message) => {
        expect(verdictsOf(reason(code, {}, { message }))).toEqual(verdictsOf(reason(code)));
      }),
    );
  });
});

test("any facts give at most one confirmed cause, each cause once, and evidence for every finding that leads", () => {
  const why = fc.option(fc.oneof(fc.string(), fc.constantFrom(...table.map(([number]) => `${number} x`), "11200 x")));
  fc.assert(
    fc.property(
      fc.oneof(fc.constantFrom(...httpRetrievalCodes), fc.integer()),
      fc.option(fc.string({ unit: "binary" })),
      fc.option(fc.integer({ min: 100, max: 599 })),
      why,
      fc.option(fc.string({ unit: "binary" })),
      (code, host, status, because, contentType) => {
        const { causes, evidence } = reason(code, { host, status, reason: because }, { contentType });
        expect(causes.filter(({ verdict }) => verdict === "confirmed").length).toBeLessThan(2);
        expect(new Set(causes.map(({ id }) => id)).size).toBe(causes.length);
        const leading = causes.filter(({ verdict }) => verdict === "confirmed" || verdict === "likely");
        for (const cause of leading) expect(cause.evidence.length).toBeGreaterThan(0);
        for (const item of evidence) expect(item.text).not.toMatch(/[\n\r]/);
      },
    ),
  );
});

describe("remedies", () => {
  const remedyOf = (reasoned: ReturnType<typeof reason>, id: string) =>
    reasoned.remedies.find((remedy) => remedy.id === id);

  test("begin with what answers the leading cause", () => {
    const first = (code: number, over: Partial<FailedRequest>) => reason(code, over).remedies[0]?.id;
    expect(first(11210, {})).toBe("resolve-the-name");
    expect(first(11200, { reason: "11203 x" })).toBe("answer-first");
    expect(first(11200, { reason: "11237 x" })).toBe("renew-the-certificate");
    expect(first(11200, { reason: "11202 x" })).toBe("open-a-connection");
    expect(first(11200, { reason: "11210 x" })).toBe("resolve-the-name");
    expect(first(11750, {})).toBe("return-less");
  });

  test("carry the host and the event", () => {
    const reasoned = reason(11200, { host: "hooks.shop.example.com:8443" });
    expect(remedyOf(reasoned, "resolve-the-name")?.curl).toBe(
      "curl 'https://dns.google/resolve?name=hooks.shop.example.com'",
    );
    expect(remedyOf(reasoned, "open-a-connection")?.curl).toContain("'https://hooks.shop.example.com:8443/'");
    expect(remedyOf(reasoned, "read-the-alert")?.command).toContain(`--sid ${eventSid}`);
  });

  test("leave a host that a shell or a tool could misread for a person to set", () => {
    for (const host of ["-oProxy", "a'b", "a b", "$(id)", "[::1]", "x".repeat(300), null]) {
      expect(remedyOf(reason(11200, { host }), "resolve-the-name")?.curl).toContain("$WEBHOOK_HOST");
    }
  });

  test("come without a command where the event has no sid", () => {
    expect(remedyOf(reason(11200, {}, { eventSid: "hash:1" }), "read-the-alert")?.command).toBeUndefined();
    expect(remedyOf(reason(11200, {}, { eventSid: null }), "read-the-alert")?.command).toBeUndefined();
  });
});

describe("the rules", () => {
  test("of these codes list the same causes in the same order, and ask this diagnostician", () => {
    for (const code of httpRetrievalCodes) {
      const rule = ruleOfCode(code, rules);
      expect(rule?.diagnostician, String(code)).toBe("http-retrieval");
      expect(
        rule?.causes?.map(({ id }) => id),
        String(code),
      ).toEqual(httpCausesOf(code));
    }
  });

  test("of other codes do not ask it", () => {
    const asking = builtIn.filter(({ diagnostician }) => diagnostician === "http-retrieval");
    const codes = asking.flatMap(({ match }) => codeRanges(match.code ?? []) ?? []).map(({ from }) => from);
    expect(codes.toSorted((a, b) => a - b)).toEqual(httpRetrievalCodes);
  });

  test("have a remedy for every cause they list", () => {
    for (const code of httpRetrievalCodes) {
      const over = code === 11200 ? { reason: "11236 x" } : {};
      const { remedies, causes } = reason(code, over);
      expect(remedies[0]?.id, `${code} ${causes[0]?.id}`).not.toMatch(/^(?:read-the-alert|set-a-fallback-url)$/);
    }
  });
});

test("a number in the header of a webhook's answer is found through the wire format", () => {
  const failedRequest = readFailedRequest(
    {
      more_info: { Msg: "", httpResponse: "502", url: "https://hooks.shop.example.com/sms" },
      webhook: {
        request: { url: "https://hooks.shop.example.com/sms", method: "POST" },
        response: {
          status_code: null,
          headers: {
            "X-Twilio-WebhookError": "11203 HTTP communication total time out triggered",
            "content-type": "text/html",
          },
        },
      },
    },
    null,
  );
  const reasoned = reason(11200, {}, { failedRequest, contentType: "text/html", source: "event" });
  expect(reasoned.causes[0]).toMatchObject({ id: "timeout", verdict: "confirmed" });
  expect(verdictsOf(reasoned)["status-code"]).toBe("ruled-out");
  expect(reasoned.evidence.at(-1)?.text).toContain("Twilio notes status 502");
});

const published = new URL("../../../../shared/fixtures/monitor/monitor-alert-11200.json", import.meta.url);
test.skipIf(!existsSync(published))("a real Alert with a 405 gets its error status confirmed (needs ../shared)", () => {
  const alert = JSON.parse(readFileSync(published, "utf8")) as Record<string, string | null>;
  const failedRequest = readFailedRequest(
    {},
    {
      alertText: alert.alert_text ?? null,
      requestMethod: alert.request_method ?? null,
      requestUrl: alert.request_url ?? null,
      responseHeaders: alert.response_headers ?? null,
    },
  );
  const reasoned = reason(11200, {}, { failedRequest, contentType: "text/html" });
  expect(reasoned.causes[0]).toMatchObject({ id: "status-code", verdict: "confirmed" });
  expect(reasoned.causes[0]?.evidence[0]?.text).toContain("405");
});
