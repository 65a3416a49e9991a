import { join } from "node:path";
import { z } from "zod";
import { mainContainer, type Rendered, type Workload } from "./objects.ts";

const ConfigMap = z.looseObject({
  metadata: z.looseObject({ name: z.string() }),
  data: z.record(z.string(), z.string()).default({}),
});
const Secret = z.looseObject({
  metadata: z.looseObject({ name: z.string() }),
  stringData: z.record(z.string(), z.string()),
});

const authority = "-----BEGIN CERTIFICATE-----\nbm90IHJlYWw=\n-----END CERTIFICATE-----\n";

/** A credential of each kind that is as Faultline wants it, by the name of its file. */
const samples: Readonly<Record<string, string>> = {
  "admin-token": "not-a-real-admin-token",
  "faultline-secret": "not-a-real-secret-of-32-characters",
  "twilio-auth-token": "not-a-real-token",
  "twilio-api-secret": "not-a-real-secret",
  "database-url": "postgres://faultline:not-real@db.example.com/faultline?sslmode=verify-full",
  "database-ca.pem": authority,
  "redis-url": "rediss://:not-real@redis.example.com:6379",
  "redis-ca.pem": authority,
  "redis-sentinel-password": "not-real",
  "slack-bot-token": "xoxb-not-real",
  bot: "xoxb-not-real",
  "slack-webhook-url": "https://hooks.slack.example/services/not-real",
  "pagerduty-routing-key": "0".repeat(32),
  pager: "0".repeat(32),
  "alertmanager-url": "http://user:not-real@alertmanager.example.com:9093",
  "webhook-url": "https://hook.example.com/faultline",
  "webhook-secret": `whsec_${Buffer.alloc(32).toString("base64")}`,
  token: "not-a-real-token",
};

/** What Faultline finds in a container: its environment, and the files that are mounted, by their path. */
export function settingsIn(
  rendered: Rendered,
  workload: Workload,
): { env: Record<string, string>; files: Map<string, string> } {
  const { spec } = workload.spec.template;
  const container = mainContainer(spec);
  const files = new Map<string, string>();
  for (const { name, mountPath } of container.volumeMounts) {
    const volume = spec.volumes.find((each) => each.name === name);
    for (const { secret } of volume?.projected?.sources ?? []) {
      for (const { key, path } of secret.items) {
        const own = rendered.all("Secret", Secret).find(({ metadata }) => metadata.name === secret.name);
        files.set(join(mountPath, path), own?.stringData[key] ?? sample(path));
      }
    }
    const items = volume?.secret === undefined ? [] : (volume.secret.items ?? [{ path: "token" }]);
    for (const { path } of items) files.set(join(mountPath, path), sample(path));
    const map = rendered.all("ConfigMap", ConfigMap).find(({ metadata }) => metadata.name === volume?.configMap?.name);
    for (const [path, text] of Object.entries(map?.data ?? {})) files.set(join(mountPath, path), text);
  }
  const env = container.env.flatMap(({ name, value }) => (value === undefined ? [] : [[name, value] as const]));
  return { env: Object.fromEntries(env), files };
}

function sample(path: string): string {
  const text = samples[path];
  if (text === undefined) throw new Error(`expected a sample for ${path}, got none. Fix: add one to samples`);
  return text;
}
