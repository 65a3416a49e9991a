import { slidingWindow, tokenBucket } from "./rate-limits.ts";
import { type Received, type ReceiverAnswer, type ReceiverDouble, startReceiver } from "./server.ts";
import { slackRefusal } from "./slack-limits.ts";
import { limited } from "./slack-webhook.ts";

/** A message as it stands in a channel. */
export interface SlackMessage {
  readonly channel: string;
  readonly ts: string;
  /** Of the message in whose thread it is, null for one in the channel itself. */
  readonly threadTs: string | null;
  readonly text: string;
  readonly blocks: readonly unknown[];
  /** How often it was changed. */
  readonly edits: number;
}

export interface SlackApiOptions {
  /** Messages at once that are let through in a channel; default 1. */
  readonly burst?: number;
  /** Messages can no longer be changed. */
  readonly editWindowClosed?: boolean;
}

/** Slack's Web API with one channel, its bot in it. `url` is for SLACK_API_URL. */
export interface SlackApiDouble extends ReceiverDouble {
  readonly token: string;
  /** Id of the channel. */
  readonly channel: string;
  readonly channelName: string;
  /** As they stand now, in order of posting; threads too. */
  messages(): readonly SlackMessage[];
  /** Removes a message, as people do. */
  remove(ts: string): void;
  /** Archives the channel. */
  archive(): void;
  /** Takes the token back. */
  revoke(): void;
}

type Fields = Record<string, unknown>;

const token = `xoxb-${"0".repeat(12)}-${"x".repeat(24)}`;
const channel = `C${"0".repeat(8)}A`;
const channelName = "#alerts";

/**
 * A Slack that speaks chat.postMessage and chat.update: logical errors with status 200, one message a second and channel,
 * fifty updates a minute, the limits of blocks.
 * https://docs.slack.dev/reference/methods/chat.postMessage and https://docs.slack.dev/reference/methods/chat.update
 */
export async function startSlackApi(options: SlackApiOptions = {}): Promise<SlackApiDouble> {
  const messages = new Map<string, SlackMessage>();
  const postLimit = tokenBucket(1, options.burst ?? 1);
  const updateLimit = slidingWindow(50, 60_000);
  let posted = 0;
  let archived = false;
  let revoked = false;

  function answer(request: Received): ReceiverAnswer {
    const method = request.path.split("/").at(-1);
    if (request.method !== "POST") return refused("unknown_method");
    if (request.headers.authorization === undefined) return refused("not_authed");
    if (request.headers.authorization !== `Bearer ${token}`) return refused("invalid_auth");
    if (revoked) return refused("token_revoked");
    if (typeof request.json !== "object" || request.json === null) return refused("invalid_json");
    const message: Fields = { ...request.json };
    if (method === "chat.postMessage") return post(message);
    if (method === "chat.update") return update(message);
    return refused("unknown_method");
  }

  function post(message: Fields): ReceiverAnswer {
    if (message.channel !== channel && message.channel !== channelName) return refused("channel_not_found");
    const waitMs = postLimit.take(channel);
    if (waitMs > 0) return limited(waitMs);
    if (archived) return refused("is_archived");
    const threadTs = typeof message.thread_ts === "string" ? message.thread_ts : null;
    if (threadTs !== null && !messages.has(threadTs)) return refused("thread_not_found");
    const refusal = slackRefusal(message);
    if (refusal !== null) return refused(refusal.error, refusal.messages);
    posted += 1;
    const ts = `${1_700_000_000 + posted}.${String(posted).padStart(6, "0")}`;
    return stored({
      channel,
      ts,
      threadTs,
      edits: 0,
      ...contents(message),
    });
  }

  function update(message: Fields): ReceiverAnswer {
    const waitMs = updateLimit.take(channel);
    if (waitMs > 0) return limited(waitMs);
    // Unlike chat.postMessage it takes no names.
    if (message.channel !== channel) return refused("channel_not_found");
    if (archived) return refused("is_archived");
    const earlier = messages.get(String(message.ts));
    if (earlier === undefined) return refused("message_not_found");
    if (options.editWindowClosed === true) return refused("edit_window_closed");
    const refusal = slackRefusal(message);
    if (refusal !== null) return refused(refusal.error, refusal.messages);
    return stored({ ...earlier, ...contents(message), edits: earlier.edits + 1 });
  }

  function stored(message: SlackMessage): ReceiverAnswer {
    messages.set(message.ts, message);
    return { status: 200, body: { ok: true, channel: message.channel, ts: message.ts, message } };
  }

  const server = await startReceiver(answer);
  return {
    ...server,
    url: `${server.url}/api/`,
    token,
    channel,
    channelName,
    messages: () => [...messages.values()],
    remove: (ts) => {
      messages.delete(ts);
    },
    archive: () => {
      archived = true;
    },
    revoke: () => {
      revoked = true;
    },
  };
}

function contents(message: Fields): Pick<SlackMessage, "text" | "blocks"> {
  const { text, blocks } = message;
  return { text: typeof text === "string" ? text : "", blocks: Array.isArray(blocks) ? blocks : [] };
}

function refused(error: string, messages: readonly string[] = []): ReceiverAnswer {
  const metadata = messages.length > 0 && { response_metadata: { messages } };
  return { status: 200, body: { ok: false, error, ...metadata } };
}
