/*
 * Receivers as faultline.yaml writes them, and as the senders take them.
 */
import { z } from "zod";
import { Secret } from "../secret.ts";
import { webhookKey } from "./render/webhook.ts";

const Text = z.string().trim().min(1).max(2_000);
const Url = z.string().trim().max(2_000).refine(isWebUrl);

const Slack = z.strictObject({
  webhookUrl: Text.exactOptional(),
  webhookUrlFile: Text.exactOptional(),
  botToken: Text.exactOptional(),
  botTokenFile: Text.exactOptional(),
  /** Id or name of the channel, for a bot. */
  channel: z.string().trim().min(1).max(80).exactOptional(),
  apiUrl: Url.exactOptional(),
});

const PagerDuty = z.strictObject({
  routingKey: Text.exactOptional(),
  routingKeyFile: Text.exactOptional(),
  url: Url.exactOptional(),
});

/** Base URLs of one cluster, or of several on their own. */
const Alertmanager = z.strictObject({ urls: z.array(Url).min(1).max(20) });

const Webhook = z.strictObject({
  url: Text.exactOptional(),
  urlFile: Text.exactOptional(),
  secret: Text.exactOptional(),
  secretFile: Text.exactOptional(),
});

/** A receiver in the file: a name and one kind. */
export const ReceiverEntry = z.strictObject({
  /** A metric label. */
  name: z.string().regex(/^[a-z0-9][a-z0-9_-]{0,39}$/),
  slack: Slack.exactOptional(),
  pagerduty: PagerDuty.exactOptional(),
  alertmanager: Alertmanager.exactOptional(),
  webhook: Webhook.exactOptional(),
});
export type ReceiverEntry = z.infer<typeof ReceiverEntry>;

/** The kinds of receivers with the keys each takes. */
export const receiverKeys = {
  slack: Object.keys(Slack.shape),
  pagerduty: Object.keys(PagerDuty.shape),
  alertmanager: Object.keys(Alertmanager.shape),
  webhook: Object.keys(Webhook.shape),
} as const;

/** A secret that stands in the file, or in another one that it names. `where` says at which place, for mistakes. */
export type SecretSource = { readonly where: string } & ({ readonly value: Secret } | { readonly file: string });

/** A receiver made from the file. Secrets in files are read by whoever may read files. */
export type ReceiverConfig =
  | { readonly kind: "slack"; readonly name: string; readonly webhookUrl: SecretSource }
  | {
      readonly kind: "slack";
      readonly name: string;
      readonly botToken: SecretSource;
      readonly channel: string;
      readonly apiUrl: string | null;
    }
  | {
      readonly kind: "pagerduty";
      readonly name: string;
      readonly routingKey: SecretSource;
      readonly url: string | null;
    }
  /** The URLs may hold credentials. */
  | { readonly kind: "alertmanager"; readonly name: string; readonly urls: readonly Secret[] }
  | {
      readonly kind: "webhook";
      readonly name: string;
      readonly url: SecretSource;
      readonly secret: SecretSource | null;
    };

/** What is wrong, without the place; `got` never quotes. */
export interface Fault {
  readonly expected: string;
  readonly got: string;
  readonly fix: string;
}

/** What a secret is for. */
export type SecretKind = "webhookUrl" | "botToken" | "routingKey" | "url" | "secret";

const expectations: Readonly<Record<SecretKind, { expected: string; fix: string; holds: (text: string) => boolean }>> =
  {
    webhookUrl: { expected: "the URL of an incoming webhook", fix: "copy it from the Slack app", holds: isWebUrl },
    botToken: {
      expected: "a bot token, xoxb-…",
      fix: "copy the Bot User OAuth Token of the Slack app",
      holds: (text) => /^xox[a-z.]*-[\w-]{1,300}$/.test(text),
    },
    routingKey: {
      expected: "an integration key of 32 characters",
      fix: "copy the key of the Events API v2 integration",
      holds: (text) => /^[\w-]{32}$/.test(text),
    },
    url: { expected: "an http:// or https:// URL", fix: "write the whole URL", holds: isWebUrl },
    secret: {
      expected: "whsec_ and base64 of 24 to 64 bytes",
      fix: "make one with: echo whsec_$(openssl rand -base64 32)",
      holds: (text) => webhookKey(text) !== null,
    },
  };

/** What is wrong with a secret once its text is known, null when nothing is. */
export function secretFault(kind: SecretKind, text: string): Fault | null {
  const { expected, fix, holds } = expectations[kind];
  return holds(text.trim()) ? null : { expected, got: `text of ${text.trim().length} characters`, fix };
}

/** Notes a mistake at a place below the receiver. */
type Note = (below: readonly string[], fault: Fault) => void;

/** The receiver of an entry; null when something is missing or contradicts itself, which has been noted. */
export function toReceiver(
  entry: ReceiverEntry,
  where: (below: readonly string[]) => string,
  note: Note,
): ReceiverConfig | null {
  const { name, slack, pagerduty, alertmanager, webhook } = entry;
  const kinds = [slack, pagerduty, alertmanager, webhook].filter((kind) => kind !== undefined);
  if (kinds.length !== 1) {
    const got = kinds.length === 0 ? "none" : `${kinds.length} of them`;
    const fix = "write one under each name; several receivers get names of their own";
    note([], { expected: `one of ${Object.keys(receiverKeys).join(", ")}`, got, fix });
    return null;
  }
  const pick = (
    kind: string,
    key: SecretKind,
    direct: string | undefined,
    file: string | undefined,
  ): SecretSource | null => pickSecret({ kind, key, direct, file }, where, note);
  if (slack !== undefined) return toSlack(name, slack, pick, note);
  if (pagerduty !== undefined) {
    const routingKey = pick("pagerduty", "routingKey", pagerduty.routingKey, pagerduty.routingKeyFile);
    if (routingKey === null) return null;
    return { kind: "pagerduty", name, routingKey, url: pagerduty.url ?? null };
  }
  if (alertmanager !== undefined) {
    return { kind: "alertmanager", name, urls: alertmanager.urls.map((url) => new Secret(url)) };
  }
  const url = pick("webhook", "url", webhook?.url, webhook?.urlFile);
  const signs = webhook?.secret !== undefined || webhook?.secretFile !== undefined;
  const secret = signs ? pick("webhook", "secret", webhook.secret, webhook.secretFile) : null;
  return url === null || (signs && secret === null) ? null : { kind: "webhook", name, url, secret };
}

function toSlack(
  name: string,
  slack: z.infer<typeof Slack>,
  pick: (kind: string, key: SecretKind, direct: string | undefined, file: string | undefined) => SecretSource | null,
  note: Note,
): ReceiverConfig | null {
  const isBot = slack.botToken !== undefined || slack.botTokenFile !== undefined;
  const isWebhook = slack.webhookUrl !== undefined || slack.webhookUrlFile !== undefined;
  if (isBot === isWebhook) {
    const fix = "a bot token keeps one message an incident up to date; a webhook URL is quicker to set up";
    const expected = "webhookUrl (or webhookUrlFile), or botToken (or botTokenFile) with channel";
    note(["slack"], { expected, got: isBot ? "both" : "neither", fix });
    return null;
  }
  if (isWebhook) {
    if (slack.channel !== undefined || slack.apiUrl !== undefined) {
      const key = slack.channel === undefined ? "apiUrl" : "channel";
      note(["slack", key], {
        expected: "nothing, with a webhook URL",
        got: "a value",
        fix: "remove it: the URL says where to",
      });
      return null;
    }
    const webhookUrl = pick("slack", "webhookUrl", slack.webhookUrl, slack.webhookUrlFile);
    return webhookUrl === null ? null : { kind: "slack", name, webhookUrl };
  }
  const botToken = pick("slack", "botToken", slack.botToken, slack.botTokenFile);
  if (slack.channel === undefined) {
    note(["slack"], { expected: "channel", got: "nothing", fix: "write the id or name of the channel" });
    return null;
  }
  return botToken === null
    ? null
    : { kind: "slack", name, botToken, channel: slack.channel, apiUrl: slack.apiUrl ?? null };
}

function pickSecret(
  given: { kind: string; key: SecretKind; direct: string | undefined; file: string | undefined },
  where: (below: readonly string[]) => string,
  note: Note,
): SecretSource | null {
  const { kind, key, direct, file } = given;
  if (direct !== undefined && file !== undefined) {
    note([kind, key], { expected: `either ${key} or ${key}File`, got: "both", fix: "remove one of the two" });
    return null;
  }
  if (file !== undefined) return { where: where([kind, `${key}File`]), file };
  if (direct === undefined) {
    note([kind], { expected: `${key} or ${key}File`, got: "neither", fix: "add one of the two" });
    return null;
  }
  const fault = secretFault(key, direct);
  if (fault !== null) note([kind, key], fault);
  return fault === null ? { where: where([kind, key]), value: new Secret(direct) } : null;
}

/** Whether it is an http or https URL. */
function isWebUrl(text: string): boolean {
  const url = URL.parse(text.trim());
  return url !== null && (url.protocol === "https:" || url.protocol === "http:");
}
