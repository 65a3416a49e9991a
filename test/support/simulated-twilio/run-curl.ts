import { execFileSync } from "node:child_process";

/** What a curl command would send, as a shell hands it over. */
interface Sent {
  readonly method: string;
  readonly url: string;
  readonly data: readonly string[];
  readonly isGet: boolean;
  readonly user: string | null;
}

const newCommand = "\u0001";
const newWord = "\u0002";

/**
 * Carries out a curl command of a remedy against a simulated Twilio: a real shell takes it apart, variables and quotes
 * included, and each request in it is sent. Returns the statuses, in order. Stops at the first refusal, as `&&` would.
 */
export async function runCurl(
  baseUrl: string,
  command: string,
  env: Readonly<Record<string, string>>,
): Promise<number[]> {
  const statuses: number[] = [];
  for (const sent of takeApart(command, env)) {
    const url = new URL(`${baseUrl}/${sent.url.replace(/^https:\/\//, "")}`);
    const form = new URLSearchParams();
    for (const pair of sent.data) {
      const equals = pair.indexOf("=");
      (sent.isGet ? url.searchParams : form).append(pair.slice(0, equals), pair.slice(equals + 1));
    }
    const headers = sent.user === null ? {} : { authorization: `Basic ${Buffer.from(sent.user).toString("base64")}` };
    const body = sent.isGet || sent.method === "GET" || sent.method === "DELETE" ? {} : { body: form };
    const { status } = await fetch(url, { method: sent.method, headers, ...body });
    statuses.push(status);
    if (status >= 400) break;
  }
  return statuses;
}

function takeApart(command: string, env: Readonly<Record<string, string>>): Sent[] {
  const script = `curl() { printf '\\001'; printf '%s\\002' "$@"; }\n${command}`;
  const output = execFileSync("sh", ["-c", script], { encoding: "utf8", env: { PATH: "/usr/bin:/bin", ...env } });
  return output
    .split(newCommand)
    .slice(1)
    .map((words) => read(words.split(newWord).slice(0, -1)));
}

function read(words: readonly string[]): Sent {
  let method: string | null = null;
  let url = "";
  let user: string | null = null;
  let isGet = false;
  const data: string[] = [];
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] ?? "";
    const next = words[at + 1] ?? "";
    if (word === "-X") method = next;
    else if (word === "-u") user = next;
    else if (word === "--data-urlencode" || word === "-d") data.push(next);
    else if (word === "-G") isGet = true;
    else if (word.startsWith("https://")) url = word;
    else if (word.startsWith("-") && word !== "-i") throw new Error(`this curl option is not understood: ${word}`);
    if (["-X", "-u", "--data-urlencode", "-d"].includes(word)) at += 1;
  }
  return { method: method ?? (data.length > 0 && !isGet ? "POST" : "GET"), url, data, isGet, user };
}
