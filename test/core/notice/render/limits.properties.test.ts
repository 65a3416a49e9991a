import fc from "fast-check";
import { expect, it } from "vitest";
import { z } from "zod";
import type { Notice } from "../../../../src/core/notice/notice.ts";
import { renderAlertmanager } from "../../../../src/core/notice/render/alertmanager.ts";
import { renderPagerDuty } from "../../../../src/core/notice/render/pagerduty.ts";
import { renderSlack, renderSlackThread } from "../../../../src/core/notice/render/slack.ts";
import { renderLine, renderText } from "../../../../src/core/notice/render/text.ts";
import { renderWebhook, WebhookBody } from "../../../../src/core/notice/render/webhook.ts";
import { hostileNotice } from "./hostile.ts";
import { dangersIn, formattedTextsOf, hasStrayFence, SlackLimits, textsOf } from "./slack-limits.ts";

const runs = { numRuns: 150 };

/** Holds for any notice. */
function always(check: (notice: Notice) => void): void {
  fc.assert(fc.property(hostileNotice, check), runs);
}

it("AM #2769: Slack takes any notice, every limit of every block, and all text together under 9,000", () => {
  always((notice) => {
    for (const message of [renderSlack(notice), renderSlackThread(notice)]) {
      const parsed = SlackLimits.safeParse(message);
      expect(parsed.error).toBe(undefined);
      const texts = textsOf(SlackLimits.parse(message));
      expect(texts.join("").length).toBeLessThanOrEqual(9_000);
    }
  });
});

it("nothing others wrote mentions, links, formats its way out or breaks a character in Slack", () => {
  always((notice) => {
    for (const message of [renderSlack(notice), renderSlackThread(notice)]) {
      const parsed = SlackLimits.parse(message);
      for (const text of textsOf(parsed)) expect(dangersIn(text), text).toEqual([]);
      expect(formattedTextsOf(parsed).filter(hasStrayFence)).toEqual([]);
    }
  });
});

it("Slack's thread is one or two sections", () => {
  always((notice) => {
    if (notice.kind === "incident") expect(renderSlackThread(notice).blocks.length).toBeLessThanOrEqual(2);
  });
});

it("a command in Slack is whole, or says that more follow", () => {
  always((notice) => {
    if (notice.kind === "digest") return;
    const blocks = renderSlack(notice).blocks.flatMap((block) => (block.type === "section" ? [block.text.text] : []));
    const shown = blocks.find((text) => text.startsWith("```"));
    if (shown === undefined) return;
    const [remedy] = notice.incident.remedies;
    const command = remedy?.command ?? remedy?.curl ?? "";
    const plain = shown
      .slice(4, -4)
      .replaceAll("&lt;", "<")
      .replaceAll("&gt;", ">")
      .replaceAll("&amp;", "&")
      .replaceAll("\u200B", "");
    const parts = command.split(" && ").length;
    if (plain.includes("\n# and ")) {
      const [kept = "", note = ""] = plain.split("\n# and ");
      expect(command.startsWith(`${kept} && `)).toBe(true);
      expect(Number.parseInt(note, 10)).toBe(parts - kept.split(" && ").length);
    } else if (/^[\x20-\x7E]*$/.test(command)) expect(plain).toBe(command.trim());
  });
});

const Short = z.string().min(1).max(255);
const PagerDutyLimits = z.discriminatedUnion("event_action", [
  z.strictObject({ event_action: z.literal("resolve"), dedup_key: Short }),
  z.strictObject({
    event_action: z.literal("trigger"),
    dedup_key: Short,
    client: z.literal("Faultline"),
    client_url: z.url({ protocol: /^https?$/ }).optional(),
    links: z.array(z.strictObject({ href: z.url({ protocol: /^https?$/ }), text: Short })),
    payload: z.strictObject({
      summary: z.string().min(1).max(1024),
      source: Short,
      severity: z.enum(["critical", "error", "warning", "info"]),
      timestamp: z.iso.datetime(),
      component: Short,
      group: Short,
      class: z.string().regex(/^twilio_(\d+|digest)$/),
      custom_details: z.record(z.string(), z.unknown()),
    }),
  }),
]);

it("PagerDuty takes any notice: 1,024 characters of summary, 512,000 bytes", () => {
  always((notice) => {
    const event = renderPagerDuty(notice);
    expect(PagerDutyLimits.safeParse(event).error).toBe(undefined);
    const sent = JSON.stringify({ ...event, routing_key: "k".repeat(32) });
    expect(Buffer.byteLength(sent)).toBeLessThanOrEqual(512_000);
    if (event.event_action === "trigger") expect(event.payload.summary.isWellFormed()).toBe(true);
  });
});

const AlertLimits = z.strictObject({
  labels: z.record(z.string().regex(/^[a-z_]+$/), z.string().min(1).max(255)),
  annotations: z.record(z.string().regex(/^[a-z_]+$/), z.string().max(8_000)),
  startsAt: z.iso.datetime(),
  endsAt: z.iso.datetime().optional(),
  generatorURL: z.url({ protocol: /^https?$/ }).optional(),
});

it("Alertmanager takes any notice about an incident, and gets no digest", () => {
  always((notice) => {
    const alert = renderAlertmanager(notice);
    if (notice.kind === "digest") expect(alert).toBe(null);
    else {
      expect(AlertLimits.safeParse(alert).error).toBe(undefined);
      expect(Object.values(alert?.labels ?? {}).every((value) => value.isWellFormed())).toBe(true);
    }
  });
});

it("a webhook's body keeps to its schema", () => {
  always((notice) => {
    expect(WebhookBody.safeParse(JSON.parse(JSON.stringify(renderWebhook(notice)))).error).toBe(undefined);
  });
});

it("plain text neither commands a terminal nor turns around", () => {
  always((notice) => {
    for (const text of [renderText(notice), renderLine(notice)]) {
      expect(text.isWellFormed()).toBe(true);
      expect(text).not.toMatch(/(?![\n\t])[\p{Cc}\p{Bidi_Control}]/u);
    }
    expect(renderLine(notice).length).toBeLessThanOrEqual(500);
    expect(renderLine(notice)).not.toContain("\n");
  });
});
