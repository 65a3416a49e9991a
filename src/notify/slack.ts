import { textField } from "../core/json.ts";
import { renderSlack, renderSlackThread } from "../core/notice/render/slack.ts";
import type { Secret } from "../core/secret.ts";
import type { MessageReference, Notifier, SendResult } from "../pipeline/notice-ports.ts";
import { postJson, type SenderOptions } from "./http-post.ts";
import { failureOfSlackStatus, readSlackAnswer, type SlackAnswer } from "./slack-answer.ts";

/** An incoming webhook: the URL is the password. */
export interface SlackWebhookOptions extends SenderOptions {
  readonly name: string;
  readonly url: Secret;
}

/** A bot with the scope chat:write, member of the channel. */
export interface SlackBotOptions extends SenderOptions {
  readonly name: string;
  readonly token: Secret;
  /** Id or name of the channel. */
  readonly channel: string;
  /** Where the Web API is, `https://slack.com/api/` for Slack itself. */
  readonly apiUrl: string;
}

/** Where a message stands. Links in it show no previews. */
const plain = { unfurl_links: false, unfurl_media: false } as const;

/** With these the message can no longer be changed, so the state is told in a new one. */
const lostMessage: ReadonlySet<string> = new Set(["message_not_found", "edit_window_closed", "cant_update_message"]);

/**
 * Sends plain messages to one channel: an incoming webhook can neither change a message nor answer in its thread.
 * https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks
 */
export function createSlackWebhook(options: SlackWebhookOptions): Notifier {
  return {
    name: options.name,
    kind: "slack",
    // https://docs.slack.dev/apis/web-api/rate-limits: one message a second, short bursts allowed.
    rate: { max: 1, perMs: 1_000 },
    async send(notice) {
      const body = JSON.stringify({ ...renderSlack(notice), ...plain });
      const result = await postJson({ url: options.url.reveal(), body }, options);
      if ("failure" in result) return result.failure;
      return failureOfSlackStatus(result.answer, options.clock.now()) ?? { ok: true, reference: null };
    },
  };
}

/**
 * Keeps one message an incident: it always shows the present state, and what happened is told in its thread. A message
 * that is gone or can no longer be changed is replaced by a new one.
 */
export function createSlackBot(options: SlackBotOptions): Notifier {
  const base = options.apiUrl.endsWith("/") ? options.apiUrl : `${options.apiUrl}/`;

  async function call(method: "chat.postMessage" | "chat.update", body: object): Promise<SlackAnswer> {
    const headers = { authorization: `Bearer ${options.token.reveal()}` };
    return readSlackAnswer(
      await postJson({ url: `${base}${method}`, body: JSON.stringify(body), headers }, options),
      options,
    );
  }

  async function postAnew(message: object): Promise<SendResult> {
    const answer = await call("chat.postMessage", { channel: options.channel, ...message, ...plain });
    return answer.ok ? { ok: true, reference: referenceIn(answer) } : answer.failure;
  }

  return {
    name: options.name,
    kind: "slack",
    // A notice is up to one chat.postMessage (1 a second) and one chat.update (tier 3: 50 a minute).
    rate: { max: 1, perMs: 1_250 },
    async send(notice, earlier) {
      const message = renderSlack(notice);
      const place = placeOf(earlier);
      if (place === null) return await postAnew(message);
      // Mentions in an updated text would be parsed by default, unlike in a posted one.
      const updated = await call("chat.update", { ...place, ...message, parse: "none", link_names: false });
      if (!updated.ok) return lostMessage.has(updated.error ?? "") ? await postAnew(message) : updated.failure;
      const thread = { channel: place.channel, thread_ts: place.ts };
      const told = await call("chat.postMessage", { ...thread, ...renderSlackThread(notice), ...plain });
      // Slack may have posted before a fatal_error; the message shows the state, so it is not worth a second post.
      return told.ok || told.error === "fatal_error" ? { ok: true, reference: place } : told.failure;
    },
  };
}

function placeOf(earlier: MessageReference | null): { channel: string; ts: string } | null {
  const { channel, ts } = earlier ?? {};
  return channel === undefined || ts === undefined ? null : { channel, ts };
}

function referenceIn(answer: Extract<SlackAnswer, { ok: true }>): MessageReference | null {
  const [channel, ts] = [textField(answer.body, "channel"), textField(answer.body, "ts")];
  return channel === null || ts === null ? null : { channel, ts };
}
