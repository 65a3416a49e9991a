import { createHmac, timingSafeEqual } from "node:crypto";
import { type Received, type ReceiverAnswer, type ReceiverDouble, startReceiver } from "./server.ts";

export interface WebhookDoubleOptions {
  /** As given to the sender; null takes unsigned deliveries. */
  readonly secret?: string | null;
  readonly now?: () => Date;
}

/** An endpoint that checks signatures as Standard Webhooks asks. `url` is the whole one. */
export interface WebhookDouble extends ReceiverDouble {
  /** The deliveries whose signature was good, once each `webhook-id`. */
  readonly deliveries: readonly Received[];
}

/** Older or younger deliveries are refused, in seconds. */
const toleranceSeconds = 300;

/** A secret of the form the specification gives. */
export const webhookSecret = `whsec_${Buffer.from("0123456789abcdef01234567").toString("base64")}`;

/**
 * A receiver of Standard Webhooks: 204, 401 for a signature that is missing, wrong or out of date.
 * https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 */
export async function startWebhook(options: WebhookDoubleOptions = {}): Promise<WebhookDouble> {
  const secret = options.secret === undefined ? webhookSecret : options.secret;
  const now = options.now ?? (() => new Date());
  const deliveries: Received[] = [];

  function answer(request: Received): ReceiverAnswer {
    if (secret !== null && !isSigned(request, secret, now())) return { status: 401, body: "wrong signature" };
    const id = request.headers["webhook-id"];
    if (!deliveries.some(({ headers }) => headers["webhook-id"] === id)) deliveries.push(request);
    return { status: 204 };
  }

  const server = await startReceiver(answer);
  return { ...server, url: `${server.url}/hook?token=${"h".repeat(24)}`, deliveries };
}

/** Whether a request is signed with a secret, at about this time. */
export function isSigned(request: Received, secret: string, now: Date): boolean {
  const {
    "webhook-id": id = "",
    "webhook-timestamp": timestamp = "",
    "webhook-signature": signatures = "",
  } = request.headers;
  if (!/^\d+$/.test(timestamp) || Math.abs(now.getTime() / 1_000 - Number(timestamp)) > toleranceSeconds) return false;
  const key = secret.startsWith("whsec_") ? Buffer.from(secret.slice("whsec_".length), "base64") : Buffer.from(secret);
  const expected = createHmac("sha256", key).update(`${id}.${timestamp}.${request.body}`).digest();
  return signatures.split(" ").some((signature) => {
    const [version, encoded = ""] = signature.split(",");
    const given = Buffer.from(encoded, "base64");
    return version === "v1" && given.length === expected.length && timingSafeEqual(given, expected);
  });
}
