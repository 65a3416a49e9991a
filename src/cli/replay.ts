import { hash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { type Config, loadConfig, mistakesText } from "../config.ts";
import { field, type Json } from "../core/json.ts";
import { signatureOf } from "../core/signature.ts";
import { parseUnbounded } from "../core/wire/bounded-json.ts";
import { formValue, parseForm } from "../core/wire/form.ts";
import { reachable, reasonOf } from "./admin-client.ts";
import { printable } from "./printable.ts";

/** How long an answer may take, in milliseconds. */
const answerMs = 30_000;

/** Where files are sent, and what they are signed with. */
export interface ReplayTarget {
  /** Where Faultline listens. */
  readonly localUrl: string;
  /** What Twilio calls, and therefore signs. */
  readonly publicUrl: string;
  /** The auth token of each account, in the order of the configuration. */
  readonly tokens: ReadonlyMap<string, string>;
}

/** A delivery made from a file. */
interface Parcel {
  readonly path: "/twilio/debugger" | "/twilio/events";
  readonly query: string;
  readonly contentType: string;
  readonly body: Buffer;
  /** Null when no token is configured. */
  readonly signature: string | null;
}

/** What became of one file; `ok` when it was taken. */
export interface Replayed {
  readonly ok: boolean;
  readonly line: string;
}

/** What a refusal means here. Statuses: https://www.twilio.com/docs/usage/webhooks/webhooks-security and core/outcome.ts */
const meanings: ReadonlyMap<number, string> = new Map([
  [204, "taken"],
  [401, "not signed: expected a token to sign with; set TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN"],
  [403, "expected a signature and an account it knows; give this command the accounts, tokens and PUBLIC_URL of it"],
  [404, "expected Faultline's public port; correct --url"],
  [413, "too large: send less in one file, or raise BODY_LIMIT"],
  [429, "refused too many times from this machine; wait a minute"],
  [503, "busy, or its database is away; try again"],
]);

/** Where a configuration says that Faultline listens, unless `url` says otherwise; or what is wrong. */
export function replayTarget(config: Config, url: string | undefined): ReplayTarget | string {
  if (url !== undefined && !/^https?:\/\/[^\s/?#@]+[^\s?#@]*$/.test(url)) {
    return "--url: expected a URL such as http://127.0.0.1:8080, without user, query and fragment, got something else. Fix: correct it.";
  }
  if (url === undefined && config.port === 0) {
    return "expected a port to send to, got PORT=0 (any free port). Fix: pass --url with the port from the log of the process.";
  }
  const tokens = [...config.accounts.values()].flatMap(({ sid, tokens: [token] }) =>
    token === undefined ? [] : [[sid, token.reveal()] as const],
  );
  return {
    localUrl: url?.replace(/\/+$/, "") ?? `http://${reachable(config.host)}:${config.port}`,
    publicUrl: config.publicUrl ?? `http://localhost:${config.port}`,
    tokens: new Map(tokens),
  };
}

/** Sends one file as Twilio would have: JSON as an Event Streams delivery, anything else as a Debugger webhook. */
export async function replay(name: string, content: Buffer, target: ReplayTarget): Promise<Replayed> {
  const { path, query, contentType, body, signature } = parcelOf(content, target);
  const headers: Record<string, string> = { "content-type": contentType };
  if (signature !== null) headers["x-twilio-signature"] = signature;
  try {
    const response = await fetch(target.localUrl + path + query, {
      method: "POST",
      headers,
      body: new Uint8Array(body),
      redirect: "manual",
      signal: AbortSignal.timeout(answerMs),
    });
    await response.arrayBuffer();
    const meaning = meanings.get(response.status) ?? "expected 204; is this Faultline's public port?";
    return { ok: response.status === 204, line: `${response.status} ${printable(name)} to ${path}: ${meaning}` };
  } catch (error) {
    const fix = "start it with `faultline serve`, or name its address with --url";
    const said = `expected a running Faultline at ${target.localUrl}, got ${reasonOf(error)}. Fix: ${fix}.`;
    return { ok: false, line: `--- ${printable(name)}: ${said}` };
  }
}

function parcelOf(content: Buffer, target: ReplayTarget): Parcel {
  const isJson = /^\s*[[{]/.test(content.toString("utf8", 0, 1_000));
  return isJson ? streamParcel(content, target) : webhookParcel(content, target);
}

function webhookParcel(content: Buffer, { publicUrl, tokens }: ReplayTarget): Parcel {
  // An editor's line break at the end would become part of the last value.
  const body = Buffer.from(content.toString("utf8").trim(), "utf8");
  const form = parseForm(body);
  const fields = form.ok ? form.fields : [];
  const token = tokenOf(tokens, [formValue(fields, "AccountSid"), formValue(fields, "ParentAccountSid")]);
  const path = "/twilio/debugger";
  return {
    path,
    query: "",
    contentType: "application/x-www-form-urlencoded; charset=utf-8",
    body,
    signature: token === null ? null : signatureOf(token, publicUrl + path, fields),
  };
}

function streamParcel(body: Buffer, { publicUrl, tokens }: ReplayTarget): Parcel {
  const token = tokenOf(tokens, accountsIn(parseUnbounded(body.toString("utf8"))));
  const path = "/twilio/events";
  const query = `?bodySHA256=${hash("sha256", body, "hex")}`;
  return {
    path,
    query,
    contentType: "application/json",
    body,
    signature: token === null ? null : signatureOf(token, publicUrl + path + query),
  };
}

/** The accounts the first CloudEvent names; the whole batch is signed by the owner of the sink, whom nothing names. */
function accountsIn(batch: Json | undefined): (string | null)[] {
  const first = Array.isArray(batch) ? batch[0] : batch;
  const data = field(first, "data");
  const named = [field(data, "account_sid"), field(data, "master_account_sid"), field(first, "source")];
  return named.map((each) => (typeof each === "string" ? each : null));
}

/** The token of the first of these accounts that has one, else the first token there is. */
function tokenOf(tokens: ReadonlyMap<string, string>, accounts: readonly (string | null)[]): string | null {
  for (const account of accounts) {
    const token = account === null ? undefined : tokens.get(account);
    if (token !== undefined) return token;
  }
  return tokens.values().next().value ?? null;
}

/** `faultline replay`: sends files one after the other and prints a line each. Returns the exit code. */
export async function runReplay(files: readonly string[], options: { url?: string }): Promise<number> {
  const loaded = loadConfig();
  if (!loaded.ok) {
    process.stderr.write(`${mistakesText(loaded.mistakes)}\n`);
    return 2;
  }
  const target = replayTarget(loaded.config, options.url);
  if (typeof target === "string") {
    process.stderr.write(`${target}\n`);
    return 1;
  }
  let failed = 0;
  for (const file of files) {
    const { ok, line } = await replayFile(file, target);
    if (!ok) failed += 1;
    (ok ? process.stdout : process.stderr).write(`${line}\n`);
  }
  return failed === 0 ? 0 : 1;
}

async function replayFile(file: string, target: ReplayTarget): Promise<Replayed> {
  let content: Buffer;
  try {
    content = await readFile(file);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "an error";
    return {
      ok: false,
      line: `--- ${printable(file)}: expected a file that can be read, got ${code}. Fix: correct the path.`,
    };
  }
  if (content.length > 0) return await replay(file, content, target);
  return { ok: false, line: `--- ${printable(file)}: expected a delivery, got an empty file. Fix: pass another.` };
}
