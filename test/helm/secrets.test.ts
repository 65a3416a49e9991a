import { describe, expect, test } from "vitest";
import { z } from "zod";
import { mainContainer } from "./objects.ts";
import { base, matrix, render, template, type Values } from "./render.ts";
import { missingTools } from "./tools.ts";

/** A value that is found wherever it goes. */
const planted = (name: string) => `planted-${name}-0123456789abcdef0123456789`;
const credential = (name: string) => ({ value: planted(name) });

/** Every credential given as a value. */
const everyCredential: Values = {
  ...base,
  existingSecret: "",
  mode: "scaled",
  twilio: {
    accountSid: `AC${"a".repeat(32)}`,
    apiKey: `SK${"b".repeat(32)}`,
    authToken: credential("auth"),
    apiSecret: credential("api"),
  },
  adminToken: credential("admin"),
  sealingSecret: credential("seal"),
  database: { url: credential("database") },
  redis: {
    enabled: true,
    url: credential("redis"),
    sentinel: { nodes: ["a:26379"], auth: true, password: credential("sentinel") },
  },
  slack: { enabled: true, channel: "C0123456789", botToken: credential("bot") },
  pagerduty: { enabled: true, routingKey: credential("pager") },
  alertmanager: { enabled: true, url: credential("alertmanager") },
  webhook: { enabled: true, url: credential("hook"), secret: credential("sign") },
  config: { stormThreshold: 20 },
  serviceMonitor: { enabled: true },
  networkPolicy: { enabled: true },
};
const names = "auth api admin seal database redis sentinel bot pager alertmanager hook sign".split(" ");

const Secret = z.looseObject({ stringData: z.record(z.string(), z.string()) });

describe.skipIf(missingTools !== null)(`Credentials (${missingTools ?? "helm"})`, () => {
  test("given as values are in a Secret, once, and in no other object", () => {
    const { objects } = render(everyCredential);
    const secrets = objects.filter(({ kind }) => kind === "Secret");
    expect(secrets).toHaveLength(1);
    const stored = Object.values(Secret.parse(secrets[0]).stringData);
    expect(stored.toSorted()).toEqual(names.map(planted).toSorted());
    const others = JSON.stringify(objects.filter(({ kind }) => kind !== "Secret"));
    expect(others).toContain("/etc/faultline/secrets/");
    expect(others).not.toContain("planted-");
  });

  test.each(matrix)("%s: no environment, argument or ConfigMap holds one", (name) => {
    const rendered = render(name);
    // A setting that is a secret has a twin that names a file; here only the twin may have a value.
    const secretNames =
      /^(TWILIO_AUTH_TOKEN|TWILIO_API_SECRET|ADMIN_TOKEN|FAULTLINE_SECRET|DATABASE_URL|REDIS_URL|REDIS_SENTINEL_PASSWORD|SLACK_BOT_TOKEN|SLACK_WEBHOOK_URL|PAGERDUTY_ROUTING_KEY|WEBHOOK_URL|WEBHOOK_SECRET|OTEL_EXPORTER_OTLP_HEADERS)$/;
    for (const { spec } of rendered.pods()) {
      const { env, args } = mainContainer(spec);
      expect(env.filter((each) => secretNames.test(each.name) && each.value !== undefined)).toEqual([]);
      expect(args.join(" ")).not.toMatch(/token=|secret=|password/i);
      for (const { value } of env) expect(value ?? "").not.toMatch(/:\/\/[^/]*@|xox[a-z]-|whsec_|hooks\.slack/);
    }
    const configMaps = JSON.stringify(rendered.objects.filter(({ kind }) => kind === "ConfigMap"));
    expect(configMaps).not.toMatch(/not-a-real|xox[a-z]-|whsec_|hooks\.slack|postgres(ql)?:\/\/|rediss?:\/\//);
  });

  test("in Secrets of one's own make no Secret, and come from the keys that were named", () => {
    const rendered = render("secrets-apart-values.yaml");
    expect(rendered.objects.filter(({ kind }) => kind === "Secret")).toEqual([]);
    const [workload] = rendered.workloads();
    const sources = workload?.spec.template.spec.volumes.flatMap(({ projected }) => projected?.sources ?? []) ?? [];
    const found = sources.flatMap(({ secret }) =>
      secret.items.map(({ key, path }) => `${path} ← ${secret.name}/${key}`),
    );
    expect(found.toSorted()).toEqual([
      "admin-token ← faultline-admin/token",
      "alertmanager-url ← alertmanager/urls",
      "database-ca.pem ← postgres-ca/ca.crt",
      "database-url ← postgres-app/uri",
      "faultline-secret ← faultline-seal/seal",
      "pagerduty-routing-key ← pagerduty/key",
      "redis-ca.pem ← redis-ca/ca.crt",
      "redis-sentinel-password ← redis/sentinel",
      "redis-url ← redis/url",
      "slack-bot-token ← slack/bot",
      "twilio-api-secret ← twilio/secret",
      "twilio-auth-token ← twilio/token",
      "webhook-secret ← hook/secret",
      "webhook-url ← hook/url",
    ]);
  });

  test("that are not used are not asked for", () => {
    const [workload] = render("embedded-values.yaml").workloads();
    const sources = workload?.spec.template.spec.volumes.flatMap(({ projected }) => projected?.sources ?? []) ?? [];
    const keys = sources.flatMap(({ secret }) => secret.items.map(({ key }) => key));
    expect(keys).toEqual(["admin-token", "faultline-secret", "twilio-auth-token"]);
  });

  test("are not in what a refused installation prints", () => {
    const { exitCode, stdout, stderr } = template({ ...everyCredential, publicUrl: "", mode: "embedded" });
    expect(exitCode).toBe(1);
    expect(stderr).toContain("database.url: expected nothing with mode: embedded");
    expect(stdout + stderr).not.toContain("planted-");
  });
});
