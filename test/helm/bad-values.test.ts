import { describe, expect, test } from "vitest";
import { base, template, type Values } from "./render.ts";
import { missingTools } from "./tools.ts";

const receiver = (kind: object) => ({ config: { receivers: [{ name: "team", ...kind }] } });

/** Values the schema refuses: what, the values, and what the message must name. */
const refusedBySchema: readonly [string, Values, RegExp][] = [
  ["an unknown value", { twillio: {} }, /additional properties 'twillio' not allowed/],
  ["a misspelt value below", { ingest: { replica: 3 } }, /'\/ingest'.*additional properties 'replica' not allowed/],
  ["a mode there is not", { mode: "cluster" }, /'\/mode'.*one of 'embedded', 'scaled'/],
  ["a number as text", { ingest: { replicas: "3" } }, /'\/ingest\/replicas'.*got string, want integer/],
  ["a switch as text", { ingress: { enabled: "yes" } }, /'\/ingress\/enabled'.*got string, want boolean/],
  ["a port beyond the last", { service: { public: { port: 70_000 } } }, /'\/service\/public\/port'.*maximum/],
  [
    "an account's token in place of its sid",
    { twilio: { accountSid: "0123abcd" } },
    /'\/twilio\/accountSid'.*does not match pattern/,
  ],
  ["a public URL without https://", { publicUrl: "faultline.example.com" }, /'\/publicUrl'.*does not match pattern/],
  [
    "a period without a unit",
    { settings: { incidentQuietPeriod: "30" } },
    /'\/settings\/incidentQuietPeriod'.*does not match pattern/,
  ],
  ["a log level there is not", { settings: { logLevel: "verbose" } }, /'\/settings\/logLevel'.*one of 'debug'/],
  ["a credential as plain text", { adminToken: "not-a-real-token" }, /'\/adminToken'.*got string, want object/],
  [
    "a token in the configuration",
    { config: { accounts: [{ sid: `AC${"a".repeat(32)}`, tokens: ["x"], tokenFiles: ["/x"] }] } },
    /'\/config\/accounts\/0'.*'tokens' not allowed/,
  ],
  [
    "a bot's token in the configuration",
    receiver({ slack: { botToken: "x", channel: "C1" } }),
    /'\/config\/receivers\/0\/slack'.*'botToken' not allowed/,
  ],
  [
    "a webhook's URL in the configuration",
    receiver({ slack: { webhookUrl: "https://x.example" } }),
    /'webhookUrl' not allowed/,
  ],
  ["a routing key in the configuration", receiver({ pagerduty: { routingKey: "x" } }), /'routingKey' not allowed/],
  [
    "a secret to sign with in the configuration",
    receiver({ webhook: { urlFile: "/x", secret: "x" } }),
    /'secret' not allowed/,
  ],
  [
    "a password in an Alertmanager's URL",
    { alertmanager: { enabled: true, urls: ["http://u:p@am:9093"] } },
    /'\/alertmanager\/urls\/0'.*does not match pattern/,
  ],
  ["a key faultline.yaml has not", { config: { receiver: [] } }, /'\/config'.*'receiver' not allowed/],
  ["a name that is none", { existingSecret: "My Secret" }, /'\/existingSecret'.*does not match pattern/],
  ["a name too long", { fullnameOverride: "x".repeat(51) }, /'\/fullnameOverride'.*does not match pattern/],
  ["a pull policy there is not", { image: { pullPolicy: "always" } }, /'\/image\/pullPolicy'.*one of 'Always'/],
  [
    "resources in the wrong place",
    { worker: { resources: { memory: "1Gi" } } },
    /'\/worker\/resources'.*'memory' not allowed/,
  ],
  ["a label that is a number", { podLabels: { tier: 1 } }, /'\/podLabels\/tier'.*got number, want string/],
  [
    "a network that is none",
    { networkPolicy: { internetExcept: ["10.0.0.0"] } },
    /'\/networkPolicy\/internetExcept\/0'.*does not match pattern/,
  ],
  [
    "a Sentinel without its port",
    { redis: { sentinel: { nodes: ["sentinel"] } } },
    /'\/redis\/sentinel\/nodes\/0'.*does not match pattern/,
  ],
];

/** Values that contradict each other, and the line that says so. */
const mistakes: readonly [string, Values, string][] = [
  [
    "no public URL",
    { publicUrl: "" },
    "publicUrl: expected the URL that Twilio calls, got nothing. Fix: e.g. --set publicUrl=https://",
  ],
  [
    "Faultline's path in the public URL",
    { publicUrl: "https://faultline.example.com/twilio/events" },
    "publicUrl: expected the URL without Faultline's own path",
  ],
  [
    "no account",
    { twilio: { accountSid: "" } },
    "twilio.accountSid: expected the account whose deliveries are taken, got nothing",
  ],
  [
    "no Secret",
    { existingSecret: "" },
    "adminToken: expected a Secret to take it from, got none. Fix: set existingSecret to the name of a Secret with the key admin-token",
  ],
  ["no Secret for Twilio", { existingSecret: "" }, "twilio.authToken: expected a Secret to take it from, got none"],
  [
    "no Secret for the database",
    { existingSecret: "", mode: "scaled" },
    "database.url: expected a Secret to take it from, got none",
  ],
  [
    "a credential from two places",
    { adminToken: { value: "x", existingSecret: "y" } },
    "adminToken: expected value or existingSecret, got both",
  ],
  [
    "a database beside the embedded one",
    { database: { url: { existingSecret: "x" } } },
    "database.url: expected nothing with mode: embedded",
  ],
  [
    "Sentinel and Cluster",
    { redis: { enabled: true, sentinel: { nodes: ["a:1"] }, cluster: { nodes: ["b:1"] } } },
    "redis: expected sentinel.nodes or cluster.nodes, got both",
  ],
  [
    "Sentinel without Redis",
    { redis: { sentinel: { nodes: ["a:1"] } } },
    "redis.enabled: expected true with sentinel.nodes or cluster.nodes, got false",
  ],
  [
    "KEDA without Prometheus",
    { mode: "scaled", worker: { autoscaling: { enabled: true } } },
    "worker.autoscaling.keda.serverAddress: expected where Prometheus answers, got nothing",
  ],
  [
    "more at least than at most",
    { ingest: { autoscaling: { minReplicas: 5, maxReplicas: 2 } } },
    "ingest.autoscaling: expected minReplicas up to maxReplicas, got 5 and 2",
  ],
  [
    "a route without a Gateway",
    { httpRoute: { enabled: true } },
    "httpRoute.parentRefs: expected at least one Gateway, got none",
  ],
  [
    "a secret in the open",
    { extraEnv: [{ name: "SLACK_BOT_TOKEN", value: "x" }] },
    "extraEnv: expected SLACK_BOT_TOKEN from a Secret, got it in the open",
  ],
];

describe.skipIf(missingTools !== null)(`Bad values (${missingTools ?? "helm"})`, () => {
  test("the values that these are added to are good", () => {
    expect(template(base).stderr).toBe("");
  });

  test.each(refusedBySchema)("the schema refuses %s", (_, values, message) => {
    const { exitCode, stdout, stderr } = template({ ...base, ...values });
    expect(exitCode).toBe(1);
    expect(stdout).toBe("");
    expect(stderr).toContain("values don't meet the specifications of the schema");
    expect(stderr).toMatch(message);
  });

  test.each(mistakes)("the chart refuses %s", (_, values, line) => {
    const { exitCode, stdout, stderr } = template({ ...base, ...values });
    expect(exitCode).toBe(1);
    expect(stdout).toBe("");
    expect(stderr).toContain(`\n  ${line}`);
    expect(stderr.split("\n").find((each) => each.includes(line))).toContain(" Fix: ");
  });

  test("all mistakes are told at once", () => {
    const { stderr } = template({});
    const lines = stderr.split("\n").filter((line) => line.includes(" Fix: "));
    expect(lines.map((line) => line.trim().split(":", 1)[0])).toEqual([
      "publicUrl",
      "twilio.accountSid",
      "adminToken",
      "sealingSecret",
    ]);
  });
});
