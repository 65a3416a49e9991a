import { Secret } from "../core/secret.ts";
import type { Settings } from "./settings.ts";

/** Where one server is. */
export interface ServerAddress {
  readonly host: string;
  readonly port: number;
}

/** How the Redis behind REDIS_URL is found and trusted. */
export interface RedisSettings {
  /** Certificate authorities (PEM) that are believed instead of the well-known ones; null for those. */
  readonly ca: string | null;
  /** Null without Sentinel. They are asked which server is the master; then the URL's host means nothing. */
  readonly sentinel: {
    readonly nodes: readonly ServerAddress[];
    readonly master: string;
    readonly password: Secret | null;
  } | null;
  /** Some nodes of a Redis Cluster, which tell the others; null without Cluster. */
  readonly clusterNodes: readonly ServerAddress[] | null;
}

const redisExample = "redis://redis:6379";

/** Reads where the queue is; a null URL means on the database. Sentinels and nodes need no URL, unless it holds a password. */
export function readRedis(settings: Settings): { readonly redisUrl: Secret | null; readonly redis: RedisSettings } {
  const given = settings.connection("REDIS_URL", ["redis:", "rediss:"], redisExample);
  const sentinels = readAddresses(settings, "REDIS_SENTINELS", 26_379);
  const clusterNodes = readAddresses(settings, "REDIS_CLUSTER_NODES", 6379);
  const first = [...(sentinels ?? []), ...(clusterNodes ?? [])][0];
  const redisUrl = given ?? (first === undefined ? null : new Secret("redis://redis"));
  if (sentinels !== null && clusterNodes !== null) {
    const fix = "remove one of the two";
    settings.wrong("REDIS_CLUSTER_NODES", "either REDIS_SENTINELS or REDIS_CLUSTER_NODES", "both", fix);
  }
  const url = given === null ? null : new URL(given.reveal());
  if (clusterNodes !== null && !["", "/", "/0"].includes(url?.pathname ?? "")) {
    const fix = "leave the number out of REDIS_URL";
    settings.wrong("REDIS_URL", "no database number: a Redis Cluster has only 0", "another number", fix);
  }
  const ca = readCa(settings, "REDIS_CA_FILE");
  if (ca !== null && url?.protocol !== "rediss:") {
    const fix = "write rediss:// in REDIS_URL, or remove REDIS_CA_FILE";
    settings.wrong("REDIS_CA_FILE", "a REDIS_URL with TLS beside it", "one without", fix);
  }
  const master = settings.text("REDIS_SENTINEL_MASTER") ?? "mymaster";
  const password = settings.secret("REDIS_SENTINEL_PASSWORD");
  return {
    redisUrl,
    redis: Object.freeze({
      ca,
      sentinel: sentinels === null ? null : Object.freeze({ nodes: sentinels, master, password }),
      clusterNodes,
    }),
  };
}

/**
 * Reads DATABASE_URL. DATABASE_CA_FILE joins it as `sslrootcert` with `sslmode=verify-full`, the one place where the driver
 * takes such things from a URL.
 */
export function readDatabaseUrl(settings: Settings): Secret | null {
  const protocols = ["postgres:", "postgresql:"];
  const given = settings.connection("DATABASE_URL", protocols, "postgres://faultline@db/faultline");
  const caFile = settings.text("DATABASE_CA_FILE");
  const isTrusted = readCa(settings, "DATABASE_CA_FILE") !== null;
  if (given === null) return null;
  const url = new URL(given.reveal());
  for (const file of ["sslrootcert", "sslcert", "sslkey"]) {
    const path = url.searchParams.get(file);
    if (path !== null) settings.file(`DATABASE_URL ${file}`, path);
  }
  if (caFile === null || !isTrusted) return given;
  const mode = url.searchParams.get("sslmode");
  if (mode === "disable" || mode === "no-verify") {
    const fix = "write sslmode=verify-full in DATABASE_URL, or remove DATABASE_CA_FILE";
    settings.wrong("DATABASE_CA_FILE", "a DATABASE_URL that checks certificates", `sslmode=${mode}`, fix);
  }
  if (url.searchParams.has("sslrootcert")) {
    settings.wrong("DATABASE_CA_FILE", "either it or sslrootcert in DATABASE_URL", "both", "remove one of the two");
  }
  url.searchParams.set("sslmode", "verify-full");
  url.searchParams.set("sslrootcert", caFile);
  return new Secret(url.toString());
}

/** The certificates in the file that a variable names. */
function readCa(settings: Settings, name: string): string | null {
  const path = settings.text(name);
  const text = path === null ? undefined : settings.file(name, path);
  if (text === undefined) return null;
  if (text.includes("-----BEGIN CERTIFICATE-----")) return text;
  settings.wrong(name, "certificates in PEM (-----BEGIN CERTIFICATE-----)", "another text", `check ${path}`);
  return null;
}

/** A list such as `redis-0:6379,[::1]:6380`; the port may be left out. */
function readAddresses(settings: Settings, name: string, defaultPort: number): readonly ServerAddress[] | null {
  const text = settings.text(name);
  if (text === null) return null;
  const parts = text.split(",").map((part) => part.trim());
  const addresses = parts.flatMap((part) => parseAddress(part, defaultPort) ?? []);
  if (addresses.length === parts.length) return Object.freeze(addresses);
  // Not quoted: a URL with a password is easily pasted here.
  const fix = `e.g. ${name}=redis-0:${defaultPort},redis-1:${defaultPort}`;
  settings.wrong(name, "host:port, separated by commas", `a list with something else in it`, fix);
  return null;
}

function parseAddress(text: string, defaultPort: number): ServerAddress | null {
  const match = /^(?:\[([0-9A-Fa-f:.]{2,45})\]|([0-9A-Za-z._-]{1,253}))(?::(\d{1,5}))?$/.exec(text);
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3] ?? defaultPort);
  return host === undefined || port < 1 || port > 65_535 ? null : { host, port };
}
