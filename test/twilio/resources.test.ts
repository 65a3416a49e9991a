import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import twilio from "twilio";
import { describe, expect, test } from "vitest";
import { HttpClient } from "../../src/twilio/http-client.ts";
import { startSimulatedTwilio } from "../support/simulated-twilio/server.ts";
import { account, createReader, json, owner, startDouble, token } from "./double.ts";

const sid = (prefix: string) => `${prefix}${"a".repeat(32)}`;
const limit = { maxPages: 3 };

const session = {
  sid: sid("KC"),
  service_sid: sid("KS"),
  status: "closed",
  unique_name: "order 7",
  mode: "message-only",
  closed_reason: "",
  ttl: 3600,
  date_created: "2026-01-02T03:04:05Z",
  date_updated: "2026-01-02T03:04:05Z",
  date_ended: null,
};

describe("resources", () => {
  test("a Proxy Session; what is missing, empty or of another type is null, and no time becomes the present one", async () => {
    const double = await startDouble((_request, response) => json(response, 200, { ...session, date_started: 7 }));
    const { reader, outcomes } = createReader(double.baseUrl);
    expect(await reader.proxySession(owner, sid("KS"), sid("KC"))).toEqual({
      ok: true,
      value: {
        sid: sid("KC"),
        serviceSid: sid("KS"),
        uniqueName: "order 7",
        status: "closed",
        mode: "message-only",
        closedReason: null,
        ttl: 3600,
        dateCreated: "2026-01-02T03:04:05.000Z",
        dateUpdated: "2026-01-02T03:04:05.000Z",
        dateStarted: null,
        dateEnded: null,
        dateLastInteraction: null,
        dateExpiry: null,
      },
    });
    expect(double.seen[0]?.url).toBe(`/proxy.twilio.com/v1/Services/${sid("KS")}/Sessions/${sid("KC")}`);
    expect(outcomes).toEqual(["proxy.sessions.fetch ok"]);
  });

  test("every read asks its own path", async () => {
    const double = await startDouble((_request, response) => json(response, 404, {}));
    const { reader } = createReader(double.baseUrl);
    const [KS, KC, KP, IS, CH] = [sid("KS"), sid("KC"), sid("KP"), sid("IS"), sid("CH")];
    await reader.proxyService(owner, KS);
    await reader.proxySessions(owner, KS, limit);
    await reader.proxyParticipant(owner, KS, KC, KP);
    await reader.proxyParticipants(owner, KS, KC, limit);
    await reader.proxyPhoneNumbers(owner, KS, limit);
    await reader.conversation(owner, null, CH);
    await reader.conversation(owner, IS, CH);
    await reader.conversationParticipants(owner, IS, CH, limit);
    await reader.participantConversations(owner, null, { address: "+15550001111" }, limit);
    await reader.participantConversations(owner, IS, { identity: "jane doe" }, limit);
    await reader.frontlineUser(owner, "jane@example.com");
    expect(double.seen.map(({ url }) => url)).toEqual([
      `/proxy.twilio.com/v1/Services/${KS}`,
      `/proxy.twilio.com/v1/Services/${KS}/Sessions?PageSize=100`,
      `/proxy.twilio.com/v1/Services/${KS}/Sessions/${KC}/Participants/${KP}`,
      `/proxy.twilio.com/v1/Services/${KS}/Sessions/${KC}/Participants?PageSize=100`,
      `/proxy.twilio.com/v1/Services/${KS}/PhoneNumbers?PageSize=100`,
      `/conversations.twilio.com/v1/Conversations/${CH}`,
      `/conversations.twilio.com/v1/Services/${IS}/Conversations/${CH}`,
      `/conversations.twilio.com/v1/Services/${IS}/Conversations/${CH}/Participants?PageSize=100`,
      "/conversations.twilio.com/v1/ParticipantConversations?Address=%2B15550001111&PageSize=50",
      `/conversations.twilio.com/v1/Services/${IS}/ParticipantConversations?Identity=jane+doe&PageSize=50`,
      "/frontline-api.twilio.com/v1/Users/jane%40example.com",
    ]);
  });

  test("a sid that would lead elsewhere is not asked for", async () => {
    const double = await startDouble((_request, response) => json(response, 200, session));
    const { reader } = createReader(double.baseUrl);
    const refused = { ok: false, reason: "client_error", retry: false };
    expect(await reader.proxySession(owner, "..", sid("KC"))).toEqual(refused);
    expect(await reader.proxySessions(owner, "", limit)).toEqual(refused);
    expect(double.seen).toEqual([]);
  });
});

describe("lists", () => {
  const first = `https://proxy.twilio.com/v1/Services/${sid("KS")}/Sessions?PageSize=100`;
  const page = (items: unknown[], next: unknown) => ({
    sessions: items,
    meta: { key: "sessions", next_page_url: next },
  });
  const numbered = (number: number) => ({ ...session, sid: `KC${String(number).padStart(32, "0")}` });

  test("are read page by page to the end", async () => {
    const double = await startDouble((_request, response, nth) =>
      json(response, 200, page([numbered(nth)], nth < 3 ? `${first}&Page=${nth}&PageToken=x` : null)),
    );
    const { reader } = createReader(double.baseUrl);
    const answer = await reader.proxySessions(owner, sid("KS"), limit);
    expect(answer).toMatchObject({ ok: true, value: { pages: 3, cutShort: null } });
    expect(answer.ok && answer.value.items.map((each) => each.sid)).toEqual(
      [1, 2, 3].map((each) => numbered(each).sid),
    );
    expect(double.seen[2]?.url).toBe(
      `/proxy.twilio.com/v1/Services/${sid("KS")}/Sessions?PageSize=100&Page=2&PageToken=x`,
    );
  });

  test("say when they stop at the bound, even if the pages go in a circle", async () => {
    const double = await startDouble((_request, response, nth) => json(response, 200, page([numbered(nth)], first)));
    const answer = await createReader(double.baseUrl).reader.proxySessions(owner, sid("KS"), limit);
    expect(answer).toMatchObject({ ok: true, value: { pages: 3, cutShort: "page_limit" } });
    expect(double.seen).toHaveLength(3);
  });

  test("say when a later page could not be read; an unreadable first page is a failure", async () => {
    const double = await startDouble((_request, response, nth) =>
      nth === 1 ? json(response, 200, page([numbered(1)], `${first}&Page=1`)) : json(response, 500, {}),
    );
    const { reader } = createReader(double.baseUrl);
    const answer = await reader.proxySessions(owner, sid("KS"), limit);
    expect(answer).toMatchObject({ ok: true, value: { pages: 1, cutShort: "server_error" } });
    expect(answer.ok && answer.value.items).toHaveLength(1);
    expect(await reader.proxySessions(owner, sid("KS"), limit)).toEqual({
      ok: false,
      reason: "server_error",
      retry: true,
    });
  });

  test.each([
    "https://proxy.twilio.com.example.com/v1/Services",
    "https://api.twilio.com/2010-04-01/Accounts.json",
    `https://proxy.twilio.com/v1/Services/${sid("KS")}`,
    "//example.com/",
    "/v1/Services",
  ])("do not go on to %s", async (next) => {
    const double = await startDouble((_request, response) => json(response, 200, page([numbered(1)], next)));
    const answer = await createReader(double.baseUrl).reader.proxySessions(owner, sid("KS"), limit);
    expect(answer).toMatchObject({ ok: true, value: { pages: 1, cutShort: "server_error" } });
    expect(double.seen).toHaveLength(1);
  });

  test("are not complete when an item is not what it should be", async () => {
    const double = await startDouble((_request, response) =>
      json(
        response,
        200,
        page([numbered(1), null, "x", { sid: 7 }, { ...numbered(2), status: null }, numbered(3)], null),
      ),
    );
    const answer = await createReader(double.baseUrl).reader.proxySessions(owner, sid("KS"), limit);
    expect(answer).toMatchObject({ ok: true, value: { pages: 1, cutShort: "server_error" } });
    expect(answer.ok && answer.value.items).toHaveLength(2);
  });

  test.each<[string, unknown]>([
    ["no meta", { sessions: [] }],
    ["a key that is inherited", { meta: { key: "constructor" } }],
    ["items that are no list", { sessions: { length: 3 }, meta: { key: "sessions" } }],
  ])("with %s are the server's error", async (_name, body) => {
    const double = await startDouble((_request, response) => json(response, 200, body));
    const answer = await createReader(double.baseUrl).reader.proxySessions(owner, sid("KS"), limit);
    expect(answer).toEqual({ ok: false, reason: "server_error", retry: true });
  });
});

test("on a simulated Twilio the resources of a conflict are found", async () => {
  const simulated = await startSimulatedTwilio({ accounts: [{ sid: account, tokens: [token] }] });
  try {
    const { proxy, conversations, frontline } = simulated.state.account();
    const service = proxy.createService();
    proxy.addPhoneNumber(service.sid, "+15550009999");
    frontline.createUser("jane@example.com");
    const conversation = conversations.createConversation();
    const { reader } = createReader(simulated.baseUrl);
    expect(await reader.proxyService(owner, service.sid)).toMatchObject({ ok: true, value: { sid: service.sid } });
    expect(await reader.proxyPhoneNumbers(owner, service.sid, limit)).toMatchObject({
      ok: true,
      value: { items: [{ phoneNumber: "+15550009999", isReserved: false, inUse: 0 }], cutShort: null },
    });
    expect(await reader.conversation(owner, null, conversation.sid)).toMatchObject({
      ok: true,
      value: { state: "active" },
    });
    expect(await reader.frontlineUser(owner, "jane@example.com")).toMatchObject({
      ok: true,
      value: { state: "active" },
    });
    expect(await reader.proxyService(owner, sid("KS"))).toEqual({ ok: false, reason: "not_found", retry: false });
  } finally {
    await simulated.stop();
  }
});

const examples = join(import.meta.dirname, "../../../shared/fixtures/rest");

describe.skipIf(!existsSync(examples))(
  "examples of Twilio's API description (skipped without ../shared/fixtures/rest)",
  () => {
    const read = (name: string) =>
      JSON.parse(readFileSync(join(examples, `${name}.json`), "utf8")) as Record<string, unknown>;

    /** Serves one example whatever is asked for, to our reader and to the twilio package. */
    async function serve(name: string) {
      const double = await startDouble((_request, response) => json(response, 200, read(name)));
      const clock = { now: () => new Date() };
      const httpClient = new HttpClient({ baseUrl: double.baseUrl, timeoutMs: 5_000, clock });
      return { reader: createReader(double.baseUrl).reader, client: twilio(account, token, { httpClient }) };
    }

    /** What the twilio package makes of an example, in our terms: times as text, empty text as null. */
    function plain(value: unknown): unknown {
      if (value instanceof Date) return value.toISOString();
      return value === "" || value === undefined ? null : value;
    }

    function expectSame(ours: object, theirs: object): void {
      for (const [name, value] of Object.entries(ours)) {
        // Nested objects keep their wire names in the package.
        if (typeof value === "object" && value !== null) continue;
        expect(value, name).toEqual(plain(Reflect.get(theirs, name)));
      }
    }

    function answered<T>(answer: { ok: true; value: T } | { ok: false; reason: string }): T {
      if (!answer.ok) throw new Error(`expected an answer, got ${answer.reason}`);
      return answer.value;
    }

    test("single resources agree with the twilio package", async () => {
      const service = await serve("rest-proxy-service");
      expectSame(
        answered(await service.reader.proxyService(owner, sid("KS"))),
        await service.client.proxy.v1.services(sid("KS")).fetch(),
      );
      const one = await serve("rest-proxy-session");
      expectSame(
        answered(await one.reader.proxySession(owner, sid("KS"), sid("KC"))),
        await one.client.proxy.v1.services(sid("KS")).sessions(sid("KC")).fetch(),
      );
      const participant = await serve("rest-proxy-participant");
      expectSame(
        answered(await participant.reader.proxyParticipant(owner, sid("KS"), sid("KC"), sid("KP"))),
        await participant.client.proxy.v1.services(sid("KS")).sessions(sid("KC")).participants(sid("KP")).fetch(),
      );
      const conversation = await serve("rest-conversations-conversation-closed");
      const closed = answered(await conversation.reader.conversation(owner, null, sid("CH")));
      expectSame(closed, await conversation.client.conversations.v1.conversations(sid("CH")).fetch());
      expect(closed.timers).toEqual({
        dateInactive: "2015-12-16T22:19:38.000Z",
        dateClosed: "2015-12-16T22:28:38.000Z",
      });
      const user = await serve("rest-frontline-user");
      expectSame(
        answered(await user.reader.frontlineUser(owner, sid("US"))),
        await user.client.frontlineApi.v1.users(sid("US")).fetch(),
      );
      const alert = await serve("rest-monitor-alert-fetch");
      expectSame(
        answered(await alert.reader.fetchAlert(owner, sid("NO"))),
        await alert.client.monitor.v1.alerts(sid("NO")).fetch(),
      );
    });

    test("lists are read whole", async () => {
      const numbers = await (await serve("rest-proxy-phone-numbers")).reader.proxyPhoneNumbers(owner, sid("KS"), limit);
      expect(answered(numbers)).toMatchObject({
        cutShort: null,
        items: [{ isReserved: false, inUse: 0, isoCountry: "US" }],
      });
      const people = await (await serve("rest-conversations-participants")).reader.conversationParticipants(
        owner,
        null,
        sid("CH"),
        limit,
      );
      expect(answered(people).cutShort).toBeNull();
      expect(
        answered(people).items.map(({ identity, messagingBinding }) => [identity, messagingBinding?.type]),
      ).toEqual([
        [null, "sms"],
        ["IDENTITY", undefined],
      ]);
      const byAddress = await (
        await serve("rest-conversations-participant-conversations-by-address")
      ).reader.participantConversations(owner, null, { address: "+15550001111" }, limit);
      expect(answered(byAddress)).toMatchObject({
        cutShort: null,
        items: [
          { conversationSid: sid("CH"), conversationState: "inactive", participantMessagingBinding: { type: "sms" } },
        ],
      });
    });
  },
);
