import { tokenBucket } from "./rate-limits.ts";
import { type Received, type ReceiverAnswer, type ReceiverDouble, startReceiver } from "./server.ts";
import { slackRefusal } from "./slack-limits.ts";

/** An incoming webhook of Slack. `url` is the whole URL, its path the password. */
export interface SlackWebhookDouble extends ReceiverDouble {
  /** What people saw, in order. */
  readonly messages: readonly Received[];
}

/** Every webhook's path here. */
const path = `/services/T${"0".repeat(8)}/B${"0".repeat(8)}/${"x".repeat(24)}`;

/**
 * A Slack that speaks incoming webhooks: `ok`, its errors as plain words, one message a second.
 * https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks#handling_errors
 *
 * @param options.burst how many messages at once are let through; default 1
 */
export async function startSlackWebhook(options: { burst?: number } = {}): Promise<SlackWebhookDouble> {
  const messages: Received[] = [];
  const limit = tokenBucket(1, options.burst ?? 1);

  function answer(request: Received): ReceiverAnswer {
    if (request.method !== "POST" || request.path !== path) return { status: 404, body: "no_service" };
    const waitMs = limit.take("webhook");
    if (waitMs > 0) return limited(waitMs);
    const message = request.json;
    if (typeof message !== "object" || message === null) return { status: 400, body: "invalid_payload" };
    const refusal = slackRefusal({ ...message });
    if (refusal !== null) return { status: 400, body: refusal.error };
    messages.push(request);
    return { status: 200, body: "ok" };
  }

  const server = await startReceiver(answer);
  return { ...server, url: server.url + path, messages };
}

/** Slack's 429, as prometheus/alertmanager#2111 recorded it. */
export function limited(waitMs: number): ReceiverAnswer {
  const seconds = Math.ceil(waitMs / 1_000);
  return {
    status: 429,
    headers: { "retry-after": String(seconds) },
    body: { retry_after: seconds, ok: false, error: "rate_limited" },
  };
}
