import type { LinkBases } from "../core/notice/links.ts";
import { pagerDutyUrl, type ReceiverSettings, slackApiUrl } from "../core/notice/receiver-settings.ts";
import { type ReceiverConfig, type SecretKind, type SecretSource, secretFault } from "../core/notice/receivers.ts";
import { Secret } from "../core/secret.ts";
import type { Settings } from "./settings.ts";

/** The receivers of the environment, each named as its kind. */
export function receiversFromEnvironment(settings: Settings): readonly ReceiverSettings[] {
  return [slack(settings), pagerDuty(settings), alertmanager(settings), webhook(settings)].filter(
    (receiver) => receiver !== null,
  );
}

/** The receivers of the file; those whose secrets cannot be read are noted and left out. */
export function receiversFromFile(
  settings: Settings,
  receivers: readonly ReceiverConfig[],
): readonly ReceiverSettings[] {
  return receivers.flatMap((receiver) => resolved(settings, receiver) ?? []);
}

/** Where the pages are: what the file says, else the environment. */
export function linksFrom(settings: Settings, file: LinkBases): LinkBases {
  return {
    incident: page(settings, "INCIDENT_URL", "https://faultline.example.com/api/v1/incidents") ?? file.incident,
    runbook: page(settings, "RUNBOOK_URL", "https://runbooks.example.com/twilio") ?? file.runbook,
    grafana: page(settings, "GRAFANA_URL", "https://grafana.example.com/d/twilio?var-code={code}") ?? file.grafana,
  };
}

const web = ["https:", "http:"];

function slack(settings: Settings): ReceiverSettings | null {
  const webhookUrl = checked(settings, "SLACK_WEBHOOK_URL", "webhookUrl");
  const botToken = checked(settings, "SLACK_BOT_TOKEN", "botToken");
  const channel = settings.text("SLACK_CHANNEL");
  const apiUrl = settings.url("SLACK_API_URL", web, slackApiUrl) ?? slackApiUrl;
  if (webhookUrl !== null && botToken !== null) {
    const fix = "remove one of the two; with the bot token one message an incident stays up to date";
    settings.wrong("SLACK_WEBHOOK_URL", "either SLACK_WEBHOOK_URL or SLACK_BOT_TOKEN", "both", fix);
  }
  if (botToken !== null && channel === null) {
    settings.wrong("SLACK_CHANNEL", "the id or name of a channel", "nothing", "set SLACK_CHANNEL=C0123456789");
  }
  if (botToken === null && channel !== null) {
    settings.wrong(
      "SLACK_BOT_TOKEN",
      "the token of the bot for SLACK_CHANNEL",
      "nothing",
      "set SLACK_BOT_TOKEN=xoxb-…",
    );
  }
  if (botToken !== null && channel !== null) return { kind: "slack", name: "slack", botToken, channel, apiUrl };
  return webhookUrl === null ? null : { kind: "slack", name: "slack", webhookUrl };
}

function pagerDuty(settings: Settings): ReceiverSettings | null {
  const routingKey = checked(settings, "PAGERDUTY_ROUTING_KEY", "routingKey");
  const url = settings.url("PAGERDUTY_URL", web, pagerDutyUrl) ?? pagerDutyUrl;
  return routingKey === null ? null : { kind: "pagerduty", name: "pagerduty", routingKey, url };
}

/** The URLs may hold credentials, so they are secrets. */
function alertmanager(settings: Settings): ReceiverSettings | null {
  const text = settings.secret("ALERTMANAGER_URL")?.reveal() ?? "";
  const parts = text.split(/[,\s]+/).filter((part) => part !== "");
  for (const part of parts) {
    if (secretFault("url", part) === null) continue;
    const expected = "base URLs starting with https:// or http://, separated by commas";
    settings.wrong("ALERTMANAGER_URL", expected, `text of ${part.length} characters`, "e.g. http://alertmanager:9093");
    return null;
  }
  if (parts.length === 0) return null;
  return { kind: "alertmanager", name: "alertmanager", urls: parts.map((url) => new Secret(url)) };
}

function webhook(settings: Settings): ReceiverSettings | null {
  const url = checked(settings, "WEBHOOK_URL", "url");
  const secret = checked(settings, "WEBHOOK_SECRET", "secret");
  if (url === null && secret !== null) {
    const fix = "set WEBHOOK_URL, or remove WEBHOOK_SECRET";
    settings.wrong("WEBHOOK_URL", "the URL that WEBHOOK_SECRET signs for", "nothing", fix);
  }
  return url === null ? null : { kind: "webhook", name: "webhook", url, secret };
}

/** A secret of the environment that is as it should be, else null; what is wrong is noted. */
function checked(settings: Settings, name: string, kind: SecretKind): Secret | null {
  const secret = settings.secret(name);
  const fault = secret === null ? null : secretFault(kind, secret.reveal());
  if (fault !== null) settings.wrong(name, fault.expected, fault.got, fault.fix);
  return fault === null ? secret : null;
}

/** Like {@link Settings.url}, with placeholders such as `{code}`, a query and a fragment. */
function page(settings: Settings, name: string, example: string): string | null {
  const text = settings.text(name);
  if (text === null) return null;
  const protocol = URL.parse(text.replaceAll(/[{}]/g, "x"))?.protocol ?? "";
  if (web.includes(protocol)) return text;
  settings.wrong(name, "a URL starting with https:// or http://", "something else", `e.g. ${name}=${example}`);
  return null;
}

function resolved(settings: Settings, receiver: ReceiverConfig): ReceiverSettings | null {
  switch (receiver.kind) {
    case "slack": {
      const { kind, name } = receiver;
      if ("webhookUrl" in receiver) {
        const webhookUrl = read(settings, receiver.webhookUrl, "webhookUrl");
        return webhookUrl === null ? null : { kind, name, webhookUrl };
      }
      const botToken = read(settings, receiver.botToken, "botToken");
      const apiUrl = receiver.apiUrl ?? slackApiUrl;
      return botToken === null ? null : { kind, name, botToken, channel: receiver.channel, apiUrl };
    }
    case "pagerduty": {
      const { kind, name } = receiver;
      const routingKey = read(settings, receiver.routingKey, "routingKey");
      return routingKey === null ? null : { kind, name, routingKey, url: receiver.url ?? pagerDutyUrl };
    }
    case "alertmanager":
      return receiver;
    case "webhook": {
      const { kind, name } = receiver;
      const url = read(settings, receiver.url, "url");
      const secret = receiver.secret === null ? null : read(settings, receiver.secret, "secret");
      return url === null ? null : { kind, name, url, secret };
    }
  }
}

function read(settings: Settings, source: SecretSource, kind: SecretKind): Secret | null {
  if ("value" in source) return source.value;
  const text = settings.file(source.where, source.file)?.trim();
  if (text === undefined) return null;
  const fault = secretFault(kind, text);
  if (fault !== null) settings.wrong(source.where, fault.expected, fault.got, fault.fix);
  return fault === null ? new Secret(text) : null;
}
