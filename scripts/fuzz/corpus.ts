import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { JsonObject } from "../../src/core/json.ts";
import { builtInPackNames } from "../../src/core/rules/packs.ts";
import { debuggerForm, encodeForm, errorEvent, streamBatch } from "../../test/support/sign.ts";

const root = join(import.meta.dirname, "../..");
const fixture = (name: string): Buffer => readFileSync(join(root, "test/fixtures", name));

const webhook = {
  type: "application/json",
  request: {
    url: "https://app.example.com/sms?From=%2B15555550101",
    method: "POST",
    headers: { "Content-Type": "application/x-www-form-urlencoded", "X-Twilio-Signature": "x" },
    parameters: {
      From: "+15555550101",
      To: "+15555550102",
      Body: "hello",
      SmsSid: `SM${"1".repeat(32)}`,
      FromCity: "X",
    },
  },
  response: { status_code: 500, headers: { "Content-Type": "text/html" }, body: "<html>&amp;</html>" },
};
const events = [80604, 80903, 80905, 50416, 48031, 11200].map((code) => errorEvent({ code, webhook }));

const alarm = {
  AccountSid: `AC${"a".repeat(32)}`,
  AppMonitorTriggerSid: `AK${"b".repeat(32)}`,
  CurrentValue: "55",
  DateFired: "Tue, 09 Aug 2022 16:51:20 +0000",
  Description: "More than ten failures a day",
  ErrorCode: "11200",
  IdempotencyToken: "x-FIRES-y",
  Log: "error",
};

const userRules = `rules:
  - id: mine
    match: { code: [80604, 30001-30008], level: [error, warning], message: "^foo.*(?:bar|baz)$" }
    title: Mine
    severity: critical
    groupBy: [account, code]
    quietPeriod: 90s
    remedies:
      - { id: r, text: Do it., command: "twilio api:x --sid {session} --y $Y" }
  - id: other
    match: &m { product: Proxy, account: AC1, service: [KS1] }
    silence: true
`;

/** What mutations start from: texts of every kind that is read, made up by us. */
export const seeds = {
  debugger: [fixture("debugger-80903.form"), ...events.map((event) => Buffer.from(encodeForm(debuggerForm(event))))],
  stream: [
    fixture("event-streams-batch.json"),
    Buffer.from(streamBatch(events.slice(0, 2))),
    Buffer.from(streamBatch(events.slice(2, 3))),
  ],
  alarmForm: [Buffer.from(encodeForm(alarm)), Buffer.from(encodeForm({ ...alarm, Log: "1" }))],
  alarmJson: [Buffer.from(JSON.stringify(alarm))],
  rules: [userRules, ...builtInPackNames.flatMap(rulesOf)].map((text) => Buffer.from(text)),
  text: [
    JSON.stringify(webhook),
    "Unable to reach +15555550101 at https://u:p@h.example/a?b=c#d, see Authorization: Bearer 0123456789abcdef",
    "From=%2B15555550101&To=whatsapp%3A%2B15555550102&Body=hi&FromCity=X",
    encodeURIComponent(JSON.stringify({ parameters: { Body: "x", To: "+15555550101" } })),
  ].map((text) => Buffer.from(text)),
} as const;

/** Payloads as trees, for mutations that keep to the grammar. */
export const trees: readonly JsonObject[] = [
  ...events.map((event) => parsed(debuggerForm(event).Payload ?? "{}")),
  { resource_sid: null, error_code: 11200, more_info: { Msg: "m", LogLevel: "WARN" } },
  alarm,
];

function parsed(text: string): JsonObject {
  return JSON.parse(text);
}

/** A pack cut into rules, each a file of its own. */
function rulesOf(name: string): string[] {
  const text = readFileSync(join(root, `src/core/rules/packs/${name}.yaml`), "utf8");
  return text
    .split(/^(?= {2}- id:)/m)
    .slice(1, 6)
    .map((rule) => `rules:\n${rule}`);
}
