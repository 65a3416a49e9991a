import { type PagerDutyImage, renderPagerDuty } from "../core/notice/render/pagerduty.ts";
import type { Secret } from "../core/secret.ts";
import type { Notifier } from "../pipeline/notice-ports.ts";
import { failureOfStatus, postJson, type SenderOptions } from "./http-post.ts";

/** An integration of a service with the Events API v2. */
export interface PagerDutyOptions extends SenderOptions {
  readonly name: string;
  /** The integration key, 32 characters. */
  readonly routingKey: Secret;
  /** The whole URL, `https://events.pagerduty.com/v2/enqueue` for PagerDuty itself. */
  readonly url: string;
  /** Shown with every alert, such as a graph; https only. */
  readonly images?: readonly PagerDutyImage[];
}

/** PagerDuty documents no Retry-After, and advises to try again after half a minute. */
const waitWhenLimitedMs = 30_000;

/**
 * Opens, updates and resolves one alert an incident: every event about it has the same dedup_key and routing key.
 * https://developer.pagerduty.com/docs/send-alert-event
 */
export function createPagerDuty(options: PagerDutyOptions): Notifier {
  return {
    name: options.name,
    kind: "pagerduty",
    // About 120 a minute and integration key, in a sliding window; a little below, since requests bunch on their way.
    rate: { max: 2, perMs: 1_050 },
    async send(notice) {
      const body = JSON.stringify({
        ...renderPagerDuty(notice, options.images),
        routing_key: options.routingKey.reveal(),
      });
      const result = await postJson({ url: options.url, body }, options);
      if ("failure" in result) return result.failure;
      const failed = failureOfStatus(result.answer, options.clock.now());
      if (failed === null) return { ok: true, reference: null };
      return failed.reason === "rateLimited" ? { retryAfterMs: waitWhenLimitedMs, ...failed } : failed;
    },
  };
}
