import { describe, expect, test } from "vitest";
import type { NoticeSettings } from "../../src/config.ts";
import { Secret } from "../../src/core/secret.ts";
import { configOf, mistakesOf, type Sources } from "./read.ts";

const hook = "https://hooks.slack.com/services/T00000000/B00000000/xxxxxxxxxxxxxxxxxxxxxxxx";
const botToken = "xoxb-000000000000-xxxxxxxxxxxx";
const routingKey = "0123456789abcdef0123456789abcdef";
const signing = `whsec_${Buffer.alloc(32, 7).toString("base64")}`;

/** With every secret in clear, as the senders see it. */
function receiversOf(sources: Sources): unknown[] {
  const { receivers }: NoticeSettings = configOf(sources).notices;
  return receivers.map((receiver) =>
    Object.fromEntries(
      Object.entries(receiver).map(([key, value]) => {
        if (value instanceof Secret) return [key, value.reveal()];
        return [key, Array.isArray(value) ? value.map((each: Secret) => each.reveal()) : value];
      }),
    ),
  );
}

const mistakesIn = (env: Record<string, string>) => mistakesOf({ env }).map(({ where }) => where);
const yaml = (text: string, env: Record<string, string> = {}, files: Record<string, string> = {}): Sources => {
  return { env, files: { ...files, "faultline.yaml": text } };
};

test("without any setting nobody is told", () => {
  expect(configOf({}).notices).toMatchObject({ receivers: [], route: null, stormThreshold: 10 });
});

describe("the environment", () => {
  test("makes a receiver of each kind, named after it", () => {
    const env = {
      SLACK_WEBHOOK_URL: hook,
      PAGERDUTY_ROUTING_KEY: routingKey,
      ALERTMANAGER_URL: "http://am-1:9093, http://user:pass@am-2:9093/prefix",
      WEBHOOK_URL: "https://example.com/hook?token=x",
      WEBHOOK_SECRET: signing,
    };
    expect(receiversOf({ env })).toEqual([
      { kind: "slack", name: "slack", webhookUrl: hook },
      { kind: "pagerduty", name: "pagerduty", routingKey, url: "https://events.pagerduty.com/v2/enqueue" },
      {
        kind: "alertmanager",
        name: "alertmanager",
        urls: ["http://am-1:9093", "http://user:pass@am-2:9093/prefix"],
      },
      { kind: "webhook", name: "webhook", url: "https://example.com/hook?token=x", secret: signing },
    ]);
  });

  test("makes a bot of token and channel, elsewhere when told so", () => {
    const env = { SLACK_BOT_TOKEN: botToken, SLACK_CHANNEL: "C0123456789" };
    const bot = { kind: "slack", name: "slack", botToken, channel: "C0123456789" };
    expect(receiversOf({ env })).toEqual([{ ...bot, apiUrl: "https://slack.com/api/" }]);
    expect(receiversOf({ env: { ...env, SLACK_API_URL: "http://127.0.0.1:1/api/" } })).toEqual([
      { ...bot, apiUrl: "http://127.0.0.1:1/api" },
    ]);
  });

  test("takes every secret from a file as well", () => {
    const files = { "/s/key": `${routingKey}\n`, "/s/url": "https://example.com/hook\n", "/s/secret": `${signing}\n` };
    const env = {
      PAGERDUTY_ROUTING_KEY_FILE: "/s/key",
      WEBHOOK_URL_FILE: "/s/url",
      WEBHOOK_SECRET_FILE: "/s/secret",
    };
    expect(receiversOf({ env, files })).toMatchObject([
      { kind: "pagerduty", routingKey },
      { kind: "webhook", url: "https://example.com/hook", secret: signing },
    ]);
  });

  test.each<[string, Record<string, string>, string[]]>([
    ["a webhook URL that is none", { SLACK_WEBHOOK_URL: "hooks.slack.com" }, ["SLACK_WEBHOOK_URL"]],
    [
      "a webhook and a bot",
      { SLACK_WEBHOOK_URL: hook, SLACK_BOT_TOKEN: botToken, SLACK_CHANNEL: "C1" },
      ["SLACK_WEBHOOK_URL"],
    ],
    ["a bot without a channel", { SLACK_BOT_TOKEN: botToken }, ["SLACK_CHANNEL"]],
    ["a channel without a bot", { SLACK_CHANNEL: "C1" }, ["SLACK_BOT_TOKEN"]],
    ["a routing key that is too short", { PAGERDUTY_ROUTING_KEY: "abc" }, ["PAGERDUTY_ROUTING_KEY"]],
    ["an Alertmanager without a protocol", { ALERTMANAGER_URL: "http://a:9093,b:9093" }, ["ALERTMANAGER_URL"]],
    ["a secret of another kind", { WEBHOOK_URL: "https://example.com", WEBHOOK_SECRET: "hush" }, ["WEBHOOK_SECRET"]],
    ["a secret for no URL", { WEBHOOK_SECRET: signing }, ["WEBHOOK_URL"]],
    ["a page that is none", { RUNBOOK_URL: "runbooks" }, ["RUNBOOK_URL"]],
  ])("%s is a mistake, and no value is quoted", (_, env, where) => {
    expect(mistakesIn(env)).toEqual(where);
    const text = JSON.stringify(mistakesOf({ env }).map(({ expected, got, fix }) => [expected, got, fix]));
    for (const secret of ["hush", "abc", botToken, signing, hook]) expect(text).not.toContain(secret);
  });
});

describe("the file", () => {
  test("adds receivers of its own names, their secrets in it or in other files", () => {
    const text = `
receivers:
  - name: oncall
    pagerduty:
      routingKeyFile: /s/key
  - name: team
    slack:
      webhookUrl: ${hook}
`;
    const sources = yaml(text, { PAGERDUTY_ROUTING_KEY: routingKey }, { "/s/key": "f".repeat(32) });
    expect(receiversOf(sources)).toEqual([
      { kind: "pagerduty", name: "pagerduty", routingKey, url: "https://events.pagerduty.com/v2/enqueue" },
      { kind: "pagerduty", name: "oncall", routingKey: "f".repeat(32), url: "https://events.pagerduty.com/v2/enqueue" },
      { kind: "slack", name: "team", webhookUrl: hook },
    ]);
  });

  test("may route to receivers of both", () => {
    const text = `
receivers:
  - name: team
    slack:
      webhookUrl: ${hook}
route:
  receivers: [team]
  routes:
    - match: { severity: critical }
      receivers: [pagerduty]
stormThreshold: 3
`;
    const { notices } = configOf(yaml(text, { PAGERDUTY_ROUTING_KEY: routingKey }));
    expect(notices).toMatchObject({
      stormThreshold: 3,
      route: { receivers: ["team"], routes: [{ receivers: ["pagerduty"] }] },
    });
    expect(mistakesOf(yaml(text)).map(({ where }) => where)).toEqual([expect.stringContaining("receivers[0]")]);
  });

  test("with a secret file that is missing or wrong is a mistake at its place", () => {
    const text = `
receivers:
  - name: oncall
    pagerduty:
      routingKeyFile: /s/key
`;
    const missing = mistakesOf(yaml(text));
    expect(missing).toMatchObject([{ where: expect.stringMatching(/^faultline\.yaml:5 /), got: "ENOENT for /s/key" }]);
    const wrong = mistakesOf(yaml(text, {}, { "/s/key": "hush" }));
    expect(wrong).toMatchObject([{ where: expect.stringMatching(/^faultline\.yaml:5 /), got: "text of 4 characters" }]);
  });
});

test("pages come from the environment first, then from the file, placeholders and all", () => {
  const text = `
links:
  runbook: https://runbooks.example.com/{code}
  grafana: https://grafana.example.com/d/x?var-code={code}
`;
  expect(configOf(yaml(text, { RUNBOOK_URL: "https://wiki.example.com/{code}#fix" })).notices.links).toEqual({
    incident: null,
    runbook: "https://wiki.example.com/{code}#fix",
    grafana: "https://grafana.example.com/d/x?var-code={code}",
  });
});
