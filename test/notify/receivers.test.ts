/*
 * The doubles refuse what the real ones refuse; otherwise every other test here would be worth little.
 */
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { eventErrors, pagerDutyKey, startPagerDuty } from "../support/receivers/pagerduty.ts";
import { slidingWindow, tokenBucket } from "../support/receivers/rate-limits.ts";
import { startSlackApi } from "../support/receivers/slack-api.ts";
import { pingsIn, slackRefusal } from "../support/receivers/slack-limits.ts";
import { startSlackWebhook } from "../support/receivers/slack-webhook.ts";
import { isSigned } from "../support/receivers/webhook.ts";

const mrkdwn = (length: number) => ({ type: "mrkdwn", text: "x".repeat(length) });
const plain = (length: number) => ({ type: "plain_text", text: "x".repeat(length) });
const section = (length: number) => ({ type: "section", text: mrkdwn(length) });
const button = (more: object) => ({ type: "button", text: plain(5), ...more });
const times = <T>(count: number, item: T): T[] => Array.from({ length: count }, () => item);

describe("Slack takes", () => {
  test.each<[what: string, message: Record<string, unknown>]>([
    ["a text without blocks", { text: "x" }],
    ["50 blocks", { blocks: times(50, { type: "divider" }) }],
    ["a section of 3,000 characters", { blocks: [section(3_000)] }],
    ["10 fields of 900 characters", { blocks: [{ type: "section", fields: times(10, mrkdwn(900)) }] }],
    ["a header of 150 characters", { blocks: [{ type: "header", text: plain(150) }] }],
    ["25 buttons", { blocks: [{ type: "actions", elements: times(25, button({ url: "https://example.com/" })) }] }],
    ["9,597 characters in all", { blocks: [section(3_000), section(3_000), section(3_000), section(597)] }],
  ])("%s", (_what, message) => {
    expect(slackRefusal(message)).toBeNull();
  });
});

describe("Slack refuses", () => {
  test.each<[what: string, error: string, message: Record<string, unknown>]>([
    ["nothing to say", "no_text", {}],
    ["an empty text", "no_text", { text: "" }],
    ["a text of more than 40,000 characters", "msg_too_long", { text: "x".repeat(40_001) }],
    ["blocks that are no list", "invalid_blocks", { blocks: {} }],
    ["51 blocks", "invalid_blocks", { blocks: times(51, { type: "divider" }) }],
    ["a block of no kind", "invalid_blocks", { blocks: [{ type: "fireworks" }] }],
    ["two blocks with one id", "invalid_blocks", { blocks: times(2, { type: "divider", block_id: "a" }) }],
    ["a block id of 256 characters", "invalid_blocks", { blocks: [{ type: "divider", block_id: "x".repeat(256) }] }],
    ["a section of nothing", "invalid_blocks", { blocks: [{ type: "section" }] }],
    ["a section of no characters", "invalid_blocks", { blocks: [section(0)] }],
    ["a section of 3,001 characters", "invalid_blocks", { blocks: [section(3_001)] }],
    ["11 fields", "invalid_blocks", { blocks: [{ type: "section", fields: times(11, mrkdwn(1)) }] }],
    ["a field of 2,001 characters", "invalid_blocks", { blocks: [{ type: "section", fields: [mrkdwn(2_001)] }] }],
    ["a header of 151 characters", "invalid_blocks", { blocks: [{ type: "header", text: plain(151) }] }],
    ["a header with markup", "invalid_blocks", { blocks: [{ type: "header", text: mrkdwn(5) }] }],
    ["a context of 11", "invalid_blocks", { blocks: [{ type: "context", elements: times(11, mrkdwn(1)) }] }],
    ["no buttons", "invalid_blocks", { blocks: [{ type: "actions", elements: [] }] }],
    ["26 buttons", "invalid_blocks", { blocks: [{ type: "actions", elements: times(26, button({})) }] }],
    [
      "a button of 76 characters",
      "invalid_blocks",
      { blocks: [{ type: "actions", elements: [button({ text: plain(76) })] }] },
    ],
    ["a button to nowhere", "invalid_blocks", { blocks: [{ type: "actions", elements: [button({ url: "/docs" })] }] }],
    [
      "two buttons with one id",
      "invalid_blocks",
      { blocks: [{ type: "actions", elements: times(2, button({ action_id: "a" })) }] },
    ],
    ["9,598 characters in all", "msg_blocks_too_long", { blocks: [...times(3, section(3_000)), section(598)] }],
  ])("%s (%s)", (_what, error, message) => {
    expect(slackRefusal(message)?.error).toBe(error);
  });

  test("with a pointer to what is wrong", () => {
    expect(slackRefusal({ blocks: [section(1), section(3_001)] })?.messages).toEqual([
      "[ERROR] must be less than 3001 characters [json-pointer:/blocks/1/text/text]",
    ]);
  });

  test("blocks in a webhook with its word, in the API with the pointers", async () => {
    const [webhook, api] = [await startSlackWebhook(), await startSlackApi()];
    onTestFinished(() => Promise.all([webhook.stop(), api.stop()]).then(() => undefined));
    const body = JSON.stringify({ channel: api.channel, blocks: [section(0)] });
    const answer = await fetch(webhook.url, { method: "POST", body });
    expect([answer.status, await answer.text()]).toEqual([400, "invalid_blocks"]);
    const headers = { authorization: `Bearer ${api.token}` };
    const said = await fetch(`${api.url}chat.postMessage`, { method: "POST", body, headers });
    expect([said.status, await said.json()]).toEqual([
      200,
      {
        ok: false,
        error: "invalid_blocks",
        response_metadata: { messages: [expect.stringContaining("/blocks/0/text/text")] },
      },
    ]);
  });

  test("a second message within a second, with the wait in header and body", async () => {
    const webhook = await startSlackWebhook();
    onTestFinished(() => webhook.stop());
    const post = () => fetch(webhook.url, { method: "POST", body: '{"text":"x"}' });
    expect((await post()).status).toBe(200);
    const answer = await post();
    expect([answer.status, answer.headers.get("retry-after")]).toEqual([429, "1"]);
    expect(await answer.json()).toEqual({ retry_after: 1, ok: false, error: "rate_limited" });
  });

  test.each([
    [undefined, "not_authed"],
    ["Bearer xoxb-another", "invalid_auth"],
  ])("authorization %j with %s", async (authorization, error) => {
    const api = await startSlackApi();
    onTestFinished(() => api.stop());
    const headers = authorization === undefined ? {} : { authorization };
    const answer = await fetch(`${api.url}chat.postMessage`, { method: "POST", body: "{}", headers });
    expect([answer.status, await answer.json()]).toEqual([200, { ok: false, error }]);
  });
});

test.each([
  ["<!channel> down", 1],
  ["<!subteam^S0000000A|ops>, <@U0000000A>", 2],
  ["@here", 1],
  ["&lt;!channel&gt; and <https://example.com/|a link>", 0],
])("%j rings %i times", (text, count) => {
  expect(pingsIn({ blocks: [{ type: "section", text: { type: "mrkdwn", text } }] })).toHaveLength(count);
});

describe("PagerDuty", () => {
  const payload = { summary: "s", source: "s", severity: "error" };
  const trigger = { routing_key: pagerDutyKey, event_action: "trigger", payload };

  test.each<[what: string, event: Record<string, unknown>]>([
    ["a trigger", trigger],
    ["a summary of 1,024 characters", { ...trigger, payload: { ...payload, summary: "x".repeat(1_024) } }],
    ["a resolve", { routing_key: pagerDutyKey, event_action: "resolve", dedup_key: "x".repeat(255) }],
  ])("takes %s", (_what, event) => {
    expect(eventErrors(event)).toEqual([]);
  });

  test.each<[what: string, event: Record<string, unknown>]>([
    ["no routing key", { ...trigger, routing_key: undefined }],
    ["a routing key of 31 characters", { ...trigger, routing_key: pagerDutyKey.slice(1) }],
    ["no action", { ...trigger, event_action: "shout", dedup_key: "a" }],
    ["a dedup_key of 256 characters", { ...trigger, dedup_key: "x".repeat(256) }],
    ["a resolve of nothing", { routing_key: pagerDutyKey, event_action: "resolve" }],
    ["no payload", { ...trigger, payload: undefined }],
    ["no source", { ...trigger, payload: { ...payload, source: "" } }],
    ["a severity of its own", { ...trigger, payload: { ...payload, severity: "fatal" } }],
    ["a summary of 1,025 characters", { ...trigger, payload: { ...payload, summary: "x".repeat(1_025) } }],
    ["a time that is none", { ...trigger, payload: { ...payload, timestamp: "yesterday" } }],
    ["details that are a text", { ...trigger, payload: { ...payload, custom_details: "x" } }],
    ["a link to nowhere", { ...trigger, links: [{ text: "x" }] }],
    ["an image over http", { ...trigger, images: [{ src: "http://example.com/a.png" }] }],
  ])("refuses %s", (_what, event) => {
    expect(eventErrors(event)).toHaveLength(1);
  });

  test("drops the resolve of what is not open, and of another routing key", async () => {
    const other = "f".repeat(32);
    const double = await startPagerDuty({ routingKeys: [pagerDutyKey, other] });
    onTestFinished(() => double.stop());
    const post = async (event: object) => {
      const answer = await fetch(double.url, { method: "POST", body: JSON.stringify({ dedup_key: "a", ...event }) });
      return answer.status;
    };
    expect(await post({ routing_key: pagerDutyKey, event_action: "resolve" })).toBe(202);
    expect(double.alerts).toEqual([]);
    expect(await post(trigger)).toBe(202);
    expect(await post({ routing_key: other, event_action: "resolve" })).toBe(202);
    expect(double.alerts).toMatchObject([{ dedupKey: "a", state: "triggered" }]);
    expect(await post({ routing_key: pagerDutyKey, event_action: "resolve" })).toBe(202);
    expect(double.alerts).toMatchObject([{ dedupKey: "a", state: "resolved" }]);
  });

  test("refuses more than 512 KB", async () => {
    const double = await startPagerDuty();
    onTestFinished(() => double.stop());
    const event = { ...trigger, payload: { ...payload, custom_details: { text: "x".repeat(512 * 1_024) } } };
    expect((await fetch(double.url, { method: "POST", body: JSON.stringify(event) })).status).toBe(413);
  });
});

describe("limits", () => {
  test("of one a second let one through each second", () => {
    const clock = vi.spyOn(performance, "now").mockReturnValue(0);
    onTestFinished(() => clock.mockRestore());
    const limit = tokenBucket(1, 1);
    expect(limit.take("a")).toBe(0);
    expect(limit.take("a")).toBeCloseTo(900);
    expect(limit.take("b")).toBe(0);
    clock.mockReturnValue(1_000);
    expect(limit.take("a")).toBe(0);
    clock.mockReturnValue(1_850);
    expect(limit.take("a")).toBeGreaterThan(0);
  });

  test("of two in any minute count the last minute", () => {
    const clock = vi.spyOn(performance, "now").mockReturnValue(0);
    onTestFinished(() => clock.mockRestore());
    const limit = slidingWindow(2, 60_000);
    expect(limit.take("a")).toBe(0);
    clock.mockReturnValue(50_000);
    expect([limit.take("a"), limit.take("a")]).toEqual([0, 10_000]);
    clock.mockReturnValue(60_000);
    expect([limit.take("a"), limit.take("a")]).toEqual([0, 50_000]);
  });
});

describe("a signature", () => {
  // The vector of the specification's own libraries: standard-webhooks/standard-webhooks, libraries/javascript.
  const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
  const signed = {
    method: "POST",
    path: "/",
    headers: {
      "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
      "webhook-timestamp": "1614265330",
      "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    },
    body: '{"test": 2432232314}',
    json: { test: 2432232314 },
    at: 0,
    status: 0,
  };
  const then = new Date(1_614_265_330_000);

  test("of the specification's libraries is good", () => {
    expect(isSigned(signed, secret, then)).toBe(true);
  });

  test.each<[what: string, request: typeof signed, at: Date]>([
    ["over another body", { ...signed, body: "{}" }, then],
    ["for another id", { ...signed, headers: { ...signed.headers, "webhook-id": "msg_other" } }, then],
    ["that is missing", { ...signed, headers: { ...signed.headers, "webhook-signature": "" } }, then],
    ["of five minutes ago", signed, new Date(then.getTime() + 301_000)],
  ])("%s is not", (_what, request, at) => {
    expect(isSigned(request, secret, at)).toBe(false);
  });
});
