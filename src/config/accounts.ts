import { parseDocument } from "yaml";
import { z } from "zod";
import { quote } from "../core/rules/mistake.ts";
import { Secret } from "../core/secret.ts";
import type { Settings } from "./settings.ts";

/** An account whose deliveries are taken. */
export interface Account {
  readonly sid: string;
  /** For people; never a label. */
  readonly name: string | null;
  /** Auth tokens that may have signed; the first is used for the REST API. Several while rotating. */
  readonly tokens: readonly Secret[];
}

const AccountSid = z.string().regex(/^AC[0-9a-fA-F]{32}$/);

const AccountEntry = z.strictObject({
  sid: AccountSid,
  name: z.string().min(1).max(80).exactOptional(),
  tokens: z.array(z.string().min(1)).min(1).exactOptional(),
  tokenFiles: z.array(z.string().min(1)).min(1).exactOptional(),
});

/** The keys faultline.yaml may have; `rules` are read by the rule parser. */
const ConfigFile = z.strictObject({
  accounts: z.array(AccountEntry).nullish(),
  rules: z.unknown(),
});

/** The account of the environment, from TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN (comma-separated while rotating). */
export function accountFromEnvironment(settings: Settings): Account | null {
  const sid = settings.text("TWILIO_ACCOUNT_SID");
  const tokens = (settings.secret("TWILIO_AUTH_TOKEN")?.reveal() ?? "")
    .split(",")
    .map((token) => token.trim())
    .filter((token) => token !== "")
    .map((token) => new Secret(token));
  if (sid === null && tokens.length > 0) {
    settings.wrong("TWILIO_ACCOUNT_SID", "the account the token belongs to", "nothing", "set TWILIO_ACCOUNT_SID=AC…");
  }
  if (sid === null) return null;
  if (!AccountSid.safeParse(sid).success) {
    settings.wrong(
      "TWILIO_ACCOUNT_SID",
      "AC and 32 hexadecimal digits",
      quote(sid),
      "copy it from the Console's start page",
    );
    return null;
  }
  return { sid, name: null, tokens };
}

/** The accounts of faultline.yaml. Unknown keys are mistakes: a misspelt one would silently do nothing. */
export function accountsFromFile(settings: Settings, text: string, file: string): readonly Account[] {
  const document = parseDocument(text, { prettyErrors: false });
  // Broken syntax is reported by the rule parser, which reads the same text.
  if (document.errors.length > 0) return [];
  const parsed = ConfigFile.safeParse(document.toJS({ maxAliasCount: 100 }) ?? {});
  if (!parsed.success) {
    for (const issue of parsed.error.issues) noteIssue(settings, file, issue);
    return [];
  }
  return (parsed.data.accounts ?? []).map((entry, index) => {
    const where = `${file} accounts[${index}]`;
    const fromFiles = (entry.tokenFiles ?? []).flatMap(
      (path) => settings.file(`${where}.tokenFiles`, path)?.trim() || [],
    );
    const tokens = [...(entry.tokens ?? []), ...fromFiles].map((token) => new Secret(token));
    if (tokens.length === 0) settings.wrong(where, "tokens or tokenFiles", "neither", "add the account's auth token");
    return { sid: entry.sid, name: entry.name ?? null, tokens };
  });
}

function noteIssue(settings: Settings, file: string, issue: z.core.$ZodIssue): void {
  const path = issue.path.map(String).join(".");
  if (issue.code === "unrecognized_keys") {
    const known = path === "" ? Object.keys(ConfigFile.shape) : Object.keys(AccountEntry.shape);
    const got = `the unknown key ${issue.keys.map((key) => quote(key)).join(", ")}`;
    settings.wrong(`${file} ${path || "(top)"}`, `only ${known.join(", ")}`, got, "correct or remove it");
    return;
  }
  // The value is not quoted: it may be a token in the wrong place.
  const expected = path.endsWith("sid") ? "AC and 32 hexadecimal digits" : issue.message;
  settings.wrong(`${file} ${path}`, expected, "another value", "see the configuration table in the README");
}
