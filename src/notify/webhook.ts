import { renderWebhook, signWebhook, webhookKey } from "../core/notice/render/webhook.ts";
import type { Secret } from "../core/secret.ts";
import type { Notifier } from "../pipeline/notice-ports.ts";
import { failureOfStatus, postJson, type SenderOptions } from "./http-post.ts";

/** Somebody's own HTTP endpoint. */
export interface WebhookOptions extends SenderOptions {
  readonly name: string;
  /** May carry a token in its query. */
  readonly url: Secret;
  /** Of the signature, `whsec_` and base64 of 24 to 64 bytes; null for none. */
  readonly secret: Secret | null;
}

/**
 * Posts the incident as JSON with the headers of Standard Webhooks. `webhook-id` is the same on every attempt, so that
 * receivers can tell a repeated delivery; the timestamp is that of the attempt.
 * https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 *
 * @throws {Error} when the secret is none of Standard Webhooks
 */
export function createWebhook(options: WebhookOptions): Notifier {
  const key = options.secret === null ? null : webhookKey(options.secret.reveal());
  if (options.secret !== null && key === null) {
    throw new Error(
      `Receiver ${options.name}: expected a secret of Standard Webhooks (whsec_ and base64 of 24 to 64 bytes), got something else; openssl rand -base64 32 makes one`,
    );
  }
  return {
    name: options.name,
    kind: "webhook",
    rate: { max: 20, perMs: 1_000 },
    async send(notice) {
      const body = JSON.stringify(renderWebhook(notice));
      const timestamp = Math.floor(options.clock.now().getTime() / 1_000);
      const headers = {
        "webhook-id": notice.id,
        "webhook-timestamp": String(timestamp),
        ...(key !== null && { "webhook-signature": signWebhook(key, notice.id, timestamp, body) }),
      };
      const result = await postJson({ url: options.url.reveal(), body, headers }, options);
      if ("failure" in result) return result.failure;
      return failureOfStatus(result.answer, options.clock.now()) ?? { ok: true, reference: null };
    },
  };
}
