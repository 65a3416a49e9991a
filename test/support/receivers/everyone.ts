import { type AlertmanagerDouble, startAlertmanagerDouble } from "./alertmanager.ts";
import { type PagerDutyDouble, startPagerDuty } from "./pagerduty.ts";
import { type SlackApiDouble, startSlackApi } from "./slack-api.ts";
import { startWebhook, type WebhookDouble, webhookSecret } from "./webhook.ts";

/** One double of every kind. */
export interface Everyone {
  readonly slack: SlackApiDouble;
  readonly pagerduty: PagerDutyDouble;
  readonly alertmanager: AlertmanagerDouble;
  readonly webhook: WebhookDouble;
  /** The environment that makes them receivers. */
  readonly env: Readonly<Record<string, string>>;
  stop(): Promise<void>;
}

/** Starts one double of every kind. */
export async function startEveryone(): Promise<Everyone> {
  const [slack, pagerduty, alertmanager, webhook] = await Promise.all([
    startSlackApi(),
    startPagerDuty(),
    startAlertmanagerDouble(),
    startWebhook(),
  ]);
  const all = [slack, pagerduty, alertmanager, webhook];
  return {
    slack,
    pagerduty,
    alertmanager,
    webhook,
    env: {
      SLACK_API_URL: slack.url,
      SLACK_BOT_TOKEN: slack.token,
      SLACK_CHANNEL: slack.channel,
      PAGERDUTY_ROUTING_KEY: pagerduty.routingKey,
      PAGERDUTY_URL: pagerduty.url,
      ALERTMANAGER_URL: alertmanager.url,
      WEBHOOK_URL: webhook.url,
      WEBHOOK_SECRET: webhookSecret,
    },
    async stop() {
      await Promise.all(all.map((double) => double.stop()));
    },
  };
}
