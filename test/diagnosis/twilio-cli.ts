/*
 * The part of twilio-cli that remedies use. Its `api:` commands are generated from Twilio's API description:
 * `api:<product>:<version>:<path>:<verb>`, a flag for each sid in the path and each parameter of the form.
 * Source: https://www.twilio.com/docs/twilio-cli/general-usage
 */
import { execFileSync } from "node:child_process";

interface Resource {
  readonly host: string;
  /** The collection, with the flags of the sids in it. */
  readonly path: string;
}

const resources: Record<string, Resource> = {
  "proxy:v1:services": { host: "proxy.twilio.com", path: "/v1/Services" },
  "proxy:v1:services:sessions": { host: "proxy.twilio.com", path: "/v1/Services/{service-sid}/Sessions" },
  "proxy:v1:services:phone-numbers": { host: "proxy.twilio.com", path: "/v1/Services/{service-sid}/PhoneNumbers" },
  "proxy:v1:services:sessions:participants": {
    host: "proxy.twilio.com",
    path: "/v1/Services/{service-sid}/Sessions/{session-sid}/Participants",
  },
  "conversations:v1:services:participant-conversations": {
    host: "conversations.twilio.com",
    path: "/v1/Services/{chat-service-sid}/ParticipantConversations",
  },
  "conversations:v1:services:conversations": {
    host: "conversations.twilio.com",
    path: "/v1/Services/{chat-service-sid}/Conversations",
  },
  "conversations:v1:services:conversations:participants": {
    host: "conversations.twilio.com",
    path: "/v1/Services/{chat-service-sid}/Conversations/{conversation-sid}/Participants",
  },
};

const verbs: Record<string, { readonly method: string; readonly isOfOne: boolean }> = {
  list: { method: "GET", isOfOne: false },
  create: { method: "POST", isOfOne: false },
  fetch: { method: "GET", isOfOne: true },
  update: { method: "POST", isOfOne: true },
  remove: { method: "DELETE", isOfOne: true },
};

const newCommand = "\u0001";
const newWord = "\u0002";

/**
 * Carries out commands of twilio-cli, joined by `&&`, against a simulated Twilio. A real shell takes them apart. Returns
 * what went wrong, null when all were carried out.
 */
export async function runTwilioCli(
  command: string,
  baseUrl: string,
  env: Readonly<Record<string, string>>,
): Promise<string | null> {
  const script = `set -u; twilio() { printf '\\001'; printf '%s\\002' "$@"; }\n${command}`;
  const output = execFileSync("sh", ["-c", script], { encoding: "utf8", env: { PATH: "/usr/bin:/bin", ...env } });
  for (const words of output.split(newCommand).slice(1)) {
    const refusal = await runOne(words.split(newWord).slice(0, -1), baseUrl, env);
    if (refusal !== null) return refusal;
  }
  return null;
}

async function runOne(
  [name = "", ...flags]: readonly string[],
  baseUrl: string,
  env: Readonly<Record<string, string>>,
): Promise<string | null> {
  const parts = name.split(":");
  const resource = resources[parts.slice(1, -1).join(":")];
  const verb = verbs[parts.at(-1) ?? ""];
  if (parts[0] !== "api" || resource === undefined || verb === undefined) return `twilio-cli has no command ${name}`;

  const values = readFlags(flags);
  if (values === null) return `these are no flags with values: ${flags.join(" ")}`;
  let path = resource.path;
  for (const flag of [...resource.path.matchAll(/\{([a-z-]+)\}/g)].map((match) => match[1] ?? "")) {
    const value = values.get(flag);
    if (value === undefined || value === "") return `${name} lacks --${flag}`;
    path = path.replace(`{${flag}}`, encodeURIComponent(value));
    values.delete(flag);
  }
  if (verb.isOfOne) {
    const sid = values.get("sid");
    if (sid === undefined || sid === "") return `${name} lacks --sid`;
    path += `/${encodeURIComponent(sid)}`;
    values.delete("sid");
  }
  const form = new URLSearchParams();
  for (const [flag, value] of values) form.append(parameterOf(flag), value);
  const query = verb.method === "GET" ? `?${form}` : "";
  const login = Buffer.from(`${env.TWILIO_ACCOUNT_SID}:${env.TWILIO_AUTH_TOKEN}`).toString("base64");
  const { status } = await fetch(`${baseUrl}/${resource.host}${path}${query}`, {
    method: verb.method,
    headers: { authorization: `Basic ${login}` },
    ...(verb.method === "POST" ? { body: form } : {}),
  });
  return status < 400 ? null : `${verb.method} ${path} was answered ${status}`;
}

function readFlags(words: readonly string[]): Map<string, string> | null {
  const values = new Map<string, string>();
  for (let at = 0; at < words.length; at += 2) {
    const [flag = "", value] = words.slice(at, at + 2);
    if (!flag.startsWith("--") || value === undefined) return null;
    values.set(flag.slice(2), value);
  }
  return values;
}

/** `messaging-binding.proxy-address` is `MessagingBinding.ProxyAddress`. */
function parameterOf(flag: string): string {
  const capitalised = (word: string) => word.slice(0, 1).toUpperCase() + word.slice(1);
  return flag
    .split(".")
    .map((part) => part.split("-").map(capitalised).join(""))
    .join(".");
}
