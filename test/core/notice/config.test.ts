import { describe, expect, it } from "vitest";
import { type NoticeConfig, parseNoticeConfig } from "../../../src/core/notice/config.ts";
import { secretFault } from "../../../src/core/notice/receivers.ts";

const key = "k".repeat(32);
const signing = `whsec_${Buffer.alloc(32, 7).toString("base64")}`;

function configOf(text: string, others: string[] = []): NoticeConfig {
  const { config, mistakes } = parseNoticeConfig(text, "faultline.yaml", others);
  expect(mistakes).toEqual([]);
  return config;
}

const mistakesOf = (text: string, others: string[] = []) =>
  parseNoticeConfig(text, "faultline.yaml", others).mistakes.map(({ where, got }) => `${where} ${got}`);

/** The receivers with their secrets in the open. */
function shown(text: string): unknown {
  const reveal = (_: string, value: unknown) =>
    value !== null && typeof value === "object" && "reveal" in value && typeof value.reveal === "function"
      ? value.reveal()
      : value;
  const walk = (value: unknown): unknown => {
    const seen = reveal("", value);
    if (Array.isArray(seen)) return seen.map(walk);
    if (typeof seen !== "object" || seen === null) return seen;
    return Object.fromEntries(Object.entries(seen).map(([name, each]) => [name, walk(each)]));
  };
  return walk(configOf(text).receivers);
}

it.each(["", "accounts: []\n", "receivers:\nroute:\nlinks:\n", "# nothing\n"])("%j says nothing", (text) => {
  expect(configOf(text)).toEqual({
    receivers: [],
    route: null,
    muteTimeIntervals: [],
    stormThreshold: 10,
    links: { incident: null, runbook: null, grafana: null },
  });
});

it("receivers of every kind are read, with secrets from the file or from files", () => {
  const text = `
receivers:
  - name: ops
    slack: { webhookUrl: "https://hooks.slack.example.com/x" }
  - name: bot
    slack: { botTokenFile: /run/token, channel: "#ops" }
  - name: pager
    pagerduty: { routingKey: ${key}, url: "https://pd.example.com/enqueue" }
  - name: am
    alertmanager: { urls: ["http://u:p@am:9093"] }
  - name: hook
    webhook:
      urlFile: /run/url
      secret: ${signing}
`;
  expect(shown(text)).toEqual([
    {
      kind: "slack",
      name: "ops",
      webhookUrl: {
        where: "faultline.yaml:4 receivers[0].slack.webhookUrl",
        value: "https://hooks.slack.example.com/x",
      },
    },
    {
      kind: "slack",
      name: "bot",
      botToken: { where: "faultline.yaml:6 receivers[1].slack.botTokenFile", file: "/run/token" },
      channel: "#ops",
      apiUrl: null,
    },
    {
      kind: "pagerduty",
      name: "pager",
      routingKey: { where: "faultline.yaml:8 receivers[2].pagerduty.routingKey", value: key },
      url: "https://pd.example.com/enqueue",
    },
    { kind: "alertmanager", name: "am", urls: ["http://u:p@am:9093"] },
    {
      kind: "webhook",
      name: "hook",
      url: { where: "faultline.yaml:13 receivers[4].webhook.urlFile", file: "/run/url" },
      secret: { where: "faultline.yaml:14 receivers[4].webhook.secret", value: signing },
    },
  ]);
});

it("routes, mute times, storms and links are read; routes may name receivers made elsewhere", () => {
  const text = `
route:
  receivers: [slack]
  routes:
    - match: { severity: [critical, error], code: 80604, labels: { rule: x } }
      matchers: ['product=~"Proxy|Voice"']
      receivers: [pagerduty]
      groupBy: [product]
      repeatInterval: 1h
      muteTimeIntervals: [nights]
      continue: true
muteTimeIntervals:
  - name: nights
    intervals: [{ times: ["00:00-06:00"], location: Europe/Berlin }]
stormThreshold: 25
links:
  incident: https://faultline.example.com/incidents
  runbook: https://git.example.com/{code}.md
  grafana: https://grafana.example.com/d/x?var-code={code}
`;
  const config = configOf(text, ["slack", "pagerduty"]);
  expect(config.route?.routes?.[0]).toEqual({
    match: { severity: ["critical", "error"], code: 80604, labels: { rule: "x" } },
    matchers: ['product=~"Proxy|Voice"'],
    receivers: ["pagerduty"],
    groupBy: ["product"],
    repeatInterval: "1h",
    muteTimeIntervals: ["nights"],
    continue: true,
  });
  expect(config.muteTimeIntervals.map(({ name }) => name)).toEqual(["nights"]);
  expect(config.stormThreshold).toBe(25);
  expect(config.links).toEqual({
    incident: "https://faultline.example.com/incidents",
    runbook: "https://git.example.com/{code}.md",
    grafana: "https://grafana.example.com/d/x?var-code={code}",
  });
});

describe("a mistake is named with its line", () => {
  const receiver = (lines: string) => `receivers:\n  - name: x\n    ${lines}\n`;
  const route = (lines: string) => `route:\n  receivers: []\n  routes:\n    - receivers: []\n      ${lines}\n`;
  const cases: [why: string, text: string, expected: string][] = [
    ["broken YAML", "receivers: [\n", "faultline.yaml:2 (file) BAD_INDENT"],
    ["no keys", "hello\n", "faultline.yaml:1 (file) text of 5 characters"],
    ["receivers that are no list", "receivers: x\n", "faultline.yaml:1 receivers text of 1 characters"],
    [
      "a name that is no label",
      "receivers:\n  - name: A b\n    alertmanager: {urls: [http://a]}\n",
      "faultline.yaml:2 receivers[0].name text of 3 characters",
    ],
    ["no kind", "receivers:\n  - name: x\n", "faultline.yaml:2 receivers[0] none"],
    [
      "two kinds",
      receiver(`pagerduty: {routingKey: ${key}}\n    alertmanager: {urls: [http://a]}`),
      "faultline.yaml:2 receivers[0] 2 of them",
    ],
    ["a misspelt key", receiver("slak: {}"), 'faultline.yaml:3 receivers[0].slak the unknown key "slak"'],
    [
      "a secret in the place of a key",
      receiver(`webhook: {${"5e".repeat(16)}: 1}`),
      "faultline.yaml:3 receivers[0].webhook.… the unknown key of 32 characters",
    ],
    [
      "Slack both ways",
      receiver("slack: {webhookUrl: http://a, botToken: xoxb-1, channel: c}"),
      "faultline.yaml:3 receivers[0].slack both",
    ],
    ["Slack neither way", receiver("slack: {channel: c}"), "faultline.yaml:3 receivers[0].slack neither"],
    ["a bot without a channel", receiver("slack: {botToken: xoxb-1}"), "faultline.yaml:3 receivers[0].slack nothing"],
    [
      "a channel for a webhook",
      receiver("slack: {webhookUrl: http://a, channel: c}"),
      "faultline.yaml:3 receivers[0].slack.channel a value",
    ],
    [
      "a secret twice",
      receiver(`pagerduty: {routingKey: ${key}, routingKeyFile: /k}`),
      "faultline.yaml:3 receivers[0].pagerduty.routingKey both",
    ],
    ["no secret", receiver("pagerduty: {}"), "faultline.yaml:3 receivers[0].pagerduty neither"],
    [
      "a wrong URL",
      receiver("alertmanager: {urls: [ftp://a]}"),
      "faultline.yaml:3 receivers[0].alertmanager.urls[0] text of 7 characters",
    ],
    [
      "a name used twice",
      `${receiver(`pagerduty: {routingKey: ${key}}`)}  - {name: x, alertmanager: {urls: [http://a]}}\n`,
      "faultline.yaml:4 receivers[1].name a name used before",
    ],
    [
      "a name taken elsewhere",
      `receivers: [{name: slack, pagerduty: {routingKey: ${key}}}]\n`,
      "faultline.yaml:1 receivers[0].name the name of a receiver made from the environment",
    ],
    ["no receivers at the root", "route: {}\n", "faultline.yaml:1 route nothing"],
    ["a condition at the root", "route:\n  receivers: []\n  match: {code: 1}\n", "faultline.yaml:3 route.match match"],
    [
      "an unknown receiver",
      route("routes: [{receivers: [nope]}]"),
      'faultline.yaml:5 route.routes[0].routes[0].receivers[0] "nope"',
    ],
    [
      "an unknown mute time",
      route("muteTimeIntervals: [nope]"),
      'faultline.yaml:5 route.routes[0].muteTimeIntervals[0] "nope"',
    ],
    [
      "a misspelt condition",
      route("match: {sevrity: error}"),
      'faultline.yaml:5 route.routes[0].match.sevrity the unknown key "sevrity"',
    ],
    [
      "a misspelt label",
      route("match: {labels: {rul: x}}"),
      'faultline.yaml:5 route.routes[0].match.labels.rul the unknown key "rul"',
    ],
    [
      "a wrong severity",
      route("match: {severity: [error, bad]}"),
      "faultline.yaml:5 route.routes[0].match.severity a list",
    ],
    ["a wrong code", route("match: {code: 80604-1}"), 'faultline.yaml:5 route.routes[0].match.code "80604-1"'],
    [
      "a pattern that runs away",
      route("matchers: ['title=~\"(a+)+\"']"),
      'faultline.yaml:5 route.routes[0].matchers[0] "title=~\\"(a+)+\\""',
    ],
    ["a wrong period", route("repeatInterval: 4 hours"), 'faultline.yaml:5 route.routes[0].repeatInterval "4 hours"'],
    [
      "a wrong time of day",
      "muteTimeIntervals:\n  - name: n\n    intervals:\n      - times: ['22:00-06:00']\n",
      'faultline.yaml:4 muteTimeIntervals[0].intervals[0].times[0] "22:00-06:00"',
    ],
    ["a wrong threshold", "stormThreshold: 0\n", "faultline.yaml:1 stormThreshold 0"],
    ["a link that is none", "links:\n  runbook: runbooks/x\n", "faultline.yaml:2 links.runbook text of 10 characters"],
    ["an unknown link", "links:\n  wiki: https://x\n", 'faultline.yaml:2 links.wiki the unknown key "wiki"'],
  ];
  it.each(cases)("%s", (_, text, expected) => {
    expect(mistakesOf(text, ["slack"])).toEqual([expected]);
  });

  it("and all of them at once, each with what was expected and how to mend it", () => {
    const text = `stormThreshold: x\nroute: {receivers: [a, b]}\nreceivers:\n  - name: B\n    slack: {}\n`;
    const { mistakes } = parseNoticeConfig(text, "f.yaml", []);
    expect(mistakes.map(({ where }) => where.replace(/ .*/, ""))).toEqual([
      "f.yaml:4",
      "f.yaml:1",
      "f.yaml:2",
      "f.yaml:2",
    ]);
    for (const { expected, fix } of mistakes) {
      expect(expected).not.toBe("");
      expect(fix).not.toBe("");
    }
  });
});

it("no secret is ever quoted, whatever is wrong with it", () => {
  const secret = "s3cr3t-do-not-show";
  const places = ["webhookUrl", "botToken", "channel", "apiUrl", "url", "routingKey", "secret", "urls", secret];
  for (const kind of ["slack", "pagerduty", "alertmanager", "webhook"]) {
    for (const place of places) {
      for (const value of [secret, `[${secret}]`, `{${secret}: 1}`]) {
        const text = `receivers:\n  - name: x\n    ${kind}: {${place}: ${value}}\n`;
        const { mistakes, config } = parseNoticeConfig(text, "faultline.yaml", []);
        expect(JSON.stringify(mistakes)).not.toContain(secret);
        if (mistakes.length === 0) expect(config.receivers).toHaveLength(1);
      }
    }
  }
  expect(JSON.stringify(configOf(`receivers: [{name: x, webhook: {url: "https://x/${secret}"}}]`))).not.toContain(
    secret,
  );
});

describe("the text of a secret", () => {
  it.each([
    ["webhookUrl", "https://hooks.example.com/a", "hooks.example.com/a"],
    ["botToken", "xoxb-1-a", "Bearer xoxb-1-a"],
    ["routingKey", key, `${key}k`],
    ["url", "http://127.0.0.1:1/", "/x"],
    ["secret", signing, "whsec_c2hvcnQ="],
    ["secret", signing.slice(6), "not base64 at all, but long enough to be a key"],
  ] as const)("%s is right as %s, and wrong as %s", (kind, right, wrong) => {
    expect(secretFault(kind, ` ${right}\n`)).toBe(null);
    expect(secretFault(kind, wrong)).toMatchObject({ got: `text of ${wrong.length} characters` });
  });
});
