import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Faultline, Faultlines } from "../support/faultline.ts";
import type { Surroundings } from "../support/notices.ts";
import { startPostgres } from "../support/postgres.ts";
import { type PagerDutyDouble, startPagerDuty } from "../support/receivers/pagerduty.ts";
import { type SlackApiDouble, startSlackApi } from "../support/receivers/slack-api.ts";
import { startWebhook, type WebhookDouble, webhookSecret } from "../support/receivers/webhook.ts";
import { freePort, type RunningRedis, startRedis } from "../support/redis.ts";
import { type SimulatedTwilio, startSimulatedTwilio } from "../support/simulated-twilio/server.ts";
import { startTcpProxy, type TcpProxy } from "./tcp-proxy.ts";

/*
 * Faultline as it runs for many: processes of their own, with servers of their own that nothing else uses.
 */

/** How long an incident is quiet before it is resolved; short, so that the end of each is seen. */
const quietPeriod = "10s";

/** Those who are told. */
export interface Receivers {
  readonly webhook: WebhookDouble;
  readonly pagerduty: PagerDutyDouble;
  readonly slack: SlackApiDouble;
}

/** A part of Faultline that stays in its place, whichever process it is. */
export interface Place {
  readonly port: number;
  /** The process there now. */
  now(): Faultline;
  kill9(): Promise<void>;
  /** SIGTERM, and waits until it has ended well. */
  stop(): Promise<void>;
  start(): Promise<Faultline>;
}

/** What is common to every site. */
export interface Site {
  readonly receivers: Receivers;
  readonly twilio: SimulatedTwilio;
  /** Where deliveries go. */
  readonly ingest: Place;
  /** Where it is diagnosed and told; the same place where one process does it all. */
  readonly worker: Place;
}

/** Ingest and worker, each a process, on PostgreSQL and Redis, each behind a proxy. */
export interface SplitSite extends Site {
  readonly postgres: Awaited<ReturnType<typeof startPostgres>>;
  /** Of the database itself, not through the proxy. */
  readonly databaseUrl: string;
  readonly redis: { now(): RunningRedis; kill9(): Promise<void>; start(): Promise<void> };
  readonly toPostgres: TcpProxy;
  readonly toRedis: TcpProxy;
}

/** Who sets sites up. */
export interface Builder {
  readonly surroundings: Surroundings;
  readonly faultlines: Faultlines;
}

/** Settings of the processes beside the usual ones. */
type Env = Readonly<Record<string, string>>;

/** Sets up everything and waits until it is ready. */
export async function splitSite(builder: Builder, env: Env = {}, workerEnv: Env = {}): Promise<SplitSite> {
  const { surroundings } = builder;
  const { started } = surroundings;
  const postgres = await startPostgres();
  await started(Promise.resolve({ stop: () => postgres.remove() }));
  const toPostgres = await started(startTcpProxy(Number(new URL(postgres.url).port)));
  const databaseUrl = new URL(postgres.url);
  databaseUrl.port = String(toPostgres.port);

  let server = await startRedis();
  await started(Promise.resolve({ stop: () => server.stop() }));
  const toRedis = await started(startTcpProxy(server.port));

  const surround = await surroundWith(builder);
  const all = {
    ...surround.env,
    DATABASE_URL: databaseUrl.toString(),
    REDIS_URL: `redis://127.0.0.1:${toRedis.port}`,
    ...env,
  };
  return {
    ...surround,
    postgres,
    databaseUrl: postgres.url,
    toPostgres,
    toRedis,
    redis: {
      now: () => server,
      kill9: () => server.kill9(),
      async start() {
        server = await startRedis({ port: server.port });
      },
    },
    ingest: await place(builder, all, ["serve", "--role", "ingest"]),
    worker: await place(builder, { ...all, ...workerEnv }, ["serve", "--role", "worker"]),
  };
}

/** One process on its embedded database in this folder. */
export async function embeddedSite(builder: Builder, dataDir: string, env: Env = {}): Promise<Site> {
  const surround = await surroundWith(builder);
  const only = await place(builder, { ...surround.env, DATA_DIR: dataDir, ...env }, ["serve"]);
  return { ...surround, ingest: only, worker: only };
}

/** Twilio, and receivers that take all that is sent to them. */
export async function surroundWith({ surroundings: { started }, faultlines }: Builder) {
  const [twilio, slack, pagerduty, webhook] = await Promise.all([
    started(startSimulatedTwilio()),
    started(startSlackApi({ burst: 10_000 })),
    started(startPagerDuty({ perMinute: 10_000 })),
    // Any time will do: the clock is one of the things that go wrong.
    started(startWebhook({ secret: null })),
  ]);
  // No digests: each incident is told of by itself.
  const file = join(faultlines.folder(), "faultline.yaml");
  writeFileSync(file, "stormThreshold: 1000\n");
  return {
    twilio,
    receivers: { slack, pagerduty, webhook },
    env: {
      FAULTLINE_CONFIG: file,
      INCIDENT_QUIET_PERIOD: quietPeriod,
      TWILIO_API_BASE_URL: twilio.baseUrl,
      SLACK_API_URL: slack.url,
      SLACK_BOT_TOKEN: slack.token,
      SLACK_CHANNEL: slack.channel,
      PAGERDUTY_ROUTING_KEY: pagerduty.routingKey,
      PAGERDUTY_URL: pagerduty.url,
      WEBHOOK_URL: webhook.url,
      WEBHOOK_SECRET: webhookSecret,
    },
  };
}

/** Starts a process at ports that stay its place's own. */
async function place({ faultlines }: Builder, env: Env, args: readonly string[]): Promise<Place> {
  const [port, adminPort] = [await freePort(), await freePort()];
  const start = () => faultlines.start({ ...env, PORT: String(port), ADMIN_PORT: String(adminPort) }, args);
  let process = await start();
  return {
    port,
    now: () => process,
    kill9: () => process.kill9(),
    stop: () => process.stop(),
    async start() {
      process = await start();
      return process;
    },
  };
}
