import type { z } from "zod";
import { type Config, loadConfig, mistakesText } from "../config.ts";
import { Problem } from "../operate/schemas.ts";
import { printable } from "./printable.ts";

/*
 * Commands that need the record ask the running process over its private port: an embedded database belongs to that one
 * process alone.
 */

/** How long an answer may take, in milliseconds: a requeue hands up to 10,000 jobs over. */
const answerMs = 60_000;

/** Where the private port is, and the token it asks for. */
export interface AdminAddress {
  readonly baseUrl: string;
  readonly token: string | null;
}

/** What a command has to say: to stdout and exit code 0, or to stderr and exit code 1. */
export interface Outcome {
  readonly ok: boolean;
  /** Without a line break at the end. */
  readonly text: string;
}

/** What the private port answered, or why it did not, in words for people. */
export type AdminAnswer<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly status: number | null; readonly text: string };

/** The private port of a running Faultline. Never rejects. */
export interface AdminClient {
  get<T>(path: string, schema: z.ZodType<T>): Promise<AdminAnswer<T>>;
  post<T>(path: string, body: unknown, schema: z.ZodType<T>): Promise<AdminAnswer<T>>;
  delete<T>(path: string, schema: z.ZodType<T>): Promise<AdminAnswer<T>>;
}

/**
 * Runs a command against the private port that the configuration names, or the one at `url`, and prints what it says.
 * Returns the exit code: 0, 1 when it failed, 2 for the configuration.
 */
export async function overAdmin(
  url: string | undefined,
  run: (client: AdminClient, config: Config) => Promise<Outcome>,
): Promise<number> {
  const loaded = loadConfig();
  if (!loaded.ok) {
    process.stderr.write(`${mistakesText(loaded.mistakes)}\n`);
    return 2;
  }
  const address = adminAddress(loaded.config, url);
  const { ok, text } =
    typeof address === "string" ? { ok: false, text: address } : await run(createAdminClient(address), loaded.config);
  (ok ? process.stdout : process.stderr).write(`${text}\n`);
  return ok ? 0 : 1;
}

/** Where the private port is, or what is wrong with what was given. */
export function adminAddress(
  { adminHost, adminPort, adminToken }: Pick<Config, "adminHost" | "adminPort" | "adminToken">,
  url: string | undefined,
): AdminAddress | string {
  const token = adminToken?.reveal() ?? null;
  if (url !== undefined) {
    const given = URL.parse(url);
    const isPlain = given !== null && given.username === "" && given.password === "" && !/[?#]/.test(url);
    if (isPlain && /^https?:$/.test(given.protocol)) return { baseUrl: url.replace(/\/+$/, ""), token };
    // Not quoted: a URL may carry a password.
    return "--url: expected a URL such as http://127.0.0.1:9464, without user, query and fragment, got something else. Fix: correct it; the token comes from ADMIN_TOKEN.";
  }
  if (adminPort === 0) {
    return "expected a port to ask, got ADMIN_PORT=0 (any free port). Fix: pass --url with the port from the log of the process.";
  }
  return { baseUrl: `http://${reachable(adminHost)}:${adminPort}`, token };
}

/** A host to connect to, for one to listen on. */
export function reachable(host: string): string {
  if (host === "0.0.0.0") return "127.0.0.1";
  if (host === "::" || host === "[::]") return "[::1]";
  return host.includes(":") && !host.startsWith("[") ? `[${host}]` : host;
}

/** Talks to the private port at this address. */
export function createAdminClient({ baseUrl, token }: AdminAddress): AdminClient {
  async function ask<T>(method: string, path: string, body: unknown, schema: z.ZodType<T>): Promise<AdminAnswer<T>> {
    const headers: Record<string, string> = { accept: "application/json" };
    if (token !== null) headers.authorization = `Bearer ${token}`;
    if (body !== undefined) headers["content-type"] = "application/json";
    let status: number;
    let answer: unknown;
    try {
      const response = await fetch(baseUrl + path, {
        method,
        headers,
        body: body === undefined ? null : JSON.stringify(body),
        redirect: "manual",
        signal: AbortSignal.timeout(answerMs),
      });
      status = response.status;
      answer = await response.json().catch(() => null);
    } catch (error) {
      return { ok: false, status: null, text: unreachable(baseUrl, error) };
    }
    if (status === 200 || status === 201) {
      const read = schema.safeParse(answer);
      if (read.success) return { ok: true, value: read.data };
    }
    return { ok: false, status, text: refused(baseUrl, status, answer) };
  }

  return {
    get: (path, schema) => ask("GET", path, undefined, schema),
    post: (path, body, schema) => ask("POST", path, body, schema),
    delete: (path, schema) => ask("DELETE", path, undefined, schema),
  };
}

function unreachable(baseUrl: string, error: unknown): string {
  const fix =
    "start it with `faultline serve`, give this command the same ADMIN_HOST and ADMIN_PORT, or name its address with --url";
  return `expected a running Faultline at ${baseUrl}, got ${reasonOf(error)}. Fix: ${fix}.`;
}

/** The system's code for it (`ECONNREFUSED`), which fetch keeps in the cause. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return "an error";
  if (error.name === "TimeoutError") return "no answer in time";
  const { cause } = error;
  return cause instanceof Error && "code" in cause ? String(cause.code) : error.name;
}

function refused(baseUrl: string, status: number, answer: unknown): string {
  const problem = Problem.safeParse(answer);
  if (!problem.success) {
    const fix = "let --url, or ADMIN_HOST and ADMIN_PORT, name the private port of a Faultline of this version";
    return `expected Faultline's private port at ${baseUrl}, got an answer of another kind (${status}). Fix: ${fix}.`;
  }
  const { expected, got, fix } = problem.data.error;
  const said = `expected ${printable(expected)}, got ${printable(got)}.`;
  return status === 401
    ? `${said} Fix: give this command the ADMIN_TOKEN (or ADMIN_TOKEN_FILE) of that process.`
    : `${said} Fix: ${printable(fix)}.`;
}
