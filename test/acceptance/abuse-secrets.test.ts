import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { stageFaults } from "../../src/cli/demo/world.ts";
import { deliver, webhookParcel } from "../support/deliver.ts";
import { account, type Faultline, publicUrl, useFaultlines } from "../support/faultline.ts";
import { type OtlpCollector, startOtlpCollector } from "../support/otlp-collector.ts";
import { type Everyone, startEveryone } from "../support/receivers/everyone.ts";
import { type ReceiverDouble, startReceiver } from "../support/receivers/server.ts";
import { type RunningRedis, redisAvailable, startRedis } from "../support/redis.ts";
import { errorEvent } from "../support/sign.ts";
import { type SimulatedTwilio, startSimulatedTwilio } from "../support/simulated-twilio/server.ts";
import { filesUnder } from "../support/stored-text.ts";
import { until } from "../support/until.ts";

/*
 * Every secret there is, in a real process, through success, failure, a crash and a wrong configuration; then everything it
 * left anywhere is searched for each of them.
 */

const faultlines = useFaultlines();
let twilio: SimulatedTwilio | null = null;
let everyone: Everyone | null = null;
let collector: OtlpCollector | null = null;
let redis: RunningRedis | null = null;
let echo: ReceiverDouble | null = null;

afterEach(async () => {
  await Promise.all([twilio?.stop(), everyone?.stop(), collector?.stop(), redis?.stop(), echo?.stop()]);
  twilio = null;
  everyone = null;
  collector = null;
  redis = null;
  echo = null;
});

/** No two alike, and none that occurs by chance. */
const canary = (name: string) => `canary-${name}-0123456789abcdef`;
const adminToken = canary("admin");
const ownSecrets = {
  ADMIN_TOKEN: adminToken,
  FAULTLINE_SECRET: canary("sealing-secret-of-32-characters"),
} as const;

/** Everything the private port shows, with the token. */
async function shown(faultline: Faultline): Promise<string> {
  const get = async (path: string) =>
    await (await fetch(faultline.adminUrl + path, { headers: { authorization: `Bearer ${adminToken}` } })).text();
  const lists = ["incidents", "events", "quarantine", "rules", "receivers", "silences", "openapi.json", "codes/80604"];
  const pages = await Promise.all(lists.map((list) => get(`/api/v1/${list}`)));
  const ids = [...(pages[0] ?? "").matchAll(/"id":"(inc_[^"]+)"/g)].map(([, id]) => id);
  const details = await Promise.all(ids.map((id) => get(`/api/v1/incidents/${id}`)));
  const others = ["/metrics", "/readyz", "/livez", "/nowhere", "/api/v1/events?limit=x"];
  return [...pages, ...details, ...(await Promise.all(others.map(get)))].join("\n");
}

/** What is told of the receivers, by the private port. */
interface ReceiverLine {
  readonly name: string;
  readonly pending: number;
  readonly lastFailureReason: string | null;
}

async function receivers(faultline: Faultline): Promise<ReceiverLine[]> {
  const response = await fetch(`${faultline.adminUrl}/api/v1/receivers`, {
    headers: { authorization: `Bearer ${adminToken}` },
  });
  return ((await response.json()) as { receivers: ReceiverLine[] }).receivers;
}

/** How a secret looks within Basic credentials: base64 depends on how much stands before it, but for the ends. */
function inBase64(secret: string): string[] {
  return [0, 2, 3].map((cut, before) =>
    Buffer.from(" ".repeat(before) + secret)
      .toString("base64")
      .slice(cut, -4),
  );
}

/** Where a secret was found, and what stood around it. */
function found(places: Readonly<Record<string, string | readonly string[]>>, secrets: readonly string[]): string[] {
  return Object.entries(places).flatMap(([place, texts]) =>
    [texts].flat().flatMap((text) =>
      secrets.flatMap((secret) => {
        const forms = [secret, ...inBase64(secret)];
        return forms.flatMap((form) => {
          const at = text.indexOf(form);
          return at === -1 ? [] : [`${place}: ${text.slice(Math.max(0, at - 100), at + form.length + 50)}`];
        });
      }),
    ),
  );
}

test("when all goes well no secret is logged, shown, measured, traced or stored", async () => {
  twilio = await startSimulatedTwilio();
  everyone = await startEveryone();
  collector = await startOtlpCollector();
  const password = canary("redis");
  if (redisAvailable()) redis = await startRedis({ password });
  const dataDir = join(faultlines.folder(), "data");
  const faultline = await faultlines.start({
    ...everyone.env,
    ...collector.env,
    ...ownSecrets,
    OTEL_EXPORTER_OTLP_HEADERS: `authorization=Bearer ${canary("otlp")}`,
    TWILIO_API_BASE_URL: twilio.baseUrl,
    DATA_DIR: dataDir,
    LOG_LEVEL: "debug",
    ...(redis !== null && { REDIS_URL: redis.url }),
  });
  for (const event of stageFaults(twilio, new Date())) {
    expect((await deliver(faultline.publicPort, webhookParcel(event))).status).toBe(204);
  }
  const { slack, pagerduty, alertmanager, webhook } = everyone;
  await until("a message at each receiver", 30_000, () =>
    [slack, pagerduty, alertmanager, webhook].every(({ received }) => received.length > 0),
  );
  await until("nothing to be pending", 30_000, async () =>
    (await receivers(faultline)).every(({ pending }) => pending === 0),
  );
  const api = await shown(faultline);
  await faultline.stop();
  await until("spans", 10_000, () => (collector?.spans().length ?? 0) > 10);

  const secrets = [
    account.token,
    ...Object.values(ownSecrets),
    canary("otlp"),
    password,
    slack.token,
    pagerduty.routingKey,
    String(everyone.env.WEBHOOK_SECRET),
    new URL(webhook.url).searchParams.get("token") ?? "",
  ];
  expect(secrets.filter((secret) => secret.length < 16)).toEqual([]);
  const traces = collector.received.map(({ body }) => body);
  const messages = [slack, alertmanager, webhook].flatMap(({ received }) => received.map(({ body }) => body));
  const places = { log: faultline.output(), api, traces, files: filesUnder(dataDir), messages };
  expect(found(places, secrets)).toEqual([]);
  // The search finds what is there.
  expect(found({ ...places, paged: pagerduty.received.map(({ body }) => body) }, [pagerduty.routingKey])).not.toEqual(
    [],
  );
  expect(found(places, ["stale-binding"]).length).toBeGreaterThan(0);
});

/** What a crash may be made of: an error as clients throw them, with what failed hung on it. */
const crash = `
  process.on("SIGUSR2", () => {
    process.report.writeReport("report.json");
    const error = new Error("connect failed to postgres://faultline:" + process.env.CRASH_PASSWORD + "@db/x");
    const config = { headers: { authorization: process.env.TWILIO_AUTH_TOKEN }, url: process.env.WEBHOOK_URL };
    throw Object.assign(error, { config, command: { name: "auth", args: Object.values(process.env) } });
  });
`;

test("when everything fails, and in the end the process crashes, neither", async () => {
  // Throws back whatever it is sent, as a careless proxy does, and refuses all of it.
  let answers = 0;
  echo = await startReceiver((request) => {
    answers += 1;
    const status = [500, 401, 400, 403, 404][answers % 5] ?? 500;
    const sent = JSON.stringify(request);
    return { status, body: { error: sent, message: sent, code: 20003 }, headers: { "x-echo": sent.slice(0, 2_000) } };
  });
  const host = new URL(echo.url).host;
  const secrets = {
    ...ownSecrets,
    TWILIO_AUTH_TOKEN: canary("token"),
    TWILIO_API_SECRET: canary("api-secret"),
    SLACK_BOT_TOKEN: `xoxb-${canary("slack")}`,
    PAGERDUTY_ROUTING_KEY: "c0ffeec0ffeec0ffeec0ffeec0ffee42",
    CRASH_PASSWORD: canary("password"),
    WEBHOOK_SECRET: `whsec_${Buffer.from(canary("webhook")).toString("base64")}`,
  };
  const hidden = { user: canary("alertmanager"), path: canary("webhook-path") };
  const folder = faultlines.folder();
  const preload = join(folder, "crash.mjs");
  writeFileSync(preload, crash);
  const dataDir = join(folder, "data");
  const faultline = await faultlines.start({
    ...secrets,
    TWILIO_API_KEY: `SK${"c".repeat(32)}`,
    SLACK_CHANNEL: "C0123456789",
    SLACK_API_URL: `${echo.url}/slack/api/`,
    PAGERDUTY_URL: `${echo.url}/v2/enqueue`,
    ALERTMANAGER_URL: `http://ops:${hidden.user}@${host}`,
    WEBHOOK_URL: `${echo.url}/hook/${hidden.path}?token=${hidden.path}`,
    TWILIO_API_BASE_URL: `${echo.url}/twilio`,
    OTEL_EXPORTER_OTLP_ENDPOINT: `${echo.url}/otlp`,
    OTEL_EXPORTER_OTLP_HEADERS: `authorization=Bearer ${canary("otlp")}`,
    OTEL_BSP_SCHEDULE_DELAY: "100",
    DATA_DIR: dataDir,
    LOG_LEVEL: "debug",
    NODE_OPTIONS: `--import=${preload} --report-on-fatalerror --report-uncaught-exception --report-directory=${folder}`,
  });
  const by = { token: secrets.TWILIO_AUTH_TOKEN, publicUrl };
  for (const [nth, code] of [11200, 80604, 50416, 48031].entries()) {
    const event = errorEvent({ code, level: "ERROR" }, nth + 1);
    expect((await deliver(faultline.publicPort, webhookParcel(event, by))).status).toBe(204);
    // Signed with another token: what was expected is no business of the sender's.
    expect((await deliver(faultline.publicPort, webhookParcel(event))).status).toBe(403);
  }
  await until("each receiver to have refused something", 60_000, async () =>
    (await receivers(faultline)).every(({ lastFailureReason }) => lastFailureReason !== null),
  );
  await until("the API to have refused something", 30_000, () =>
    (echo?.received ?? []).some(({ path }) => path.startsWith("/twilio/")),
  );
  const api = await shown(faultline);
  process.kill(faultline.pid, "SIGUSR2");
  await until("the crash", 20_000, () => !faultline.alive);

  const output = faultline.output();
  expect(output).toContain("Ended by an error that nobody caught");
  const left = readdirSync(folder).filter((name) => name.endsWith(".json"));
  const reports = left.map((name) => readFileSync(join(folder, name), "utf8"));
  expect(reports.length, "a report was asked for").toBeGreaterThan(0);
  const all = [...Object.values(secrets), ...Object.values(hidden), canary("otlp")];
  expect(found({ output, api, reports, files: filesUnder(dataDir) }, all)).toEqual([]);
  // All of them were in use.
  const sent = echo.received.map((request) => JSON.stringify(request));
  const used = [secrets.SLACK_BOT_TOKEN, secrets.PAGERDUTY_ROUTING_KEY, secrets.TWILIO_API_SECRET, canary("otlp")];
  for (const secret of [...used, ...Object.values(hidden)]) expect(found({ sent }, [secret]), secret).not.toEqual([]);
});

describe("a configuration that stops the start quotes no secret", () => {
  const account = `AC${"a".repeat(32)}`;
  const wrong: Readonly<Record<string, Readonly<Record<string, string>>>> = {
    "receivers that are none": {
      SLACK_WEBHOOK_URL: `ftp://hooks.example.com/${canary("slack")}`,
      PAGERDUTY_ROUTING_KEY: canary("pagerduty"),
      ALERTMANAGER_URL: `alertmanager:${canary("alertmanager")}@host`,
      WEBHOOK_URL: `hook.example.com/${canary("webhook")}`,
      WEBHOOK_SECRET: canary("webhook-secret"),
    },
    "both of two": {
      SLACK_WEBHOOK_URL: `https://hooks.example.com/${canary("slack")}`,
      SLACK_BOT_TOKEN: `xoxb-${canary("bot")}`,
      ADMIN_TOKEN: canary("admin"),
      ADMIN_TOKEN_FILE: "/nowhere",
    },
    "servers that are none": {
      DATABASE_URL: `mysql://root:${canary("database")}@db/x`,
      REDIS_URL: `https://:${canary("redis")}@redis`,
      REDIS_SENTINELS: `redis://:${canary("sentinel")}@redis-0`,
      TWILIO_API_BASE_URL: `ftp://user:${canary("base")}@host`,
      PUBLIC_URL: `https://user:${canary("public")}@host/?q=${canary("query")}`,
      OTEL_EXPORTER_OTLP_ENDPOINT: `ftp://user:${canary("otlp")}@host`,
    },
    "credentials in the wrong place": {
      TWILIO_ACCOUNT_SID: canary("token-as-sid"),
      TWILIO_API_KEY: canary("api-secret-as-key"),
      TWILIO_API_SECRET: canary("api-secret"),
    },
    "what is not there, with credentials": {
      TWILIO_ACCOUNT_SID: account,
      TWILIO_AUTH_TOKEN: canary("token"),
      DATABASE_URL: `postgres://faultline:${canary("database")}@127.0.0.1:9/x?options=${canary("options")}`,
      REDIS_URL: `redis://:${canary("redis")}@127.0.0.1:9`,
    },
  };

  test.each(Object.keys(wrong))("%s", async (name) => {
    const env = wrong[name] ?? {};
    const folder = faultlines.folder();
    const base = { PORT: "0", ADMIN_PORT: "0", HOST: "127.0.0.1", DATA_DIR: join(folder, "data") };
    const commands = [["serve"], ["check"], ["check", "--send-test"]];
    for (const args of commands) {
      const { exitCode, stdout, stderr } = await faultlines.run(args, { ...base, ...env });
      expect([args, exitCode]).not.toEqual([args, 0]);
      expect(stdout + stderr).not.toBe("");
      const said = (stdout + stderr).match(/.{0,80}canary-.{0,40}/g) ?? [];
      expect([args, said]).toEqual([args, []]);
    }
  });
});
