import type { Secret } from "../secret.ts";

/** A receiver, whether made from the environment or from faultline.yaml, with every secret at hand. */
export type ReceiverSettings =
  | { readonly kind: "slack"; readonly name: string; readonly webhookUrl: Secret }
  | {
      readonly kind: "slack";
      readonly name: string;
      readonly botToken: Secret;
      readonly channel: string;
      readonly apiUrl: string;
    }
  | { readonly kind: "pagerduty"; readonly name: string; readonly routingKey: Secret; readonly url: string }
  | { readonly kind: "alertmanager"; readonly name: string; readonly urls: readonly Secret[] }
  | { readonly kind: "webhook"; readonly name: string; readonly url: Secret; readonly secret: Secret | null };

/** Slack's Web API. https://docs.slack.dev/apis/web-api/ */
export const slackApiUrl = "https://slack.com/api/";

/** PagerDuty's Events API v2. https://developer.pagerduty.com/docs/send-alert-event */
export const pagerDutyUrl = "https://events.pagerduty.com/v2/enqueue";
