import { type Document, isMap, isNode, isScalar, LineCounter } from "yaml";
import { z } from "zod";
import { type NoticeConfig, noticeKeys, parseNoticeConfig } from "../core/notice/config.ts";
import { checkRulePacks, parseUserRules } from "../core/rules/parse.ts";
import type { Rule } from "../core/rules/rule.ts";
import { Secret } from "../core/secret.ts";
import { yamlDocument } from "../core/yaml-document.ts";
import { type Account, AccountSid, tokensOf } from "./accounts.ts";
import type { Settings } from "./settings.ts";

/** What faultline.yaml says. */
export interface FileContent {
  readonly accounts: readonly Account[];
  readonly rules: readonly Rule[];
  readonly notices: NoticeConfig;
}

/** What a file says that is not there, or that is no YAML. */
export const nothing: FileContent = { accounts: [], rules: [], notices: parseNoticeConfig("", "", []).config };

const AccountEntry = z.strictObject({
  sid: AccountSid,
  name: z.string().min(1).max(80).exactOptional(),
  tokens: z.array(z.string().trim().min(1)).min(1).exactOptional(),
  tokenFiles: z.array(z.string().trim().min(1)).min(1).exactOptional(),
});

/** The keys the file may have. Unknown keys are mistakes: a misspelt one would silently do nothing. */
const Content = z.strictObject({
  accounts: z.array(AccountEntry).nullish(),
  // Read by the rule parser.
  rules: z.unknown().optional(),
  // Read by core/notice/config.ts.
  ...Object.fromEntries(noticeKeys.map((key) => [key, z.unknown().optional()])),
});

/** What each place of the file takes, and how to mend it; list positions left out. */
const help: Readonly<Record<string, readonly [expected: string, fix: string]>> = {
  "": ["keys such as `accounts:`, `rules:` and `receivers:`", "write one key a line"],
  accounts: ["a list of accounts", "write `- sid: AC…` and under it `tokens:`"],
  "accounts[]": ["an account", "write `- sid: AC…` and under it `tokens:`"],
  "accounts[].sid": ["AC and 32 hexadecimal digits", "copy it from the Console"],
  "accounts[].name": ["a text of 1 to 80 characters", "shorten it, or leave it out"],
  "accounts[].tokens": ["a list of auth tokens", 'write one `- "…"` a token'],
  "accounts[].tokens[]": ["an auth token as text", "put it in quotes"],
  "accounts[].tokenFiles": ["a list of paths", "write one `- /path` a file"],
  "accounts[].tokenFiles[]": ["a path as text", "put it in quotes"],
};

/**
 * Reads the text of faultline.yaml, noting every mistake with its line. Values are never quoted: one may be a token.
 *
 * @param receivers names of the receivers made from the environment
 */
export function readFileContent(
  settings: Settings,
  text: string,
  file: string,
  receivers: readonly string[],
): FileContent {
  const lines = new LineCounter();
  const document = yamlDocument(text, lines);
  for (const { code, pos } of document.errors) {
    const where = `${file}:${lines.linePos(pos[0]).line} (file)`;
    settings.wrong(where, "valid YAML", code, "correct the syntax of this line");
  }
  if (document.errors.length > 0) return nothing;

  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: 100 }) ?? {};
  } catch {
    const fix = "write the values out instead of using *aliases";
    settings.wrong(`${file}:1 (file)`, "plain YAML", "aliases that multiply or point nowhere", fix);
    return nothing;
  }
  const place = (path: readonly PropertyKey[]) =>
    `${file}:${lineOf(document, lines, path)} ${pathText(path) || "(file)"}`;
  const parsed = Content.safeParse(value);
  for (const issue of parsed.error?.issues ?? []) noteIssue(settings, issue, place, value);
  return {
    accounts: (parsed.data?.accounts ?? []).map((entry, index) => toAccount(settings, entry, index, place)),
    rules: readRules(settings, text, file),
    notices: readNotices(settings, text, file, receivers),
  };
}

type Place = (path: readonly PropertyKey[]) => string;

function readRules(settings: Settings, text: string, file: string): readonly Rule[] {
  const pack = parseUserRules(text, file);
  for (const { line, field, expected, got, fix } of checkRulePacks([pack])) {
    // What is wrong with the file as a whole has been said, without quoting it.
    if (field !== "(file)") settings.wrong(`${file}:${line} ${field}`, expected, got, fix);
  }
  return pack.rules;
}

function readNotices(settings: Settings, text: string, file: string, receivers: readonly string[]): NoticeConfig {
  const { config, mistakes } = parseNoticeConfig(text, file, receivers);
  for (const { where, expected, got, fix } of mistakes) {
    // What is wrong with the file as a whole has been said.
    if (!where.endsWith(" (file)")) settings.wrong(where, expected, got, fix);
  }
  return config;
}

function toAccount(settings: Settings, entry: z.infer<typeof AccountEntry>, index: number, place: Place): Account {
  const fromFiles = (entry.tokenFiles ?? []).flatMap((path, position) => {
    const where = place(["accounts", index, "tokenFiles", position]);
    const content = settings.file(where, path);
    const tokens = tokensOf(content ?? "");
    if (content !== undefined && tokens.length === 0) {
      settings.wrong(where, "a file with an auth token in it", "an empty file", "write the token into it");
    }
    return tokens;
  });
  if (entry.tokens === undefined && entry.tokenFiles === undefined) {
    settings.wrong(place(["accounts", index]), "tokens or tokenFiles", "neither", "add the account's auth token");
  }
  const tokens = [...(entry.tokens ?? []).map((token) => new Secret(token)), ...fromFiles];
  return { sid: entry.sid, name: entry.name ?? null, tokens };
}

function noteIssue(settings: Settings, issue: z.core.$ZodIssue, place: Place, root: unknown): void {
  if (issue.code === "unrecognized_keys") {
    const shape = issue.path.length === 0 ? Content.shape : AccountEntry.shape;
    for (const key of issue.keys) {
      const shown = isPlainWord(key) ? key : "…";
      const got = `the unknown key ${isPlainWord(key) ? JSON.stringify(key) : `of ${key.length} characters`}`;
      const where = place([...issue.path, key]).replace(key, shown);
      settings.wrong(where, `only ${Object.keys(shape).join(", ")}`, got, "correct or remove it");
    }
    return;
  }
  const [expected, fix] = help[pathText(issue.path).replaceAll(/\[\d+\]/g, "[]")] ?? [issue.message, "correct it"];
  settings.wrong(place(issue.path), expected, kindOf(valueAt(root, issue.path)), fix);
}

/** A word that may be shown: no token is that short. */
function isPlainWord(key: string): boolean {
  return /^[A-Za-z_-]{1,24}$/.test(key);
}

function valueAt(root: unknown, path: readonly PropertyKey[]): unknown {
  let value = root;
  for (const part of path) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, part)) return undefined;
    value = Reflect.get(value, part);
  }
  return value;
}

/** What a value is, without saying what it says. */
function kindOf(value: unknown): string {
  if (value === undefined || value === null) return "nothing";
  if (Array.isArray(value)) return value.length === 0 ? "an empty list" : "a list";
  if (typeof value === "string") return `text of ${value.trim().length} characters`;
  return typeof value === "object" ? "a map" : `a ${typeof value}`;
}

/** `accounts[0].sid`. */
function pathText(path: readonly PropertyKey[]): string {
  return path
    .map((part) => (typeof part === "number" ? `[${part}]` : `.${String(part)}`))
    .join("")
    .replace(/^\./, "");
}

/** The line of a place, or of the nearest thing around it that exists. */
function lineOf(document: Document, lines: LineCounter, path: readonly PropertyKey[]): number {
  for (let length = path.length; length > 0; length -= 1) {
    const offset = offsetOf(document, path.slice(0, length));
    if (offset !== undefined) return lines.linePos(offset).line;
  }
  return 1;
}

function offsetOf(document: Document, path: readonly PropertyKey[]): number | undefined {
  const around = document.getIn(path.slice(0, -1), true);
  const last = path.at(-1);
  if (isMap(around)) {
    // The key's own line: its value may begin on the next one.
    const key = around.items.find((pair) => isScalar(pair.key) && pair.key.value === last)?.key;
    return isScalar(key) ? key.range?.[0] : undefined;
  }
  const node = document.getIn(path, true);
  return isNode(node) ? node.range?.[0] : undefined;
}
