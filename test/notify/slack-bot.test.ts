import { describe, expect, onTestFinished, test } from "vitest";
import { Secret } from "../../src/core/secret.ts";
import { createSlackBot } from "../../src/notify/slack.ts";
import type { SendResult } from "../../src/pipeline/notice-ports.ts";
import { notifierSuite, now } from "../contract/notifier.suite.ts";
import { type SlackApiOptions, startSlackApi } from "../support/receivers/slack-api.ts";
import { digestNotice, incidentNotice, resolvedNotice } from "./notices.ts";

const clock = { now: () => now };

async function open({ timeoutMs = 10_000, ...options }: SlackApiOptions & { timeoutMs?: number } = {}) {
  const double = await startSlackApi({ burst: 10, ...options });
  const { token, channelName: channel, url: apiUrl } = double;
  const notifier = createSlackBot({ name: "under-test", token: new Secret(token), channel, apiUrl, clock, timeoutMs });
  return { notifier, double, secrets: [token] };
}

notifierSuite("Slack's bot", {
  kind: "slack",
  open,
  testMark: /\[TEST\]/,
  unreadBody: { ok: false, reason: "serverError", retry: true },
});

describe("Slack's bot", () => {
  async function opened(options: SlackApiOptions = {}) {
    const fixture = await open(options);
    onTestFinished(() => fixture.double.stop());
    return fixture;
  }

  /** An incident that was told once, and where. */
  async function told(options: SlackApiOptions = {}) {
    const fixture = await opened(options);
    const first = await fixture.notifier.send(incidentNotice(), null);
    if (!first.ok) throw new Error(`expected the first message to be taken, got ${first.reason}`);
    return { ...fixture, earlier: first.reference };
  }

  test("the first message says where it stands, by id even when the channel was named", async () => {
    const { double, earlier } = await told();
    expect(double.messages()).toHaveLength(1);
    expect(earlier).toEqual({ channel: double.channel, ts: double.messages()[0]?.ts });
  });

  test("afterwards the message shows the new state, and what happened is told in its thread", async () => {
    const { notifier, double, earlier } = await told();
    const before = double.messages()[0]?.text;
    expect(await notifier.send(resolvedNotice(), earlier)).toEqual({ ok: true, reference: earlier });
    const [message, reply, ...others] = double.messages();
    expect(others).toEqual([]);
    expect(message).toMatchObject({ ts: earlier?.ts, edits: 1, threadTs: null });
    expect(message?.text).not.toBe(before);
    expect(message?.text).toMatch(/resolved/i);
    expect(reply).toMatchObject({ threadTs: earlier?.ts, text: expect.stringMatching(/resolved/i) });
  });

  test("a digest stands on its own", async () => {
    const { notifier, double } = await told();
    expect(await notifier.send(digestNotice(), null)).toMatchObject({ ok: true });
    expect(double.messages().map(({ threadTs }) => threadTs)).toEqual([null, null]);
  });

  test("an update takes no mentions out of the text", async () => {
    const { notifier, double, earlier } = await told();
    await notifier.send(resolvedNotice(), earlier);
    const update = double.received.find(({ path }) => path === "/api/chat.update");
    expect(update?.json).toMatchObject({ parse: "none", link_names: false });
  });

  test("a message that somebody removed is posted anew, and from then on that one is kept", async () => {
    const { notifier, double, earlier } = await told();
    double.remove(earlier?.ts ?? "");
    const again = await notifier.send(incidentNotice({ transition: "grew", reason: "grew" }), earlier);
    const [message, ...others] = double.messages();
    expect(others).toEqual([]);
    expect(again).toEqual({ ok: true, reference: { channel: double.channel, ts: message?.ts } });
    expect(again).not.toEqual({ ok: true, reference: earlier });
    if (again.ok) await notifier.send(resolvedNotice(), again.reference);
    expect(double.messages()[0]).toMatchObject({ ts: message?.ts, edits: 1 });
  });

  test("a message that may no longer be changed is followed by a new one", async () => {
    const { notifier, double, earlier } = await told({ editWindowClosed: true });
    const again = await notifier.send(resolvedNotice(), earlier);
    expect(again).toEqual({ ok: true, reference: { channel: double.channel, ts: double.messages()[1]?.ts } });
    expect(double.messages().map(({ threadTs }) => threadTs)).toEqual([null, null]);
  });

  test.each(["message_not_found", "edit_window_closed", "cant_update_message"])("%s: posted anew", async (error) => {
    const { notifier, double, earlier } = await told();
    double.faults.add({ path: "chat.update", status: 200, body: { ok: false, error } });
    expect(await notifier.send(resolvedNotice(), earlier)).toMatchObject({ ok: true });
    expect(double.messages()).toHaveLength(2);
  });

  test.each<[error: string, result: Partial<SendResult>]>([
    ["rate_limited", { reason: "rateLimited", retry: true }],
    ["ratelimited", { reason: "rateLimited", retry: true }],
    ["internal_error", { reason: "serverError", retry: true }],
    ["fatal_error", { reason: "serverError", retry: true }],
    ["service_unavailable", { reason: "serverError", retry: true }],
    ["invalid_auth", { reason: "authError", retry: false }],
    ["not_authed", { reason: "authError", retry: false }],
    ["account_inactive", { reason: "authError", retry: false }],
    ["token_revoked", { reason: "authError", retry: false }],
    ["token_expired", { reason: "authError", retry: false }],
    ["missing_scope", { reason: "authError", retry: false }],
    ["channel_not_found", { reason: "clientError", retry: false }],
    ["not_in_channel", { reason: "clientError", retry: false }],
    ["is_archived", { reason: "clientError", retry: false }],
    ["msg_too_long", { reason: "clientError", retry: false }],
    ["msg_blocks_too_long", { reason: "clientError", retry: false }],
    ["invalid_blocks", { reason: "clientError", retry: false }],
    ["no_text", { reason: "clientError", retry: false }],
    ["an_error_nobody_knows", { reason: "clientError", retry: false }],
    ["__proto__", { reason: "clientError", retry: false }],
  ])("status 200 with %s", async (error, result) => {
    const { notifier, double } = await opened();
    double.faults.add({ status: 200, body: { ok: false, error } });
    expect(await notifier.send(incidentNotice(), null)).toEqual({ ok: false, ...result });
  });

  test("status 200 with a rate limit and a wait in the body", async () => {
    const { notifier, double } = await opened();
    double.faults.add({ status: 200, body: { ok: false, error: "ratelimited", retry_after: 9 } });
    expect(await notifier.send(incidentNotice(), null)).toMatchObject({ reason: "rateLimited", retryAfterMs: 9_000 });
  });

  test.each([
    "",
    "ok",
    "null",
    "[]",
    "<html>",
    '{"ok":"true"}',
    '{"error":"fatal_error"}',
    '{"__proto__":{"ok":true}}',
  ])("status 200 with %j is not Slack's answer: once more", async (body) => {
    const { notifier, double } = await opened();
    double.faults.add({ status: 200, body });
    expect(await notifier.send(incidentNotice(), null)).toEqual({ ok: false, reason: "serverError", retry: true });
  });

  test("a rate limit on the thread is told, and the retry brings the reply once", async () => {
    const { notifier, double, earlier } = await told();
    double.faults.add({ path: "chat.postMessage", times: 1, status: 429, retryAfter: 2 });
    expect(await notifier.send(resolvedNotice(), earlier)).toEqual({
      ok: false,
      reason: "rateLimited",
      retry: true,
      retryAfterMs: 2_000,
    });
    expect(await notifier.send(resolvedNotice(), earlier)).toMatchObject({ ok: true });
    expect(double.messages().filter(({ threadTs }) => threadTs !== null)).toHaveLength(1);
  });

  test("a failed update posts nothing in the thread", async () => {
    const { notifier, double, earlier } = await told();
    double.faults.add({ path: "chat.update", status: 503 });
    expect(await notifier.send(resolvedNotice(), earlier)).toMatchObject({
      ok: false,
      reason: "serverError",
      retry: true,
    });
    expect(double.messages()).toHaveLength(1);
  });

  test("a fatal error in the thread, which may have been posted, is not tried again", async () => {
    const { notifier, double, earlier } = await told();
    double.faults.add({
      path: "chat.postMessage",
      applied: true,
      status: 200,
      body: { ok: false, error: "fatal_error" },
    });
    expect(await notifier.send(resolvedNotice(), earlier)).toEqual({ ok: true, reference: earlier });
    expect(double.messages()[0]).toMatchObject({ edits: 1 });
    expect(double.messages().filter(({ threadTs }) => threadTs !== null)).toHaveLength(1);
  });

  test.each([{}, { channel: "C0000000A" }, { ts: "1700000000.000001" }])(
    "a reference that leads nowhere (%j) is as good as none",
    async (earlier) => {
      const { notifier, double } = await opened();
      expect(await notifier.send(incidentNotice(), earlier)).toMatchObject({ ok: true });
      expect(double.messages()).toHaveLength(1);
    },
  );

  test("an archived channel and a revoked token are given up", async () => {
    const { notifier, double } = await opened();
    double.archive();
    expect(await notifier.send(incidentNotice(), null)).toEqual({ ok: false, reason: "clientError", retry: false });
    double.revoke();
    expect(await notifier.send(incidentNotice(), null)).toEqual({ ok: false, reason: "authError", retry: false });
  });

  test("the API's URL may come without its last slash", async () => {
    const { double } = await opened();
    const { token, channel } = double;
    const apiUrl = double.url.replace(/\/$/, "");
    const notifier = createSlackBot({ name: "slack", token: new Secret(token), channel, apiUrl, clock });
    expect(await notifier.send(incidentNotice(), null)).toMatchObject({ ok: true });
  });
});
