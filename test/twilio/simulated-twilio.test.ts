import { existsSync, readFileSync } from "node:fs";
import twilio from "twilio";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { debuggerForm, errorEvent, signForm, signJson, streamBatch } from "../support/sign.ts";
import { receiveInbound } from "../support/simulated-twilio/proxy-traffic.ts";
import { defaultAccount, type SimulatedTwilio, startSimulatedTwilio } from "../support/simulated-twilio/server.ts";

const alice = "+15550100001";
const bob = "+15550100002";
const first = "+15550190001";
const second = "+15550190002";

let server: SimulatedTwilio;
let now = new Date("2026-01-15T10:00:00Z");

beforeEach(async () => {
  now = new Date("2026-01-15T10:00:00Z");
  server = await startSimulatedTwilio({ now: () => now });
});
afterEach(async () => {
  await server.stop();
});

/** The real client, its requests sent to the simulated server. */
function client(): ReturnType<typeof twilio> {
  const httpClient = new twilio.RequestClient();
  const send = httpClient.request.bind(httpClient);
  httpClient.request = (options) => {
    const { hostname, pathname, search } = new URL(options.uri);
    return send({ ...options, uri: `${server.baseUrl}/${hostname}${pathname}${search}` });
  };
  return twilio(defaultAccount.sid, defaultAccount.tokens[0], { httpClient });
}

/** The fields of answers that these tests read. */
interface Answer {
  readonly code: number;
  readonly meta: { readonly page_size: number; readonly next_page_url: string | null };
  readonly alerts: readonly { readonly error_code: string }[];
  readonly sessions: readonly unknown[];
}

async function bodyOf(response: Response): Promise<Answer> {
  const body: Answer = JSON.parse(await response.text());
  return body;
}

function get(path: string, authorization = basic(defaultAccount.sid, defaultAccount.tokens[0])): Promise<Response> {
  return fetch(`${server.baseUrl}${path}`, { headers: { authorization } });
}

function basic(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;
}

function proxyWith(...numbers: string[]): {
  ks: string;
  proxy: ReturnType<SimulatedTwilio["state"]["account"]>["proxy"];
} {
  const { proxy } = server.state.account();
  const ks = proxy.createService().sid;
  for (const number of numbers) expect(proxy.addPhoneNumber(ks, number).ok).toBe(true);
  return { ks, proxy };
}

function sessionWith(ks: string, identifier: string, proxyIdentifier?: string): string {
  const created = server.state.account().proxy.createSession(ks, { participants: [{ identifier, proxyIdentifier }] });
  if (!created.ok) throw new Error(created.message);
  return created.value.sid;
}

describe("authentication", () => {
  it("answers 401 with code 20003 to wrong credentials", async () => {
    const response = await get("/monitor.twilio.com/v1/Alerts", basic(defaultAccount.sid, "wrong"));
    expect(response.status).toBe(401);
    expect(await response.json()).toMatchObject({ code: 20003, status: 401 });
  });

  it("shows an account only what is its own", async () => {
    const other = {
      sid: `AC${"b".repeat(32)}`,
      tokens: ["t2"],
      apiKeys: [{ sid: `SK${"b".repeat(32)}`, secret: "s2" }],
    };
    const two = await startSimulatedTwilio({ accounts: [defaultAccount, other] });
    const alert = two.state.account(other.sid).monitor.addAlert({ code: 11200 });
    const path = `${two.baseUrl}/monitor.twilio.com/v1/Alerts/${alert.sid}`;
    const asFirst = await fetch(path, {
      headers: { authorization: basic(defaultAccount.sid, defaultAccount.tokens[0]) },
    });
    const asKey = await fetch(path, { headers: { authorization: basic(`SK${"b".repeat(32)}`, "s2") } });
    expect([asFirst.status, asKey.status]).toEqual([404, 200]);
    await two.stop();
  });
});

describe("Monitor", () => {
  it("pages through Alerts by absolute next_page_url, newest first", async () => {
    const { monitor } = server.state.account();
    for (let i = 0; i < 130; i += 1) monitor.addAlert({ code: 11200, at: new Date(now.getTime() + i * 1000) });
    const alerts = await client().monitor.v1.alerts.list({ pageSize: 50 });
    expect(alerts).toHaveLength(130);
    expect(alerts[0]?.dateGenerated.getTime()).toBe(now.getTime() + 129_000);
    expect(server.calls.count("/v1/Alerts")).toBe(3);
    const page = await bodyOf(await get("/monitor.twilio.com/v1/Alerts?PageSize=50"));
    expect(page.meta.next_page_url).toBe("https://monitor.twilio.com/v1/Alerts?PageSize=50&Page=1&PageToken=PT1");
  });

  it("filters by level and time", async () => {
    const { monitor } = server.state.account();
    monitor.addAlert({ code: 1, level: "error", at: new Date("2026-01-13T00:00:00Z") });
    monitor.addAlert({ code: 2, level: "warning", at: new Date("2026-01-14T12:00:00Z") });
    monitor.addAlert({ code: 3, level: "warning", at: new Date("2026-01-15T12:00:00Z") });
    const warnings = await client().monitor.v1.alerts.list({ logLevel: "warning" });
    expect(warnings.map((alert) => alert.errorCode)).toEqual(["3", "2"]);
    const day = await bodyOf(await get("/monitor.twilio.com/v1/Alerts?StartDate=2026-01-14&EndDate=2026-01-14"));
    expect(day.alerts.map((alert) => alert.error_code)).toEqual(["2"]);
  });

  it("shows the request of an Alert when it is fetched, not in the list", async () => {
    const { monitor } = server.state.account();
    const { sid } = monitor.addAlert({
      code: 80905,
      variables: { From: alice, To: first },
      service: `KS${"1".repeat(32)}`,
    });
    const fetched = await client().monitor.v1.alerts(sid).fetch();
    expect(new URLSearchParams(fetched.requestVariables).get("From")).toBe(alice);
    const list = await bodyOf(await get("/monitor.twilio.com/v1/Alerts"));
    expect(list.alerts[0]).not.toHaveProperty("request_variables");
  });

  it("answers 404 with code 20404 for an unknown Alert", async () => {
    await expect(
      client()
        .monitor.v1.alerts(`NO${"f".repeat(32)}`)
        .fetch(),
    ).rejects.toMatchObject({ status: 404, code: 20404 });
  });
});

describe("faults", () => {
  it("answers 429 with Retry-After as often as asked, then recovers", async () => {
    server.faults.add({ path: "/v1/Alerts", status: 429, retryAfter: 2, times: 1 });
    const refused = await get("/monitor.twilio.com/v1/Alerts");
    expect([refused.status, refused.headers.get("retry-after"), (await bodyOf(refused)).code]).toEqual([
      429,
      "2",
      20429,
    ]);
    expect((await get("/monitor.twilio.com/v1/Alerts")).status).toBe(200);
    expect(server.calls.all.map((call) => call.status)).toEqual([429, 200]);
  });

  it("hangs, cuts connections and sends what is not JSON", async () => {
    const remove = server.faults.add({ path: /Alerts\/NO1$/, hang: true });
    const hanging = fetch(`${server.baseUrl}/monitor.twilio.com/v1/Alerts/NO1`, { signal: AbortSignal.timeout(100) });
    await expect(hanging).rejects.toThrow();
    remove();
    server.faults.add({ path: "/Alerts/NO2", cut: true });
    await expect(get("/monitor.twilio.com/v1/Alerts/NO2").then((response) => response.text())).rejects.toThrow();
    server.faults.add({ path: "/Alerts/NO3", malformed: true });
    const response = await get("/monitor.twilio.com/v1/Alerts/NO3");
    await expect(response.json()).rejects.toThrow(SyntaxError);
  });
});

describe("Proxy", () => {
  it("gives at most 100 Sessions a page whatever PageSize says", async () => {
    const { ks, proxy } = proxyWith(first);
    for (let i = 0; i < 120; i += 1) proxy.createSession(ks);
    const page = await bodyOf(await get(`/proxy.twilio.com/v1/Services/${ks}/Sessions?PageSize=1000`));
    expect([page.sessions.length, page.meta.page_size]).toEqual([100, 100]);
    expect(await client().proxy.v1.services(ks).sessions.list({ pageSize: 1000 })).toHaveLength(120);
  });

  it("refuses to reopen a Session while its pair is active elsewhere, and does it after that one is closed", async () => {
    const { ks } = proxyWith(first);
    const old = sessionWith(ks, alice);
    const sessions = client().proxy.v1.services(ks).sessions;
    await sessions(old).update({ status: "closed" });
    const holder = sessionWith(ks, alice);
    await expect(sessions(old).update({ status: "in-progress" })).rejects.toMatchObject({ status: 400, code: 80604 });
    expect((await sessions(old).fetch()).status).toBe("closed");
    await sessions(holder).update({ status: "closed" });
    const reopened = await sessions(old).update({ status: "in-progress" });
    expect(reopened.status).toBe("in-progress");
    expect(reopened.dateEnded).toBeInstanceOf(Date);
  });

  it("chooses a number that is free for the identifier, and refuses when none is", async () => {
    const { ks, proxy } = proxyWith(first, second);
    const sessions = client().proxy.v1.services(ks).sessions;
    const create = (): ReturnType<typeof sessions.create> => sessions.create({ participants: [{ Identifier: alice }] });
    await create();
    const next = await create();
    expect((await sessions(next.sid).participants.list()).map((one) => one.proxyIdentifier)).toEqual([second]);
    const before = proxy.sessions.size;
    await expect(create()).rejects.toMatchObject({ code: 80604 });
    expect(proxy.sessions.size).toBe(before);
    await client().proxy.v1.services(ks).phoneNumbers.create({ phoneNumber: "+15550190003" });
    await expect(create()).resolves.toMatchObject({ status: "open" });
  });

  it("refuses an explicit number that is taken, and one of no Service of its own", async () => {
    const { ks } = proxyWith(first, second);
    sessionWith(ks, alice, first);
    const session = client()
      .proxy.v1.services(ks)
      .sessions(sessionWith(ks, bob, first));
    await expect(session.participants.create({ identifier: alice, proxyIdentifier: first })).rejects.toMatchObject({
      code: 80604,
    });
    await expect(
      session.participants.create({ identifier: alice, proxyIdentifier: "+15550190009" }),
    ).rejects.toMatchObject({ code: 80605 });
    await expect(session.participants.create({ identifier: alice })).resolves.toMatchObject({
      proxyIdentifier: second,
    });
  });

  it("refuses Participants of a Service without usable numbers", () => {
    const { proxy } = server.state.account();
    const empty = proxy.createService().sid;
    expect(proxy.createSession(empty, { participants: [{ identifier: alice }] })).toMatchObject({
      ok: false,
      code: 80205,
    });
    proxy.addPhoneNumber(empty, first, { reserved: true });
    expect(proxy.createSession(empty, { participants: [{ identifier: alice }] })).toMatchObject({
      ok: false,
      code: 80207,
    });
  });

  it("keeps a removed Participant readable with date_deleted and frees its pair", async () => {
    const { ks, proxy } = proxyWith(first);
    const kc = sessionWith(ks, alice);
    const kp = proxy.participantsOf(kc)[0]?.sid ?? "";
    const participants = client().proxy.v1.services(ks).sessions(kc).participants;
    await participants(kp).remove();
    expect((await participants(kp).fetch()).dateDeleted).toBeInstanceOf(Date);
    expect(proxy.createSession(ks, { participants: [{ identifier: alice }] }).ok).toBe(true);
    const message = client()
      .proxy.v1.services(ks)
      .sessions(kc)
      .participants(kp)
      .messageInteractions.create({ body: "hi" });
    await expect(message).rejects.toMatchObject({ code: 80903 });
  });

  it("closes Sessions whose time is over, and routes inbound traffic through open ones only", () => {
    const { ks, proxy } = proxyWith(first);
    const created = proxy.createSession(ks, {
      participants: [{ identifier: alice }, { identifier: bob }],
      fields: { ttl: 60 },
    });
    if (!created.ok) throw new Error(created.message);
    expect(receiveInbound(proxy, { service: ks, from: alice, to: first }).ok).toBe(true);
    expect(proxy.sessions.get(created.value.sid)?.status).toBe("in-progress");
    now = new Date(now.getTime() + 61_000);
    expect(receiveInbound(proxy, { service: ks, from: alice, to: first })).toMatchObject({ ok: false, code: 80905 });
    expect(proxy.sessions.get(created.value.sid)).toMatchObject({
      status: "closed",
      date_ended: "2026-01-15T10:01:00Z",
    });
  });

  it("sets the out-of-session callback of a Service", async () => {
    const { ks } = proxyWith();
    const updated = await client().proxy.v1.services(ks).update({ outOfSessionCallbackUrl: "https://example.com/out" });
    expect(updated.outOfSessionCallbackUrl).toBe("https://example.com/out");
    const fetched = await client().proxy.v1.services(ks).fetch();
    expect(fetched.outOfSessionCallbackUrl).toBe("https://example.com/out");
  });
});

describe("Conversations", () => {
  it("finds the Conversations of an address, at most 50 a page, in the Service asked for", async () => {
    const { conversations } = server.state.account();
    for (let i = 0; i < 60; i += 1) {
      conversations.addParticipant(conversations.createConversation(), {
        address: alice,
        proxyAddress: `+1555019${1000 + i}`,
      });
    }
    const scoped = conversations.createService();
    conversations.addParticipant(conversations.createConversation({ chat_service_sid: scoped }), {
      address: alice,
      proxyAddress: first,
    });
    expect(
      await client().conversations.v1.participantConversations.list({ address: alice, pageSize: 100 }),
    ).toHaveLength(60);
    expect(server.calls.count("ParticipantConversations")).toBe(2);
    const inScope = await client().conversations.v1.services(scoped).participantConversations.list({ address: alice });
    expect(inScope.map((row) => row.participantMessagingBinding.proxy_address)).toEqual([first]);
  });

  it.each(["close", "delete", "remove"] as const)(
    "refuses a bound pair with 50416 until the holder is rid of it: %s",
    async (way) => {
      const { conversations } = server.state.account();
      const holder = conversations.createConversation();
      const bound = conversations.addParticipant(holder, { address: alice, proxyAddress: first });
      if (!bound.ok) throw new Error(bound.message);
      const api = client().conversations.v1;
      const wanted = api.conversations((await api.conversations.create({})).sid).participants;
      const add = (): ReturnType<typeof wanted.create> =>
        wanted.create({ "messagingBinding.address": alice, "messagingBinding.proxyAddress": first });
      await expect(add()).rejects.toMatchObject({ status: 409, code: 50416 });
      if (way === "close") await api.conversations(holder.sid).update({ state: "closed" });
      else if (way === "delete") await api.conversations(holder.sid).remove();
      else await api.conversations(holder.sid).participants(bound.value.sid).remove();
      await expect(add()).resolves.toMatchObject({ messagingBinding: { address: alice, proxy_address: first } });
    },
  );

  it("sets timers from ISO 8601 durations", async () => {
    const { sid } = server.state.account().conversations.createConversation();
    const updated = await client().conversations.v1.conversations(sid).update({ "timers.closed": "PT2H30M" });
    expect(updated.timers).toEqual({ date_closed: "2026-01-15T12:30:00Z" });
  });
});

describe("Frontline", () => {
  it("refuses an outgoing conversation with 48031 until the other one is closed", () => {
    const { frontline, conversations } = server.state.account();
    const request = { worker: "carol@example.com", contact: alice, proxyAddress: first };
    const other = frontline.startOutgoingConversation({ ...request, worker: "dave@example.com" });
    if (!other.ok) throw new Error(other.message);
    expect(frontline.startOutgoingConversation(request)).toMatchObject({ ok: false, code: 48031 });
    const holder = conversations.conversations.get(other.value);
    if (holder === undefined) throw new Error("the holder is gone");
    conversations.setState(holder, "closed");
    expect(frontline.startOutgoingConversation(request).ok).toBe(true);
  });

  it("fetches a user by sid and by identity", async () => {
    const user = server.state.account().frontline.createUser("carol@example.com", { state: "deactivated" });
    const bySid = await client().frontlineApi.v1.users(user.sid).fetch();
    const byIdentity = await client().frontlineApi.v1.users("carol@example.com").fetch();
    expect([bySid.identity, byIdentity.sid, byIdentity.state]).toEqual(["carol@example.com", user.sid, "deactivated"]);
  });
});

describe("signatures", () => {
  it("agree with Twilio's own checks", () => {
    const event = errorEvent({ code: 80604 });
    const form = debuggerForm(event);
    const url = "https://example.com/twilio/debugger?a=b";
    expect(twilio.validateRequest("t", signForm("t", url, form), url, form)).toBe(true);
    const body = streamBatch([event]);
    const json = signJson("t", "https://example.com/twilio/events", body);
    expect(twilio.validateRequestWithBody("t", json.signature, json.url, body)).toBe(true);
  });
});

const published = "../shared/fixtures/rest";
describe.skipIf(!existsSync(published))(
  "fields, compared with the published examples (skipped where they are not at hand)",
  () => {
    function example(name: string): Record<string, unknown> {
      return JSON.parse(readFileSync(`${published}/${name}.json`, "utf8"));
    }
    async function fieldsOf(path: string, list?: string): Promise<string[]> {
      const body: Record<string, unknown> = JSON.parse(await (await get(path)).text());
      return fieldsIn(body, list);
    }
    function fieldsIn(source: string | Record<string, unknown>, list?: string): string[] {
      const body = typeof source === "string" ? example(source) : source;
      if (list === undefined) return Object.keys(body).sort();
      const items = body[list];
      return Array.isArray(items) ? Object.keys(items[0]).sort() : [];
    }

    it("are the same for every resource", async () => {
      const { monitor, conversations, frontline } = server.state.account();
      const { ks, proxy } = proxyWith(first);
      const created = proxy.createSession(ks, { participants: [{ identifier: alice }, { identifier: bob }] });
      if (!created.ok) throw new Error(created.message);
      receiveInbound(proxy, { service: ks, from: alice, to: first });
      const session = `/proxy.twilio.com/v1/Services/${ks}/Sessions/${created.value.sid}`;
      expect(await fieldsOf(session)).toEqual(fieldsIn("rest-proxy-session"));
      expect(await fieldsOf(`/proxy.twilio.com/v1/Services/${ks}`)).toEqual(fieldsIn("rest-proxy-service"));
      expect(await fieldsOf(`${session}/Participants`, "participants")).toEqual(fieldsIn("rest-proxy-participant"));
      expect(await fieldsOf(`${session}/Interactions`, "interactions")).toEqual(fieldsIn("rest-proxy-interaction"));
      expect(await fieldsOf(`/proxy.twilio.com/v1/Services/${ks}/PhoneNumbers`, "phone_numbers")).toEqual(
        fieldsIn("rest-proxy-phone-numbers", "phone_numbers"),
      );
      const alert = monitor.addAlert({ code: 11200 });
      expect(await fieldsOf(`/monitor.twilio.com/v1/Alerts/${alert.sid}`)).toEqual(
        fieldsIn("rest-monitor-alert-fetch"),
      );
      expect(await fieldsOf("/monitor.twilio.com/v1/Alerts", "alerts")).toEqual(
        fieldsIn("rest-monitor-alert-list", "alerts"),
      );
      const conversation = conversations.createConversation();
      conversations.addParticipant(conversation, { address: alice, proxyAddress: first });
      const path = `/conversations.twilio.com/v1/Conversations/${conversation.sid}`;
      expect(await fieldsOf(path)).toEqual(fieldsIn("rest-conversations-conversation"));
      expect(await fieldsOf(`${path}/Participants`, "participants")).toEqual(
        fieldsIn("rest-conversations-participant"),
      );
      const rows = `/conversations.twilio.com/v1/ParticipantConversations?Address=${encodeURIComponent(alice)}`;
      expect(await fieldsOf(rows, "conversations")).toEqual(
        fieldsIn("rest-conversations-participant-conversations-by-address", "conversations"),
      );
      const user = frontline.createUser("carol@example.com");
      expect(await fieldsOf(`/frontline-api.twilio.com/v1/Users/${user.sid}`)).toEqual(fieldsIn("rest-frontline-user"));
    });
  },
);
