/*
 * The body of a webhook and its signature, after Standard Webhooks.
 * https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 */
import { createHmac } from "node:crypto";
import { z } from "zod";
import { verdicts } from "../../diagnosis/verdict.ts";
import { severities } from "../../rules/rule.ts";
import type { Notice } from "../notice.ts";

const Time = z.iso.datetime().describe("ISO 8601 UTC");
const Tally = z.int().nonnegative().describe("Sampled events with this verdict");

const Links = z
  .strictObject({
    incident: z.string().nullable(),
    runbook: z.string().nullable(),
    grafana: z.string().nullable(),
    console: z.string().nullable(),
  })
  .describe("Where to read on; null where no such page is configured");

const Incident = z.strictObject({
  id: z.string(),
  fingerprint: z.string().describe("The same for every incident of the same kind"),
  state: z.literal(["open", "resolved"]),
  severity: z.literal([...severities]),
  code: z.int().describe("Twilio's error code"),
  title: z.string(),
  product: z.string(),
  account: z.string().describe("Sid of the account"),
  service: z.string().nullable().describe("Sid of the Service"),
  count: z.int().nonnegative().describe("Events so far"),
  firstSeen: Time,
  lastSeen: Time,
  resolvedAt: Time.nullable(),
  docsUrl: z.string(),
  ruleId: z.string().nullable(),
  matched: z.array(z.string()).describe("Why that rule applies"),
  causes: z
    .array(
      z.strictObject({
        id: z.string(),
        text: z.string(),
        verdict: z.literal([...verdicts]),
        confirmed: Tally,
        likely: Tally,
        ruledOut: Tally,
        unknown: Tally,
      }),
    )
    .describe("Documented causes, the leading one first"),
  conflicts: z
    .array(
      z.strictObject({
        sid: z.string(),
        kind: z.literal(["session", "conversation"]),
        state: z.string(),
        url: z.string(),
      }),
    )
    .describe("The Sessions or Conversations in the way"),
  evidence: z
    .array(z.strictObject({ text: z.string(), source: z.string(), observedAt: Time }))
    .describe("For the leading cause; addresses are masked"),
  remedies: z
    .array(
      z.strictObject({
        id: z.string(),
        text: z.string(),
        command: z.string().optional().describe("For twilio-cli"),
        curl: z.string().optional().describe("The same for curl"),
      }),
    )
    .describe("Ways out, the best first"),
});

const Digest = z.strictObject({
  total: z.int().nonnegative().describe("Incidents opened"),
  since: Time.describe("Begin of the time it is about"),
  groups: z
    .array(z.strictObject({ product: z.string(), code: z.int(), title: z.string(), count: z.int().positive() }))
    .describe("By product and code, the largest first"),
});

const about = {
  /** Raised when a field changes its meaning or goes away; new fields may come without it. */
  version: z.literal(1),
  id: z.string().describe("Of the notice, also the `webhook-id`: the same on every attempt"),
  timestamp: Time.describe("When it was decided"),
  reason: z.string().describe("Why it is told, e.g. `first`, `grew`, `repeat_interval`"),
  links: Links,
};

/** The body of a webhook request. */
export const WebhookBody = z.discriminatedUnion("type", [
  z.strictObject({
    type: z.literal([
      "incident.opened",
      "incident.diagnosed",
      "incident.cause_changed",
      "incident.severity_raised",
      "incident.grew",
      "incident.repeated",
      "incident.resolved",
      "incident.reopened",
    ]),
    ...about,
    test: z.boolean().describe("True for a notice that only tests the way"),
    data: z.strictObject({ incident: Incident }),
  }),
  z.strictObject({
    type: z.literal("incidents.digest").describe("Many incidents opened at once; each is in the API"),
    ...about,
    data: z.strictObject({ digest: Digest }),
  }),
]);
export type WebhookBody = z.infer<typeof WebhookBody>;

/** The body for a notice. The notices of the incident are left out: they name other receivers. */
export function renderWebhook(notice: Notice): WebhookBody {
  const { id, at: timestamp, links } = notice;
  if (notice.kind === "digest") {
    const { total, since, groups } = notice;
    const digest = { total, since, groups: [...groups] };
    return { type: "incidents.digest", version: 1, id, timestamp, reason: "digest", links, data: { digest } };
  }
  const { notices: _, causes, conflicts, evidence, remedies, matched, ...row } = notice.incident;
  const incident = {
    ...row,
    matched: [...matched],
    causes: [...causes],
    conflicts: [...conflicts],
    evidence: [...evidence],
    remedies: [...remedies],
  };
  const { transition, reason, test } = notice;
  return { type: `incident.${transition}`, version: 1, id, timestamp, reason, links, test, data: { incident } };
}

/**
 * The key in a secret of Standard Webhooks: `whsec_` and base64 of 24 to 64 bytes. Null when it is none. The prefix may
 * be left out, as most libraries for it allow.
 */
export function webhookKey(secret: string): Uint8Array | null {
  const text = secret.trim().replace(/^whsec_/, "");
  if (!/^[A-Za-z0-9+/]{32,88}={0,2}$/.test(text)) return null;
  const key = Buffer.from(text, "base64");
  return key.length >= 24 && key.length <= 64 ? key : null;
}

/** The value of `webhook-signature` over the exact body sent. `timestampSeconds` is what `webhook-timestamp` says. */
export function signWebhook(key: Uint8Array, id: string, timestampSeconds: number, body: string): string {
  return `v1,${createHmac("sha256", key).update(`${id}.${timestampSeconds}.${body}`).digest("base64")}`;
}
