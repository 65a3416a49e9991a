import type { ReceiverSettings } from "../core/notice/receiver-settings.ts";
import type { Notifier } from "../pipeline/notice-ports.ts";
import { createAlertmanager } from "./alertmanager.ts";
import type { SenderOptions } from "./http-post.ts";
import { paced } from "./paced.ts";
import { createPagerDuty } from "./pagerduty.ts";
import { createSlackBot, createSlackWebhook } from "./slack.ts";
import { createWebhook } from "./webhook.ts";

/** The sender for a receiver, never faster than the receiver takes. */
export function createNotifier(settings: ReceiverSettings, options: SenderOptions): Notifier {
  return paced(senderOf(settings, options));
}

function senderOf(settings: ReceiverSettings, options: SenderOptions): Notifier {
  switch (settings.kind) {
    case "slack":
      return "webhookUrl" in settings
        ? createSlackWebhook({ ...options, name: settings.name, url: settings.webhookUrl })
        : createSlackBot({
            ...options,
            name: settings.name,
            token: settings.botToken,
            channel: settings.channel,
            apiUrl: settings.apiUrl,
          });
    case "pagerduty":
      return createPagerDuty({
        ...options,
        name: settings.name,
        routingKey: settings.routingKey,
        url: settings.url,
      });
    case "alertmanager":
      return createAlertmanager({ ...options, name: settings.name, urls: settings.urls.map((url) => url.reveal()) });
    case "webhook":
      return createWebhook({ ...options, name: settings.name, url: settings.url, secret: settings.secret });
  }
}
