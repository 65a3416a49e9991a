import { describe, expect, it } from "vitest";
import type { Route } from "../../src/core/notice/route.ts";
import { Secret } from "../../src/core/secret.ts";
import { components } from "../../src/operate/schemas.ts";
import type { StoredNotice, StoredSilence } from "../../src/pipeline/notice-ports.ts";
import { bodyOf, incident, recordOf, serve } from "./fakes.ts";
import { noticesOf, receiver, silence, silencesOf } from "./notice-fakes.ts";

const json = { "content-type": "application/json" };
const asked = {
  matchers: [{ name: "code", value: "80604" }],
  comment: "Being repaired",
  createdBy: "somebody",
  endsAt: "2026-01-02T05:00:00+01:00",
};

/** The private port over these silences. */
async function serveSilences(given: readonly StoredSilence[] = [], options: Parameters<typeof serve>[0] = {}) {
  const silences = silencesOf(given);
  const server = await serve({ notices: noticesOf({ silences }), ...options });
  const post = (body: unknown, headers: Record<string, string> = json) =>
    server.get("/api/v1/silences", { method: "POST", body: JSON.stringify(body), headers });
  return { ...server, kept: silences.kept, post };
}

async function refused(response: Response, status: number): Promise<{ expected: string; got: string; fix: string }> {
  const body = await bodyOf(response);
  expect([response.status, body]).toEqual([status, { error: expect.anything() }]);
  return components.Problem.parse(body).error;
}

describe("a silence", () => {
  it("is made from matchers, a comment and an end", async () => {
    await using server = await serveSilences();
    const response = await server.post(asked);
    expect(response.status).toBe(201);
    const made = {
      id: "sil_1",
      state: "active",
      matchers: [{ name: "code", value: "80604", isRegex: false, isEqual: true }],
      comment: "Being repaired",
      createdBy: "somebody",
      startsAt: "2026-01-02T03:00:00.000Z",
      endsAt: "2026-01-02T04:00:00.000Z",
    };
    expect(await bodyOf(response)).toEqual(made);
    const { state: _state, ...stored } = made;
    expect(server.kept).toEqual([stored]);
    expect(await bodyOf(await server.get("/api/v1/silences/sil_1"))).toEqual(made);
    expect(server.log.said).toEqual([]);
  });

  it("may begin later", async () => {
    await using server = await serveSilences();
    const response = await server.post({ ...asked, startsAt: "2026-01-02T03:30:00Z" });
    expect(await bodyOf(response)).toMatchObject({ state: "pending", startsAt: "2026-01-02T03:30:00.000Z" });
  });

  it.each([
    [{ matchers: [] }, "matchers: at least 1 items", "a list of 0"],
    [{ matchers: [{ name: "cod", value: "1" }] }, expect.stringMatching(/^matchers\.0\.name: one of .*code/), '"cod"'],
    [{ matchers: [{ name: "code", value: 80604 }] }, "matchers.0.value: a value of the type string", "80604"],
    [{ matchers: [{ ...asked.matchers[0], x: 1 }] }, "matchers.0: nothing by the name x", "an object"],
    [{ comment: " " }, "comment: at least 1 characters", '" "'],
    [{ createdBy: undefined }, "createdBy: a value of the type string", "nothing"],
    [{ endsAt: "tomorrow" }, "endsAt: a time such as 2026-01-31T18:00:00Z", '"tomorrow"'],
    [{ endsAt: "2026-01-02T02:59:59Z" }, expect.stringMatching(/^endsAt: a time after/), '"2026-01-02T02:59:59Z"'],
    [{ startsAt: "2026-01-03T00:00:00Z" }, "endsAt: another value", '"2026-01-02T05:00:00+01:00"'],
    [{ state: "active" }, expect.stringContaining("only the fields matchers, comment"), "state"],
  ])("with %j is refused with what to mend", async (more, expected, got) => {
    await using server = await serveSilences();
    const problem = await refused(await server.post({ ...asked, ...more }), 400);
    expect(problem).toMatchObject({ expected, got });
    expect(problem.fix).not.toBe("");
    expect(server.kept).toEqual([]);
  });

  it.each([
    ["nearly everything", { name: "code", value: ".*", isRegex: true }, "this one would silence nearly everything"],
    ["a pattern that never ends", { name: "title", value: "(a+)+b", isRegex: true }, "do not repeat a group"],
  ])("of %s is refused", async (_name, matcher, fix) => {
    await using server = await serveSilences();
    expect((await refused(await server.post({ ...asked, matchers: [matcher] }), 400)).fix).toContain(fix);
    expect(server.kept).toEqual([]);
  });

  it("is listed until it has ended, and afterwards when asked for", async () => {
    const ended = silence(1, { endsAt: "2026-01-02T02:30:00.000Z" });
    await using server = await serveSilences([ended, silence(2), silence(3, { startsAt: "2026-01-02T03:30:00.000Z" })]);
    const states = async (query: string) => {
      const list = components.SilenceList.parse(await (await server.get(`/api/v1/silences${query}`)).json());
      return list.silences.map(({ id, state }) => `${id} ${state}`);
    };
    expect(await states("")).toEqual(["sil_3 pending", "sil_2 active"]);
    expect(await states("?ended=true")).toEqual(["sil_3 pending", "sil_2 active", "sil_1 ended"]);
    expect(await states("?ended=true&limit=1")).toEqual(["sil_3 pending"]);
    await refused(await server.get("/api/v1/silences?ended=yes"), 400);
  });

  it("ends at once when deleted, and deleting it again changes nothing", async () => {
    await using server = await serveSilences([silence(1)]);
    for (let time = 0; time < 2; time++) {
      const response = await server.get("/api/v1/silences/sil_1", { method: "DELETE" });
      expect([response.status, await bodyOf(response)]).toMatchObject([
        200,
        { state: "ended", endsAt: "2026-01-02T03:00:00.000Z" },
      ]);
    }
  });

  it.each(["sil_9", "__proto__", "x"])("of the unknown id %s is a 404", async (id) => {
    await using server = await serveSilences([silence(1)]);
    for (const method of ["GET", "DELETE"]) {
      expect(await refused(await server.get(`/api/v1/silences/${id}`, { method }), 404)).toMatchObject({ got: id });
    }
  });

  it("cannot be made or ended without the token, nor from a page of another site", async () => {
    await using guarded = await serveSilences([silence(1)], { adminToken: new Secret("a-long-admin-token") });
    await refused(await guarded.post(asked), 401);
    await refused(await guarded.get("/api/v1/silences/sil_1", { method: "DELETE" }), 401);
    await using open = await serveSilences([silence(1)]);
    const origin = { origin: "https://evil.example" };
    await refused(await open.post(asked, { "content-type": "text/plain" }), 415);
    await refused(await open.post(asked, { ...json, ...origin }), 403);
    await refused(await open.get("/api/v1/silences/sil_1", { method: "DELETE", headers: origin }), 403);
    expect([guarded.kept, open.kept]).toEqual([[silence(1)], [silence(1)]]);
  });

  it("answers other methods 405 and names its own", async () => {
    await using server = await serveSilences();
    const allow = async (path: string) => {
      const response = await server.get(path, { method: "PUT" });
      expect(response.status).toBe(405);
      return response.headers.get("allow");
    };
    expect(await allow("/api/v1/silences")).toBe("GET, HEAD, POST");
    expect(await allow("/api/v1/silences/sil_1")).toBe("GET, HEAD, DELETE");
  });
});

it("receivers are shown with whether notices reach them", async () => {
  await using server = await serveSilences();
  expect(await bodyOf(await server.get("/api/v1/receivers"))).toEqual({ receivers: [receiver] });
  expect(server.log.said).toEqual([]);
});

describe("the notices of an incident", () => {
  const told: StoredNotice = {
    receiver: "slack",
    transition: "opened",
    outcome: "delivered",
    reason: "first",
    at: "2026-01-02T03:04:07.000Z",
  };

  it("are shown with it, in lists too, asked for once a page", async () => {
    const notices = noticesOf({ told: { "inc-1": [told] } });
    const reader = recordOf({ incidents: [incident(0), incident(1)] });
    await using server = await serve({ reader, notices });
    const page = components.IncidentPage.parse(await (await server.get("/api/v1/incidents")).json());
    expect(page.incidents.map((each) => each.notices)).toEqual([[], [told]]);
    const one = components.IncidentDetail.parse(await (await server.get("/api/v1/incidents/inc-1")).json());
    expect(one.notices).toEqual([told]);
    expect(notices.asked).toEqual([["inc-0", "inc-1"], ["inc-1"]]);
    expect(server.log.said).toEqual([]);
  });
});

describe("the routing", () => {
  const route: Route = {
    receivers: ["slack"],
    routes: [{ match: { severity: "critical" }, receivers: ["pagerduty"], repeatInterval: "1h" }],
  };
  const ask = async (server: { get: (path: string) => Promise<Response> }, query: string) =>
    components.Routing.parse(await (await server.get(`/api/v1/routing?${query}`)).json());

  it("says who is told of an incident with these labels, and why", async () => {
    await using server = await serve({ notices: noticesOf({ route }) });
    const critical = await ask(server, "severity=critical&code=80604");
    expect(critical.receivers).toMatchObject([
      { receiver: "pagerduty", path: "route.routes[0]", repeatMs: 3_600_000, muted: false, mutedUntil: null },
    ]);
    expect(critical.explanation.join("\n")).toContain("pagerduty by route.routes[0], again every 1h");
    expect(critical.silencedBy).toBeNull();
    expect((await ask(server, "")).receivers).toMatchObject([{ receiver: "slack", path: "route" }]);
    expect(server.log.said).toEqual([]);
  });

  it("says which silence keeps it quiet", async () => {
    const later = silence(2, { endsAt: "2026-01-02T05:00:00.000Z" });
    const notices = noticesOf({ route, silences: silencesOf([later, silence(1)]) });
    await using server = await serve({ notices });
    expect((await ask(server, "code=80604")).silencedBy).toMatchObject({ id: "sil_2", state: "active" });
    expect((await ask(server, "code=11200")).silencedBy).toBeNull();
  });

  it.each([
    ["cod=1", 400],
    ["__proto__=1", 400],
    ["code=1&code=2", 400],
    [`title=${"x".repeat(1_001)}`, 400],
  ])("refuses %s", async (query, status) => {
    await using server = await serve({ notices: noticesOf({ route }) });
    await refused(await server.get(`/api/v1/routing?${query}`), status);
  });
});

it("the OpenAPI document has them", async () => {
  await using server = await serveSilences();
  const document = await bodyOf(await server.get("/api/v1/openapi.json"));
  const paths = document.paths as Record<string, Record<string, { responses: object }>>;
  expect(Object.keys(paths["/api/v1/silences"] ?? {})).toEqual(["get", "post"]);
  expect(Object.keys(paths["/api/v1/silences"]?.post?.responses ?? {})).toContain("201");
  expect(Object.keys(paths["/api/v1/silences/{id}"] ?? {})).toEqual(["get", "delete"]);
  for (const path of ["/api/v1/receivers", "/api/v1/routing"]) expect(paths[path]).toHaveProperty("get");
  expect(components.Document.safeParse(document).success).toBe(true);
});

it("without notices there is nothing of them", async () => {
  await using server = await serve();
  expect((await server.get("/api/v1/silences")).status).toBe(404);
  expect((await server.get("/api/v1/receivers")).status).toBe(404);
});
