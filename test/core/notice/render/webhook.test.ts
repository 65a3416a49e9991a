import { describe, expect, it } from "vitest";
import { renderWebhook, signWebhook, WebhookBody, webhookKey } from "../../../../src/core/notice/render/webhook.ts";
import { command, digest, incident, notice, resolved } from "../example.ts";

describe("the body", () => {
  it("says what happened, and has the whole incident but not who else was told", () => {
    const told = {
      receiver: "slack",
      transition: "opened",
      outcome: "delivered",
      reason: "first",
      at: incident.firstSeen,
    };
    const body = WebhookBody.parse(renderWebhook(notice({ incident: { ...incident, notices: [told] } })));
    expect(body).toMatchObject({
      type: "incident.opened",
      version: 1,
      id: "notice-1",
      timestamp: "2026-01-02T03:00:03.000Z",
      reason: "first",
      test: false,
      links: { runbook: "https://runbooks.example.com/80604?a=1&b=2", console: null },
      data: { incident: { code: 80604, state: "open", count: 36, remedies: [{ command }, { id: "add-numbers" }] } },
    });
    expect(JSON.stringify(body)).not.toContain('"notices"');
  });

  it("names each transition", () => {
    const body = renderWebhook(notice({ transition: "resolved", incident: resolved, test: true }));
    expect(body).toMatchObject({ type: "incident.resolved", test: true, data: { incident: { state: "resolved" } } });
  });

  it("of a digest has its counts", () => {
    expect(WebhookBody.parse(renderWebhook(digest))).toMatchObject({
      type: "incidents.digest",
      id: "digest-1",
      reason: "digest",
      data: { digest: { total: 200, since: digest.since, groups: digest.groups } },
    });
  });
});

describe("the signature", () => {
  it("is that of the published example", () => {
    // https://docs.svix.com/receiving/verifying-payloads/how-manual
    const key = webhookKey("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw") ?? new Uint8Array();
    expect(signWebhook(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, '{"test": 2432232314}')).toBe(
      "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    );
  });

  it("covers id, time and every byte of the body", () => {
    const key = Buffer.alloc(32, 1);
    const signed = signWebhook(key, "a", 1, "é");
    for (const [id, time, body] of [
      ["b", 1, "é"],
      ["a", 2, "é"],
      ["a", 1, "e\u0301"],
      ["a", 1, "é "],
    ] as const) {
      expect(signWebhook(key, id, time, body)).not.toBe(signed);
    }
  });
});

describe("a secret", () => {
  it.each([24, 32, 64])("of %i bytes is a key, with or without its prefix", (size) => {
    const bytes = Buffer.alloc(size, 250);
    expect(webhookKey(`whsec_${bytes.toString("base64")}`)).toEqual(bytes);
    expect(webhookKey(`${bytes.toString("base64")}\n`)).toEqual(bytes);
  });

  it.each([
    "",
    "whsec_",
    `whsec_${Buffer.alloc(23).toString("base64")}`,
    `whsec_${Buffer.alloc(65).toString("base64")}`,
    `whsec_${"!".repeat(40)}`,
  ])("%j is none", (secret) => {
    expect(webhookKey(secret)).toBe(null);
  });
});
