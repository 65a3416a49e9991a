import type { ReceiverSettings } from "../core/notice/receiver-settings.ts";

/** The hosts that notices to a receiver go to. A host is no secret, even where the URL around it is. */
export function serverAddresses(settings: ReceiverSettings): readonly string[] {
  return urlsOf(settings).flatMap((url) => URL.parse(url)?.hostname ?? []);
}

function urlsOf(settings: ReceiverSettings): readonly string[] {
  switch (settings.kind) {
    case "slack":
      return ["webhookUrl" in settings ? settings.webhookUrl.reveal() : settings.apiUrl];
    case "pagerduty":
      return [settings.url];
    case "alertmanager":
      return settings.urls.map((url) => url.reveal());
    case "webhook":
      return [settings.url.reveal()];
  }
}
