import { existsSync, readFileSync } from "node:fs";
import { type Account, accountFromEnvironment, mergeAccounts } from "./config/accounts.ts";
import { type FileContent, nothing, readFileContent } from "./config/file.ts";
import { type LimitSettings, readLimits } from "./config/limits.ts";
import { linksFrom, receiversFromEnvironment, receiversFromFile } from "./config/receivers.ts";
import { type RedisSettings, readDatabaseUrl, readRedis } from "./config/servers.ts";
import { type ConfigMistake, type SettingSources, Settings } from "./config/settings.ts";
import { readTracing } from "./config/tracing.ts";
import type { NoticeConfig } from "./core/notice/config.ts";
import type { ReceiverSettings } from "./core/notice/receiver-settings.ts";
import type { Rule } from "./core/rules/rule.ts";
import type { Secret } from "./core/secret.ts";

export type { ConfigMistake } from "./config/settings.ts";

/** Everything that can be set, checked and with defaults. Periods in milliseconds, sizes in bytes. */
export interface Config {
  readonly host: string;
  readonly port: number;
  readonly adminHost: string;
  readonly adminPort: number;
  readonly adminToken: Secret | null;
  /** What Twilio calls, without the local path; null when not set. */
  readonly publicUrl: string | null;
  readonly accounts: ReadonlyMap<string, Account>;
  readonly apiKey: { readonly account: string; readonly key: string; readonly secret: Secret } | null;
  readonly twilioApiBaseUrl: string | null;
  readonly twilioRequestsPerSecond: number;
  /** Unsigned deliveries are taken: no token anywhere, and nobody but this machine can reach the port. */
  readonly allowUnsigned: boolean;
  /** Null means embedded, in dataDir. */
  readonly databaseUrl: Secret | null;
  /** Null means BullMQ on the database. */
  readonly redisUrl: Secret | null;
  readonly redis: RedisSettings;
  readonly dataDir: string;
  readonly maxBodyBytes: number;
  readonly requestTimeoutMs: number;
  readonly shutdownTimeoutMs: number;
  /** For how long deliveries are still taken while /readyz says no already, so that a load balancer notices in time. */
  readonly drainDelayMs: number;
  readonly maxConnections: number;
  readonly limits: LimitSettings;
  readonly quietPeriodMs: number;
  readonly retentionMs: number;
  readonly samplesPerHour: number;
  /** Seals what is private about an event until its diagnosis; null means a key file in dataDir. */
  readonly sealingSecret: Secret | null;
  readonly logLevel: "debug" | "info" | "warn" | "error" | "silent";
  /** Null: no traces. What else there is to say about them, OpenTelemetry's SDK reads from OTEL_* itself. */
  readonly tracing: { readonly serviceName: string | null } | null;
  readonly userRules: readonly Rule[];
  readonly notices: NoticeSettings;
}

/** Who is told of what. Without receivers nobody is. */
export type NoticeSettings = Omit<NoticeConfig, "receivers"> & { readonly receivers: readonly ReceiverSettings[] };

/** A configuration, or every mistake in it. */
export type Loaded =
  | { readonly ok: true; readonly config: Config }
  | { readonly ok: false; readonly mistakes: readonly ConfigMistake[] };

/** Reads the environment and faultline.yaml of this process. The only reader of both. */
export function loadConfig(): Loaded {
  return readConfig({ env: process.env, readFile: (path) => readFileSync(path, "utf8"), exists: existsSync });
}

/** Reads a configuration from given sources. */
export function readConfig(sources: SettingSources & { readonly exists: (path: string) => boolean }): Loaded {
  const settings = new Settings(sources);
  const environmentReceivers = receiversFromEnvironment(settings);
  const names = environmentReceivers.map(({ name }) => name);
  const file = readFile(settings, sources.exists, names);
  const accounts = readAccounts(settings, file.accounts);
  const signed = [...accounts.values()].some(({ tokens }) => tokens.length > 0);

  const publicUrl = readPublicUrl(settings);
  const host = settings.text("HOST") ?? (signed ? "0.0.0.0" : "127.0.0.1");
  const adminHost = settings.text("ADMIN_HOST") ?? "127.0.0.1";
  const adminToken = settings.secret("ADMIN_TOKEN");
  if (!isLoopback(adminHost) && adminToken === null) {
    const got = `ADMIN_HOST=${adminHost} without ADMIN_TOKEN`;
    settings.wrong(
      "ADMIN_TOKEN",
      "a token when the private port can be reached from outside",
      got,
      "set ADMIN_TOKEN, or ADMIN_HOST=127.0.0.1",
    );
  }

  const config: Config = {
    host,
    port: settings.integer("PORT", 8080, 0, 65_535),
    adminHost,
    adminPort: settings.integer("ADMIN_PORT", 9464, 0, 65_535),
    adminToken,
    publicUrl,
    accounts,
    apiKey: Object.freeze(readApiKey(settings)),
    twilioApiBaseUrl: settings.url("TWILIO_API_BASE_URL", ["https:", "http:"], "http://127.0.0.1:4010"),
    twilioRequestsPerSecond: settings.integer("TWILIO_REQUESTS_PER_SECOND", 5, 1, 100),
    allowUnsigned: !signed && isLoopback(host) && (publicUrl === null || isLoopback(new URL(publicUrl).hostname)),
    databaseUrl: readDatabaseUrl(settings),
    ...readRedis(settings),
    dataDir: settings.text("DATA_DIR") ?? "./data",
    maxBodyBytes: settings.bytes("BODY_LIMIT", 1024 * 1024, 16 * 1024, 64 * 1024 * 1024),
    requestTimeoutMs: settings.duration("REQUEST_TIMEOUT", "10s", "10m"),
    shutdownTimeoutMs: settings.duration("SHUTDOWN_TIMEOUT", "20s", "10m"),
    drainDelayMs: settings.text("DRAIN_DELAY") === null ? 0 : settings.duration("DRAIN_DELAY", "5s", "5m"),
    maxConnections: settings.integer("MAX_CONNECTIONS", 10_000, 1, 1_000_000),
    limits: readLimits(settings),
    quietPeriodMs: settings.duration("INCIDENT_QUIET_PERIOD", "30m", "31d"),
    retentionMs: settings.integer("RETENTION_DAYS", 30, 1, 3650) * 24 * 60 * 60 * 1000,
    samplesPerHour: settings.integer("DIAGNOSES_PER_HOUR", 12, 1, 1000),
    sealingSecret: settings.secret("FAULTLINE_SECRET"),
    logLevel: settings.choice("LOG_LEVEL", "info", ["debug", "info", "warn", "error", "silent"]),
    tracing: readTracing(settings),
    userRules: Object.freeze([...file.rules]),
    notices: Object.freeze({
      ...file.notices,
      receivers: [...environmentReceivers, ...receiversFromFile(settings, file.notices.receivers)],
      links: linksFrom(settings, file.notices.links),
    }),
  };
  return settings.mistakes.length > 0
    ? { ok: false, mistakes: settings.mistakes }
    : { ok: true, config: Object.freeze(config) };
}

/** What is missing for a part of the work in a process of its own: all processes must share the key that seals subjects. */
export function mistakesOfRole(config: Config, role: "all" | "ingest" | "worker"): readonly ConfigMistake[] {
  if (role === "all" || config.sealingSecret !== null) return [];
  const expected = `the secret that all processes share, with --role ${role}`;
  const fix =
    "set FAULTLINE_SECRET (or FAULTLINE_SECRET_FILE) to the same 32 random characters or more in every process";
  return [{ where: "FAULTLINE_SECRET", expected, got: "nothing", fix }];
}

/** Every mistake on a line of its own: where, expected, got, and the fix. */
export function mistakesText(mistakes: readonly ConfigMistake[]): string {
  const heading =
    mistakes.length === 1 ? "The configuration has a mistake:" : `The configuration has ${mistakes.length} mistakes:`;
  const lines = mistakes.map(
    ({ where, expected, got, fix }) => `  ${where}: expected ${expected}, got ${got}. Fix: ${fix}.`,
  );
  return [heading, ...lines].join("\n");
}

/** Whether only this machine can reach an address. */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || host === "[::1]" || /^127(\.\d{1,3}){3}$/.test(host);
}

function readFile(settings: Settings, exists: (path: string) => boolean, receivers: readonly string[]): FileContent {
  const named = settings.text("FAULTLINE_CONFIG");
  const path = named ?? "faultline.yaml";
  const text = named === null && !exists(path) ? undefined : settings.file("FAULTLINE_CONFIG", path);
  return text === undefined ? nothing : readFileContent(settings, text, path, receivers);
}

function readAccounts(settings: Settings, fromFile: readonly Account[]): ReadonlyMap<string, Account> {
  const fromEnvironment = accountFromEnvironment(settings);
  return mergeAccounts(fromEnvironment === null ? fromFile : [fromEnvironment, ...fromFile]);
}

/** The URL Twilio was told, without the path that is ours. */
function readPublicUrl(settings: Settings): string | null {
  const url = settings.url("PUBLIC_URL", ["https:", "http:"], "https://faultline.example.com");
  const ours = /\/twilio\/(debugger|events|alarms)$/.exec(url ?? "")?.[0];
  if (ours !== undefined) {
    const fix = `leave ${ours} out: it is added for you`;
    settings.wrong("PUBLIC_URL", "the URL without Faultline's own path", `a URL ending in ${ours}`, fix);
  }
  return url;
}

function readApiKey(settings: Settings): Config["apiKey"] {
  const key = settings.text("TWILIO_API_KEY");
  const secret = settings.secret("TWILIO_API_SECRET");
  const account = settings.text("TWILIO_ACCOUNT_SID");
  if (key === null && secret === null) return null;
  if (key === null || secret === null) {
    const missing = key === null ? "TWILIO_API_KEY" : "TWILIO_API_SECRET";
    settings.wrong(missing, "both TWILIO_API_KEY and TWILIO_API_SECRET, or neither", "only one", `set ${missing} too`);
    return null;
  }
  if (!/^SK[0-9a-fA-F]{32}$/.test(key)) {
    settings.wrong(
      "TWILIO_API_KEY",
      "SK and 32 hexadecimal digits",
      `${key.length} characters`,
      "copy the key's SID from the Console",
    );
  }
  if (account === null) {
    settings.wrong("TWILIO_ACCOUNT_SID", "the account the API key belongs to", "nothing", "set TWILIO_ACCOUNT_SID=AC…");
    return null;
  }
  return { account, key, secret };
}
