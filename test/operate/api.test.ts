import { describe, expect, it } from "vitest";
import { type ComponentName, components } from "../../src/operate/schemas.ts";
import type { RecordReader } from "../../src/pipeline/ports.ts";
import { StoreUnavailable } from "../../src/pipeline/ports.ts";
import { bodyOf, codes, diagnosis, event, incident, memoryLog, recordOf, rule, serve } from "./fakes.ts";

const record = recordOf({
  incidents: [
    incident(0, { id: "inc-0", state: "resolved", resolvedAt: "2026-01-02T04:00:00.000Z" }),
    incident(1),
    incident(2, { code: 11200, ruleId: null, title: "HTTP retrieval failure" }),
  ],
  events: Array.from({ length: 120 }, (_, nth) => event(nth, { incidentId: nth < 70 ? "inc-1" : null })),
  diagnoses: { "inc-1": [diagnosis(1), diagnosis(2)] },
});

/** The body, after a check that it is a 200 of this component. */
async function fits(response: Response, component: ComponentName): Promise<Record<string, unknown>> {
  expect(response.status).toBe(200);
  const body = await bodyOf(response);
  expect(components[component].safeParse(body).error?.issues ?? []).toEqual([]);
  return body;
}

async function refused(response: Response, status: number): Promise<{ expected: string; got: string; fix: string }> {
  expect(response.status).toBe(status);
  expect(response.headers.get("content-type")).toContain("application/json");
  return components.Problem.parse(await response.json()).error;
}

describe("incidents", () => {
  it("are listed with their causes, evidence, conflicts and remedies", async () => {
    await using server = await serve({ reader: record });
    const body = await fits(await server.get("/api/v1/incidents"), "IncidentPage");
    expect(body).toMatchObject({
      incidents: [{ id: "inc-0" }, { id: "inc-1" }, { id: "inc-2" }],
      nextCursor: null,
    });
    const { incidents } = components.IncidentPage.parse(body);
    expect(incidents[0]?.causes).toMatchObject([{ id: "too-few-numbers", verdict: "unknown", confirmed: 0 }]);
    expect(incidents[0]?.remedies).toEqual([
      { id: "close-session", text: "Close the other Session" },
      { id: "add-numbers", text: "Add numbers to the Service", command: "twilio x:list" },
    ]);
    expect(incidents[1]).toMatchObject({
      causes: [{ id: "too-few-numbers", verdict: "confirmed", confirmed: 2, likely: 0, ruledOut: 0, unknown: 0 }],
      evidence: [{ text: "No number is free" }],
      conflicts: [{ sid: `KC${"c".repeat(32)}`, state: "open" }],
      remedies: [{ id: "close-session", command: "twilio y" }],
      notices: [],
      matched: ["code 80604"],
      ruleId: rule.id,
    });
    expect(incidents[2]).toMatchObject({ code: 11200, causes: [], remedies: [] });
    expect(server.log.said).toEqual([]);
  });

  it("can be filtered and paged without overlap", async () => {
    await using server = await serve({ reader: record });
    const ids = async (query: string) => {
      const page = await server.get(`/api/v1/incidents?${query}`);
      return components.IncidentPage.parse(await page.json()).incidents.map(({ id }) => id);
    };
    expect(await ids("state=open")).toEqual(["inc-1", "inc-2"]);
    expect(await ids("state=resolved")).toEqual(["inc-0"]);
    expect(await ids("code=11200")).toEqual(["inc-2"]);
    const first = components.IncidentPage.parse(await (await server.get("/api/v1/incidents?limit=2")).json());
    expect(first.nextCursor).toBe("after:2");
    expect(await ids(`limit=2&cursor=${encodeURIComponent(String(first.nextCursor))}`)).toEqual(["inc-2"]);
  });

  it("read the diagnoses of the page only, all at once, and keep the order", async () => {
    const many = Array.from({ length: 30 }, (_, nth) => incident(nth));
    const ids = many.slice(0, 12).map(({ id }) => id);
    const diagnoses = Object.fromEntries(ids.slice(0, 5).map((id, nth) => [id, [diagnosis(nth), diagnosis(nth + 50)]]));
    const asked: [readonly string[], number][] = [];
    const kept = recordOf({ incidents: many, diagnoses });
    const reader: RecordReader = {
      ...kept,
      async diagnosesOf(of, limit) {
        asked.push([of, limit]);
        return new Map([...(await kept.diagnosesOf(of, limit))].toReversed());
      },
    };
    await using server = await serve({ reader });
    const page = components.IncidentPage.parse(await (await server.get("/api/v1/incidents?limit=12")).json());
    expect(page.incidents.map(({ id }) => id)).toEqual(ids);
    expect(page.incidents.map(({ causes }) => causes[0]?.confirmed)).toEqual([2, 2, 2, 2, 2, 0, 0, 0, 0, 0, 0, 0]);
    expect(asked).toEqual([[ids, 50]]);
  });

  it("come one at a time with the latest events and diagnoses", async () => {
    await using server = await serve({ reader: record });
    const detail = components.IncidentDetail.parse(
      await fits(await server.get("/api/v1/incidents/inc-1"), "IncidentDetail"),
    );
    expect(detail.events).toHaveLength(50);
    expect(detail.events.every(({ incidentId }) => incidentId === "inc-1")).toBe(true);
    expect(detail.diagnoses.map(({ eventSid }) => eventSid)).toEqual([diagnosis(1).eventSid, diagnosis(2).eventSid]);
    expect(detail.diagnoses[0]?.failedRequest).toMatchObject({ status: 502 });
    expect(detail.causes[0]).toMatchObject({ confirmed: 2 });
  });

  it("keep what a user's rule leaves unsaid from what its code has", async () => {
    const own = { ...rule, id: "ours", origin: "user" as const, causes: [], remedies: [] };
    const reader = recordOf({ incidents: [incident(1, { ruleId: "ours" })] });
    await using server = await serve({ reader, codes: { ...codes, ruleList: () => [own, rule] } });
    const detail = components.IncidentDetail.parse(await (await server.get("/api/v1/incidents/inc-1")).json());
    expect(detail.causes.map(({ id }) => id)).toEqual(["too-few-numbers"]);
    expect(detail.remedies.map(({ id }) => id)).toEqual(["close-session", "add-numbers"]);
  });

  it.each(["nobody", "__proto__", "constructor", "00000000-0000-0000-0000-000000000000"])(
    "answer 404 for the unknown id %s",
    async (id) => {
      await using server = await serve({ reader: record });
      const problem = await refused(await server.get(`/api/v1/incidents/${id}`), 404);
      expect(problem).toMatchObject({ got: id });
    },
  );
});

describe("events and quarantine", () => {
  it("are listed, filtered and paged", async () => {
    await using server = await serve({ reader: record });
    const all = components.EventPage.parse(await fits(await server.get("/api/v1/events?limit=500"), "EventPage"));
    expect(all.events).toHaveLength(120);
    expect(all.events[0]).toEqual(event(0));
    const page = components.EventPage.parse(await (await server.get("/api/v1/events")).json());
    expect([page.events.length, page.nextCursor]).toEqual([50, "after:50"]);
    const ofIncident = await server.get("/api/v1/events?incident=inc-1&limit=100&code=80604");
    expect(components.EventPage.parse(await ofIncident.json()).events).toHaveLength(70);
    const quarantine = await fits(await server.get("/api/v1/quarantine"), "QuarantinePage");
    expect(quarantine).toMatchObject({ quarantine: [{ id: "q-1", reason: "not_json" }], nextCursor: null });
  });

  it("give payloads back as they are stored, hostile keys and all", async () => {
    const payload = JSON.parse('{"__proto__": {"polluted": true}, "constructor": 1, "a": {"b": [null]}}');
    await using server = await serve({ reader: recordOf({ events: [event(1, { payload })] }) });
    const text = await (await server.get("/api/v1/events")).text();
    expect(text).toContain('"__proto__":{"polluted":true},"constructor":1,"a":{"b":[null]}');
    expect(Reflect.get({}, "polluted")).toBeUndefined();
    expect(server.log.said).toEqual([]);
  });
});

describe("codes and rules", () => {
  it("tell what is known", async () => {
    await using server = await serve();
    expect(await fits(await server.get("/api/v1/codes/80604"), "Code")).toMatchObject({
      code: 80604,
      known: true,
      rule: { id: rule.id, causes: [{ id: "too-few-numbers" }] },
    });
    expect(await fits(await server.get("/api/v1/codes/4242424"), "Code")).toMatchObject({ known: false, rule: null });
    expect(await fits(await server.get("/api/v1/rules"), "RuleList")).toEqual({ rules: [rule] });
  });

  it.each([
    "__proto__",
    "constructor",
    "abc",
    "-1",
    "1e3",
    "0x10",
    "99999999999999999999",
    "2147483648",
    "%00",
    "1%00",
    " 5",
  ])("refuse the code %s", async (code) => {
    await using server = await serve();
    const problem = await refused(await server.get(`/api/v1/codes/${code}`), 400);
    expect(problem.expected).toContain("an error code of Twilio");
  });
});

describe("bad parameters", () => {
  it.each([
    ["/api/v1/events?limit=abc", "limit: an integer from 1 to 500", '"abc"'],
    ["/api/v1/events?limit=0", "limit: an integer from 1 to 500", '"0"'],
    ["/api/v1/events?limit=501", "limit: an integer from 1 to 500", '"501"'],
    ["/api/v1/events?limit=", "limit: an integer from 1 to 500", '""'],
    ["/api/v1/events?limit=1e2", "limit: an integer from 1 to 500", '"1e2"'],
    ["/api/v1/events?limit=1&limit=2", "limit: an integer from 1 to 500", "2 values"],
    ["/api/v1/incidents?state=closed", "state: open or resolved", '"closed"'],
    ["/api/v1/incidents?state=", "state: open or resolved", '""'],
    ["/api/v1/incidents?code=x", "code: an error code of Twilio, such as 80604", '"x"'],
    ["/api/v1/events?code=99999999999", "code: an error code of Twilio, such as 80604", '"99999999999"'],
    ["/api/v1/events?incident=%00", "incident: the id of an incident, as /api/v1/incidents gives it", '"\\u0000"'],
    ["/api/v1/incidents?cursor=%00", "cursor: the nextCursor of the page before", '"\\u0000"'],
    ["/api/v1/incidents?stat=open", "only the parameters state, code, limit, cursor", "stat"],
    ["/api/v1/incidents?__proto__=1", "only the parameters state, code, limit, cursor", "__proto__"],
    ["/api/v1/rules?limit=1", "no parameters", "limit"],
  ])("are refused: %s", async (path, expected, got) => {
    await using server = await serve({ reader: record });
    expect(await refused(await server.get(path), 400)).toMatchObject({ expected, got });
    expect(server.log.said).toEqual([]);
  });

  it.each(["incidents", "events", "quarantine"])("include a cursor that %s did not give", async (resource) => {
    await using server = await serve({ reader: record });
    const problem = await refused(await server.get(`/api/v1/${resource}?cursor=made-up`), 400);
    expect(problem.expected).toContain("cursor");
  });

  it("are not given back at any length", async () => {
    await using server = await serve({ reader: record });
    const { got } = await refused(await server.get(`/api/v1/events?limit=${"9".repeat(5_000)}`), 400);
    expect(got.length).toBeLessThan(110);
  });
});

describe("failures", () => {
  it("are answered 500 without a trace of what happened, and logged once", async () => {
    const reader: RecordReader = {
      ...record,
      incidents: async () => {
        throw new Error("password hunter2 in /srv/app/secret.ts");
      },
    };
    await using server = await serve({ reader });
    const response = await server.get("/api/v1/incidents?state=open");
    const text = await response.clone().text();
    await refused(response, 500);
    expect(text).not.toMatch(/hunter2|secret\.ts|at /);
    expect(server.log.said).toMatchObject([
      { level: "error", sentence: "A request on the private port failed", fields: { path: "/api/v1/incidents" } },
    ]);
  });

  it("of the database are answered 503, to come again", async () => {
    const reader: RecordReader = {
      ...record,
      events: async () => {
        throw new StoreUnavailable("database_unavailable");
      },
    };
    await using server = await serve({ reader });
    const response = await server.get("/api/v1/events");
    expect(response.headers.get("retry-after")).toBe("5");
    expect(await refused(response, 503)).toMatchObject({ got: "database_unavailable" });
  });

  it("to keep to the schema are logged by place, without the value", async () => {
    const log = memoryLog();
    const wrong = incident(1, { firstSeen: "yesterday, hunter2" });
    await using server = await serve({ reader: recordOf({ incidents: [wrong] }), log });
    expect((await server.get("/api/v1/incidents")).status).toBe(200);
    expect(log.said).toEqual([
      {
        level: "error",
        fields: { component: "IncidentPage", mistakes: ["incidents.0.firstSeen: invalid_format"] },
        sentence: "An answer of the API does not fit its schema",
      },
    ]);
  });
});

describe("the OpenAPI document", () => {
  it("describes every path, and every reference in it leads somewhere", async () => {
    await using server = await serve();
    const document = await fits(await server.get("/api/v1/openapi.json"), "Document");
    expect(document).toMatchObject({ openapi: "3.1.0", info: { title: "Faultline", version: "1.2.3" } });
    const text = JSON.stringify(document);
    const schemas = Object.keys((document.components as { schemas: object }).schemas);
    const references = [...text.matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g)].map((found) => found[1]);
    expect(references.length).toBeGreaterThan(30);
    for (const reference of references) expect(schemas).toContain(reference);
    expect(text).not.toContain('"$schema"');
    expect(Object.keys(document.paths as object).toSorted()).toEqual([
      "/api/v1/codes/{code}",
      "/api/v1/events",
      "/api/v1/incidents",
      "/api/v1/incidents/{id}",
      "/api/v1/openapi.json",
      "/api/v1/quarantine",
      "/api/v1/requeue",
      "/api/v1/rules",
      "/livez",
      "/metrics",
      "/readyz",
    ]);
  });

  it("describes parameters as the server takes them", async () => {
    await using server = await serve();
    const document = await bodyOf(await server.get("/api/v1/openapi.json"));
    const paths = document.paths as Record<string, { get: { parameters: unknown } }>;
    expect(paths["/api/v1/events"]?.get.parameters).toContainEqual({
      name: "limit",
      in: "query",
      required: false,
      description: "an integer from 1 to 500",
      schema: { type: "integer", minimum: 1, maximum: 500, default: 50 },
    });
    expect(paths["/api/v1/incidents/{id}"]?.get.parameters).toMatchObject([{ name: "id", in: "path", required: true }]);
  });

  it("names only paths the server answers", async () => {
    await using server = await serve({ reader: record });
    const document = await bodyOf(await server.get("/api/v1/openapi.json"));
    const reads = Object.entries(document.paths as object).filter(([, methods]) => Object.hasOwn(methods, "get"));
    expect(reads.length).toBeGreaterThan(9);
    for (const [path] of reads) {
      const response = await server.get(path.replace("{id}", "inc-1").replace("{code}", "80604"));
      expect([path, response.status]).toEqual([path, 200]);
    }
  });
});
